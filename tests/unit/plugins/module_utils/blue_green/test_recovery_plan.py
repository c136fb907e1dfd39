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
BLUE = color("blue", "v1", 4, release="v1", scaling=HELD)
GREEN = color("green", "v2", 4, scaling=RAISED)
BACK = [
    "production weights to blue 100, green 0",
    "preview weights to blue 100, green 0",
    "prove that blue answers",
    "drain green for 120 s",
    "scaling of green to 0..0",
    "scale green to 0",
    "scaling of blue to 2..6",
]

CASES = {
    "before the shift only the target goes": (snapshot(BLUE, GREEN, preview=(0, 100)), SWAP, [BACK[1], *BACK[4:]]),
    "after the shift the traffic goes back first": (snapshot(BLUE, GREEN, (0, 100)), SWAP, BACK),
    "bounds that were taken away already come back": (
        snapshot(color("blue", "v1", 4, release="v1", scaling=IDLE), GREEN, (0, 100)),
        SWAP,
        BACK,
    ),
    "a release that was withdrawn for a rollback is one again": (
        snapshot(color("blue", "v1", 4, release=WITHDRAWN, scaling=HELD), GREEN),
        SWAP,
        [*BACK[4:], "mark the release of blue"],
    ),
    "a first deployment leaves nothing behind": (
        snapshot(color("blue", "v1", 3, scaling=RAISED), color("green")),
        FIRST,
        ["scaling of blue to 0..0", "scale blue to 0"],
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
    assert [step.title for step in plan.steps] == [*BACK[:2], BACK[3], BACK[5]]


STUCK = {
    "the old color no longer carries the traffic": (
        snapshot(color("blue", "v1", 4, healthy=3), GREEN, (0, 100)),
        SWAP,
        "the traffic cannot go back, blue has 3 of 4 healthy targets",
    ),
    "the old color is gone": (snapshot(color("blue", "v1"), GREEN, (0, 100)), SWAP, "blue has 0 of 1 healthy targets"),
    "somebody split the weights": (snapshot(BLUE, GREEN, (50, 50)), SWAP, "exactly one color must have weight"),
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


AGAIN = snapshot(BLUE, color("green", "v2", 4, release="v2"), (0, 100))


def test_what_is_proven_stays_when_only_the_tidying_fails():
    plan = plan_recovery(AGAIN, wanted("v2"), SWAP, (Drain("blue", 120),))
    assert "green is live and proven, only the tidying is left" in plan.blocked
    assert plan.steps == ()


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
