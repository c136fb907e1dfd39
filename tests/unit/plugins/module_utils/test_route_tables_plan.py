# SPDX-License-Identifier: GPL-3.0-or-later
"""States of a VPC's route tables and the steps out of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.route_tables_plan import (
    Table,
    Wanted,
    plan_route_tables,
)

MAIN = Table("rtb-main", "")
PUBLIC = Table("rtb-1", "n-public", "igw-1", {"s-1": "a-1", "s-2": "a-2"}, {"Name": "n-public"})
PRIVATE = Table("rtb-2", "n-private", "", {"s-3": "a-3"}, {"Name": "n-private"})
WANT_PUBLIC = Wanted("n-public", "igw-1", ("s-1", "s-2"), {"Name": "n-public"})
WANT_PRIVATE = Wanted("n-private", "", ("s-3",), {"Name": "n-private"})
BOTH = [WANT_PUBLIC, WANT_PRIVATE]
BEHIND_NAT = replace(PRIVATE, gateway="nat-1")


def steps(existing, wanted, leaving=()):
    plan = plan_route_tables([MAIN, *existing], wanted, leaving)
    assert plan.blocked == ""
    return [f"{step.action} {step.table}" for step in plan.steps]


@pytest.mark.parametrize(
    ("existing", "wanted", "leaving", "expected"),
    [
        pytest.param([PUBLIC, PRIVATE], BOTH, (), [], id="as they are"),
        pytest.param(
            [],
            BOTH,
            (),
            [
                *(f"{step} n-public" for step in ("create", "associate", "associate", "route")),
                *(f"{step} n-private" for step in ("create", "associate")),
            ],
            id="none there",
        ),
        pytest.param([replace(PUBLIC, gateway="")], [WANT_PUBLIC], (), ["route n-public"], id="route deleted"),
        pytest.param([replace(PUBLIC, gateway="igw-0")], [WANT_PUBLIC], (), ["reroute n-public"], id="other gateway"),
        pytest.param([BEHIND_NAT], [WANT_PRIVATE], (), [], id="a gateway of others stays"),
        pytest.param([BEHIND_NAT], [WANT_PRIVATE], ("nat-1",), ["unroute n-private"], id="one that goes does not"),
        pytest.param(
            [BEHIND_NAT], [replace(WANT_PRIVATE, gateway="nat-2")], ("nat-1",), ["reroute n-private"], id="other NAT"
        ),
        pytest.param(
            [replace(PUBLIC, associations={"s-1": "a-1"})], [WANT_PUBLIC], (), ["associate n-public"], id="new subnet"
        ),
        pytest.param(
            [PUBLIC, replace(PRIVATE, associations={}), Table("rtb-9", "", "", {"s-3": "a-9"})],
            BOTH,
            (),
            ["move n-private"],
            id="subnet of a stranger's table",
        ),
        pytest.param(
            [
                replace(PUBLIC, associations={"s-1": "a-1", "s-2": "a-2", "s-3": "a-3"}),
                replace(PRIVATE, associations={}),
            ],
            BOTH,
            (),
            ["move n-private"],
            id="a subnet that moves is never without a table",
        ),
        pytest.param(
            [replace(PUBLIC, associations={"s-1": "a-1", "s-2": "a-2", "s-8": "a-8"})],
            [WANT_PUBLIC],
            (),
            ["dissociate n-public"],
            id="subnet given up",
        ),
        pytest.param([replace(PRIVATE, tags={})], [WANT_PRIVATE], (), ["tag n-private"], id="tag missing"),
        pytest.param(
            [replace(PRIVATE, tags={"Name": "n-private", "old": "1", "aws:x": "1"})],
            [WANT_PRIVATE],
            (),
            ["untag n-private"],
            id="tag too many",
        ),
    ],
)
def test_steps(existing, wanted, leaving, expected):
    assert steps(existing, wanted, leaving) == expected


@pytest.mark.parametrize(
    ("existing", "wanted", "said"),
    [
        ([PRIVATE, replace(PRIVATE, id="rtb-0")], BOTH, "several route tables are named n-private (rtb-0, rtb-2)"),
        ([], [WANT_PRIVATE, WANT_PRIVATE], "name n-private is given twice"),
        ([], [WANT_PUBLIC, replace(WANT_PRIVATE, subnets=("s-1",))], "subnet s-1 is given twice"),
        ([], [replace(WANT_PRIVATE, gateway="tgw-1")], "n-private: tgw-1 is neither an internet gateway"),
    ],
    ids=["two of a name", "a name twice", "a subnet twice", "strange gateway"],
)
def test_blocked(existing, wanted, said):
    plan = plan_route_tables(existing, wanted, ())
    assert said in plan.blocked
    assert (plan.steps, plan.before) == ((), plan.after)


def test_arguments():
    plan = plan_route_tables([], [WANT_PUBLIC, replace(WANT_PRIVATE, gateway="nat-1")], ())
    found = {(step.action, step.table): dict(step.arguments) for step in plan.steps}
    tags = [{"ResourceType": "route-table", "Tags": [{"Key": "Name", "Value": "n-public"}]}]
    assert found["create", "n-public"] == {"TagSpecifications": tags}
    assert found["route", "n-public"] == {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1"}
    assert found["route", "n-private"] == {"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1"}
    assert found["associate", "n-private"] == {"SubnetId": "s-3"}
    given_up = plan_route_tables([replace(PRIVATE, associations={"s-3": "a-3", "s-9": "a-9"})], [WANT_PRIVATE], ())
    assert dict(given_up.steps[0].arguments) == {"AssociationId": "a-9"}


def test_before_and_after():
    plan = plan_route_tables([BEHIND_NAT], [WANT_PUBLIC, WANT_PRIVATE], ("nat-1",))
    assert plan.before == {"n-private": {"default_route": "nat-1", "subnets": ["s-3"], "tags": {"Name": "n-private"}}}
    assert {name: view["default_route"] for name, view in plan.after.items()} == {"n-public": "igw-1", "n-private": ""}
    kept = plan_route_tables([replace(BEHIND_NAT, tags={})], [WANT_PRIVATE], ())
    assert kept.after["n-private"]["default_route"] == "nat-1"
    same = plan_route_tables([PUBLIC, PRIVATE], BOTH, ())
    assert same.before == same.after
