# SPDX-License-Identifier: GPL-3.0-or-later
"""The decision of deployments by stages, as a table of states; and the phases that they go through."""

from __future__ import annotations

import pytest

from localcloud.ecs.native.phases import Phase, backward, forward
from localcloud.ecs.native.plan import (
    NO_CANDIDATE,
    CourseView,
    Crew,
    Enter,
    Expire,
    Fail,
    Finish,
    HookView,
    RollBack,
    plan,
)
from localcloud.ecs.plan import DeploymentView, Retire, Start, Stop, TaskView

ROLLED = "Service deployment rolled back because "


def crew(name, states="", failed=0, alive=None, rollout="IN_PROGRESS"):
    """h healthy, p on its way: name1, name2, ..."""
    tasks = tuple(TaskView(f"{name}{number}", name, state == "h") for number, state in enumerate(states, 1))
    view = DeploymentView(name, rollout, failed, len(tasks) if alive is None else alive)
    return Crew(view, tasks)


def view(phase, new="", old="h", **members):
    """desired 1, with a new revision and, unless None, an old one."""
    source = None if old is None else crew("old", old, rollout="COMPLETED")
    given = {"desired": 1, "target": crew("new", new), "source": source, "phase": phase}
    return CourseView(**{**given, **members})


SCALE_UP = Phase("SCALE_UP", goal="target_ready")
BAKE = Phase("BAKE_TIME", minutes=5)
CLEAN_UP = Phase("CLEAN_UP", source="none", goal="source_gone")
PAUSED = Phase("POST_SCALE_UP")
RECONCILE = Phase("RECONCILE_SERVICE", target="none", goal="others_gone")
BACK = Phase("CLEAN_UP", target="none", goal="target_gone")
BACK_UP = Phase("SCALE_UP", target="left", goal="source_ready")

TABLE = {
    "a deployment begins": (view(None), (Enter(),)),
    "not with rules in trouble": (view(None, trouble="no"), (RollBack("no"),)),
    "nor the first one": (view(None, old=None, trouble="no"), (Fail("ROLLBACK_FAILED", "no"),)),
    "the old revision is held before the new one comes": (
        view(Phase("PRE_SCALE_UP", target="none"), old=""),
        (Start(1, "old"), Enter()),
    ),
    "one that had no tasks gets none now": (view(SCALE_UP, "p", old="", idle=True), ()),
    "nor are they waited for on the way back": (view(BACK_UP, "h", old="", idle=True, back=True), (Enter(),)),
    "the new revision comes": (view(SCALE_UP), (Start(1, "new"),)),
    "and is waited for": (view(SCALE_UP, "p"), ()),
    "until it is healthy": (view(SCALE_UP, "h"), (Enter(),)),
    "for a day at most": (
        view(SCALE_UP, "p", minutes=1440),
        (RollBack(f"{ROLLED}SCALE_UP took longer than 24 hours."),),
    ),
    "nothing wanted is ready": (view(SCALE_UP, old="", desired=0), (Enter(),)),
    "other revisions go first": (
        view(RECONCILE, others=(crew("lost", "h"), crew("gone"))),
        (Stop("lost1", "scaling"), Retire("gone")),
    ),
    "draining ones are waited for": (view(RECONCILE, others=(crew("lost", alive=1),)), ()),
    "and then it goes on": (view(RECONCILE), (Enter(),)),
    "the bake time": (view(BAKE, "h", minutes=4.9), ()),
    "is over": (view(BAKE, "h", minutes=5), (Enter(),)),
    "a hook holds": (view(PAUSED, "h", hooks=(HookView("a"), HookView("b", "SUCCEEDED"))), ()),
    "hooks that were answered do not": (view(PAUSED, "h", hooks=(HookView("a", "SUCCEEDED"),)), (Enter(),)),
    "one ROLLBACK counts more than others' CONTINUE": (
        view(PAUSED, "h", hooks=(HookView("a", "SUCCEEDED"), HookView("b", "FAILED"))),
        (RollBack(f"{ROLLED}POST_SCALE_UP pause hook was answered with ROLLBACK."),),
    ),
    "a hook's time is up": (view(PAUSED, "h", hooks=(HookView("a", expired=True),)), (Expire("a"),)),
    "and it rolls back": (
        view(PAUSED, "h", hooks=(HookView("a", "TIMED_OUT", expired=True),)),
        (RollBack(f"{ROLLED}POST_SCALE_UP pause hook timed out."),),
    ),
    "or lets pass": (view(PAUSED, "h", hooks=(HookView("a", "TIMED_OUT", timeout_action="CONTINUE"),)), (Enter(),)),
    "traffic that ECS may not move": (
        view(Phase("TEST_TRAFFIC_SHIFT", test=100.0), "h", denied="no"),
        (RollBack(f"{ROLLED}TEST_TRAFFIC_SHIFT lifecycle hook(s) failed. no"),),
    ),
    "nor back": (
        view(Phase("TEST_TRAFFIC_SHIFT", test=0.0), "h", back=True, denied="no"),
        (Fail("ROLLBACK_FAILED", "no"),),
    ),
    "somebody stops it": (view(PAUSED, "h", asked="stop"), (RollBack("stop"),)),
    "an alarm": (
        view(BAKE, "h", alarms=("a", "b")),
        (RollBack(f"{ROLLED}these alarms went into the ALARM state: a, b.", ("a", "b")),),
    ),
    "an alarm without rollback": (
        view(BAKE, "h", alarms=("a",), alarms_roll_back=False),
        (Fail("STOPPED", f"{ROLLED}these alarms went into the ALARM state: a.", ("a",)),),
    ),
    "an alarm after the bake time": (view(CLEAN_UP, "h", old="", alarms=("a",)), (Enter(),)),
    "the circuit breaker": (
        view(SCALE_UP, target=crew("new", "p", failed=3), breaker=True, breaker_rolls_back=True),
        (RollBack(f"{ROLLED}the circuit breaker threshold was exceeded."),),
    ),
    "without it tasks are tried for ever": (view(SCALE_UP, target=crew("new", failed=30)), (Start(1, "new"),)),
    "the old revision goes": (view(CLEAN_UP, "h"), (Stop("old1", "scaling"),)),
    "and has gone": (view(CLEAN_UP, "h", old="", last=True), (Finish(),)),
    "the first deployment has none": (view(CLEAN_UP, "h", old=None, last=True), (Finish(),)),
    "the way back begins": (view(None, "p", back=True), (Enter(),)),
    "nothing stops it": (view(None, "p", back=True, asked="stop", alarms=("a",)), (Enter(),)),
    "the old revision comes up again": (view(BACK_UP, "h", old="", back=True), (Start(1, "old"),)),
    "and is there": (view(BACK_UP, "h", back=True), (Enter(),)),
    "the new one goes": (view(BACK, "h", back=True, last=True), (Stop("new1", "scaling"),)),
    "and has gone on the way back": (view(BACK, back=True, last=True), (Finish(),)),
    "a failed deployment stays as it is": (view(SCALE_UP, "p", old="", ended=True), (Start(1, "old"),)),
}


@pytest.mark.parametrize("name", TABLE)
def test_table(name):
    state, actions = TABLE[name]
    assert plan(state, 10.0) == actions


def test_no_candidate_is_said_in_ecs_words():
    assert NO_CANDIDATE == "No rollback candidate was found to run the rollback."


def configuration(strategy, **members):
    return {"strategy": strategy, "bakeTimeInMinutes": 3, **members}


def test_phases_of_a_blue_green_deployment():
    found = forward(configuration("BLUE_GREEN"), several=True)
    assert [phase.stage for phase in found] == [
        "RECONCILE_SERVICE",
        "PRE_SCALE_UP",
        "SCALE_UP",
        "POST_SCALE_UP",
        "TEST_TRAFFIC_SHIFT",
        "POST_TEST_TRAFFIC_SHIFT",
        "PRE_PRODUCTION_TRAFFIC_SHIFT",
        "PRODUCTION_TRAFFIC_SHIFT",
        "POST_PRODUCTION_TRAFFIC_SHIFT",
        "BAKE_TIME",
        "CLEAN_UP",
    ]
    assert found[-2].minutes == 3
    assert forward(configuration("BLUE_GREEN"), several=False) == found[1:]


@pytest.mark.parametrize(
    ("members", "steps"),
    [
        (
            {"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 33.3, "stepBakeTimeInMinutes": 2}},
            [(33.3, 2), (66.6, 2), (99.9, 2), (100.0, 0)],
        ),
        (
            {"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 50.0, "stepBakeTimeInMinutes": 1}},
            [(50.0, 1), (100.0, 0)],
        ),
        (
            {"strategy": "CANARY", "canaryConfiguration": {"canaryPercent": 0.1, "canaryBakeTimeInMinutes": 9}},
            [(0.1, 9), (100.0, 0)],
        ),
        (
            {"strategy": "CANARY", "canaryConfiguration": {"canaryPercent": 100.0, "canaryBakeTimeInMinutes": 9}},
            [(100.0, 0)],
        ),
    ],
    ids=["linear", "linear-even", "canary", "canary-all"],
)
def test_steps(members, steps):
    found = forward(configuration(**members), several=False)
    shifts = [(phase.production, phase.minutes) for phase in found if phase.production is not None]
    assert shifts == steps
    assert sum(phase.stage == "PRE_PRODUCTION_TRAFFIC_SHIFT" for phase in found) == len(steps)


def test_the_way_back_undoes_what_was_done():
    assert backward(shifted=False, tested=False, cleaning=False) == (BACK,)
    stages = [
        (phase.stage, phase.production, phase.test) for phase in backward(shifted=True, tested=True, cleaning=True)
    ]
    assert stages == [
        ("SCALE_UP", None, None),
        ("PRODUCTION_TRAFFIC_SHIFT", 0.0, None),
        ("TEST_TRAFFIC_SHIFT", None, 0.0),
        ("CLEAN_UP", None, None),
    ]
