# SPDX-License-Identifier: GPL-3.0-or-later
"""The planner of atlas_peering: a table of states, without a cloud."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.atlas_peering_model_plan import (
    WAITS,
    AccessEntry,
    AtlasPeer,
    Cluster,
    Connection,
    Container,
    Plan,
    Route,
    RouteTable,
    Snapshot,
    Step,
    Vpc,
    Wanted,
    atlas_region,
    aws_region,
)
from ansible_collections.slipway.ops.plugins.module_utils.atlas_peering_plan import plan_absent, plan_present, view
from ansible_collections.slipway.ops.plugins.module_utils.atlas_peering_steps import ACTIONS

CIDR = "10.8.0.0/21"
VPC = Vpc("vpc-1", "111111111111", ("10.0.0.0/16", "10.1.0.0/16"), dns_support=True, dns_hostnames=True)
CONTAINER = Container("c1", "us-east-1", CIDR)
PEER = AtlasPeer("p1", "c1", "111111111111", "vpc-1", None, "10.0.0.0/16", "AVAILABLE", "", "pcx-1")
CONNECTION = Connection("pcx-1", "active", (CIDR,), remote_dns=True)
TABLE = RouteTable("rtb-1", "vpc-1", (Route("10.0.0.0/16", "local"), Route(CIDR, "pcx-1"), Route("0.0.0.0/0", "nat-1")))
ENTRY = AccessEntry("10.0.0.0/16", "app", "ACTIVE")
GROUP = AccessEntry("sg-1", "tasks", "ACTIVE")
WANTED = Wanted("vpc-1", "us-east-1", "us-east-1", CIDR, access={"10.0.0.0/16": "app", "sg-1": "tasks"})
READY = Snapshot(VPC, (CONTAINER,), (PEER,), (ENTRY, GROUP), (), (CONNECTION,), (TABLE,))
BARE = replace(TABLE, routes=TABLE.routes[:1] + TABLE.routes[2:])
EMPTY = Snapshot(VPC, tables=(BARE,))

NEW = ["create_peer", "wait_request", "accept", "wait_available"]
AFTER_NEW = ["allow_remote_dns", "replace_route", "add_access", "wait_access"]


def names(plan):
    return [step.action for step in plan.steps]


def ready(**changes):
    return replace(READY, **changes)


def peers(status, connection="", error="", **changes):
    """The ready state, but the peering in this state at Atlas and its connection in that one in AWS."""
    peer = replace(PEER, status=status, error=error, connection_id="pcx-1" if connection != "none" else "", **changes)
    found = (replace(CONNECTION, status=connection),) if connection not in ("", "none") else ()
    return ready(peers=(peer,), connections=found)


def unnamed(status, cidr=CIDR):
    """Atlas has a peering without a connection's id, and AWS a connection."""
    return replace(
        peers("INITIATING", ""),
        peers=(replace(PEER, status="INITIATING", connection_id=""),),
        connections=(Connection("pcx-9", status, (cidr,)),),
        tables=(BARE,),
    )


@pytest.mark.parametrize(
    ("state", "steps"),
    [
        pytest.param(READY, [], id="all there"),
        pytest.param(
            EMPTY,
            ["create_container", *NEW, "allow_remote_dns", "create_route", "add_access", "wait_access"],
            id="nothing there",
        ),
        pytest.param(
            ready(peers=(), access=(), connections=(), tables=(BARE,)),
            [*NEW, "allow_remote_dns", "create_route", "add_access", "wait_access"],
            id="a container to adopt",
        ),
        pytest.param(
            ready(containers=(Container("c9", "eu-west-1", "10.9.0.0/21"), CONTAINER)),
            [],
            id="other regions' containers",
        ),
        pytest.param(
            replace(EMPTY, containers=(replace(CONTAINER, cidr="10.9.0.0/21"),)),
            ["update_container", *NEW, "allow_remote_dns", "create_route", "add_access", "wait_access"],
            id="a free container with another block",
        ),
        pytest.param(ready(peers=(replace(PEER, region="us-east-1"),)), [], id="accepterRegionName is not null"),
        pytest.param(
            peers("INITIATING", "none"),
            ["wait_request", "accept", "wait_available", "allow_remote_dns", "replace_route"],
            id="INITIATING",
        ),
        pytest.param(
            peers("PENDING_ACCEPTANCE", ""),
            ["wait_request", "accept", "wait_available", "allow_remote_dns", "replace_route"],
            id="PENDING_ACCEPTANCE, not in AWS yet",
        ),
        pytest.param(
            peers("PENDING_ACCEPTANCE", "pending-acceptance"), ["accept", "wait_available"], id="PENDING_ACCEPTANCE"
        ),
        pytest.param(
            peers("PENDING_ACCEPTANCE", "initiating-request"), ["accept", "wait_available"], id="AWS is initiating"
        ),
        pytest.param(peers("PENDING_ACCEPTANCE", "provisioning"), ["wait_available"], id="accepted, AWS provisioning"),
        pytest.param(peers("PENDING_ACCEPTANCE", "active"), ["wait_available"], id="accepted, Atlas behind"),
        pytest.param(peers("FINALIZING", "active"), ["wait_available"], id="FINALIZING"),
        pytest.param(peers("AVAILABLE", "provisioning"), ["wait_available"], id="AVAILABLE, AWS behind"),
        *(
            pytest.param(
                peers("PENDING_ACCEPTANCE", status),
                ["delete_peer", "wait_peer_gone", *NEW, *AFTER_NEW],
                id=f"PENDING_ACCEPTANCE, request {status} in AWS",
            )
            for status in ("expired", "rejected", "failed", "deleted")
        ),
        pytest.param(
            peers("AVAILABLE", "deleted"),
            ["delete_peer", "wait_peer_gone", *NEW, *AFTER_NEW],
            id="AVAILABLE, deleted in AWS",
        ),
        pytest.param(
            peers("AVAILABLE", ""), ["delete_peer", "wait_peer_gone", *NEW, *AFTER_NEW], id="AVAILABLE, not in AWS"
        ),
        *(
            pytest.param(
                peers("FAILED", "none", error),
                ["delete_peer", "wait_peer_gone", *NEW, *AFTER_NEW],
                id=f"FAILED {error}",
            )
            for error in ("REJECTED", "EXPIRED", "INVALID_ARGUMENT", "")
        ),
        pytest.param(peers("TERMINATING", "active"), ["wait_peer_gone", *NEW, *AFTER_NEW], id="TERMINATING"),
        pytest.param(
            ready(peers=(replace(PEER, id="p0", status="FAILED", connection_id=""), PEER)),
            [],
            id="an old FAILED peering beside a good one",
        ),
        pytest.param(
            ready(peers=(PEER, replace(PEER, id="p2", vpc_id="vpc-2"))), [], id="peerings of other VPCs are not ours"
        ),
        pytest.param(
            ready(vpc=replace(VPC, dns_support=False, dns_hostnames=False)),
            ["set_dns_support", "set_dns_hostnames"],
            id="DNS flags of the VPC are off",
        ),
        pytest.param(
            ready(connections=(replace(CONNECTION, remote_dns=False),)),
            ["allow_remote_dns"],
            id="DNS over peering is off",
        ),
        pytest.param(ready(tables=(TABLE, replace(BARE, id="rtb-2"))), ["create_route"], id="a new route table"),
        pytest.param(
            ready(tables=(replace(TABLE, routes=(Route(CIDR, "pcx-0", active=False),)),)),
            ["replace_route"],
            id="a route to a peering that is gone",
        ),
        pytest.param(
            ready(tables=(replace(TABLE, routes=(Route(CIDR, "nat-9", active=False),)),)),
            ["replace_route"],
            id="a blackhole",
        ),
        pytest.param(ready(access=(ENTRY,)), ["add_access", "wait_access"], id="an entry is missing"),
        pytest.param(
            ready(access=(replace(ENTRY, comment="old"), GROUP)), ["add_access", "wait_access"], id="another comment"
        ),
        pytest.param(
            ready(access=(ENTRY, replace(GROUP, status="PENDING"))), ["wait_access"], id="an entry is PENDING"
        ),
        pytest.param(
            ready(access=(ENTRY, replace(GROUP, status="FAILED"))), ["add_access", "wait_access"], id="an entry FAILED"
        ),
        pytest.param(ready(access=(ENTRY, GROUP, AccessEntry("192.0.2.1/32"))), [], id="entries of others stay"),
    ],
)
def test_present(state, steps):
    plan = plan_present(state, WANTED)
    assert plan.blocked == ""
    assert names(plan) == steps
    assert plan.changed is any(step not in WAITS for step in steps)
    assert all(step.action in ACTIONS for step in plan.steps)
    assert (plan.before == plan.after) is (not steps)


@pytest.mark.parametrize(
    ("state", "wanted", "words"),
    [
        pytest.param(replace(EMPTY, vpc=None), {}, "there is no VPC vpc-1 in us-east-1 of this account", id="no VPC"),
        pytest.param(EMPTY, {"account": "222222222222"}, "belongs to account 111111111111, not to 222", id="account"),
        pytest.param(
            replace(EMPTY, tables=(replace(TABLE, vpc_id="vpc-2"),)), {}, "rtb-1 is of vpc-2, not of vpc-1", id="table"
        ),
        pytest.param(EMPTY, {"region": "eu-west-1"}, "sg-1 cannot be used from eu-west-1", id="group across regions"),
        pytest.param(EMPTY, {"cidr": None}, "no container in us-east-1: atlas_cidr is needed", id="no block"),
        pytest.param(
            READY,
            {"cidr": "10.9.0.0/21"},
            f"has {CIDR}, which cannot become 10.9.0.0/21 while",
            id="locked by a peering",
        ),
        pytest.param(
            ready(peers=(), clusters=(Cluster("main", frozenset({"us-east-1"})),)),
            {"cidr": "10.9.0.0/21"},
            f"cluster main: set atlas_cidr to {CIDR}",
            id="locked by a cluster",
        ),
        pytest.param(EMPTY, {"cidr": "10.0.8.0/21"}, "10.0.8.0/21 overlaps 10.0.0.0/16 of vpc-1", id="VPC"),
        pytest.param(
            EMPTY, {"cidr": "10.1.8.0/21"}, "10.1.8.0/21 overlaps 10.1.0.0/16 of vpc-1", id="2nd block of VPC"
        ),
        pytest.param(EMPTY, {"route_cidr": "10.8.0.0/16"}, "overlaps 10.8.0.0/16 of vpc-1", id="route_cidr"),
        pytest.param(
            replace(EMPTY, connections=(Connection("pcx-9", "active", ("10.8.4.0/22",)),)),
            {},
            "overlaps 10.8.4.0/22 behind pcx-9, another peering of vpc-1",
            id="another peering",
        ),
        pytest.param(
            unnamed("active"), {}, "behind pcx-9, another peering of vpc-1", id="Atlas's names no accepted one"
        ),
        pytest.param(
            unnamed("pending-acceptance", "10.8.0.0/22"),
            {},
            "overlaps 10.8.0.0/22 behind pcx-9, another peering of vpc-1",
            id="not of Atlas's block",
        ),
        pytest.param(
            replace(EMPTY, tables=(replace(TABLE, routes=(Route("10.8.1.0/24", "tgw-1"),)),)),
            {},
            "route table rtb-1 sends 10.8.1.0/24, addresses of Atlas, to tgw-1",
            id="a narrower route",
        ),
        pytest.param(
            READY,
            {"route_cidr": "10.1.0.0/16"},
            "peering p1 routes 10.0.0.0/16 to the VPC, not 10.1.0.0/16",
            id="another route_cidr",
        ),
    ],
)
def test_present_is_blocked_before_the_first_change(state, wanted, words):
    plan = plan_present(state, replace(WANTED, **wanted))
    assert words in plan.blocked
    assert (plan.steps, plan.changed, plan.before) == ((), False, plan.after)


@pytest.mark.parametrize(
    "state",
    [
        pytest.param(
            replace(
                EMPTY,
                connections=(Connection("pcx-9", "deleted", (CIDR,)), Connection("pcx-8", "active", ("10.50.0.0/16",))),
            ),
            id="other peerings that are over or elsewhere",
        ),
        pytest.param(
            replace(EMPTY, tables=(replace(TABLE, routes=(Route("10.0.0.0/8", "tgw-1"),)),)), id="a wider route"
        ),
        pytest.param(unnamed("pending-acceptance"), id="AWS shows what Atlas does not name yet"),
        pytest.param(unnamed("initiating-request"), id="AWS shows it even earlier"),
    ],
)
def test_what_does_not_block(state):
    assert plan_present(state, WANTED).blocked == ""


def test_adopting_needs_no_block():
    assert names(plan_present(READY, replace(WANTED, cidr=None))) == []


def test_without_dns_its_settings_are_left_alone():
    state = ready(vpc=replace(VPC, dns_hostnames=False), connections=(replace(CONNECTION, remote_dns=False),))
    plan = plan_present(state, replace(WANTED, dns=False))
    assert (names(plan), plan.after["vpc_dns"]["hostnames"]) == ([], False)
    renewed = plan_present(replace(state, connections=()), replace(WANTED, dns=False))
    assert renewed.after["peering"]["remote_dns"] is False


def test_without_a_comment_the_comment_stays():
    wanted = replace(WANTED, access={"10.0.0.0/16": None, "sg-1": None, "192.0.2.0/24": None})
    assert names(plan_present(ready(access=(*READY.access, AccessEntry("192.0.2.0/24", "", "ACTIVE"))), wanted)) == []
    plan = plan_present(replace(peers("FAILED", "none"), access=(ENTRY, GROUP)), wanted)
    added = next(step for step in plan.steps if step.action == "add_access")
    assert added.arguments["entries"] == [
        {"awsSecurityGroup": "sg-1", "comment": "tasks"},  # dropped by Atlas with its last peering
        {"cidrBlock": "192.0.2.0/24"},
    ]
    assert plan.after["access_list"]["192.0.2.0/24"] == ["ACTIVE", ""]


def test_across_regions_with_blocks():
    wanted = replace(WANTED, region="eu-west-1", access={"10.0.0.0/16": "app"})
    state = ready(peers=(replace(PEER, region="eu-west-1"),))
    assert names(plan_present(state, wanted)) == []
    assert "create_peer" in names(
        plan_present(ready(tables=(BARE,), connections=()), wanted)
    )  # that one is us-east-1's


def test_the_request_has_all_that_atlas_asks_for():
    plan = plan_present(EMPTY, WANTED)
    assert plan.steps[1].arguments == {
        "vpc_id": "vpc-1",
        "account": "111111111111",
        "region": "us-east-1",
        "route_cidr": "10.0.0.0/16",
    }
    assert plan.before == {
        "container": None,
        "peering": None,
        "routes": {},
        "access_list": {},
        "vpc_dns": {"support": True, "hostnames": True},
    }
    assert plan.after == view(READY, WANTED)


ALL_GONE = ["delete_access", "delete_access", "delete_route", "delete_peer", "wait_peer_gone", "delete_container"]


@pytest.mark.parametrize(
    ("state", "wanted", "steps"),
    [
        pytest.param(READY, {}, ALL_GONE, id="all there"),
        pytest.param(READY, {"keep_container": True}, ALL_GONE[:-1], id="keep the container"),
        pytest.param(EMPTY, {}, [], id="nothing there"),
        pytest.param(replace(EMPTY, vpc=None, tables=()), {}, [], id="no VPC any more"),
        pytest.param(replace(EMPTY, containers=(CONTAINER,)), {}, ["delete_container"], id="only the container"),
        pytest.param(
            ready(peers=(replace(PEER, status="TERMINATING"),), access=()),
            {},
            ["delete_route", "wait_peer_gone", "delete_container"],
            id="TERMINATING",
        ),
        pytest.param(
            ready(peers=(replace(PEER, id="p0", status="FAILED", connection_id=""), PEER), access=()),
            {},
            ["delete_route", "delete_peer", "wait_peer_gone", "delete_peer", "wait_peer_gone", "delete_container"],
            id="two peerings",
        ),
        pytest.param(
            replace(EMPTY, tables=(replace(TABLE, routes=(Route(CIDR, "pcx-0"), Route("10.9.0.0/24", "pcx-0"))),)),
            {},
            ["delete_route"],
            id="a route that an interrupted run left",
        ),
        pytest.param(
            replace(
                EMPTY, tables=(replace(TABLE, routes=(Route(CIDR, "pcx-1", active=False),)),), connections=(CONNECTION,)
            ),
            {},
            ["delete_route"],
            id="a blackhole of a peering that AWS still shows",
        ),
        pytest.param(
            ready(clusters=(Cluster("far", frozenset({"eu-west-1"})),)), {}, ALL_GONE, id="a cluster in another region"
        ),
    ],
)
def test_absent(state, wanted, steps):
    plan = plan_absent(state, replace(WANTED, **wanted))
    assert (plan.blocked, names(plan)) == ("", steps)
    assert all(step.action in ACTIONS for step in plan.steps)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        pytest.param(
            ready(clusters=(Cluster("main", frozenset({"us-east-1"})),)),
            "(CONTAINERS_IN_USE) by cluster main",
            id="cluster",
        ),
        pytest.param(
            ready(peers=(PEER, replace(PEER, id="p2", vpc_id="vpc-2"))), "by peering p2 of vpc-2", id="another VPC"
        ),
    ],
)
def test_absent_is_blocked_by_what_is_in_the_container(state, words):
    plan = plan_absent(state, WANTED)
    assert words in plan.blocked
    assert plan.steps == ()
    assert plan_absent(state, replace(WANTED, keep_container=True)).blocked == ""


def test_regions_have_two_spellings():
    assert aws_region("US_EAST_1") == aws_region("us-east-1") == "us-east-1"
    assert atlas_region("us-gov-west-1") == atlas_region("US_GOV_WEST_1") == "US_GOV_WEST_1"


def test_waiting_alone_is_no_change():
    assert Plan({}, {}, (Step("wait_available", ""),)).changed is False
    assert Plan({}, {}, (Step("accept", ""),)).changed is True
