# SPDX-License-Identifier: GPL-3.0-or-later
"""The network modules against moto: what check mode promised is what the run did, and again is unchanged."""

from __future__ import annotations

import json
import os

import boto3
import pytest
from ansible_collections.slipway.ops.plugins.module_utils.gateway_endpoint_plan import Plan, Step
from ansible_collections.slipway.ops.plugins.modules import s3_gateway_endpoint, vpc_flow_log
from botocore.exceptions import ClientError
from moto import mock_aws

from tests.unit.plugins.modules.aws_harness import run

ROLE = "arn:aws:iam::123456789012:role/flow"


@pytest.fixture
def ec2(monkeypatch):
    """A client of an account of its own; the modules make theirs from the same environment."""
    for key in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(key)
    for key, value in {"ACCESS_KEY_ID": "x", "SECRET_ACCESS_KEY": "x", "REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{key}", value)
    with mock_aws():
        yield boto3.client("ec2", region_name="us-east-1")


@pytest.fixture
def vpc(ec2):
    return ec2.create_vpc(CidrBlock="10.0.0.0/24")["Vpc"]["VpcId"]


@pytest.fixture
def tables(ec2, vpc):
    return [ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"] for _ in range(2)]


@pytest.fixture
def contract(capsys):
    """Runs a module in check mode, for real and again; the first two must agree, the third change nothing."""

    def promised_and_done(main, steps, **arguments):
        promise, done, again = (run(main, capsys, check=check, **arguments) for check in (True, False, False))
        assert promise.get("steps") == done.get("steps") == steps, (promise, done)
        assert promise["changed"] is done["changed"] is bool(steps)
        assert promise["diff"] == done["diff"]
        assert again["changed"] is False, again["diff"]
        assert again["diff"]["before"] == done["diff"]["after"]
        return done

    return promised_and_done


def endpoints(ec2):
    found = ec2.describe_vpc_endpoints()["VpcEndpoints"]
    return [endpoint for endpoint in found if endpoint["State"] == "available"]


def test_an_endpoint_from_first_to_last(ec2, vpc, tables, contract):
    main, given = s3_gateway_endpoint.main, {"name": "s3", "vpc_id": vpc, "tags": {"team": "x"}}
    made = contract(main, ["create"], route_table_ids=tables[:1], buckets=["arn:aws:s3:::a"], **given)
    more = {"route_table_ids": tables, "buckets": ["arn:aws:s3:::a", "arn:aws:s3:::b"]}
    changed = contract(main, ["modify"], **more, **given)
    contract(main, ["untag"], **more, name="s3", vpc_id=vpc)
    (endpoint,) = endpoints(ec2)
    assert endpoint["VpcEndpointId"] == made["endpoint_id"] == changed["endpoint_id"]
    assert endpoint["ServiceName"] == "com.amazonaws.us-east-1.s3"
    assert sorted(endpoint["RouteTableIds"]) == sorted(tables)
    assert "arn:aws:s3:::b/*" in endpoint["PolicyDocument"]
    assert endpoint["Tags"] == [{"Key": "Name", "Value": "s3"}]
    contract(main, ["modify"], **{**more, "route_table_ids": tables[:1]}, name="s3", vpc_id=vpc)
    assert endpoints(ec2)[0]["RouteTableIds"] == tables[:1]
    gone = contract(main, ["delete"], name="s3", state="absent")
    assert gone["endpoint_id"] == ""
    assert endpoints(ec2) == []


def test_check_mode_makes_no_endpoint(ec2, vpc, tables, capsys):
    result = run(s3_gateway_endpoint.main, capsys, check=True, name="s3", vpc_id=vpc, route_table_ids=tables)
    assert (result["changed"], result["endpoint_id"]) == (True, "")
    assert endpoints(ec2) == []


def test_two_endpoints_are_refused(ec2, vpc, tables, capsys):
    for table in tables:
        ec2.create_vpc_endpoint(
            VpcId=vpc, ServiceName="com.amazonaws.us-east-1.s3", VpcEndpointType="Gateway", RouteTableIds=[table]
        )
    result = run(s3_gateway_endpoint.main, capsys, name="s3", vpc_id=vpc, route_table_ids=tables)
    assert result["failed"]
    assert "several S3 gateway endpoints exist" in result["msg"]


def test_an_aws_error_is_a_failure_not_an_absence(monkeypatch, ec2, capsys):
    monkeypatch.setattr(s3_gateway_endpoint, "observe", refuse)
    result = run(s3_gateway_endpoint.main, capsys, name="s3", state="absent")
    assert result["failed"]
    assert result["msg"].startswith("S3 gateway endpoint s3: ")


def refuse(*_arguments):
    """AWS says no."""
    raise ClientError({"Error": {"Code": "UnauthorizedOperation", "Message": "no"}}, "DescribeVpcEndpoints")


def test_an_endpoint_not_deleted_is_a_failure():
    class Client:
        """DeleteVpcEndpoints as AWS answers when it fails."""

        def delete_vpc_endpoints(self, **_arguments):
            return {"Unsuccessful": [{"ResourceId": "vpce-1", "Error": {"Code": "InvalidState", "Message": "busy"}}]}

    plan = Plan({}, {}, (Step("delete", {"VpcEndpointIds": ["vpce-1"]}),))
    with pytest.raises(ClientError, match="busy"):
        s3_gateway_endpoint.apply(Client(), plan, "", "")


def flow_logs(ec2):
    return ec2.describe_flow_logs()["FlowLogs"]


def test_a_flow_log_from_first_to_last(ec2, vpc, contract):
    boto3.client("logs", region_name="us-east-1").create_log_group(logGroupName="/x")
    main, given = vpc_flow_log.main, {"name": "x", "vpc_id": vpc, "log_group_name": "/x", "role_arn": ROLE}
    made = contract(main, ["create"], **given, tags={"team": "x"})
    contract(main, ["tag"], **given, tags={"team": "y"})
    other = contract(main, ["delete", "create"], **given, traffic_type="REJECT", max_aggregation_interval=60)
    (log,) = flow_logs(ec2)
    assert log["FlowLogId"] == other["flow_log_id"] != made["flow_log_id"]
    assert (log["TrafficType"], log["MaxAggregationInterval"], log["LogGroupName"]) == ("REJECT", 60, "/x")
    assert log["Tags"] == [{"Key": "Name", "Value": "x"}]
    gone = contract(main, ["delete"], name="x", vpc_id=vpc, state="absent")
    assert gone["flow_log_id"] == ""
    assert flow_logs(ec2) == []


def test_a_flow_log_of_another_name_stays(ec2, vpc, contract):
    ec2.create_flow_logs(
        ResourceIds=[vpc],
        ResourceType="VPC",
        TrafficType="ALL",
        LogGroupName="/theirs",
        DeliverLogsPermissionArn=ROLE,
    )
    contract(vpc_flow_log.main, ["create"], name="x", vpc_id=vpc, log_group_name="/x", role_arn=ROLE)
    contract(vpc_flow_log.main, ["delete"], name="x", vpc_id=vpc, state="absent")
    assert [log["LogGroupName"] for log in flow_logs(ec2)] == ["/theirs"]


class Fresh:
    """CreateFlowLogs as AWS answers while a role is new: so many refusals, then success."""

    def __init__(self, refusals, message=f"Error. {vpc_flow_log.ROLE_UNKNOWN}"):
        self.refusals = refusals
        self.error = {"Code": "400", "Message": message}

    def create_flow_logs(self, **_arguments):
        if self.refusals:
            self.refusals -= 1
            return {"FlowLogIds": [], "Unsuccessful": [{"Error": self.error}]}
        return {"FlowLogIds": ["fl-1"], "Unsuccessful": []}


@pytest.fixture
def naps(monkeypatch):
    """Seconds slept, with a clock that sleeping moves."""
    slept = []
    monkeypatch.setattr(vpc_flow_log.time, "sleep", slept.append)
    monkeypatch.setattr(vpc_flow_log.time, "monotonic", lambda: sum(slept))
    return slept


def test_a_role_just_created_is_waited_for(naps):
    answer = vpc_flow_log.call_until_role_is_known(Fresh(2), "create", {}, 60)
    assert answer["FlowLogIds"] == ["fl-1"]
    assert naps == [5, 5]


def test_but_not_for_ever(naps):
    with pytest.raises(ClientError, match=vpc_flow_log.ROLE_UNKNOWN):
        vpc_flow_log.call_until_role_is_known(Fresh(99), "create", {}, 60)
    assert sum(naps) == 60


def test_other_errors_are_not_waited_for(naps):
    with pytest.raises(ClientError, match="quota"):
        vpc_flow_log.call_until_role_is_known(Fresh(99, "quota"), "create", {}, 60)
    assert naps == []


def test_the_policy_is_json_that_aws_takes(ec2, vpc, tables, capsys):
    run(s3_gateway_endpoint.main, capsys, name="s3", vpc_id=vpc, route_table_ids=tables, buckets=["arn:aws:s3:::a"])
    policy = json.loads(endpoints(ec2)[0]["PolicyDocument"])
    assert [statement["Sid"] for statement in policy["Statement"]] == ["Buckets", "Objects", "ImageLayers"]
