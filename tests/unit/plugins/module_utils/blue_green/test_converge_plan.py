# SPDX-License-Identifier: GPL-3.0-or-later
"""Converging as a table of states: what exists and works is left alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.converge_plan import Wishes, plan_converge
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.match_plan import matches
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.plan_model import ColorState, Scaling, Snapshot

from tests.unit.plugins.module_utils.blue_green.cases import BOUNDS, HELD, IDLE, after, body, color, snapshot

SETTINGS = {
    "launchType": "FARGATE",
    "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["a", "b"]}},
    "healthCheckGracePeriodSeconds": 60,
}
WISHES = Wishes(
    bodies={name: body("boot", name) for name in ("blue", "green")},
    settings=dict.fromkeys(("blue", "green"), SETTINGS),
    scaling=BOUNDS,
    tags={"team": "x"},
)
CREATED = {
    "blue": ["register blue task definition", "create service blue", "scaling of blue to 0..0"],
    "green": ["register green task definition", "create service green", "scaling of green to 0..0"],
}


def made(name, *args, **kwargs):
    kwargs.setdefault("settings", {**SETTINGS, "createdBy": "x"})
    kwargs.setdefault("tags", {"team": "x", "slipway:release": "kept"})
    return color(name, *args, **kwargs)


NOTHING = Snapshot("api", "c", {"blue": ColorState("blue"), "green": ColorState("green")}, missing=("cluster c",))
MOVED = {**SETTINGS, "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["a"]}}}

CASES = {
    "nothing is there": (NOTHING, [*CREATED["blue"], *CREATED["green"]]),
    "both are there": (snapshot(made("blue"), made("green")), []),
    "a service is lost": (
        snapshot(made("blue"), replace(color("green"), service=None, scaling=None)),
        ["create service green", "scaling of green to 0..0"],
    ),
    "network changes reach an idle color only": (
        snapshot(made("blue", "v1", 3, settings=MOVED), made("green", settings=MOVED)),
        ["update service green"],
    ),
    "bounds of the serving color follow the inputs": (
        snapshot(made("blue", "v1", 3, scaling=Scaling(1, 2)), made("green")),
        ["scaling of blue to 2..6"],
    ),
    "a deployment holds its bounds": (
        snapshot(
            made("blue", "v1", 3, scaling=HELD, tags={"team": "x", "slipway:scaling": "1..2"}),
            made("green", "v2", 3, scaling=HELD),
        ),
        [],
    ),
    "what a person has suspended stays suspended": (
        snapshot(made("blue", "v1", 3, scaling=Scaling(1, 2, True, True, True)), made("green")),
        ["scaling of blue to 2..6, scale-in suspended"],
    ),
    "a color that was warm loses what is left of that": (
        snapshot(made("blue", "v1", 3), made("green", scaling=Scaling(0, 0, True), warm_until="2026-11-24T10:00:00")),
        ["scaling of green to 0..0"],
    ),
    "a color that serves is not to be scaled down": (
        snapshot(made("blue", "v1", 3, scaling=HELD, warm_until="2026-11-24T10:00:00"), made("green")),
        ["cancel the scale-down of blue", "scaling of blue to 2..6"],
    ),
    "so is one that serves without a task": (
        snapshot(made("blue", "v1", warm_until="2026-11-24T10:00:00"), made("green")),
        ["cancel the scale-down of blue"],
    ),
    "a color that runs beside the serving one is left alone": (
        snapshot(made("blue", "v1", 3), made("green", "v2", 3, scaling=Scaling(3, 3))),
        [],
    ),
    "scalable targets are made where they are missing": (
        snapshot(replace(made("blue", "v1", 3), scaling=None), replace(made("green"), scaling=None)),
        ["scaling of blue to 2..6", "scaling of green to 0..0"],
    ),
    "tags are added": (snapshot(made("blue", tags={}), made("green")), ["tag service blue"]),
}


@pytest.mark.parametrize("name", CASES)
def test_converge(name):
    state, expected = CASES[name]
    plan = plan_converge(state, WISHES)
    assert [step.title for step in plan.steps] == expected
    assert plan_converge(after(state, plan.steps), WISHES).steps == ()
    assert bool(plan.before != plan.after) == bool(
        [title for title in expected if not title.startswith(("tag", "cancel"))]
    )


def test_what_is_missing_is_needed_by_a_real_run_only():
    plan = plan_converge(NOTHING, WISHES)
    assert plan.needs == ("cluster c",)
    assert plan.blocked is None


def test_without_scaling_no_scalable_target_is_touched():
    plan = plan_converge(NOTHING, replace(WISHES, scaling=None, tags={}))
    assert [step.title for step in plan.steps] == [*CREATED["blue"][:2], *CREATED["green"][:2]]


def test_diff_names_what_changes():
    plan = plan_converge(snapshot(made("blue", settings=MOVED), made("green")), WISHES)
    assert plan.after["blue"]["networkConfiguration"] == SETTINGS["networkConfiguration"]
    assert plan.after["blue"]["scaling"] == plan.before["blue"]["scaling"] == "0..0"
    assert Scaling(0, 0) == IDLE


@pytest.mark.parametrize(
    ("now", "aim", "same"),
    [
        ({"a": 1, "b": 2}, {"a": 1}, True),
        ({"a": 1}, {"a": 2}, False),
        (None, {"a": 2}, False),
        (["x", "y"], ["y", "x"], True),
        (["x"], ["y", "x"], False),
        (None, ["x"], False),
        ("s", "s", True),
    ],
)
def test_matching_ignores_what_was_not_asked_for(now, aim, same):
    assert matches(now, aim) is same
