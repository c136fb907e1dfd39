# SPDX-License-Identifier: GPL-3.0-or-later
"""The network modules against moto: what check mode promised is what the run did, and again is unchanged."""

from __future__ import annotations

import json
import os

import boto3
import pytest
from ansible_collections.slipway.ops.plugins.module_utils.gateway_endpoint_plan import Plan, Step
from ansible_collections.slipway.ops.plugins.modules import (
    route_tables,
    s3_gateway_endpoint,
    security_group,
    vpc_flow_log,
)
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


@pytest.fixture
def subnets(ec2, vpc):
    return [ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.0.{n * 32}/27")["Subnet"]["SubnetId"] for n in range(3)]


@pytest.fixture
def gateway(ec2, vpc):
    made = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=made, VpcId=vpc)
    return made


def test_route_tables_from_first_to_last(ec2, vpc, subnets, gateway, contract):
    public = {"name": "public", "subnets": subnets[:2], "default_route": gateway}
    private = {"name": "private", "subnets": subnets[2:]}
    steps = [f"{step} public" for step in ("create", "associate", "associate", "route")]
    steps += [f"{step} private" for step in ("create", "associate")]
    made = contract(route_tables.main, steps, vpc_id=vpc, tables=[public, private])
    moved = [{**public, "subnets": subnets[:1]}, {**private, "subnets": subnets[1:]}]
    again = contract(route_tables.main, ["move private"], vpc_id=vpc, tables=moved)
    assert made["ids"] == again["ids"]
    contract(route_tables.main, ["tag public", "tag private"], vpc_id=vpc, tables=moved, tags={"team": "x"})
    contract(route_tables.main, ["untag public", "untag private"], vpc_id=vpc, tables=moved)
    found = {table["RouteTableId"]: table for table in ec2.describe_route_tables()["RouteTables"]}
    first, second = (found[table] for table in made["ids"])
    assert [link["SubnetId"] for link in first["Associations"]] == subnets[:1]
    assert sorted(link["SubnetId"] for link in second["Associations"]) == sorted(subnets[1:])
    assert [route["GatewayId"] for route in first["Routes"]] == ["local", gateway]


def test_a_gateway_that_goes_takes_its_route_along_and_no_other(ec2, vpc, subnets, contract):
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=subnets[0], AllocationId=address)["NatGateway"]["NatGatewayId"]
    peer = ec2.create_vpc(CidrBlock="10.9.0.0/24")["Vpc"]["VpcId"]
    peering = ec2.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=peer)["VpcPeeringConnection"]
    private = {"name": "private", "subnets": subnets[1:]}
    steps = [f"{step} private" for step in ("create", "associate", "associate", "route")]
    (table,) = contract(route_tables.main, steps, vpc_id=vpc, tables=[{**private, "default_route": nat}])["ids"]
    ec2.create_route(
        RouteTableId=table,
        DestinationCidrBlock="10.9.0.0/24",
        VpcPeeringConnectionId=peering["VpcPeeringConnectionId"],
    )
    contract(route_tables.main, [], vpc_id=vpc, tables=[private])
    contract(route_tables.main, ["unroute private"], vpc_id=vpc, tables=[private], leaving=[nat])
    routes = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
    assert [route["DestinationCidrBlock"] for route in routes] == ["10.0.0.0/24", "10.9.0.0/24"]


def test_two_tables_of_a_name_are_refused(ec2, vpc, tables, capsys):
    ec2.create_tags(Resources=tables, Tags=[{"Key": "Name", "Value": "public"}])
    result = run(route_tables.main, capsys, vpc_id=vpc, tables=[{"name": "public"}])
    assert result["failed"]
    assert "several route tables are named public" in result["msg"]


def test_a_security_group_from_first_to_last(ec2, vpc, contract):
    main, given = security_group.main, {"name": "g", "description": "a group", "vpc_id": vpc}
    web = {"ports": [80], "cidr_ip": ["0.0.0.0/0"], "rule_desc": "web"}
    out = {"from_port": 1, "to_port": 65535, "cidr_ip": ["10.0.0.0/24"]}
    made = contract(
        main,
        ["create", "authorize in", "authorize out", "revoke out"],
        rules=[web],
        rules_egress=[out],
        tags={"Name": "g"},
        **given,
    )
    own = {"ports": [80], "group_id": [made["group_id"]]}
    other = contract(main, ["authorize in", "revoke in"], rules=[own], rules_egress=[out], **given)
    assert other["diff"]["after"]["rules"] == ["tcp 1-65535 to 10.0.0.0/24", f"tcp 80 from {made['group_id']}"]
    contract(main, ["describe out"], rules=[own], rules_egress=[{**out, "rule_desc": "services"}], **given)
    contract(main, ["revoke in", "revoke out", "untag"], tags={}, **given)
    (group,) = ec2.describe_security_groups(GroupIds=[made["group_id"]])["SecurityGroups"]
    assert (group["IpPermissions"], group["IpPermissionsEgress"], group.get("Tags", [])) == ([], [], [])
    gone = contract(main, ["delete"], name="g", state="absent")
    assert gone["group_id"] == ""


def test_the_default_group_is_emptied_and_keeps_its_description(ec2, vpc, capsys):
    given = {"name": "default", "description": "mine", "vpc_id": vpc}
    done = run(security_group.main, capsys, **given)
    assert done["steps"] == ["revoke out"]  # moto's has no rule for what comes in
    assert "keeps its description" in str(done["warnings"])
    assert run(security_group.main, capsys, **given)["changed"] is False


def test_a_rule_that_is_none_is_refused(vpc, capsys):
    rules = [{"ports": [80], "cidr_ip": ["everywhere"]}]
    result = run(security_group.main, capsys, name="g", description="d", vpc_id=vpc, rules=rules)
    assert result["msg"] == "security group g: everywhere is not a network such as 10.20.0.0/16"


@pytest.mark.parametrize("module", [route_tables, security_group])
def test_what_aws_does_not_show_in_time_is_a_failure(monkeypatch, vpc, capsys, module):
    """The writes are lost."""
    monkeypatch.setattr(module, "apply", lambda *_arguments: "")
    given = {"route_tables": {"tables": [{"name": "a"}]}, "security_group": {"name": "a", "description": "d"}}
    result = run(module.main, capsys, vpc_id=vpc, wait_timeout=0, **given[module.__name__.rpartition(".")[2]])
    assert result["failed"]
    assert "but AWS does not show it after 0 s (missing: create" in result["msg"]


@pytest.mark.parametrize("module", [route_tables, security_group])
def test_a_read_that_is_refused_is_a_failure(monkeypatch, vpc, capsys, module):
    monkeypatch.setattr(module, "observe", refuse)
    given = {"route_tables": {"tables": []}, "security_group": {"name": "a", "description": "d"}}
    result = run(module.main, capsys, vpc_id=vpc, **given[module.__name__.rpartition(".")[2]])
    assert result["failed"]
    assert "UnauthorizedOperation" in result["msg"]
