# SPDX-License-Identifier: GPL-3.0-or-later
"""Shifts by weight, a person's approval, the warm old color and interrupted shifts, as tables of states."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.found_plan import found_text
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.plan_model import (
    WITHDRAWN,
    Gates,
    Metric,
    Once,
    Scaling,
    Shift,
    Smoke,
)
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.steps_plan import Prove, RunOnce, Watch
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.swap_plan import (
    plan_continue,
    plan_deploy,
    plan_rollback,
)

from tests.unit.plugins.module_utils.blue_green.cases import (
    HELD,
    after,
    arn,
    color,
    definition,
    snapshot,
    wanted,
)

CANARY = (Shift(10, 60.0), Shift(50, 0.0), Shift(100, 0.0))
ALARMS = Gates(alarms=("errors",))
RAISED = Scaling(4, 6, scale_in_suspended=True)
UNTIL = "2026-11-24T10:00:00"
LIVE = color("blue", "v1", 4, release="v1")
BLUE = color("blue", "v1", 4, release="v1", scaling=HELD, held="2..6")
GREEN = color("green", "v2", 4, scaling=RAISED, candidate=True)
AWAITING = color("green", "v2", 4, scaling=RAISED, awaiting=True)
PREVIEW = {"preview": (0, 100)}
UP = [
    "preview weights to blue 0, green 100",
    "record the scaling of blue, 2..6",
    "scaling of blue to 2..6, scale-in suspended",
    "register green task definition",
    "scaling of green to 0..6, scale-in suspended",
    "scale green to 4",
    "mark the candidate on green",
    "scaling of green to 4..6, scale-in suspended",
    "wait for 4 healthy green",
]
CONFIRM = "confirm that green carries what blue carries"
PROVE = "prove that green answers"
TO_10 = [CONFIRM, "production weights to blue 90, green 10", PROVE, "pause: watch green for 60 s"]
TO_50 = [CONFIRM, "production weights to blue 50, green 50", PROVE]
TO_100 = [CONFIRM, "production weights to blue 0, green 100", PROVE]
MARK = ["mark the release of green", "remove slipway:candidate from green"]
MARK_APPROVED = [MARK[0], "remove slipway:candidate, slipway:awaiting-approval from green"]
DOWN = ["drain blue for 120 s", "scaling of blue to 0..0", "scale blue to 0"]
SETTLE = ["scaling of green to 2..6", "remove slipway:scaling from blue"]
WARM = {"keep_warm": 3600.0, "background": True}
KEEP_BLUE = ["scaling of blue to 4..6", "keep blue warm for 3600 s"]
KEEP_GREEN = ["scaling of green to 4..6", "keep green warm for 120 s"]
BACK = [
    "confirm that blue can take the traffic back",
    "production weights to blue 100, green 0",
    "prove that blue answers",
]
GIVE_UP = [
    "preview weights to blue 100, green 0",
    "wait for 4 healthy blue",
    "prove that blue answers",
    "scaling of blue to 2..6",
    "drain green for 120 s",
    "scaling of green to 0..0",
    "scale green to 0",
    "remove slipway:candidate from green",
    "remove slipway:scaling from blue",
]


def titles(plan):
    assert plan.blocked is None
    return [step.title for step in plan.steps]


DEPLOYS = {
    "by canary steps, with a bake": (
        snapshot(LIVE, color("green")),
        wanted("v2", shifts=CANARY, bake=300.0),
        [*UP, *TO_10, *TO_50, *TO_100, "bake: watch green for 300 s", *MARK, *DOWN, *SETTLE],
    ),
    "alarms are asked at every step": (
        snapshot(LIVE, color("green")),
        wanted("v2", shifts=CANARY, gates=ALARMS),
        [
            *UP,
            *TO_10,
            *TO_50,
            "pause: watch green for 0 s",
            *TO_100,
            "bake: watch green for 0 s",
            *MARK,
            *DOWN,
            *SETTLE,
        ],
    ),
    "smoke checks and the one-off task come before the shift": (
        snapshot(LIVE, color("green")),
        wanted("v2", gates=Gates(smoke=(Smoke("http://p/"),)), once=Once(("migrate", "up"), 60)),
        [*UP[:4], "run migrate up once", *UP[4:], "1 smoke checks of green", *TO_100, *MARK, *DOWN, *SETTLE],
    ),
    "an interrupted shift is watched again and goes on": (
        snapshot(BLUE, GREEN, (90, 10), **PREVIEW),
        wanted("v2", shifts=CANARY),
        ["wait for 4 healthy green", *TO_10[2:], *TO_50, *TO_100, *MARK, *DOWN, *SETTLE],
    ),
    "one between two steps goes to the next one": (
        snapshot(BLUE, GREEN, (70, 30), **PREVIEW),
        wanted("v2", shifts=CANARY, pause_before_shift=True),
        ["wait for 4 healthy green", *TO_50, *TO_100, *MARK, *DOWN, *SETTLE],
    ),
    "from one whose candidate died all goes back, and comes again": (
        snapshot(BLUE, replace(GREEN, healthy=3), (90, 10), **PREVIEW),
        wanted("v2", shifts=CANARY),
        [*BACK, "wait for 4 healthy green", *TO_10, *TO_50, *TO_100, *MARK, *DOWN, *SETTLE],
    ),
    "from one to another image all goes back first": (
        snapshot(BLUE, GREEN, (90, 10), **PREVIEW),
        wanted("v3"),
        [
            *BACK,
            "register green task definition",
            "scale green to 4",
            "mark the candidate on green",
            "wait for 4 healthy green",
            *TO_100,
            *MARK,
            *DOWN,
            *SETTLE,
        ],
    ),
    "to the image that was live all goes back": (
        snapshot(BLUE, GREEN, (90, 10), **PREVIEW),
        wanted("v1"),
        [*BACK, *GIVE_UP],
    ),
    "interrupted in the bake, it bakes again": (
        snapshot(BLUE, GREEN, (0, 100)),
        wanted("v2", bake=60.0),
        [
            "wait for 4 healthy green",
            PROVE,
            "bake: watch green for 60 s",
            *MARK,
            SETTLE[0],
            *DOWN,
            SETTLE[1],
        ],
    ),
    "interrupted in the bake with nothing left to return to, it is proven only": (
        snapshot(replace(BLUE, healthy=0), GREEN, (0, 100)),
        wanted("v2", bake=60.0),
        ["wait for 4 healthy green", PROVE, *MARK, SETTLE[0], *DOWN, SETTLE[1]],
    ),
    "a revision of old is marked again, so that a recovery knows that it was not proven": (
        snapshot(BLUE, color("green", "v2", 4, release="v2", scaling=RAISED, candidate=True), (0, 100)),
        wanted("v2"),
        ["wait for 4 healthy green", PROVE, *MARK, SETTLE[0], *DOWN, SETTLE[1]],
    ),
    "the old color is kept warm": (
        snapshot(LIVE, color("green")),
        wanted("v2", **WARM),
        [*UP, *TO_100, *MARK, *KEEP_BLUE, *SETTLE],
    ),
    "what is kept warm is finished": (
        snapshot(
            color("blue", "v1", 4, release="v1", scaling=HELD, warm_until=UNTIL),
            color("green", "v2", 4, release="v2"),
            (0, 100),
        ),
        wanted("v2", **WARM),
        [],
    ),
    "what was kept warm is finished too": (
        snapshot(
            color("blue", "v1", release="v1", scaling=Scaling(0, 0, True), warm_until=UNTIL),
            color("green", "v2", 4, release="v2"),
            (0, 100),
        ),
        wanted("v2", **WARM),
        [],
    ),
    "interrupted before the scale-down was scheduled": (
        snapshot(BLUE, color("green", "v2", 4, release="v2"), (0, 100)),
        wanted("v2", **WARM),
        ["wait for 4 healthy green", PROVE, *KEEP_BLUE, SETTLE[1]],
    ),
    "a suspended schedule would keep it warm forever": (
        snapshot(replace(LIVE, scaling=Scaling(2, 6, False, False, True)), color("green")),
        wanted("v2", **WARM),
        [
            UP[0],
            "record the scaling of blue, 2..6 schedule",
            *UP[2:],
            *TO_100,
            *MARK,
            *KEEP_BLUE,
            *SETTLE,
        ],
    ),
    "a warm color that is deployed onto is not scaled down": (
        snapshot(
            LIVE,
            color("green", "v0", 4, release="v0", scaling=HELD, warm_until=UNTIL),
        ),
        wanted("v2"),
        [
            "cancel the scale-down of green",
            *UP[:4],
            "scaling of green to 4..6, scale-in suspended",
            "scale green to 4",
            UP[6],
            UP[8],
            *TO_100,
            *MARK,
            *DOWN,
            *SETTLE,
        ],
    ),
    "nor is a color that somebody has given the traffic": (
        snapshot(
            color("blue", "v1", 4, release="v1", scaling=HELD, warm_until=UNTIL),
            color("green", "v2", 4, release="v2"),
        ),
        wanted("v1"),
        [
            "cancel the scale-down of blue",
            "wait for 4 healthy blue",
            "prove that blue answers",
            "scaling of blue to 2..6",
            "drain green for 120 s",
            "scaling of green to 0..0",
            "scale green to 0",
        ],
    ),
    "it waits for a person": (
        snapshot(LIVE, color("green")),
        wanted("v2", pause_before_shift=True, gates=Gates(smoke=(Smoke("http://p/"),))),
        [*UP, "1 smoke checks of green", "leave green to a person's decision"],
    ),
    "and goes on waiting": (
        snapshot(BLUE, AWAITING, **PREVIEW),
        wanted("v2", pause_before_shift=True, gates=Gates(smoke=(Smoke("http://p/"),))),
        [],
    ),
    "it is looked at again when tasks of it have died meanwhile": (
        snapshot(BLUE, replace(AWAITING, healthy=3), **PREVIEW),
        wanted("v2", pause_before_shift=True),
        ["wait for 4 healthy green"],
    ),
    "an approval from before does not count for tasks that start anew": (
        snapshot(
            BLUE,
            replace(AWAITING, service=replace(AWAITING.service, desired=0, running=0), healthy=0),
            **PREVIEW,
        ),
        wanted("v2", pause_before_shift=True),
        [
            "remove slipway:awaiting-approval from green",
            "scaling of green to 0..6, scale-in suspended",
            "scale green to 4",
            UP[7],
            UP[8],
            "leave green to a person's decision",
        ],
    ),
    "without the pause what waits is deployed": (
        snapshot(BLUE, AWAITING, **PREVIEW),
        wanted("v2"),
        ["wait for 4 healthy green", *TO_100, *MARK_APPROVED, *DOWN, *SETTLE],
    ),
    "a person's suspensions go along": (
        snapshot(replace(LIVE, scaling=Scaling(2, 6, True, True)), color("green")),
        wanted("v2"),
        [
            UP[0],
            "record the scaling of blue, 2..6 in out",
            *UP[3:],
            *TO_100,
            *MARK,
            *DOWN,
            "scaling of green to 2..6, scale-in suspended",
            SETTLE[1],
        ],
    ),
}


@pytest.mark.parametrize("name", DEPLOYS)
def test_deploy(name):
    state, asked, expected = DEPLOYS[name]
    assert titles(plan_deploy(state, asked)) == expected
    assert plan_deploy(after(state, plan_deploy(state, asked).steps), asked).steps == ()


WARM_BLUE = color("blue", "v1", 4, release="v1", scaling=HELD, warm_until=UNTIL)
ROLLBACKS = {
    "onto a warm color, at once": (
        snapshot(WARM_BLUE, color("green", "v2", 4, release="v2"), (0, 100)),
        [
            "cancel the scale-down of blue",
            "preview weights to blue 100, green 0",
            "record the scaling of green, 2..6",
            "scaling of green to 2..6, scale-in suspended",
            "scaling of blue to 4..6, scale-in suspended",
            "withdraw the release of green",
            "confirm that blue carries what green carries",
            "production weights to blue 100, green 0",
            "prove that blue answers",
            *KEEP_GREEN,
            "scaling of blue to 2..6",
            "remove slipway:scaling from green",
        ],
    ),
    "what is left after one goes by itself": (
        snapshot(
            color("blue", "v1", 4, release="v1"),
            color("green", "v2", 4, release=WITHDRAWN, scaling=HELD, warm_until=UNTIL),
        ),
        [],
    ),
    "of a candidate that awaits approval": (
        snapshot(BLUE, AWAITING, **PREVIEW),
        [
            *GIVE_UP[:4],
            *KEEP_GREEN,
            "remove slipway:candidate, slipway:awaiting-approval from green",
            GIVE_UP[-1],
        ],
    ),
    "of a shift that was interrupted": (
        snapshot(BLUE, GREEN, (50, 50), **PREVIEW),
        [*BACK, *GIVE_UP[:4], *KEEP_GREEN, *GIVE_UP[-2:]],
    ),
    "of a release of old that is deployed again": (
        snapshot(BLUE, color("green", "v0", 4, release="v0", scaling=RAISED, candidate=True)),
        [*GIVE_UP[1:4], *KEEP_GREEN, *GIVE_UP[-2:]],
    ),
    "marks of a deployment that is long over go": (
        snapshot(color("blue", "v1", release="v1", candidate=True), color("green", "v2", 4, release="v2"), (0, 100)),
        [
            "preview weights to blue 100, green 0",
            "record the scaling of green, 2..6",
            "scaling of green to 2..6, scale-in suspended",
            "remove slipway:candidate from blue",
            "scaling of blue to 0..6, scale-in suspended",
            "scale blue to 4",
            "scaling of blue to 4..6, scale-in suspended",
            "wait for 4 healthy blue",
            "withdraw the release of green",
            "confirm that blue carries what green carries",
            "production weights to blue 100, green 0",
            "prove that blue answers",
            *KEEP_GREEN,
            "scaling of blue to 2..6",
            "remove slipway:scaling from green",
        ],
    ),
}


@pytest.mark.parametrize("name", ROLLBACKS)
def test_rollback(name):
    state, expected = ROLLBACKS[name]
    assert titles(plan_rollback(state, wanted(None, background=True))) == expected


CONTINUED = {
    "the candidate, step by step": (
        snapshot(BLUE, AWAITING, **PREVIEW),
        ["wait for 4 healthy green", *TO_10, *TO_50, *TO_100, *MARK_APPROVED, *DOWN, *SETTLE],
    ),
    "with what the live color has grown to": (
        snapshot(color("blue", "v1", 5, release="v1", scaling=HELD, held="2..6"), AWAITING, **PREVIEW),
        [
            "scale green to 5",
            "scaling of green to 5..6, scale-in suspended",
            "wait for 5 healthy green",
            *TO_10,
            *TO_50,
            *TO_100,
            *MARK_APPROVED,
            *DOWN,
            *SETTLE,
        ],
    ),
    "one that was interrupted": (
        snapshot(BLUE, AWAITING, (50, 50), **PREVIEW),
        ["wait for 4 healthy green", PROVE, *TO_100, *MARK_APPROVED, *DOWN, *SETTLE],
    ),
    "one that has died half way": (
        snapshot(BLUE, replace(AWAITING, healthy=1), (50, 50), **PREVIEW),
        [*BACK, "wait for 4 healthy green", *TO_10, *TO_50, *TO_100, *MARK_APPROVED, *DOWN, *SETTLE],
    ),
    "one that has all the traffic": (
        snapshot(BLUE, AWAITING, (0, 100)),
        ["wait for 4 healthy green", PROVE, *MARK_APPROVED, SETTLE[0], *DOWN, SETTLE[1]],
    ),
}


@pytest.mark.parametrize("name", CONTINUED)
def test_continue(name):
    state, expected = CONTINUED[name]
    plan = plan_continue(state, wanted(None, shifts=CANARY, pause_before_shift=True))
    assert titles(plan) == expected
    assert plan.definition == arn("v2", "green")
    assert not plan.awaits


BLOCKED = {
    "nothing to continue": (
        plan_continue,
        snapshot(BLUE, GREEN, **PREVIEW),
        (
            "nothing awaits approval; production: blue 100 (4/4 healthy, sha256:v1), green 0 (4/4 healthy, sha256:v2); "
            "scaling is held, it was 2..6 on blue; a deployment of sha256:v2 to green was interrupted before the shift"
        ),
    ),
    "no continuing without a rule": (
        plan_continue,
        replace(snapshot(BLUE, AWAITING), production=None, missing=("the production rule of api",)),
        "the production rule of api missing",
    ),
    "somebody split the weights": (
        plan_deploy,
        snapshot(BLUE, color("green", "v2", 4), (70, 30)),
        "exactly one color must have weight",
    ),
    "both colors are candidates": (
        plan_deploy,
        snapshot(color("blue", "v1", 4, candidate=True), GREEN, (70, 30)),
        "exactly one color must have weight",
    ),
    "neither color of a shift carries the traffic": (
        plan_deploy,
        snapshot(replace(BLUE, healthy=2), replace(GREEN, healthy=2), (70, 30)),
        "blue no longer carries the traffic and cannot take all of it back",
    ),
    "the live release is down and the other color could serve": (
        plan_deploy,
        snapshot(replace(BLUE, healthy=0), color("green", "v0", 4, release="v0")),
        "none of the 4 tasks of blue is healthy",
    ),
}


@pytest.mark.parametrize("name", BLOCKED)
def test_blocked(name):
    plan, state, message = BLOCKED[name]
    made = plan(state, wanted("v3"))
    assert message in made.blocked
    assert made.steps == ()


def test_a_part_of_the_traffic_is_proven_as_a_part():
    plan = plan_deploy(snapshot(LIVE, color("green")), wanted("v2", shifts=CANARY))
    assert [step.share for step in plan.steps if isinstance(step, Prove)] == [10, 50, 100]


def test_each_step_expects_the_weights_of_the_one_before():
    plan = plan_deploy(snapshot(LIVE, color("green")), wanted("v2", shifts=CANARY))
    moves = [step for step in plan.steps if getattr(step, "rule", "") == "production"]
    assert [later.expected for later in moves[1:]] == [earlier.actions for earlier in moves[:-1]]


def test_what_is_watched():
    gates = Gates(metrics=(Metric("HTTPCode_Target_5XX_Count", "Sum", 0),))
    plan = plan_deploy(snapshot(LIVE, color("green")), wanted("v2", shifts=CANARY, gates=gates, bake=9.0))
    watched = [step for step in plan.steps if isinstance(step, Watch)]
    assert [(step.name, step.seconds, step.need) for step in watched] == [
        ("pause", 60.0, 4),
        ("pause", 0.0, 4),
        ("bake", 9.0, 4),
    ]


def test_the_one_off_task_takes_a_revision_that_exists_and_ends_well_once():
    asked = wanted("v2", once=Once(("migrate",), 60))
    green = replace(color("green"), latest=definition("v2", "green"))
    (step,) = [step for step in plan_deploy(snapshot(LIVE, green), asked).steps if isinstance(step, RunOnce)]
    assert (step.definition, step.digest) == (arn("v2", "green"), "sha256:v2")
    done = replace(green, service=replace(green.service, tags={"slipway:migrated": "sha256:v2"}))
    assert not [step for step in plan_deploy(snapshot(LIVE, done), asked).steps if isinstance(step, RunOnce)]


def test_smoke_checks_need_a_preview_rule():
    state = replace(snapshot(LIVE, color("green")), preview=None)
    assert not [
        title
        for title in titles(plan_deploy(state, wanted("v2", gates=Gates(smoke=(Smoke("u"),)))))
        if "smoke" in title
    ]


def test_the_first_release_is_checked_where_it_starts():
    state = snapshot(color("blue"), color("green"), **PREVIEW)
    found = titles(plan_deploy(state, wanted("v1", gates=Gates(smoke=(Smoke("u"),)), pause_before_shift=True)))
    assert found.index("wait for 3 healthy blue") + 1 == found.index("1 smoke checks of blue")


def test_the_diff_of_what_awaits_leaves_the_weights():
    plan = plan_deploy(snapshot(LIVE, color("green")), wanted("v2", pause_before_shift=True))
    assert plan.awaits
    assert plan.after["weights"] == plan.before["weights"]
    assert plan.after["green"]["tasks"] == 4


def test_the_diff_says_how_long_the_old_color_is_warm():
    state = snapshot(LIVE, color("green", "v0", 1, release="v0", scaling=HELD, warm_until=UNTIL))
    plan = plan_deploy(state, wanted("v2", **WARM))
    assert plan.before["green"]["warm_until"] == UNTIL
    assert "warm_until" not in plan.after["green"]
    assert plan.after["blue"]["warm_until"] == "3600 s after the shift"
    rest = plan_deploy(snapshot(replace(BLUE, warm_until=UNTIL), GREEN, (0, 100)), wanted("v2", **WARM))
    assert rest.after["blue"]["tasks"] == 4


FOUND = {
    "whole": (
        snapshot(LIVE, color("green")),
        "production: blue 100 (4/4 healthy, sha256:v1), green 0 (0/0 healthy, sha256:boot)",
    ),
    "a shift": (snapshot(BLUE, GREEN, (70, 30)), "was interrupted after the shift to 30 %"),
    "a bake": (
        snapshot(BLUE, GREEN, (0, 100)),
        "was interrupted after the whole shift, before it was marked as released",
    ),
    "an approval": (snapshot(BLUE, AWAITING), "a deployment of sha256:v2 to green awaits approval"),
    "a rollback": (
        snapshot(color("blue", "v1", 4, release=WITHDRAWN), color("green", "v0", 4, release="v0")),
        "a rollback from blue was interrupted; green has tasks but no traffic",
    ),
    "warmth": (snapshot(WARM_BLUE, GREEN, (0, 100)), f"blue is kept warm until {UNTIL} UTC"),
    "no rule": (replace(snapshot(BLUE, GREEN), production=None), "no production rule"),
    "no digest": (
        snapshot(replace(LIVE, definition=None), replace(color("green"), service=None, definition=None)),
        "blue 100 (4/4 healthy, api-blue:v1), green 0 (0/0 healthy, nothing)",
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_what_a_run_found(name):
    state, message = FOUND[name]
    assert message in found_text(state)
