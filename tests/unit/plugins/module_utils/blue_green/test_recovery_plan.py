# SPDX-License-Identifier: GPL-3.0-or-later
"""What is taken back after each kind of failure, as a table."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.plan_model import WITHDRAWN, Scaling
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.recovery_plan import plan_recovery
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.steps_plan import Drain, Plan, PointRule, Prove
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.swap_plan import plan_deploy, plan_rollback
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.traffic_plan import serving_color

from tests.unit.plugins.module_utils.blue_green.cases import BOUNDS, HELD, IDLE, after, color, snapshot, wanted

# The proof is among the steps that were not done.
UNPROVEN = (Prove("green", wanted("v2").probe),)
RAISED = Scaling(4, 6, scale_in_suspended=True)
SWAP = Plan(origin="blue", target="green", fallback="blue")
FIRST = Plan(origin="blue", target="blue", first=True)
BLUE = color("blue", "v1", 4, release="v1", scaling=HELD, held="2..6")
GREEN = color("green", "v2", 4, scaling=RAISED, candidate=True)
TIDY = ["remove slipway:candidate from green", "remove slipway:scaling from blue"]
BACK = [
    "production weights to blue 100, green 0",
    "preview weights to blue 100, green 0",
    "prove that blue answers",
    "drain green for 120 s",
    "scaling of green to 0..0",
    "scale green to 0",
    "scaling of blue to 2..6",
    *TIDY,
]

CASES = {
    "before the shift only the target goes": (snapshot(BLUE, GREEN, preview=(0, 100)), SWAP, [BACK[1], *BACK[4:]]),
    "after the shift the traffic goes back first": (snapshot(BLUE, GREEN, (0, 100)), SWAP, BACK),
    "bounds that were taken away already come back": (
        snapshot(color("blue", "v1", 4, release="v1", scaling=IDLE, held="2..6"), GREEN, (0, 100)),
        SWAP,
        BACK,
    ),
    "a release that was withdrawn for a rollback is one again": (
        snapshot(color("blue", "v1", 4, release=WITHDRAWN, scaling=HELD, held="2..6"), GREEN),
        SWAP,
        [*BACK[4:7], "mark the release of blue", *TIDY],
    ),
    "a first deployment leaves nothing behind": (
        snapshot(color("blue", "v1", 3, scaling=RAISED, candidate=True, held="0..0"), color("green")),
        FIRST,
        [
            "scaling of blue to 0..0",
            "scale blue to 0",
            "remove slipway:candidate from blue",
            "remove slipway:scaling from blue",
        ],
    ),
    "from a canary step all traffic goes back first": (snapshot(BLUE, GREEN, (90, 10), preview=(0, 100)), SWAP, BACK),
    "what a person has suspended stays suspended": (
        snapshot(replace(BLUE, service=replace(BLUE.service, tags={"slipway:scaling": "3..5 in out"})), GREEN),
        SWAP,
        [*BACK[4:6], "scaling of blue to 3..5, scale-in suspended", *TIDY],
    ),
    "a scale-down of the color that gets the traffic back is canceled": (
        snapshot(replace(BLUE, warm_until="2026-11-24T10:00:00"), GREEN, (0, 100)),
        SWAP,
        ["cancel the scale-down of blue", *BACK],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_recovery(name):
    state, failed, expected = CASES[name]
    plan = plan_recovery(state, wanted("v2"), failed, UNPROVEN)
    assert plan.blocked is None
    assert [step.title for step in plan.steps] == expected


def test_without_scaling_and_probe():
    plan = plan_recovery(snapshot(BLUE, GREEN, (0, 100)), wanted("v2", scaling=None, probe=None), SWAP, UNPROVEN)
    assert [step.title for step in plan.steps] == [*BACK[:2], BACK[3], BACK[5], *TIDY]


STUCK = {
    "the old color no longer carries the traffic": (
        snapshot(color("blue", "v1", 4, healthy=3), GREEN, (0, 100)),
        SWAP,
        "the traffic cannot go back, blue has 3 of 4 healthy targets",
    ),
    "the old color is gone": (snapshot(color("blue", "v1"), GREEN, (0, 100)), SWAP, "blue has 0 of 1 healthy targets"),
    "somebody split the weights": (
        snapshot(BLUE, color("green", "v2", 4), (50, 50)),
        SWAP,
        "exactly one color must have weight",
    ),
    "there is nothing to return to": (
        snapshot(color("blue", "v1", 3, release=WITHDRAWN), color("green")),
        Plan(origin="blue", target="blue"),
        "there is no other release to return to",
    ),
    "the rule is gone": (replace(snapshot(BLUE, GREEN), production=None), SWAP, "no production rule sends traffic"),
    "the services are gone": (
        replace(snapshot(BLUE, GREEN), missing=("service api-green",)),
        SWAP,
        "service api-green missing",
    ),
}


@pytest.mark.parametrize("name", STUCK)
def test_what_cannot_be_taken_back_is_left_and_explained(name):
    state, failed, message = STUCK[name]
    plan = plan_recovery(state, wanted("v2"), failed, UNPROVEN)
    assert message in plan.blocked
    assert plan.steps == ()


AGAIN = snapshot(BLUE, color("green", "v2", 4, release="v2", candidate=True), (0, 100))


def test_what_is_proven_stays_when_only_the_tidying_fails():
    plan = plan_recovery(AGAIN, wanted("v2"), SWAP, (Drain("blue", 120),))
    assert "green is live and proven, only the tidying is left" in plan.blocked
    assert plan.steps == ()


@pytest.mark.parametrize("name", ["a rollback onto a warm color fails before the shift", "its action still stands"])
def test_a_warm_color_stays_warm(name):
    blue = color("blue", "v1", 4, release="v1", scaling=HELD)
    if name == "its action still stands":
        blue = replace(blue, warm_until="2026-11-24T10:00:00")
    state = snapshot(blue, color("green", "v2", 4, release="v2", scaling=HELD, held="2..6"), (0, 100))
    failed = Plan(origin="green", target="blue", fallback="green")
    plan = plan_recovery(state, wanted(None, keep_warm=3600.0, background=True), failed, (Prove("blue", None),))
    keep = [] if blue.warm_until else ["scaling of blue to 4..6", "keep blue warm for 3600 s"]
    assert [step.title for step in plan.steps] == [
        *keep,
        "scaling of green to 2..6",
        "remove slipway:scaling from green",
    ]


def test_a_color_that_scaled_out_since_the_record_keeps_what_the_record_says_of_its_bounds():
    state = snapshot(replace(BLUE, scaling=None), replace(GREEN, service=replace(GREEN.service, tags={})))
    plan = plan_recovery(state, wanted("v2", scaling=BOUNDS), SWAP, UNPROVEN)
    assert "scaling of blue to 2..6" in [step.title for step in plan.steps]


def test_the_mark_of_an_earlier_time_proves_nothing():
    plan = plan_recovery(AGAIN, wanted("v2"), SWAP, (*UNPROVEN, Drain("blue", 120)))
    assert [step.title for step in plan.steps] == BACK


@pytest.mark.parametrize(
    ("planner", "state", "release"),
    [
        (plan_deploy, snapshot(color("blue", "v1", 4, release="v1"), color("green")), "v2"),
        (
            plan_rollback,
            snapshot(color("blue", "v1", release="v1"), color("green", "v2", 4, release="v2"), (0, 100)),
            None,
        ),
    ],
)
def test_a_failure_after_any_step_ends_with_the_traffic_on_a_color_that_carries_it(planner, state, release):
    """And before the release is marked, on the color that had it, with its bounds and its release as they were."""
    plan = planner(state, wanted(release))
    for cut in range(len(plan.steps)):
        halfway = after(state, plan.steps[:cut])
        way_back = plan_recovery(halfway, wanted(release), plan, plan.steps[cut:])
        end = after(halfway, way_back.steps)
        live = end.colors[serving_color(end)]
        assert live.healthy >= 4
        if way_back.blocked is None:
            assert live.color == plan.origin
            assert live.scaling == BOUNDS
            assert live.proven
        else:
            assert "only the tidying is left" in way_back.blocked


def test_the_way_back_never_raises_the_weight_of_a_color_without_targets():
    for healthy in range(5):
        state = snapshot(replace(BLUE, healthy=healthy), GREEN, (0, 100))
        plan = plan_recovery(state, wanted("v2"), SWAP, UNPROVEN)
        moves = [step for step in plan.steps if isinstance(step, PointRule)]
        assert bool(moves) == (healthy >= 4)
