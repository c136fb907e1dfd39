# SPDX-License-Identifier: GPL-3.0-or-later
"""What is refused while enforcement is on, by real clients against the real server over moto."""

from __future__ import annotations

import base64
import hashlib
import json
import time

import boto3
import pytest
from ansible_collections.slipway.ops.plugins.module_utils import deploy_permissions_plan, service_documents_plan
from ansible_collections.slipway.ops.plugins.module_utils.github_oidc_plan import trust_policy
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.moto_api._internal import moto_api_backend

from localcloud import network
from localcloud.control import access, dispatcher
from localcloud.control.server import Server
from localcloud.iam.guard import Guard
from localcloud.settings import Account
from tests.unit.localcloud.fixtures.mended import all_mends

ACCOUNTS = [
    Account(name, number * 12, f"AKIASLIPWAYLOCAL{number * 4}", "secret", "127.0.0.1", 1, 2)
    for name, number in (("local", "1"), ("staging", "2"))
]
HOST = "token.actions.githubusercontent.com"
ENTRY = {
    "name": "api",
    "repository": "example-org/api",
    "owner_id": "1",
    "repository_id": "2",
    "environment": "local",
    "build_environment": "",
    "refs": ["refs/heads/main"],
}


class Cloud:
    """An API with two accounts, whose roles are made as tests need them."""

    def __init__(self, folder):
        prefix, self._claim = network.claim_network(str(folder))
        host, self.guard = f"{prefix}.0.1", Guard(each.id for each in ACCOUNTS)
        port = network.free_port(host, 4566)
        self.url = f"http://{host}:{port}"
        app = access.Access(dispatcher.Dispatcher(), access.Keys(ACCOUNTS), self.guard)
        self._server = Server(host, port, app, self.guard.routes)

    def __enter__(self):
        self._server.start()
        self.guard.enforcing = True
        return self

    def __exit__(self, *_):
        self._server.stop()
        self._claim.close()
        moto_api_backend.reset()

    def client(self, service, account=ACCOUNTS[0], keys=None):
        """A client of an account's administrator, or with the keys of a session."""
        given = keys or {"AccessKeyId": account.access_key, "SecretAccessKey": account.secret_key}
        return boto3.client(
            service,
            region_name="us-east-1",
            endpoint_url=self.url,
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given.get("SessionToken"),
            config=Config(retries={"total_max_attempts": 1}),
        )

    def role(self, name, *statements, trust=None, account=ACCOUNTS[0]):
        """Make a role that may do this; its ARN."""
        iam = self.client("iam", account)
        root = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account.id}:root"}, "Action": "sts:AssumeRole"}
        document = trust or {"Version": "2012-10-17", "Statement": [root]}
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(document))["Role"]["Arn"]
        policy = {"Version": "2012-10-17", "Statement": list(statements)}
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(policy))
        return arn

    def session(self, arn, **given):
        """Keys of a session of a role, made by its account's administrator."""
        account = next(each for each in ACCOUNTS if each.id == arn.split(":")[4])
        sts = self.client("sts", account)
        return sts.assume_role(RoleArn=arn, RoleSessionName="run", **given)["Credentials"]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    """The API, enforcing; without AWS's own policies, which take most of a second an account."""
    with all_mends(), pytest.MonkeyPatch.context() as patch, Cloud(tmp_path_factory.mktemp("iam")) as made:
        patch.setenv("MOTO_IAM_LOAD_MANAGED_POLICIES", "false")
        yield made


def allow(*actions, on="*", **condition):
    return {
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": on,
        **({"Condition": condition} if condition else {}),
    }


def refused(call, **parameters):
    """(code, message) of a refusal."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


@pytest.mark.parametrize(
    ("service", "call", "given", "code"),
    [
        ("ec2", "describe_vpcs", {}, "UnauthorizedOperation"),
        ("elbv2", "describe_load_balancers", {}, "AccessDenied"),
        ("ecs", "describe_clusters", {"clusters": ["main"]}, "AccessDeniedException"),
        ("s3", "list_objects_v2", {"Bucket": "any"}, "AccessDenied"),
        ("cloudfront", "list_distributions", {}, "AccessDenied"),
        ("cloudwatch", "describe_alarms", {}, "AccessDenied"),
        ("scheduler", "get_schedule", {"GroupName": "any", "Name": "one"}, "AccessDeniedException"),
        ("sns", "list_topics", {}, "AuthorizationError"),
    ],
    ids=["ec2", "query", "json", "s3", "rest-xml", "query-once", "rest-json", "sns"],
)
def test_a_refusal_is_told_as_each_service_tells_it(cloud, may_nothing, service, call, given, code):
    found, message = refused(getattr(cloud.client(service, keys=may_nothing), call), **given)
    assert found == code
    assert message.startswith("User: arn:aws:sts::111111111111:assumed-role/nothing/run is not authorized to perform: ")


@pytest.fixture(scope="module")
def may_nothing(cloud):
    """Keys of a role that may do nothing at all."""
    return cloud.session(cloud.role("nothing", allow("sqs:ListQueues")))


def test_who_i_am_may_be_asked_by_everybody(cloud, may_nothing):
    assert cloud.client("sts", keys=may_nothing).get_caller_identity()["Arn"].endswith("assumed-role/nothing/run")


def test_an_administrator_is_not_asked(cloud):
    assert cloud.client("sqs").list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_a_call_that_the_tables_do_not_have_is_refused_by_its_name(cloud):
    keys = cloud.session(cloud.role("queues", allow("sqs:*")))
    _code, message = refused(cloud.client("sqs", keys=keys).list_queues)
    assert "does not know what IAM asks for sqs:ListQueues" in message


def test_resources_and_conditions_count(cloud):
    home = "arn:aws:ecs:us-east-1:111111111111"
    elb = cloud.client("elbv2")
    rules = [_rule(cloud, elb, name) for name in ("api", "other")]
    keys = cloud.session(
        cloud.role(
            "api",
            allow("ecs:DescribeServices", on=f"{home}:service/main/api-*"),
            allow("ecs:ListTasks", ArnEquals={"ecs:cluster": f"{home}:cluster/main"}),
            allow("elasticloadbalancing:ModifyRule", StringEquals={"aws:ResourceTag/slipway:service": "api"}),
        )
    )
    ecs, elb = cloud.client("ecs", keys=keys), cloud.client("elbv2", keys=keys)
    cloud.client("ecs").create_cluster(clusterName="main")
    assert ecs.describe_services(cluster="main", services=["api-blue"])["services"] == []
    assert "api-admin2" in refused(ecs.describe_services, cluster="main", services=["api-blue", "x-api-admin2"])[1]
    assert ecs.list_tasks(cluster="main")["taskArns"] == []
    assert refused(ecs.list_tasks, cluster="other")[0] == "AccessDeniedException"
    actions = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]
    assert elb.modify_rule(RuleArn=rules[0], Actions=actions)["Rules"]
    assert refused(elb.modify_rule, RuleArn=rules[1], Actions=actions)[0] == "AccessDenied"


def _rule(cloud, elb, service):
    """A listener rule of a service."""
    ec2 = cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{i}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"][
            "SubnetId"
        ]
        for i, zone in enumerate("ab")
    ]
    balancer = elb.create_load_balancer(Name=f"lb-{service}", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    action = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
    listener = elb.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=[action])
    return elb.create_rule(
        ListenerArn=listener["Listeners"][0]["ListenerArn"],
        Priority=1,
        Conditions=[{"Field": "path-pattern", "Values": ["/*"]}],
        Actions=[action],
        Tags=[{"Key": "slipway:service", "Value": service}],
    )["Rules"][0]["RuleArn"]


def test_a_role_of_one_account_does_nothing_in_another(cloud):
    keys = cloud.session(cloud.role("everything-here", allow("s3:*", "ecs:*")))
    staging = cloud.client("s3", ACCOUNTS[1])
    staging.create_bucket(Bucket="of-staging")
    staging.put_object(Bucket="of-staging", Key="a", Body=b"a")
    assert refused(cloud.client("s3", keys=keys).get_object, Bucket="of-staging", Key="a")[0] == "AccessDenied"


def test_a_deny_a_session_s_policy_and_a_boundary_take_away(cloud):
    arn = cloud.role("bounded", allow("s3:*"), {"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"})
    cloud.client("s3").create_bucket(Bucket="bounded")
    s3 = cloud.client("s3", keys=cloud.session(arn))
    assert s3.list_objects_v2(Bucket="bounded")["KeyCount"] == 0
    assert "explicit deny" in _denied(cloud, s3)
    narrow = json.dumps({"Version": "2012-10-17", "Statement": [allow("s3:ListBucket")]})
    within = cloud.client("s3", keys=cloud.session(arn, Policy=narrow))
    assert within.list_objects_v2(Bucket="bounded")["KeyCount"] == 0
    assert refused(within.put_object, Bucket="bounded", Key="a", Body=b"")[0] == "AccessDenied"
    iam = cloud.client("iam")
    boundary = iam.create_policy(PolicyName="edge", PolicyDocument=narrow)["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName="bounded", PermissionsBoundary=boundary)
    assert refused(s3.put_object, Bucket="bounded", Key="a", Body=b"")[0] == "AccessDenied"


def _denied(cloud, s3):
    return refused(s3.delete_bucket, Bucket="bounded")[1]


def test_a_role_that_is_deleted_may_nothing_any_more(cloud):
    keys = cloud.session(cloud.role("leaver", allow("s3:ListAllMyBuckets")))
    s3, iam = cloud.client("s3", keys=keys), cloud.client("iam")
    assert s3.list_buckets()
    iam.delete_role_policy(RoleName="leaver", PolicyName="own")
    iam.delete_role(RoleName="leaver")
    assert refused(s3.list_buckets)[0] == "AccessDenied"


def test_whom_a_role_trusts(cloud):
    here, there = ACCOUNTS
    one = cloud.role("one", allow("sts:AssumeRole"))
    other = cloud.role("other", allow("s3:ListAllMyBuckets"))
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": one}, "Action": "sts:AssumeRole"}],
    }
    abroad = cloud.role("abroad", allow("s3:ListAllMyBuckets"), trust=trust, account=there)
    named = cloud.role("named", allow("s3:ListAllMyBuckets"), trust=trust)
    first, second = (cloud.client("sts", keys=cloud.session(arn)) for arn in (one, other))
    assert here.id != there.id
    for target in (abroad, named):
        assert first.assume_role(RoleArn=target, RoleSessionName="run")["Credentials"]
        assert refused(second.assume_role, RoleArn=target, RoleSessionName="run")[0] == "AccessDenied"
    assert refused(first.assume_role, RoleArn=f"{one}-missing", RoleSessionName="run")[0] == "AccessDenied"


def token(**changed):
    """A token as GitHub makes them, but for the signature."""
    claims = {
        "iss": f"https://{HOST}",
        "aud": "sts.amazonaws.com",
        "sub": "repo:example-org/api:environment:local",
        "repository_id": "2",
        "environment": "local",
        "ref": "refs/heads/main",
        "exp": int(time.time()) + 300,
        **changed,
    }
    return ".".join(
        base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (b"{}", json.dumps(claims).encode(), b"signed")
    )


@pytest.fixture(scope="module")
def github(cloud):
    """ARN of a role that trusts as role github_oidc has it."""
    cloud.client("iam").create_open_id_connect_provider(
        Url=f"https://{HOST}", ClientIDList=["sts.amazonaws.com"], ThumbprintList=["0" * 40]
    )
    return cloud.role("github", allow("s3:ListAllMyBuckets"), trust=trust_policy("111111111111", "deploy", ENTRY))


def test_the_job_that_a_role_trusts_gets_it(cloud, github):
    sts = cloud.client("sts")
    keys = sts.assume_role_with_web_identity(RoleArn=github, RoleSessionName="job", WebIdentityToken=token())
    s3 = cloud.client("s3", keys=keys["Credentials"])
    assert s3.list_buckets()
    assert refused(s3.list_objects_v2, Bucket="bounded")[0] == "AccessDenied"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (token(ref="refs/heads/feature"), "Not authorized"),
        (token(sub="repo:example-org/api:pull_request"), "Not authorized"),
        (token(aud="somebody"), "audience"),
        (token(exp=1), "expired"),
        (token(iss="https://elsewhere.example"), "No OpenIDConnect provider"),
        ("no-token", "Not authorized"),
        ("a.b.c", "Not authorized"),
    ],
    ids=["branch", "pull-request", "audience", "late", "issuer", "no-token", "no-json"],
)
def test_no_other_job_gets_it(cloud, github, given, said):
    call = cloud.client("sts").assume_role_with_web_identity
    assert said in refused(call, RoleArn=github, RoleSessionName="job", WebIdentityToken=given)[1]


SERVICE = {
    "name": "api",
    "cluster": "slipway-local",
    "region": "us-east-1",
    "account_id": "111111111111",
    "repository": "api",
    "image_accounts": [],
    "secrets": {"KEY": "arn:aws:secretsmanager:us-east-1:111111111111:secret:api/key"},
    "secrets_kms_key_arns": [],
    "llm_providers": [],
    "workers": [],
    "schedules": [],
    "s3_buckets": [{"name": "own-bucket", "access": "read_write"}, {"name": "read-bucket"}],
}


def test_a_task_uses_its_own_buckets_only(cloud):
    for name in ("own-bucket", "read-bucket", "other-bucket"):
        cloud.client("s3").create_bucket(Bucket=name)
        cloud.client("s3").put_object(Bucket=name, Key="a", Body=b"a")
    statements = service_documents_plan.task_policy(SERVICE)["Statement"]
    s3 = cloud.client("s3", keys=cloud.session(cloud.role("task", *statements)))
    s3.put_object(Bucket="own-bucket", Key="b", Body=b"b")
    assert s3.get_object(Bucket="read-bucket", Key="a")["Body"].read() == b"a"
    assert refused(s3.put_object, Bucket="read-bucket", Key="b", Body=b"b")[0] == "AccessDenied"
    assert refused(s3.get_object, Bucket="other-bucket", Key="a")[0] == "AccessDenied"
    stolen = {"Bucket": "own-bucket", "Key": "c", "CopySource": {"Bucket": "other-bucket", "Key": "a"}}
    assert "s3:GetObject on resource: arn:aws:s3:::other-bucket/a" in refused(s3.copy_object, **stolen)[1]
    many = {"Objects": [{"Key": "a"}]}
    assert refused(s3.delete_objects, Bucket="read-bucket", Delete=many)[0] == "AccessDenied"
    assert refused(s3.put_bucket_policy, Bucket="own-bucket", Policy="{}")[0] == "AccessDenied"


def test_a_task_is_started_with_its_own_secrets_only(cloud):
    admin = cloud.client("secretsmanager")
    own, other = (admin.create_secret(Name=name, SecretString="s")["ARN"] for name in ("api/key", "other/key"))
    secrets = {"KEY": f"{own}:json-key::"}
    statements = service_documents_plan.execution_policy({**SERVICE, "secrets": secrets})["Statement"]
    keys = cloud.session(cloud.role("execution", *statements))
    secret = cloud.client("secretsmanager", keys=keys)
    assert secret.get_secret_value(SecretId=own)["SecretString"] == "s"
    assert refused(secret.get_secret_value, SecretId=other)[0] == "AccessDeniedException"
    assert refused(secret.put_secret_value, SecretId=own, SecretString="t")[0] == "AccessDeniedException"
    assert refused(cloud.client("ecr", keys=keys).list_images, repositoryName="api")[0] == "AccessDeniedException"


def test_who_pushes_images_can_push_and_no_more(cloud):
    cloud.client("ecr").create_repository(repositoryName="api")
    scope = {
        "account_id": "111111111111",
        "region": "us-east-1",
        "name": "slipway-local",
        "services": [{"name": "api"}],
    }
    statements = deploy_permissions_plan.policy({**scope, "site": {}, "promotion": {}}, "push")["Statement"]
    keys = cloud.session(cloud.role("push", *statements))
    ecr = cloud.client("ecr", keys=keys)
    assert ecr.get_authorization_token()["authorizationData"]
    upload = ecr.initiate_layer_upload(repositoryName="api")["uploadId"]
    content, digest = b"{}", f"sha256:{hashlib.sha256(b'{}').hexdigest()}"
    ecr.upload_layer_part(repositoryName="api", uploadId=upload, partFirstByte=0, partLastByte=1, layerPartBlob=content)
    ecr.complete_layer_upload(repositoryName="api", uploadId=upload, layerDigests=[digest])
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest, "size": 2},
        "layers": [],
    }
    ecr.put_image(repositoryName="api", imageManifest=json.dumps(manifest), imageTag="1")
    assert ecr.batch_get_image(repositoryName="api", imageIds=[{"imageTag": "1"}])["images"]
    delete = {"repositoryName": "api", "imageIds": [{"imageTag": "1"}]}
    assert refused(ecr.batch_delete_image, **delete)[0] == "AccessDeniedException"
    assert refused(ecr.put_image, repositoryName="other", imageManifest="{}")[0] == "AccessDeniedException"
    assert refused(cloud.client("ecs", keys=keys).update_service, service="api")[0] == "AccessDeniedException"


def test_an_account_that_is_nobody_s_here_does_as_it_likes(cloud):
    """Atlas's, whose roles nobody has made."""
    role = "arn:aws:iam::464646464646:role/atlas"
    keys = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="atlas")["Credentials"]
    assert cloud.client("ec2", keys=keys).create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]


def test_it_is_off_unless_it_is_turned_on(cloud, may_nothing):
    cloud.guard.enforcing = False
    try:
        assert cloud.client("ec2", keys=may_nothing).describe_vpcs()["Vpcs"]
    finally:
        cloud.guard.enforcing = True
    assert Guard([]).enforcing is False
