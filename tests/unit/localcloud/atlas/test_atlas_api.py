# SPDX-License-Identifier: GPL-3.0-or-later
"""The local Atlas, asked over HTTP as any client would."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import subprocess
import sys
import urllib.error
from pathlib import Path

import pytest

from tests.unit.atlas_cloud import ACCOUNT, REGION, wait_for

V1 = "application/vnd.atlas.2023-01-01+json"
CLUSTERS = "application/vnd.atlas.2024-08-05+json"
NEW_CLUSTER = "application/vnd.atlas.2024-10-23+json"


class Caller:
    """Calls with a bearer token of one project."""

    def __init__(self, cloud, identity):
        self.cloud = cloud
        self.identity = identity
        self.token = token(cloud, identity.client_id, identity.client_secret).body["access_token"]

    def __call__(self, method, path, body=None, accept=V1, **headers):
        every = {"Accept": accept, "Authorization": f"Bearer {self.token}"} | headers
        if body is not None:
            every["Content-Type"] = accept
        return self.cloud.call(method, f"/api/atlas/v2/groups/{self.identity.project}{path}", body, every)

    def container(self, cidr="10.8.0.0/21", region="US_EAST_1"):
        body = {"providerName": "AWS", "regionName": region, "atlasCidrBlock": cidr}
        return self("POST", "/containers", body)

    def peer(self, container, vpc, cidr, region=REGION):
        body = {"providerName": "AWS", "containerId": container, "accepterRegionName": region}
        return self("POST", "/peers", body | {"awsAccountId": ACCOUNT, "vpcId": vpc, "routeTableCidrBlock": cidr})

    def status(self, peer):
        answer = self("GET", f"/peers/{peer}")
        return answer.body.get("statusName", answer.body.get("errorCode"))

    def hold(self, peer, status):
        """Put a peer into a state in which the lifecycle leaves it."""
        held = self.cloud.atlas.projects[self.identity.project].peers[peer]
        held.status, held.due = status, 1e12

    def cluster(self, name="main"):
        specs = {"instanceSize": "M10", "nodeCount": 3}
        region = {"providerName": "AWS", "regionName": "US_EAST_1", "priority": 7, "electableSpecs": specs}
        body = {"name": name, "clusterType": "REPLICASET", "replicationSpecs": [{"regionConfigs": [region]}]}
        return self("POST", "/clusters", body, NEW_CLUSTER)


def token(cloud, client, secret):
    basic = base64.b64encode(f"{client}:{secret}".encode()).decode()
    headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}
    return cloud.call("POST", "/api/oauth/token", b"grant_type=client_credentials", headers)


@pytest.fixture
def api(atlas_cloud):
    return Caller(atlas_cloud, atlas_cloud.project())


@pytest.fixture
def vpc(atlas_cloud):
    return atlas_cloud.client().create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]


def test_a_peering_is_pending_in_aws_and_available_once_its_account_accepted_it(atlas_cloud, api, vpc):
    container = api.container()
    assert (container.status, container.body["provisioned"]) == (200, False)
    peer = api.peer(container.body["id"], vpc, "10.0.0.0/16")
    assert (peer.body["statusName"], "connectionId" in peer.body, peer.body["accepterRegionName"]) == (
        "INITIATING",
        False,
        None,
    )
    wait_for(lambda: api.status(peer.body["id"]) == "PENDING_ACCEPTANCE")
    connection = api("GET", f"/peers/{peer.body['id']}").body["connectionId"]
    ec2 = atlas_cloud.client()
    seen = ec2.describe_vpc_peering_connections(VpcPeeringConnectionIds=[connection])["VpcPeeringConnections"][0]
    assert seen["Status"]["Code"] == "pending-acceptance"
    assert seen["RequesterVpcInfo"]["OwnerId"] == "464646464646"
    assert seen["RequesterVpcInfo"]["CidrBlock"] == "10.8.0.0/21"
    assert seen["AccepterVpcInfo"]["VpcId"] == vpc
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=connection)
    wait_for(lambda: api.status(peer.body["id"]) == "AVAILABLE")
    assert api("GET", f"/containers/{container.body['id']}").body["provisioned"] is True
    assert api("DELETE", f"/containers/{container.body['id']}").body["errorCode"] == "CONTAINERS_IN_USE"
    assert api("DELETE", f"/peers/{peer.body['id']}").status == 202
    wait_for(lambda: api.status(peer.body["id"]) == "PEER_NOT_FOUND")
    seen = ec2.describe_vpc_peering_connections(VpcPeeringConnectionIds=[connection])["VpcPeeringConnections"][0]
    assert seen["Status"]["Code"] == "deleted"
    wait_for(lambda: api("DELETE", f"/containers/{container.body['id']}").status == 204)
    assert atlas_cloud.violations["count"] == 0


def test_a_peering_in_another_region_shows_its_region(atlas_cloud, api):
    vpc = atlas_cloud.client(region="eu-west-1").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    peer = api.peer(api.container().body["id"], vpc, "10.0.0.0/16", "eu-west-1")
    assert peer.body["accepterRegionName"] == "eu-west-1"
    wait_for(lambda: api.status(peer.body["id"]) == "PENDING_ACCEPTANCE")
    connection = api("GET", f"/peers/{peer.body['id']}").body["connectionId"]
    atlas_cloud.client(region="eu-west-1").accept_vpc_peering_connection(VpcPeeringConnectionId=connection)
    wait_for(lambda: api.status(peer.body["id"]) == "AVAILABLE")


def test_a_request_for_a_vpc_that_is_not_there_fails(api):
    peer = api.peer(api.container().body["id"], "vpc-0123456789abcdef0", "10.0.0.0/16").body["id"]
    wait_for(lambda: api.status(peer) == "FAILED")
    assert api("GET", f"/peers/{peer}").body["errorStateName"] == "INVALID_ARGUMENT"


def test_a_rejected_request_fails(atlas_cloud, api, vpc):
    peer = api.peer(api.container().body["id"], vpc, "10.0.0.0/16").body["id"]
    wait_for(lambda: api.status(peer) == "PENDING_ACCEPTANCE")
    connection = api("GET", f"/peers/{peer}").body["connectionId"]
    atlas_cloud.client().reject_vpc_peering_connection(VpcPeeringConnectionId=connection)
    wait_for(lambda: api.status(peer) == "FAILED")
    assert api("GET", f"/peers/{peer}").body["errorStateName"] == "REJECTED"


def test_a_request_that_nobody_accepts_expires(atlas_cloud, api, vpc):
    atlas_cloud.admin("PUT", "delays", {"expire": 0.1})
    peer = api.peer(api.container().body["id"], vpc, "10.0.0.0/16").body["id"]
    wait_for(lambda: api.status(peer) == "FAILED")
    assert api("GET", f"/peers/{peer}").body["errorStateName"] == "EXPIRED"


def test_a_peering_deleted_on_the_aws_side_is_no_longer_available(atlas_cloud, api, vpc):
    peer = api.peer(api.container().body["id"], vpc, "10.0.0.0/16").body["id"]
    wait_for(lambda: api.status(peer) == "PENDING_ACCEPTANCE")
    connection = api("GET", f"/peers/{peer}").body["connectionId"]
    ec2 = atlas_cloud.client()
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=connection)
    wait_for(lambda: api.status(peer) == "AVAILABLE")
    ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=connection)
    wait_for(lambda: api.status(peer) == "FAILED")


@pytest.mark.parametrize(
    ("cidr", "code"),
    [
        ("10.8.0.0/16", "ATLAS_INVALID_CIDR_BLOCK"),
        ("10.8.0.0/25", "ATLAS_INVALID_CIDR_BLOCK"),
        ("300.8.0.0/21", "ATLAS_INVALID_CIDR_BLOCK"),
        ("10.8.0.1/21", "ATLAS_NON_CANONICAL_CIDR_BLOCK"),
        ("52.8.0.0/21", "ATLAS_INVALID_CIDR_BLOCK_RANGE"),
    ],
)
def test_a_container_needs_a_block_that_atlas_can_use(api, cidr, code):
    answer = api.container(cidr)
    assert (answer.status, answer.body["errorCode"]) == (400, code)


def test_containers_are_one_a_region_and_apart(api):
    first = api.container().body
    assert api.container().body["errorCode"] == "CONTAINER_ALREADY_EXISTS"
    assert api.container("10.8.4.0/22", "EU_WEST_1").body["errorCode"] == "OVERLAPPING_ATLAS_CIDR_BLOCK"
    assert api.container("10.9.0.0/21", "EU_WEST_1").status == 200
    assert api("GET", "/containers?providerName=AWS").body["totalCount"] == 2
    page = api("GET", "/containers?providerName=AWS&itemsPerPage=1&pageNum=2").body
    assert [container["regionName"] for container in page["results"]] == ["EU_WEST_1"]
    changed = {"providerName": "AWS", "regionName": "EU_WEST_2", "atlasCidrBlock": "10.10.0.0/21"}
    assert api("PATCH", f"/containers/{first['id']}", changed).body["errorCode"] == "CANNOT_CHANGE_CONTAINER_REGION"
    changed["regionName"] = "US_EAST_1"
    assert api("PATCH", f"/containers/{first['id']}", changed).body["atlasCidrBlock"] == "10.10.0.0/21"
    api.cluster()
    assert api("PATCH", f"/containers/{first['id']}", changed).body["errorCode"] == "CONTAINERS_IN_USE"


def test_what_a_peer_must_not_be(atlas_cloud, api, vpc):
    container = api.container().body["id"]
    assert api.peer(container, vpc, "10.8.0.0/16").body["errorCode"] == "OVERLAPPING_CIDR_BLOCK"
    assert api.peer("f" * 24, vpc, "10.0.0.0/16").body["errorCode"] == "CONTAINER_NOT_FOUND"
    peer = api.peer(container, vpc, "10.0.0.0/16").body["id"]
    assert api.peer(container, vpc, "10.0.0.0/16").body["errorCode"] == "PEER_ALREADY_EXISTS"
    other = atlas_cloud.client().create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    assert api.peer(container, other, "10.0.128.0/17").body["errorCode"] == "OVERLAPPING_CIDR_BLOCK"
    api.hold(peer, "FINALIZING")
    assert api("DELETE", f"/peers/{peer}").body["errorCode"] == "PEER_INVALID_STATE"
    api.hold(peer, "FAILED")
    atlas_cloud.admin("PUT", "delays", {"terminate": 60})
    assert api("DELETE", f"/peers/{peer}").status == 202
    assert api("DELETE", f"/peers/{peer}").body["errorCode"] == "PEER_ALREADY_REQUESTED_DELETION"


def test_at_most_25_pending_peers(api):
    container = api.container().body["id"]
    for number in range(25):
        made = api.peer(container, f"vpc-{number:017x}", f"10.{100 + number}.0.0/16").body["id"]
        api.hold(made, "PENDING_ACCEPTANCE")
    assert api.peer(container, f"vpc-{99:017x}", "10.200.0.0/16").body["errorCode"] == "PEER_MAXIMUM_REACHED"


def test_a_cluster_holds_its_container_and_makes_one_if_it_must(api):
    made = api.cluster()
    assert (made.status, made.body["stateName"], made.body["connectionStrings"]) == (201, "CREATING", {})
    containers = api("GET", "/containers?providerName=AWS").body["results"]
    assert [container["atlasCidrBlock"] for container in containers] == ["192.168.248.0/21"]
    wait_for(lambda: api("GET", "/clusters/main", accept=CLUSTERS).body["stateName"] == "IDLE")
    shown = api("GET", "/clusters", accept=CLUSTERS).body["results"][0]
    assert set(shown["connectionStrings"]) == {"standard", "standardSrv"}
    assert api("DELETE", f"/containers/{containers[0]['id']}").body["errorCode"] == "CONTAINERS_IN_USE"
    assert api.cluster("main").body["errorCode"] == "DUPLICATE_CLUSTER_NAME"
    assert api("DELETE", "/clusters/main", accept="application/vnd.atlas.2023-02-01+json").status == 202
    wait_for(lambda: api("GET", "/clusters/main", accept=CLUSTERS).status == 404)
    wait_for(lambda: api("DELETE", f"/containers/{containers[0]['id']}").status == 204)


def test_private_strings_need_custom_dns(api):
    api.cluster()
    wait_for(lambda: api("GET", "/clusters/main", accept=CLUSTERS).body["stateName"] == "IDLE")
    assert api("PATCH", "/awsCustomDNS", {"enabled": True}).body == {"enabled": True}
    assert api("GET", "/awsCustomDNS").body == {"enabled": True}
    strings = api("GET", "/clusters/main", accept=CLUSTERS).body["connectionStrings"]
    assert "-pri." in strings["privateSrv"]
    assert "-pri." not in strings["standardSrv"]


def test_a_new_container_cannot_be_deleted_at_once(atlas_cloud, api):
    atlas_cloud.admin("PUT", "delays", {"settle": 60})
    container = api.container().body["id"]
    answer = api("DELETE", f"/containers/{container}")
    assert (answer.status, answer.body["errorCode"]) == (409, "CANNOT_DELETE_RECENTLY_CREATED_CONTAINER")


def test_the_access_list(atlas_cloud, api, vpc):
    assert api("POST", "/accessList", [{"awsSecurityGroup": "sg-0123456789abcdef0"}]).body["errorCode"] == (
        "CANNOT_USE_AWS_SECURITY_GROUP_WITHOUT_VPC_PEERING_CONNECTION"
    )
    atlas_cloud.admin("PUT", "delays", {"access": 0.2})
    listed = api("POST", "/accessList", [{"cidrBlock": "10.0.0.0/16", "comment": "app"}, {"cidrBlock": "192.0.2.1/32"}])
    assert listed.body["totalCount"] == 2
    assert listed.body["results"][1]["ipAddress"] == "192.0.2.1"
    assert api("GET", "/accessList/10.0.0.0%2F16/status").body == {"STATUS": "PENDING"}
    wait_for(lambda: api("GET", "/accessList/10.0.0.0%2F16/status").body == {"STATUS": "ACTIVE"})
    assert api("GET", "/accessList/10.0.0.0/16/status").status == 404
    again = api("POST", "/accessList", [{"cidrBlock": "10.0.0.0/16", "comment": "new"}])
    assert again.body["results"][0]["comment"] == "new"
    peer = api.peer(api.container().body["id"], vpc, "10.0.0.0/16").body["id"]
    wait_for(lambda: api.status(peer) == "PENDING_ACCEPTANCE")
    connection = api("GET", f"/peers/{peer}").body["connectionId"]
    atlas_cloud.client().accept_vpc_peering_connection(VpcPeeringConnectionId=connection)
    wait_for(lambda: api.status(peer) == "AVAILABLE")
    assert api("POST", "/accessList", [{"awsSecurityGroup": "sg-0123456789abcdef0"}]).body["totalCount"] == 3
    api("DELETE", f"/peers/{peer}")
    wait_for(lambda: api("GET", "/accessList").body["totalCount"] == 2)  # the last peer takes the groups along
    assert api("DELETE", "/accessList/10.0.0.0%2F16").status == 204
    missing = api("DELETE", "/accessList/10.0.0.0%2F16")
    assert missing.body["errorCode"] == "ATLAS_NETWORK_PERMISSION_ENTRY_NOT_FOUND"


@pytest.mark.parametrize(
    ("accept", "status", "code"),
    [
        ("application/json", 406, "NOT_ACCEPTABLE"),
        ("application/vnd.atlas.2020-01-01+json", 406, "NOT_ACCEPTABLE"),
        ("application/vnd.atlas.yesterday+json", 400, "INVALID_VERSION_DATE"),
    ],
)
def test_the_version_must_be_one_of_the_resource(api, accept, status, code):
    answer = api("GET", "/peers?providerName=AWS", accept=accept)
    assert (answer.status, answer.body["errorCode"]) == (status, code)


def test_deprecated_and_removed_versions(atlas_cloud, api):
    date = "Thu, 01 Jul 2027 00:00:00 GMT"
    atlas_cloud.admin("PUT", "deprecations", {"listPeers": {"deprecated": date, "sunset": date}})
    answer = api("GET", "/peers?providerName=AWS")
    assert (answer.status, answer.headers["Sunset"], answer.headers["Deprecation"]) == (200, date, date)
    atlas_cloud.admin("PUT", "deprecations", {"listPeers": {"deprecated": date, "sunset": date, "gone": True}})
    assert api("GET", "/peers?providerName=AWS").status == 410


def test_rate_limits_say_when_to_come_back(atlas_cloud, api):
    atlas_cloud.admin("PUT", "limits", {"capacity": 2, "refill": 0.5})
    answers = [api("GET", "/peers?providerName=AWS") for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert answers[1].headers["RateLimit-Remaining"] == "0"
    assert answers[2].body["errorCode"] == "RATE_LIMITED_TOKEN_BUCKET"
    assert int(answers[2].headers["Retry-After"]) in (1, 2)
    atlas_cloud.admin("PUT", "limits", {"capacity": 1, "refill": 0.5, "retry_after": False})
    answers = [api("GET", "/peers?providerName=AWS") for _ in range(2)]
    assert "Retry-After" not in answers[1].headers


def test_tokens(atlas_cloud):
    identity = atlas_cloud.project()
    path = f"/api/atlas/v2/groups/{identity.project}/peers?providerName=AWS"
    assert token(atlas_cloud, identity.client_id, "wrong").status == 401
    assert token(atlas_cloud, "nobody", "wrong").status == 401
    bad = {"Authorization": "Basic !", "Content-Type": "application/x-www-form-urlencoded"}
    assert atlas_cloud.call("POST", "/api/oauth/token", b"grant_type=client_credentials", bad).status == 401
    given = token(atlas_cloud, identity.client_id, identity.client_secret).body
    headers = {"Accept": V1, "Authorization": f"Bearer {given['access_token']}"}
    assert given["expires_in"] == 3600
    assert atlas_cloud.call("GET", path, None, headers).status == 200
    atlas_cloud.admin("POST", "forget-tokens")
    assert atlas_cloud.call("GET", path, None, headers).status == 401
    assert atlas_cloud.call("GET", path, None, {"Accept": V1}).headers["WWW-Authenticate"].startswith("Digest ")


def test_roles_and_other_projects(atlas_cloud, api):
    reader = dataclasses.replace(api.identity, client_id=f"{api.identity.client_id}-ro")
    read_only = Caller(atlas_cloud, reader)
    assert read_only("GET", "/peers?providerName=AWS").status == 200
    assert read_only.container().body["errorCode"] == "USER_UNAUTHORIZED"
    api.identity = atlas_cloud.project()
    assert api("GET", "/peers?providerName=AWS").status == 403
    api.identity = dataclasses.replace(api.identity, project="f" * 24)
    assert api("GET", "/peers?providerName=AWS").body["errorCode"] == "GROUP_NOT_FOUND"


def digest(identity, method, uri, challenge, secret=None, username=None):
    nonce = challenge.split('nonce="')[1].split('"')[0]
    username = username or identity.public_key

    def md5(text):
        return hashlib.md5(text.encode()).hexdigest()

    first = md5(f"{username}:MMS Public API:{secret or identity.private_key}")
    response = md5(f"{first}:{nonce}:00000001:abcdef:auth:{md5(f'{method}:{uri}')}")
    return (
        f'Digest username="{username}", realm="MMS Public API", nonce="{nonce}", uri="{uri}", '
        f'response="{response}", qop=auth, nc=00000001, cnonce="abcdef"'
    )


def test_digest(atlas_cloud):
    identity = atlas_cloud.project()
    uri = f"/api/atlas/v2/groups/{identity.project}/peers?providerName=AWS"

    def get(authorization=""):
        headers = {"Accept": V1} | ({"Authorization": authorization} if authorization else {})
        return atlas_cloud.call("GET", uri, None, headers)

    challenge = get().headers["WWW-Authenticate"]
    assert get(digest(identity, "GET", uri, challenge)).status == 200
    assert get(digest(identity, "GET", uri, challenge, secret="wrong")).status == 401
    assert get(digest(identity, "GET", uri, challenge, username="nobody")).status == 401
    assert get(digest(identity, "GET", "/other", challenge)).status == 401
    atlas_cloud.admin("POST", "forget-tokens")
    assert "stale=true" in get(digest(identity, "GET", uri, challenge)).headers["WWW-Authenticate"]


def test_what_breaks_the_contract_is_refused_and_counted(atlas_cloud, api):
    assert api("GET", "/peers").body["errorCode"] == "INVALID_ATTRIBUTE"  # providerName is missing
    assert api.container(region="us-east-1").status == 400
    assert api.peer("short", "vpc-1", "10.0.0.0/16").status == 400
    assert api("POST", "/accessList", {"cidrBlock": "10.0.0.0/16"}).status == 400
    assert api("GET", "/unheard-of").status == 404
    found = atlas_cloud.violations
    assert found["count"] == 5
    assert "us-east-1" in found["last"][1]["problem"]


def test_faults_strike_the_call_that_they_name(atlas_cloud, api):
    fault = {"operation": "listPeers", "kind": "error", "calls": [2], "status": 503, "code": "UNEXPECTED_ERROR"}
    atlas_cloud.admin("PUT", "faults", [fault | {"headers": {"Retry-After": "1"}}])
    answers = [api("GET", "/peers?providerName=AWS") for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 503, 200]
    assert answers[1].headers["Retry-After"] == "1"
    assert atlas_cloud.admin("GET", "status")["calls"] == {"listPeers": 3}
    atlas_cloud.admin("PUT", "faults", [{"operation": "*", "kind": "delay", "seconds": 0.01}])
    assert api("GET", "/peers?providerName=AWS").status == 200


@pytest.mark.parametrize(("kind", "made"), [("drop", 0), ("lost", 1)])
def test_connections_can_break_before_and_after_the_work(atlas_cloud, api, kind, made):
    atlas_cloud.admin("PUT", "faults", [{"operation": "createContainer", "kind": kind}])
    with pytest.raises((urllib.error.URLError, ConnectionError)):
        api.container()
    assert api("GET", "/containers?providerName=AWS").body["totalCount"] == made


@pytest.mark.parametrize("fault", [{"kind": "unheard-of"}, {"kind": "drop", "colour": "red"}])
def test_a_fault_must_be_one_that_exists(atlas_cloud, fault):
    assert atlas_cloud.call("PUT", "/_atlas/faults", [fault]).status == 400


def test_admin_refuses_what_it_does_not_know(atlas_cloud):
    assert atlas_cloud.call("PUT", "/_atlas/delays", {"tea": 1}).status == 400
    assert atlas_cloud.call("PUT", "/_atlas/delays", []).status == 400
    assert atlas_cloud.call("PATCH", "/_atlas/peers/none", {}).status == 404


def test_admin_is_reached_by_address_only(atlas_cloud):
    assert atlas_cloud.call("GET", "/_atlas/status", None, {"Host": "rebound.example"}).status == 403


def test_it_is_a_process_of_its_own(atlas_cloud):
    root = Path(__file__).resolve().parents[4]
    command = [sys.executable, "-m", "localcloud.atlas", "--aws", atlas_cloud.aws_url, "k", "s"]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline().startswith("http://127.0.0.1:")
        process.terminate()
        assert process.wait(20) == 0
