# SPDX-License-Identifier: GPL-3.0-or-later
"""atlas_peering as Ansible runs it, against the local Atlas and moto over HTTP."""

from __future__ import annotations

import json
import threading

import pytest

from localcloud.atlas import clusters
from tests.unit.atlas_cloud import wait_for
from tests.unit.atlas_playground import CIDR, GROUP, Playground, actions

UTILS = "ansible_collections.slipway.ops.plugins.module_utils"
CREATION = [
    "create_container",
    "create_peer",
    "wait_request",
    "accept",
    "wait_available",
    "set_dns_hostnames",
    "allow_remote_dns",
    "create_route",
    "create_route",
    "add_access",
    "wait_access",
]
REMOVAL = [
    "delete_access",
    "delete_access",
    "delete_route",
    "delete_route",
    "delete_peer",
    "wait_peer_gone",
    "delete_container",
]


@pytest.fixture
def ground(atlas_cloud):
    return Playground(atlas_cloud)


@pytest.mark.parametrize("auth", ["service_account", "api_key"])
def test_from_nothing_to_available_and_back(atlas_cloud, auth):
    ground = Playground(atlas_cloud)
    ground.auth = auth
    promise = ground.ok(check=True)
    assert (promise["changed"], actions(promise), promise["peering"]) == (True, CREATION, None)
    assert not ground.project.containers

    made = ground.ok()
    assert made["changed"] is True
    assert actions(made) == CREATION
    assert made["diff"] == promise["diff"]  # check mode promised exactly this
    assert made["peering"]["status"] == "AVAILABLE"
    pcx = made["peering"]["connection_id"]
    assert ground.connection(pcx)["Status"]["Code"] == "active"
    assert ground.connection(pcx)["AccepterVpcInfo"]["PeeringOptions"]["AllowDnsResolutionFromRemoteVpc"] is True
    assert ground.routes() == {table: {CIDR: pcx} for table in ground.tables}
    hostnames = ground.ec2.describe_vpc_attribute(VpcId=ground.vpc, Attribute="enableDnsHostnames")
    assert hostnames["EnableDnsHostnames"]["Value"] is True
    assert {entry.value: (entry.status, entry.comment) for entry in ground.project.access.values()} == {
        GROUP: ("ACTIVE", "tasks"),
        "10.0.0.0/16": ("ACTIVE", ""),
    }

    again = ground.ok()
    assert (again["changed"], again["steps"]) == (False, [])
    assert ground.ok(check=True)["changed"] is False

    promise = ground.ok(check=True, state="absent")
    assert (promise["changed"], actions(promise)) == (True, REMOVAL)
    gone = ground.ok(state="absent")
    assert (actions(gone), gone["diff"]) == (REMOVAL, promise["diff"])
    assert (gone["container"], gone["peering"]) == (None, None)
    assert ground.routes() == {table: {} for table in ground.tables}
    assert (ground.project.peers, ground.project.containers, ground.project.access) == ({}, {}, {})
    assert ground.connection(pcx)["Status"]["Code"] == "deleted"
    assert ground.ok(state="absent")["changed"] is False
    assert atlas_cloud.violations == {"count": 0, "last": []}


def test_an_api_key_costs_one_request_a_call(atlas_cloud, ground):
    ground.auth = "api_key"
    ground.ok(access_list=[])
    atlas_cloud.admin("PUT", "faults", [])
    ground.ok(access_list=[])
    # Five reads, and one more for the challenge at the start.
    assert sum(atlas_cloud.admin("GET", "status")["calls"].values()) == 5


def test_another_region_than_the_clusters(atlas_cloud):
    ground = Playground(atlas_cloud, "eu-west-1")
    entries = [{"cidr_block": "10.0.0.0/16"}]
    made = ground.ok(atlas_region="US_EAST_1", access_list=entries)
    assert made["container"]["region"] == "us-east-1"
    assert ground.peer.accepter_region == "eu-west-1"
    assert ground.ok(atlas_region="us-east-1", access_list=entries)["changed"] is False
    assert "do not reach across regions" in ground.fails(atlas_region="us-east-1")["msg"]
    assert ground.ok(atlas_region="us-east-1", access_list=entries, state="absent")["changed"] is True


def test_a_container_is_adopted_with_its_block(ground):
    ground.ok()
    assert ground.ok(atlas_cidr=None)["changed"] is False
    told = ground.fails(atlas_cidr="10.9.0.0/21")["msg"]
    assert f"has {CIDR}, which cannot become 10.9.0.0/21 while the project has peering" in told


def test_a_block_that_nothing_holds_is_changed(ground):
    ground.ok()
    ground.ok(state="absent", keep_container=True)
    made = ground.ok(atlas_cidr="10.9.0.0/21")
    assert actions(made)[0] == "update_container"
    assert made["container"]["cidr"] == "10.9.0.0/21"


def test_removal_says_which_cluster_is_in_the_way(atlas_cloud, ground):
    ground.ok()
    cluster = {"name": "main", "clusterType": "REPLICASET", "replicationFactor": 3}
    settings = {"providerName": "AWS", "regionName": "US_EAST_1", "instanceSizeName": "M10"}
    clusters.create(ground.project, cluster | {"providerSettings": settings}, 0, atlas_cloud.atlas.delays)
    told = ground.fails(state="absent")["msg"]
    assert told.startswith(
        "Nothing was changed: the container of us-east-1 is in use (CONTAINERS_IN_USE) by cluster main"
    )
    assert ground.ok()["changed"] is False
    kept = ground.ok(state="absent", keep_container=True)
    assert actions(kept) == REMOVAL[:-1]


def test_a_container_that_empties_slowly_is_waited_for(atlas_cloud, ground):
    atlas_cloud.admin("PUT", "delays", {"settle": 0.5})
    ground.ok()
    fault = {"operation": "deleteContainer", "kind": "error", "calls": [1, 2], "status": 409}
    atlas_cloud.admin("PUT", "faults", [fault | {"code": "CANNOT_DELETE_RECENTLY_CREATED_CONTAINER"}])
    assert ground.ok(state="absent")["container"] is None


@pytest.mark.parametrize("meddle", ["reject", "expire", "delete"])
def test_a_peering_that_came_to_nothing_is_replaced(atlas_cloud, ground, meddle):
    if meddle == "delete":
        ground.ok()
        ground.ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=ground.peer.connection_id)
    else:
        fault = {"operation": "getPeer", "kind": "error", "status": 400, "code": "BROKEN", "calls": []}
        atlas_cloud.admin("PUT", "faults", [fault])
        ground.fails()  # the request is made, and left alone
        atlas_cloud.admin("PUT", "faults", [])
        wait_for(lambda: ground.peer.status == "PENDING_ACCEPTANCE")
        if meddle == "reject":
            ground.ec2.reject_vpc_peering_connection(VpcPeeringConnectionId=ground.peer.connection_id)
        else:
            atlas_cloud.admin("PUT", "delays", {"expire": 0})
    wait_for(lambda: ground.peer.status == "FAILED")
    atlas_cloud.admin("PUT", "delays", {"expire": 600})
    old = ground.peer.id
    made = ground.ok()
    assert actions(made)[:2] == ["delete_peer", "wait_peer_gone"]
    assert (made["peering"]["status"], made["peering"]["id"] != old) == ("AVAILABLE", True)
    assert set(ground.project.access) == {GROUP, "10.0.0.0/16"}  # Atlas had dropped the group with its last peering
    assert {route for routes in ground.routes().values() for route in routes.values()} == {
        made["peering"]["connection_id"]
    }
    assert ground.ok()["changed"] is False


def test_waiting_for_what_an_earlier_run_began_is_no_change(atlas_cloud, ground):
    ground.ok()
    ground.hold("FINALIZING")
    atlas_cloud.admin("PUT", "faults", [])

    def release():
        wait_for(lambda: atlas_cloud.atlas.faults.calls["getPeer"])
        ground.peer.due = 0

    releaser = threading.Thread(target=release)
    releaser.start()
    again = ground.ok()
    releaser.join()
    assert (again["changed"], actions(again)) == (False, ["wait_available"])


def test_a_wait_has_an_end(ground):
    ground.ok()
    ground.hold("FINALIZING")
    told = ground.fails(wait_timeout=0)
    assert told["msg"] == (
        "The peering was not AVAILABLE at Atlas and active in AWS within 0 s: run again to go on waiting"
    )
    assert told["changed"] is False


def test_a_failure_on_the_way_says_what_was_done(atlas_cloud, ground):
    atlas_cloud.admin("PUT", "faults", [{"operation": "getPeer", "kind": "error", "status": 403, "code": "NO"}])
    told = ground.fails()
    assert told["msg"].startswith("Atlas refused to read the peering (NO, HTTP 403): A fault was asked for.")
    assert told["msg"].endswith("Done before: create_container, create_peer; run again to go on from there.")
    assert told["changed"] is True
    assert told["steps"][-1]["status"] == "failed"


def test_a_request_that_fails_says_why(ground):
    told = ground.fails(vpc_id="vpc-0123456789abcdef0", route_table_ids=[])["msg"]
    assert told == "Nothing was changed: there is no VPC vpc-0123456789abcdef0 in us-east-1 of this account"
    foreign = ground.fails(account_id="999999999999")["msg"]
    assert foreign.endswith("belongs to account 123456789012, not to 999999999999")


def test_overlaps_are_found_before_anything_is_changed(ground):
    for cidr, words in {"10.0.8.0/21": "overlaps 10.0.0.0/16 of vpc-"}.items():
        assert words in ground.fails(atlas_cidr=cidr)["msg"]
    other = ground.ec2.create_vpc(CidrBlock="10.8.4.0/22")["Vpc"]["VpcId"]
    pcx = ground.ec2.create_vpc_peering_connection(VpcId=other, PeerVpcId=ground.vpc)["VpcPeeringConnection"]
    told = ground.fails()["msg"]
    assert f"overlaps 10.8.4.0/22 behind {pcx['VpcPeeringConnectionId']}, another peering of {ground.vpc}" in told
    ground.ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=pcx["VpcPeeringConnectionId"])
    gateway = ground.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ground.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=ground.vpc)
    ground.ec2.create_route(RouteTableId=ground.tables[0], DestinationCidrBlock="10.8.1.0/24", GatewayId=gateway)
    assert f"sends 10.8.1.0/24, addresses of Atlas, to {gateway}" in ground.fails()["msg"]
    assert not ground.project.containers


def test_bad_input_is_named_at_once(ground):
    told = ground.fails(project_id="short", atlas_cidr="10.8.0.0/16", access_list=[{"comment": "nobody"}])["msg"]
    assert "project_id: 24 hexadecimal digits" in told
    assert "between /21 and /24" in told
    assert "either cidr_block or security_group" in told


@pytest.mark.parametrize(
    ("operation", "status", "code", "words"),
    [
        ("listContainers", 401, "UNAUTHORIZED", "Check the client id and secret"),
        ("listPeers", 403, "USER_UNAUTHORIZED", "Project Network Access Manager"),
        ("listAccess", 404, "GROUP_NOT_FOUND", "Check project_id"),
        ("listClusters", 500, "UNEXPECTED_ERROR", "status.mongodb.com"),
    ],
)
@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_read_that_fails_is_never_absence(atlas_cloud, ground, operation, status, code, words, state, monkeypatch):
    monkeypatch.setattr(f"{UTILS}.atlas_client.TRIES", 1)
    atlas_cloud.admin("PUT", "faults", [{"operation": operation, "kind": "error", "status": status, "code": code}])
    told = ground.fails(state=state)
    assert words in told["msg"]
    assert (told["error_code"], told["changed"]) == (code, False)
    assert not ground.project.containers


@pytest.mark.parametrize("kind", ["drop", "lost", "error"])
def test_an_answer_that_is_lost_does_no_harm(atlas_cloud, ground, kind, monkeypatch):
    monkeypatch.setattr(f"{UTILS}.atlas_client.LONGEST_WAIT", 0.01)
    every = ("createContainer", "createPeer", "addAccess", "deletePeer", "deleteContainer", "listPeers", "getPeer")
    faults = [{"operation": one, "kind": kind, "calls": [1], "status": 503} for one in every]
    atlas_cloud.admin("PUT", "faults", faults)
    assert ground.ok()["peering"]["status"] == "AVAILABLE"
    assert len(ground.project.peers) == len(ground.project.containers) == 1
    ground.ok(state="absent")
    assert not ground.project.containers


def test_rate_limits_are_waited_out(atlas_cloud, ground):
    fault = {"operation": "createPeer", "kind": "error", "calls": [1], "status": 429}
    atlas_cloud.admin("PUT", "faults", [fault | {"code": "RATE_LIMITED_TOKEN_BUCKET", "headers": {"Retry-After": "0"}}])
    assert ground.ok()["peering"]["status"] == "AVAILABLE"


def test_the_end_of_a_version_is_a_warning(atlas_cloud, ground):
    sunset = {"deprecated": "Wed, 01 Jul 2026 00:00:00 GMT", "sunset": "Thu, 01 Jul 2027 00:00:00 GMT"}
    atlas_cloud.admin("PUT", "deprecations", {"listClusters": sunset})
    (warning,) = ground.ok(check=True)["warnings"]
    # A string or, with newer ways to tell, an object around it.
    assert (
        "The version of Atlas's API with which Slipway can list the clusters ends on Thu, 01 Jul 2027 00:00:00 GMT: "
        "update Slipway before."
    ) in json.dumps(warning)


def test_a_token_that_ends_meanwhile_is_renewed(atlas_cloud, ground):
    atlas_cloud.atlas.auth.token_seconds = 0.2
    assert ground.ok()["peering"]["status"] == "AVAILABLE"


def test_secrets_are_not_told(ground):
    ground.identity = type(ground.identity)(**{**_fields(ground.identity), "client_secret": "hunter2-hunter2"})
    told = ground.fails()
    assert "hunter2" not in str(told)


def _fields(identity):
    return {name: getattr(identity, name) for name in identity.__slots__}
