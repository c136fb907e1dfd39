# SPDX-License-Identifier: GPL-3.0-or-later
"""Deploy and rollback as a table of states, and what must hold for every state."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.plan_model import WITHDRAWN, Scaling, other
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.shown_plan import shown_scaling
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.steps_plan import (
    ConfirmCapacity,
    Drain,
    PointRule,
    Prove,
    RegisterDefinition,
    SetScaling,
    UpdateService,
    WaitHealthy,
)
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.swap_plan import plan_deploy, plan_rollback
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.traffic_plan import serving_color

from tests.unit.plugins.module_utils.blue_green.cases import (
    BOUNDS,
    HELD,
    IDLE,
    after,
    arn,
    color,
    definition,
    snapshot,
    wanted,
)

FRESH = snapshot(color("blue"), color("green"), preview=(0, 100))
V1_LIVE = snapshot(color("blue", "v1", 4, release="v1"), color("green"))
V2_LIVE = snapshot(color("blue", "v1", release="v1"), color("green", "v2", 4, release="v2"), (0, 100))

FIRST = [
    "preview weights to blue 100, green 0",
    "record the scaling of blue, 0..0",
    "register blue task definition",
    "scaling of blue to 0..6, scale-in suspended",
    "scale blue to 3",
    "mark the candidate on blue",
    "scaling of blue to 3..6, scale-in suspended",
    "wait for 3 healthy blue",
    "prove that blue answers",
    "mark the release of blue",
    "remove slipway:candidate from blue",
    "scaling of blue to 2..6",
    "remove slipway:scaling from blue",
]
SWAP = [
    "preview weights to blue 0, green 100",
    "record the scaling of blue, 2..6",
    "scaling of blue to 2..6, scale-in suspended",
    "register green task definition",
    "scaling of green to 0..6, scale-in suspended",
    "scale green to 4",
    "mark the candidate on green",
    "scaling of green to 4..6, scale-in suspended",
    "wait for 4 healthy green",
    "confirm that green carries what blue carries",
    "production weights to blue 0, green 100",
    "prove that green answers",
    "mark the release of green",
    "remove slipway:candidate from green",
    "drain blue for 120 s",
    "scaling of blue to 0..0",
    "scale blue to 0",
    "scaling of green to 2..6",
    "remove slipway:scaling from blue",
]


def titles(plan):
    assert plan.blocked is None
    return [step.title for step in plan.steps]


def since(title, steps=None):
    """The steps of a swap from the one of that title on."""
    steps = steps or SWAP
    return steps[steps.index(title) :]


LEAVE_BLUE = ["drain blue for 120 s", "scaling of blue to 0..0", "scale blue to 0"]
MARK_GREEN = ["mark the release of green", "remove slipway:candidate from green"]

DEPLOYS = {
    "the first deployment goes onto the color with the weight": (FRESH, "v1", FIRST),
    "a new release goes to the other color": (V1_LIVE, "v2", SWAP),
    "what is live and whole is left alone": (V1_LIVE, "v1", []),
    "shifted but killed before the proof": (
        snapshot(
            color("blue", "v1", 4, release="v1", scaling=HELD, held="2..6"),
            color("green", "v2", 4, scaling=Scaling(4, 6, True), candidate=True),
            (0, 100),
        ),
        "v2",
        [
            "wait for 4 healthy green",
            "prove that green answers",
            *MARK_GREEN,
            "scaling of green to 2..6",
            *LEAVE_BLUE,
            "remove slipway:scaling from blue",
        ],
    ),
    "killed before the shift": (
        snapshot(
            color("blue", "v1", 4, release="v1", scaling=HELD, held="2..6"),
            color("green", "v2", 4, scaling=Scaling(4, 6, True), candidate=True),
            preview=(0, 100),
        ),
        "v2",
        since("wait for 4 healthy green"),
    ),
    "killed after ECS had the revision, before its tag": (
        snapshot(
            color("blue", "v1", 4, release="v1", scaling=HELD, held="2..6"),
            color("green", "v2", 4, scaling=Scaling(0, 6, True)),
            preview=(0, 100),
        ),
        "v2",
        since("mark the candidate on green"),
    ),
    "the live color outgrew the bounds": (
        snapshot(color("blue", "v1", 9, release="v1"), color("green")),
        "v2",
        [
            *SWAP[: SWAP.index("scaling of green to 0..6, scale-in suspended")],
            "scaling of green to 0..9, scale-in suspended",
            "scale green to 9",
            "mark the candidate on green",
            "scaling of green to 9..9, scale-in suspended",
            "wait for 9 healthy green",
            *since("confirm that green carries what blue carries"),
        ],
    ),
    "a deployment that the circuit breaker ended is started anew": (
        snapshot(
            color(
                "blue",
                "v1",
                3,
                healthy=0,
                running=0,
                gave_up=True,
                candidate=True,
                held="0..0",
                scaling=Scaling(3, 6, True),
            ),
            color("green"),
        ),
        "v1",
        ["scale blue to 3", *since("wait for 3 healthy blue", FIRST)],
    ),
    "tasks that an abandoned deployment left beside the live release go": (
        snapshot(
            color("blue", "v1", 4, release="v1", scaling=HELD, held="2..6"),
            color("green", "v2", 4, scaling=HELD, candidate=True),
        ),
        "v1",
        [
            "wait for 4 healthy blue",
            "prove that blue answers",
            "scaling of blue to 2..6",
            "drain green for 120 s",
            "scaling of green to 0..0",
            "scale green to 0",
            "remove slipway:candidate from green",
            "remove slipway:scaling from blue",
        ],
    ),
}


@pytest.mark.parametrize("name", DEPLOYS)
def test_deploy(name):
    state, release, expected = DEPLOYS[name]
    assert titles(plan_deploy(state, wanted(release))) == expected


ROLLBACKS = {
    "the other color comes up again with its release": (
        V2_LIVE,
        [
            "preview weights to blue 100, green 0",
            "record the scaling of green, 2..6",
            "scaling of green to 2..6, scale-in suspended",
            "scaling of blue to 0..6, scale-in suspended",
            "scale blue to 4",
            "scaling of blue to 4..6, scale-in suspended",
            "wait for 4 healthy blue",
            "withdraw the release of green",
            "confirm that blue carries what green carries",
            "production weights to blue 100, green 0",
            "prove that blue answers",
            "drain green for 120 s",
            "scaling of green to 0..0",
            "scale green to 0",
            "scaling of blue to 2..6",
            "remove slipway:scaling from green",
        ],
    ),
    "after the whole shift, before the mark, the old color only needs the weights": (
        snapshot(
            color("blue", "v1", 4, release="v1", scaling=HELD, held="2..6"),
            color("green", "v2", 4, scaling=Scaling(4, 6, True), candidate=True),
            (0, 100),
        ),
        [
            "preview weights to blue 100, green 0",
            "scaling of blue to 4..6, scale-in suspended",
            "withdraw the release of green",
            "confirm that blue carries what green carries",
            "production weights to blue 100, green 0",
            "prove that blue answers",
            "drain green for 120 s",
            "scaling of green to 0..0",
            "scale green to 0",
            "remove slipway:candidate from green",
            "scaling of blue to 2..6",
            "remove slipway:scaling from blue",
        ],
    ),
    "a candidate that never had traffic is taken away, the traffic stays": (
        snapshot(
            color("blue", "v1", 4, release="v1", scaling=HELD, held="2..6"),
            color("green", "v2", 4, scaling=Scaling(4, 6, True), candidate=True),
            preview=(0, 100),
        ),
        [
            "preview weights to blue 100, green 0",
            "wait for 4 healthy blue",
            "prove that blue answers",
            "scaling of blue to 2..6",
            "drain green for 120 s",
            "scaling of green to 0..0",
            "scale green to 0",
            "remove slipway:candidate from green",
            "remove slipway:scaling from blue",
        ],
    ),
    "a rollback that is done is done": (
        snapshot(color("blue", "v1", 4, release="v1"), color("green", "v2", release=WITHDRAWN)),
        [],
    ),
}


@pytest.mark.parametrize("name", ROLLBACKS)
def test_rollback(name):
    state, expected = ROLLBACKS[name]
    assert titles(plan_rollback(state, wanted(None))) == expected


BLOCKED = {
    "split weights": (
        replace(snapshot(color("blue", "v1", 2), color("green", "v2", 2), (70, 30))),
        "blue 70 (2 healthy), green 30",
    ),
    "no weight at all": (snapshot(color("blue"), color("green"), (0, 0)), "exactly one color must have weight"),
    "an empty color has the weight beside a full one": (
        snapshot(color("blue"), color("green", "v1", 2)),
        "blue has the traffic but no tasks, green has tasks",
    ),
    "site.yml has not run": (
        replace(FRESH, missing=("cluster c", "service api-blue")),
        "cluster c, service api-blue missing",
    ),
    "no production rule": (replace(FRESH, production=None), "no production rule sends traffic"),
}


@pytest.mark.parametrize("name", BLOCKED)
@pytest.mark.parametrize("plan", [plan_deploy, plan_rollback])
def test_blocked_before_the_first_change(name, plan):
    state, message = BLOCKED[name]
    made = plan(state, wanted("v2"))
    assert message in made.blocked
    assert made.steps == ()


def test_rollback_without_an_earlier_release_is_blocked():
    made = plan_rollback(V1_LIVE, wanted(None))
    assert made.blocked.startswith("there is no earlier release to return to on green; production weights are blue 100")


def test_without_scaling_probe_and_preview_only_services_and_weights_are_touched():
    state = replace(V1_LIVE, preview=None)
    plan = plan_deploy(state, wanted("v2", scaling=None, probe=None))
    assert titles(plan) == [
        "register green task definition",
        "scale green to 4",
        "mark the candidate on green",
        "wait for 4 healthy green",
        "confirm that green carries what blue carries",
        "production weights to blue 0, green 100",
        *MARK_GREEN,
        "drain blue for 120 s",
        "scale blue to 0",
    ]


def test_a_revision_that_exists_is_not_registered_again():
    green = replace(color("green", "v1", release="v1"), latest=definition("v2", "green"))
    state = replace(V1_LIVE, colors={**V1_LIVE.colors, "green": green})
    steps = plan_deploy(state, wanted("v2")).steps
    assert not [step for step in steps if isinstance(step, RegisterDefinition)]
    assert [step.definition for step in steps if isinstance(step, UpdateService)] == [arn("v2", "green"), None]


def test_stickiness_extends_the_drain():
    state = V1_LIVE
    actions = [{**action} for action in state.production.actions]
    actions[0]["ForwardConfig"]["TargetGroupStickinessConfig"] = {"Enabled": True, "DurationSeconds": 600}
    plan = plan_deploy(replace(state, production=replace(state.production, actions=actions)), wanted("v2"))
    del actions[0]["ForwardConfig"]["TargetGroupStickinessConfig"]
    assert [step.seconds for step in plan.steps if isinstance(step, Drain)] == [600]


def test_the_first_deployment_has_nothing_to_return_to():
    assert plan_deploy(FRESH, wanted("v1")).first
    assert not plan_deploy(V1_LIVE, wanted("v1")).first


def test_diff_shows_the_task_definition_and_both_colors():
    plan = plan_deploy(V1_LIVE, wanted("v2"))
    assert plan.before["weights"] == {"blue": 100, "green": 0}
    assert plan.after["weights"] == {"blue": 0, "green": 100}
    assert plan.after["green"] == {"tasks": 4, "task_definition": "a new revision of api-green", "scaling": "2..6"}
    assert plan.after["blue"]["tasks"] == 0
    images = [shown["task_definition"]["containerDefinitions"][0]["image"] for shown in (plan.before, plan.after)]
    assert images == ["repo@sha256:v1", "repo@sha256:v2"]
    assert plan_deploy(V1_LIVE, wanted("v1")).before == plan_deploy(V1_LIVE, wanted("v1")).after
    assert shown_scaling(None) is None


def every_state():
    """Every combination that the planners tell apart, reachable or not."""
    runs = [("boot", None), ("v1", None), ("v1", "v1"), ("v2", "v2"), ("v2", "v1"), ("v1", WITHDRAWN)]
    tasks = [(0, 0), (3, 3), (3, 1)]
    for left, right, (mine, well), (theirs, good) in product(runs, runs, tasks, tasks):
        for weights, held in product([(100, 0), (0, 100)], [None, HELD]):
            blue = color("blue", left[0], mine, healthy=well, release=left[1], scaling=held)
            green = color("green", right[0], theirs, healthy=good, release=right[1], scaling=held)
            yield snapshot(blue, green, weights, preview=(0, 100))


def check_plan(state, plan):
    """What must hold for any plan, whatever the state."""
    steps = plan.steps
    for position, step in enumerate(steps):
        before = steps[:position]
        if isinstance(step, PointRule) and step.rule == "production":
            target = plan.target
            assert any(isinstance(item, ConfirmCapacity) and item.target == target for item in before)
            assert not any(isinstance(item, UpdateService) and item.changes.get("desiredCount") == 0 for item in before)
        if isinstance(step, UpdateService) and step.changes.get("desiredCount") == 0:
            assert any(isinstance(item, Drain) and item.color == step.color for item in before)
            assert step.color != plan.target
        if isinstance(step, SetScaling) and step.scaling == IDLE:
            assert step.color == other(plan.target)


@pytest.mark.parametrize(("planner", "release"), [(plan_deploy, "v2"), (plan_deploy, "v1"), (plan_rollback, None)])
def test_every_state_has_a_safe_plan_that_ends(planner, release):
    count = 0
    for state in every_state():
        plan = planner(state, wanted(release))
        check_plan(state, plan)
        end = after(state, plan.steps)
        again = planner(end, wanted(release))
        if plan.origin == plan.target and not release and plan.steps:
            # Giving up a candidate is a rollback of its own: the next one goes back a release.
            continue
        assert bool(plan.blocked) == bool(again.blocked)
        assert again.steps == (), [step.title for step in again.steps]
        count += not plan.blocked
    assert count > 400


@pytest.mark.parametrize(("planner", "release"), [(plan_deploy, "v2"), (plan_rollback, None)])
def test_a_run_killed_after_any_step_is_continued_to_the_same_end(planner, release):
    for state in (FRESH, V1_LIVE, V2_LIVE):
        plan = planner(state, wanted(release))
        whole = after(state, plan.steps)
        for cut in range(len(plan.steps)):
            halfway = after(state, plan.steps[:cut])
            rest = planner(halfway, wanted(release))
            assert rest.blocked is None
            check_plan(halfway, rest)
            end = after(halfway, rest.steps)
            assert end == whole, (cut, [step.title for step in rest.steps])


def test_nothing_is_proven_and_marked_before_the_traffic_is_there():
    plan = plan_deploy(V1_LIVE, wanted("v2"))
    kinds = [type(step) for step in plan.steps]
    assert kinds.index(WaitHealthy) < kinds.index(ConfirmCapacity) < kinds.index(Prove) < kinds.index(Drain)
    assert serving_color(after(V1_LIVE, plan.steps)) == "green"
    assert after(V1_LIVE, plan.steps).colors["green"].scaling == BOUNDS
