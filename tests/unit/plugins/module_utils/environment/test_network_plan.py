# SPDX-License-Identifier: GPL-3.0-or-later
"""Network and load balancer of a snapshot, from what AWS describes."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.environment.network_plan import (
    acl_name,
    load_balancer,
    network,
    peering,
)

VPC = {"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16"}


def subnet(number, zone, *tags):
    return {
        "SubnetId": f"subnet-{number}",
        "CidrBlock": f"10.0.{number}.0/24",
        "AvailabilityZone": zone,
        "Tags": [{"Key": key, "Value": value} for key, value in tags],
    }


def table(*associations, gateway="local"):
    return {"Associations": list(associations), "Routes": [{"GatewayId": gateway}, {"NatGatewayId": "nat-1"}]}


def found(**changes):
    return {"subnets": [], "tables": [], "nats": [], "endpoints": [], "logs": [], **changes}


def test_a_subnet_is_public_by_its_own_table_else_by_the_main_one():
    subnets = [subnet(1, "b"), subnet(2, "a", ("team", "x"), ("Name", "out")), subnet(3, "a")]
    tables = [
        table({"Main": True}, gateway="igw-1"),
        table({"SubnetId": "subnet-1"}),
        table({"SubnetId": "subnet-2"}, gateway="igw-1"),
    ]
    shown = network(VPC, found(subnets=subnets, tables=tables), None)
    assert [(each["id"], each["name"], each["kind"]) for each in shown["subnets"]] == [
        ("subnet-2", "out", "public"),
        ("subnet-3", "subnet-3", "public"),
        ("subnet-1", "subnet-1", "private"),
    ]
    assert shown["zones"] == ["a", "b"]
    assert network(VPC, found(subnets=subnets), None)["subnets"][0]["kind"] == "private"


@pytest.mark.parametrize(
    ("states", "kind"),
    [
        ([], "none"),
        (["deleted", "failed"], "none"),
        (["available"], "single"),
        (["available", "pending"], "per_zone"),
    ],
    ids=["none", "gone", "single", "per-zone"],
)
def test_nat(states, kind):
    subnets = [subnet(1, "a"), subnet(2, "b")]
    assert network(VPC, found(subnets=subnets, nats=[{"State": state} for state in states]), None)["nat"] == kind


def test_endpoint_and_flow_log():
    endpoints = [
        {"ServiceName": "com.amazonaws.us-east-1.s3", "VpcEndpointType": "Interface", "VpcEndpointId": "vpce-1"},
        {"ServiceName": "com.amazonaws.us-east-1.ecr.api", "VpcEndpointId": "vpce-2"},
        {"ServiceName": "com.amazonaws.us-east-1.s3", "VpcEndpointId": "vpce-3", "State": "Available"},
    ]
    logs = [{"FlowLogStatus": "ACTIVE"}]
    shown = network(VPC, found(endpoints=endpoints, logs=logs), None)
    assert (shown["s3_endpoint"], shown["flow_log"]) == ({"id": "vpce-3", "state": "available"}, True)
    shown = network(VPC, found(endpoints=endpoints[:2]), None)
    assert (shown["s3_endpoint"], shown["flow_log"], shown["nat"]) == (None, False, "none")


def connection(name, state):
    return {
        "VpcPeeringConnectionId": name,
        "Status": {"Code": state},
        "RequesterVpcInfo": {"CidrBlock": "192.168.240.0/21"},
    }


def test_the_peering_that_works_stands_before_one_that_waits():
    rows = [
        connection("pcx-1", "deleted"),
        connection("pcx-2", "pending-acceptance"),
        connection("pcx-3", "active"),
    ]
    assert peering(rows, "p") == {
        "id": "pcx-3",
        "state": "active",
        "atlas_cidr": "192.168.240.0/21",
        "project_id": "p",
    }
    assert peering(rows[:2], "")["project_id"] is None
    assert peering(rows[:1], "p") is None


def test_listeners_are_known_by_their_rules_else_by_their_port():
    balancer = {"LoadBalancerArn": "arn", "LoadBalancerName": "lb", "DNSName": "lb.example"}

    def listener(port, *kinds, action="fixed-response"):
        rules = [{"Tags": {"slipway:rule": kind}} for kind in kinds]
        return {"Port": port, "Protocol": "HTTP", "DefaultActions": [{"Type": action}]}, rules

    shown = load_balancer(balancer, [listener(8080, "production"), listener(80, "preview")], "")
    assert [(each["port"], each["kind"]) for each in shown["listeners"]] == [(80, "preview"), (8080, "production")]
    shown = load_balancer(balancer, [listener(443), listener(80, action="redirect"), listener(8443)], "")
    assert [each["kind"] for each in shown["listeners"]] == ["redirect", "preview", "preview"]
    assert load_balancer(balancer, [listener(80)], "")["listeners"][0]["kind"] == "production"
    assert load_balancer(balancer, [], "")["firewall"] is None


def test_the_name_of_a_firewall():
    assert acl_name("arn:aws:wafv2:us-east-1:111111111111:global/webacl/slipway-site/1234") == "slipway-site"
    assert acl_name("") is None
