# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules of role gpu_host against moto: what check mode promised is what the run did, and again is unchanged."""

from __future__ import annotations

import functools
import os

import boto3
import pytest
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.ops.plugins.module_utils import instance_group as group_api
from ansible_collections.slipway.ops.plugins.modules import cost_budget, instance_group, private_alias
from botocore.exceptions import ClientError
from moto import mock_aws

from localcloud.mends import budgets
from tests.unit.plugins.modules.aws_harness import run

ACCOUNT = "123456789012"
TEMPLATE = {"InstanceType": "g5.12xlarge", "InstanceInitiatedShutdownBehavior": "terminate"}


@pytest.fixture
def cloud(monkeypatch):
    """Clients of an account of its own; the modules make theirs from the same environment."""
    for key in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(key)
    for key, value in {"ACCESS_KEY_ID": "x", "SECRET_ACCESS_KEY": "x", "REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{key}", value)
    monkeypatch.setattr(group_api, "POLL_SECONDS", 0)
    budgets.install()
    # One client a service: making one costs more than all its calls.
    client = functools.cache(functools.partial(boto3.client, region_name="us-east-1"))
    monkeypatch.setattr(AnsibleAWSModule, "client", lambda _module, name: client(name))
    with mock_aws():
        yield client


@pytest.fixture
def contract(capsys):
    """Runs a module in check mode, for real and again; the first two must agree, the third change nothing."""

    def promised_and_done(main, expected, **arguments):
        promise, done, again = (run(main, capsys, check=check, **arguments) for check in (True, False, False))
        told = done.get("steps", done.get("action"))
        assert told == promise.get("steps", promise.get("action")) == expected, (promise, done)
        assert promise["changed"] is done["changed"] is bool(expected)
        assert promise["diff"] == done["diff"]
        # Power asks for a state, and has it by now.
        assert again["changed"] is False, again
        return done

    return promised_and_done


def group(cloud):
    found = cloud("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=["llm"])["AutoScalingGroups"]
    return found[0] if found else None


@pytest.fixture
def hosts(cloud):
    """Arguments of a group that can be made: subnets in two zones, a target group, an image that the vendor offers."""
    ec2 = cloud("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/24")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.0.{start}/27", AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for start, zone in ((0, "us-east-1a"), (32, "us-east-1b"))
    ]
    target = cloud("elbv2").create_target_group(
        Name="llm", Protocol="HTTP", Port=8000, VpcId=vpc, TargetType="instance"
    )["TargetGroups"][0]["TargetGroupArn"]
    cloud("ssm").put_parameter(Name="/images/newest", Value="ami-0123456789abcdef0", Type="String")
    return {
        "name": "llm",
        "template": TEMPLATE,
        "image_parameter": "/images/newest",
        "subnet_ids": subnets,
        "target_group_arns": [target],
        "tags": {"team": "x"},
    }


def test_a_group_from_first_to_last(cloud, hosts, contract):
    main = instance_group.main
    made = contract(main, ["create template", "create group", "metrics", "off policy"], **hosts)
    assert (made["desired"], made["image_id"]) == (1, "ami-0123456789abcdef0")
    assert made["off_policy_arn"].endswith("policyName/llm-off")
    [instance] = group(cloud)["Instances"]
    cloud("ssm").put_parameter(Name="/images/newest", Value="ami-newer", Type="String", Overwrite=True)
    # Idle, it has ended itself.
    cloud("autoscaling").terminate_instance_in_auto_scaling_group(
        InstanceId=instance["InstanceId"], ShouldDecrementDesiredCapacity=True
    )
    kept = contract(main, [], **{**hosts, "subnet_ids": hosts["subnet_ids"][::-1]})
    assert (kept["desired"], kept["image_id"]) == (0, "ami-0123456789abcdef0")
    contract(main, ["power on"], **hosts, power="on")
    changed = {**hosts, "template": {**TEMPLATE, "InstanceType": "g5.48xlarge"}, "count": 2, "tags": {"team": "y"}}
    contract(main, ["new template version", "update group", "tag"], **changed)
    versions = cloud("ec2").describe_launch_template_versions(LaunchTemplateName="llm", Versions=["$Default"])
    assert versions["LaunchTemplateVersions"][0]["LaunchTemplateData"]["InstanceType"] == "g5.48xlarge"
    assert group(cloud)["MaxSize"] == 2
    contract(main, ["detach"], **{**changed, "target_group_arns": []})
    contract(main, ["attach"], **changed)
    # What the alarm does that watches the hosts from outside.
    cloud("autoscaling").execute_policy(AutoScalingGroupName="llm", PolicyName="llm-off")
    assert contract(main, [], **changed)["desired"] == 0
    contract(main, ["power on"], **changed, power="on")
    contract(main, ["delete group", "delete template"], name="llm", state="absent")
    assert group(cloud) is None
    assert cloud("ec2").describe_launch_templates()["LaunchTemplates"] == []
    states = [
        item["State"]["Name"]
        for each in cloud("ec2").describe_instances()["Reservations"]
        for item in each["Instances"]
    ]
    assert set(states) == {"terminated"}


def test_a_new_group_without_anything_to_serve_starts_nothing(hosts, contract):
    made = contract(
        instance_group.main,
        ["create template", "create group", "metrics", "off policy"],
        **{**hosts, "start_new": False, "image_id": "ami-1", "target_group_arns": []},
    )
    assert (made["desired"], made["image_id"]) == (0, "ami-1")


def test_no_image_is_said_before_the_first_change(cloud, hosts, capsys):
    failed = run(instance_group.main, capsys, **{**hosts, "image_parameter": ""})
    assert failed["failed"]
    assert "image_id or image_parameter" in failed["msg"]
    assert group(cloud) is None


def test_a_group_on_its_way_out_is_waited_for_and_not_changed(cloud, hosts, capsys, monkeypatch):
    run(instance_group.main, capsys, **hosts)
    described = group_api.describe_group
    monkeypatch.setattr(group_api, "describe_group", lambda *args: {**described(*args), "Status": "Delete in progress"})
    refused = run(instance_group.main, capsys, **hosts, power="off")
    assert "is being deleted" in refused["msg"]
    late = run(instance_group.main, capsys, name="llm", state="absent", wait_timeout=0)
    assert "Run the same command again" in late["msg"]
    assert "what runs until then is paid for" in late["msg"]
    assert group(cloud)["DesiredCapacity"] == 1


def test_a_budget_from_first_to_last(cloud, contract):
    main, given = cost_budget.main, {"name": "llm", "account_id": ACCOUNT}
    filters = {"InstanceType": ["g5.12xlarge"]}
    contract(main, "create", **given, usd=500, filters=filters, emails=["ops@example.com"])
    topic = "arn:aws:sns:us-east-1:123456789012:ops"
    contract(main, "update", **given, usd=500, filters=filters, emails=["ops@example.com"], topic_arn=topic)
    contract(main, "update", **given, usd=600.5, filters=filters, topic_arn=topic)
    client = cloud("budgets")
    [budget] = client.describe_budgets(AccountId=ACCOUNT)["Budgets"]
    assert (budget["BudgetLimit"], budget["CostFilters"]) == ({"Amount": "600.5", "Unit": "USD"}, filters)
    told = client.describe_notifications_for_budget(AccountId=ACCOUNT, BudgetName="llm")["Notifications"]
    assert [(item["NotificationType"], item["Threshold"]) for item in told] == [
        ("ACTUAL", 80.0),
        ("ACTUAL", 100.0),
        ("FORECASTED", 100.0),
    ]
    contract(main, "delete", **given, state="absent")


def test_nobody_is_told_by_a_notification_that_is_not_there(cloud, capsys):
    run(cost_budget.main, capsys, name="llm", account_id=ACCOUNT, usd=1, emails=["a@b.example"])
    asked = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 7.0}
    for name in ("llm", "other"):
        with pytest.raises(ClientError, match="NotFoundException"):
            cloud("budgets").describe_subscribers_for_notification(
                AccountId=ACCOUNT, BudgetName=name, Notification=asked
            )


def test_a_name_from_first_to_last(cloud, contract, capsys):
    ec2, main = cloud("ec2"), private_alias.main
    vpc, other = (ec2.create_vpc(CidrBlock="10.0.0.0/24")["Vpc"]["VpcId"] for _ in range(2))
    # A zone of somebody else with the same name, and one that only sorts next to it.
    for name in ("llm.x.internal", "llm.x.internal.example"):
        cloud("route53").create_hosted_zone(
            Name=name, CallerReference=name, VPC={"VPCRegion": "us-east-1", "VPCId": other}
        )
    given = {"name": "llm.x.internal", "vpc_id": vpc, "target_zone_id": "Z35SXDOTRQ7X7K"}
    contract(
        main,
        [{"name": "zone", "action": "create"}, {"name": "zone alias", "action": "create"}],
        **given,
        target="internal-A.elb.amazonaws.com",
    )
    contract(main, [{"name": "zone alias", "action": "update"}], **given, target="internal-b.elb.amazonaws.com")
    missing = run(main, capsys, name="llm.x.internal", vpc_id=vpc)
    assert "target and target_zone_id are needed" in missing["msg"]
    # By now neither VPC nor load balancer is known any more.
    contract(
        main,
        [{"name": "zone alias", "action": "delete"}, {"name": "zone", "action": "delete"}],
        name="llm.x.internal",
        state="absent",
    )
    left = [zone["Name"] for zone in cloud("route53").list_hosted_zones()["HostedZones"]]
    assert sorted(left) == ["llm.x.internal.", "llm.x.internal.example."]
