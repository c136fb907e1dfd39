# SPDX-License-Identifier: GPL-3.0-or-later
"""The subnet plan, and what is refused before a network is built."""

from __future__ import annotations

from ipaddress import IPv4Network
from itertools import combinations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.network_plan import (
    Subnet,
    network_drift,
    network_problems,
    plan_subnets,
)
from hypothesis import given
from hypothesis import strategies as st

A, B, C, D = (f"us-east-1{letter}" for letter in "abcd")
FINE = "10.20.0.0/16"


def test_the_plan_is_the_documented_one():
    assert plan_subnets(FINE, [A, B, C]) == (
        Subnet("public", A, "10.20.0.0/19"),
        Subnet("public", B, "10.20.32.0/19"),
        Subnet("public", C, "10.20.64.0/19"),
        Subnet("private", A, "10.20.128.0/19"),
        Subnet("private", B, "10.20.160.0/19"),
        Subnet("private", C, "10.20.192.0/19"),
    )


def test_a_third_zone_renumbers_nothing():
    assert set(plan_subnets(FINE, [A, B])) < set(plan_subnets(FINE, [A, B, C]))


@given(st.integers(16, 24), st.integers(0, 2**24 - 1), st.integers(2, 3))
def test_subnets_lie_in_the_vpc_and_apart(length, number, zones):
    vpc = IPv4Network((int(IPv4Network("10.0.0.0/8").network_address) + number, length), strict=False)
    assert network_problems(str(vpc), [A, B, C][:zones], []) == ()
    subnets = [IPv4Network(subnet.cidr) for subnet in plan_subnets(str(vpc), [A, B, C][:zones])]
    assert len(subnets) == 2 * zones
    assert all(subnet.subnet_of(vpc) and subnet.prefixlen <= 27 for subnet in subnets)
    assert not any(one.overlaps(other) for one, other in combinations(subnets, 2))


@pytest.mark.parametrize(
    ("cidr", "zones", "peers"),
    [
        (FINE, [A, B], []),
        (FINE, [A, B, C], ["192.168.240.0/21", "10.21.0.0/16"]),
        ("172.16.0.0/24", [B, A], []),
        ("192.168.0.0/16", ["us-gov-west-1a", "us-gov-west-1b"], []),
    ],
)
def test_accepted(cidr, zones, peers):
    assert network_problems(cidr, zones, peers) == ()


@pytest.mark.parametrize(
    ("cidr", "zones", "peers", "problem"),
    [
        ("10.20.0.0", [A, B], [], "vpc_cidr 10.20.0.0: not an IPv4 CIDR"),
        ("10.20.0.0/255.255.0.0", [A, B], [], "not an IPv4 CIDR"),
        ("10.20.0.0/33", [A, B], [], "not an IPv4 CIDR"),
        ("fd00::/16", [A, B], [], "not an IPv4 CIDR"),
        ("", [A, B], [], "not an IPv4 CIDR"),
        ("10.20.3.4/16", [A, B], [], "vpc_cidr 10.20.3.4/16 has host bits set: did you mean 10.20.0.0/16?"),
        ("8.8.0.0/16", [A, B], [], "vpc_cidr 8.8.0.0/16 is not private"),
        ("100.64.0.0/16", [A, B], [], "is not private"),
        ("10.0.0.0/15", [A, B], [], "vpc_cidr 10.0.0.0/15: a VPC is a /16 to a /28"),
        ("10.0.0.0/29", [A, B], [], "a VPC is a /16 to a /28"),
        ("10.0.0.0/25", [A, B], [], "vpc_cidr 10.0.0.0/25 is too small: its eighths would be /28"),
        (FINE, [A], [], "1 given, two or three are needed"),
        (FINE, [], [], "0 given"),
        (FINE, [A, B, C, D], [], "4 given"),
        (FINE, [A, A], [], "each zone once"),
        (FINE, [A, "eu-west-1b"], [], "all of one region, not of eu-west-1 and us-east-1"),
        (FINE, [A, "us-east-1"], [], "us-east-1 is no availability zone"),
        (FINE, [A, "us-west-2-lax-1a"], [], "us-west-2-lax-1a is no availability zone"),
        (FINE, [A, B], ["10.20.5.0/24"], "overlaps 10.20.5.0/24 of vpc_peer_cidrs"),
        (FINE, [A, B], ["10.0.0.0/8"], "overlaps 10.0.0.0/8"),
        (FINE, [A, B], ["10.9.0.1/16"], "vpc_peer_cidrs 10.9.0.1/16 has host bits set"),
    ],
)
def test_refused(cidr, zones, peers, problem):
    problems = network_problems(cidr, zones, peers)
    assert len(problems) == 1
    assert problem in problems[0]
    assert "\n" not in problems[0]


def test_all_findings_at_once():
    problems = network_problems("10.20.0.0", [A], ["10.20.0.0/16", "nonsense"])
    assert [problem.split(maxsplit=1)[0].rstrip(":") for problem in problems] == [
        "vpc_cidr",
        "vpc_availability_zones",
        "vpc_peer_cidrs",
    ]


def living(*zones):
    """The subnets of a VPC built with these zones, as ec2_vpc_subnet_info has them."""
    return [{"cidr_block": subnet.cidr, "availability_zone": subnet.zone} for subnet in plan_subnets(FINE, zones)]


@pytest.mark.parametrize(
    ("zones", "existing"),
    [
        ([A, B], []),
        ([A, B], living(A, B)),
        ([A, B, C], living(A, B)),
        ([A, B], [*living(A, B), {"cidr_block": "10.20.96.0/24", "availability_zone": D}]),
    ],
    ids=["fresh", "unchanged", "a zone appended", "a subnet of somebody else in the reserved block"],
)
def test_no_drift(zones, existing):
    assert network_drift(FINE, zones, existing) == ()


@pytest.mark.parametrize(
    ("zones", "existing", "move"),
    [
        ([B, A], living(A, B), "10.20.0.0/19 from us-east-1a to us-east-1b"),
        ([C, A, B], living(A, B), "10.20.32.0/19 from us-east-1b to us-east-1a"),
        ([A, B], living(A, B, C), "10.20.64.0/19 from us-east-1c to no zone"),
    ],
)
def test_drift(zones, existing, move):
    (problem,) = network_drift(FINE, zones, existing)
    assert move in problem
    assert problem.endswith("zones keep their place in the list, new ones are appended")
