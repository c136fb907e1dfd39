# SPDX-License-Identifier: GPL-3.0-or-later
"""environment_info on what the other modules have made, against moto."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.environment.permissions_plan import GRANTS, policy
from ansible_collections.slipway.ops.plugins.module_utils.release_record_plan import put_request, record_of
from ansible_collections.slipway.ops.plugins.module_utils.site.model_plan import CURRENT
from ansible_collections.slipway.ops.plugins.module_utils.site.state_plan import Current
from ansible_collections.slipway.ops.plugins.modules import environment_info
from botocore.exceptions import ClientError

from tests.unit.plugins.modules.aws_harness import run
from tests.unit.plugins.modules.blue_green_site import module, site, world

__all__ = ["module", "site", "world"]

ACCOUNT = "123456789012"
RELEASE = "ab" * 32
WANTED = {
    "name": "try",
    "account_id": ACCOUNT,
    "region": "us-east-1",
    "vpc": "try",
    "load_balancer": "lb",
    "cluster": "c",
    "table": "releases",
    "services": [{"name": "api"}],
    "site": {"name": "try-site", "bucket": "try-site"},
    "gpu": {"name": "try-llm", "model": "llama-3.3-70b"},
    "oidc": "try",
    "gate": {"from": "staging"},
}
SCOPE = {
    "account_id": ACCOUNT,
    "region": "us-east-1",
    "name": "c",
    "table": "releases",
    "services": [{"name": "api"}],
    "site": {"bucket": "try-site", "distribution_arn": "", "kms_key_arn": "arn:aws:kms:us-east-1:123456789012:key/1"},
}


@pytest.fixture
def read(world, capsys):
    """Runs the module."""
    return lambda **changes: run(environment_info.main, capsys, **{**WANTED, **changes})


def surroundings(world):
    """What the modules of a service do not make."""
    vpc = world.client("ec2").describe_subnets(SubnetIds=[world.ids["subnet"]])["Subnets"][0]["VpcId"]
    world.client("ec2").create_tags(Resources=[vpc], Tags=[{"Key": "Name", "Value": "try"}])
    records(world)
    edge(world)
    groups = world.client("autoscaling")
    groups.create_launch_configuration(
        LaunchConfigurationName="try", ImageId="ami-12c6146b", InstanceType="g5.12xlarge"
    )
    groups.create_auto_scaling_group(
        AutoScalingGroupName="try-llm",
        LaunchConfigurationName="try",
        MinSize=0,
        MaxSize=1,
        DesiredCapacity=1,
        VPCZoneIdentifier=world.ids["subnet"],
    )
    provider = world.client("iam").create_open_id_connect_provider(
        Url="https://token.actions.githubusercontent.com", ClientIDList=["sts.amazonaws.com"]
    )["OpenIDConnectProviderArn"]
    trusted = {"token.actions.githubusercontent.com:sub": "repo:example/api:environment:try"}
    statement = {"Effect": "Allow", "Principal": {"Federated": provider}, "Condition": {"StringEquals": trusted}}
    document = {"Version": "2012-10-17", "Statement": [statement | {"Action": "sts:AssumeRoleWithWebIdentity"}]}
    world.client("iam").create_role(RoleName="try-github-deploy-api", AssumeRolePolicyDocument=json.dumps(document))


def records(world):
    table = world.client("dynamodb")
    keys = ("service", "item")
    table.create_table(
        TableName="releases",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=True)],
    )
    done = {"kind": "deploy", "outcome": "promoted", "by": "alice", "break_glass": "", "git_sha": "3f786850"}
    for service, digest in (("api", world.digests["v1"]), ("site", f"sha256:{RELEASE}")):
        record = record_of({**done, "service": service, "digest": digest, "started": 1795500763.0})
        table.put_item(**put_request("releases", record))
    lease = {"owner": "bob", "run_id": "1", "run_url": "", "token": 1, "acquired": 1, "expires": 4102444800}
    held = {key: {"N": str(value)} if isinstance(value, int) else {"S": value} for key, value in lease.items()}
    table.put_item(TableName="releases", Item={"service": {"S": "api"}, "item": {"S": "lock"}, **held})
    over = {**held, "expires": {"N": "1"}}
    table.put_item(TableName="releases", Item={"service": {"S": "site"}, "item": {"S": "lock"}, **over})


def edge(world):
    origin = {"Id": "s3", "DomainName": "try-site.s3.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}}
    world.client("cloudfront").create_distribution(
        DistributionConfig={
            "CallerReference": "1",
            "Comment": "try-site",
            "Enabled": True,
            "Origins": {"Quantity": 1, "Items": [origin]},
            "DefaultCacheBehavior": {
                "TargetOriginId": "s3",
                "ViewerProtocolPolicy": "redirect-to-https",
                "MinTTL": 0,
                "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
            },
        }
    )
    world.client("s3").create_bucket(Bucket="try-site")
    current = Current("active", 1, RELEASE, "", "publish", "E1", "2026-11-24T10:00:00Z", "run")
    world.client("s3").put_object(Bucket="try-site", Key=CURRENT, Body=current.text.encode())


def test_a_whole_environment(site, world, read):
    site("deploy", "v1")
    surroundings(world)
    found = read()["environment"]
    assert found["problems"] == []
    (service,) = found["services"]
    live = next(color for color in service["colors"] if color["weight"])
    assert service["live_color"] == live["color"] == max(world.weights(), key=world.weights().get)
    assert (live["digest"], live["git_sha"]) == (world.digests["v1"], "3f786850")
    assert live["running"] == 3
    assert service["lock"] == {"holder": "bob", "until": "2100-01-01T00:00:00Z", "url": None}
    assert (service["scaling"]["min"], service["proven"]["by"]) == (2, "alice")
    assert (found["site"]["release"]["id"], found["site"]["lock"]) == (RELEASE, None)
    assert found["site"]["distribution_id"]
    assert [subnet["kind"] for subnet in found["network"]["subnets"]] == ["private", "private"]
    assert found["load_balancer"]["listeners"] == [
        {"port": 80, "protocol": "HTTP", "kind": "production"},
        {"port": 8080, "protocol": "HTTP", "kind": "preview"},
    ]
    assert (found["gpu"]["cost_per_hour_usd"], found["gpu"]["hosts"][0]["type"]) == (5.672, "g5.12xlarge")
    assert found["ci"]["repositories"] == ["example/api"]

    # It calls nothing that the policy of who only looks does not allow.
    called = recorded(world, read)
    allowed = {action for statement in policy(SCOPE)["Statement"] for action in statement["Action"]}
    assert called - {"sts:GetCallerIdentity"} <= allowed
    assert "dynamodb:Query" in called
    siteless = policy({**SCOPE, "site": {}, "table": ""})
    assert not {"ListSite", "ReadSiteState", "ReadRecords"} & {each["Sid"] for each in siteless["Statement"]}

    # What is refused is told with its part, and hides nothing else.
    world.client("cloudwatch").meta.events.register("before-call.cloudwatch.*", refuse)
    told = read()["environment"]
    assert [problem["part"] for problem in told["problems"]] == ["alarms"]
    assert "not authorized" in told["problems"][0]["message"]
    assert told["services"] == found["services"]


def test_the_page_lists_what_the_policy_allows():
    page = (Path(__file__).parents[4] / "docs" / "status.md").read_text(encoding="utf-8")
    for grant in GRANTS:
        actions = ", ".join(f"`{action}`" for action in grant.actions)
        assert f"| {grant.why} | {actions} |" in page


# botocore's endpoint prefix -> IAM's, where they differ.
PREFIXES = {"api.ecr": "ecr", "monitoring": "cloudwatch"}


def recorded(world, read):
    """The actions that a run calls."""
    called = set()

    def note(model, **_rest):
        service = model.service_model
        prefix = service.signing_name
        called.add(f"{PREFIXES.get(prefix, prefix)}:{model.name}")

    for client in world.clients.values():
        client.meta.events.register("before-call", note)
    read()
    return called


def refuse(model, **_rest):
    raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not authorized"}}, model.name)


def test_an_empty_account_and_the_wrong_one(world, read):
    found = read(services=[{"name": "api"}, {"name": "queue", "kind": "worker"}])["environment"]
    assert found["problems"] == []
    assert (found["network"], found["load_balancer"], found["site"], found["gpu"]) == (None, None, None, None)
    refused = read(account_id="999999999999")
    assert refused["failed"] is True
    assert "wrong account: the credentials belong to 123456789012, environment try is in 999999999999" in refused["msg"]
    told = read(account_id="999999999999", keep_going=True)["environment"]["problems"]
    assert [problem["part"] for problem in told] == ["environment"]
    assert "name and account_id are needed" in read(name=None, account_id=None)["msg"]
    twice = read(services=[{"name": "api"}, {"name": "api"}])
    assert twice["msg"] == "services: api is there more than once"
