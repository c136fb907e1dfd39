# SPDX-License-Identifier: GPL-3.0-or-later
"""From parameters to shifts, to what is asked of a run, and to the commands that messages name."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.ending_plan import next_command, with_advice
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.image_plan import reference
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.inputs_plan import (
    continue_planner,
    rollback_planner,
    wanted_from,
)
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.plan_model import Shift
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.strategy_plan import problems, shifts_from

from tests.unit.plugins.module_utils.blue_green.cases import HELD, color, snapshot
from tests.unit.plugins.module_utils.blue_green.test_inputs_plan import GOOD, IMAGE

WHOLE = Shift(100, 0.0)
STEPS = [{"weight": 5, "pause": 30}, {"weight": 50, "pause": 0}]


@pytest.mark.parametrize(
    ("change", "shifts"),
    [
        ({}, (WHOLE,)),
        ({"strategy": "canary", "canary_steps": STEPS}, (Shift(5, 30), Shift(50, 0), WHOLE)),
        ({"strategy": "canary", "canary_steps": STEPS, "action": "continue"}, (Shift(5, 30), Shift(50, 0), WHOLE)),
        ({"strategy": "canary", "canary_steps": STEPS, "action": "rollback"}, (WHOLE,)),
        ({"strategy": "linear", "linear_step_percent": 25}, (Shift(25, 60), Shift(50, 60), Shift(75, 60), WHOLE)),
        ({"strategy": "linear", "linear_step_percent": 40}, (Shift(40, 60), Shift(80, 60), WHOLE)),
    ],
)
def test_shifts(change, shifts):
    assert shifts_from({**GOOD, **change}) == shifts


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bake": -1}, "bake -1 is less than 0"),
        ({"keep_warm": -1}, "keep_warm -1 is less than 0"),
        ({"linear_step_pause": -1}, "linear_step_pause -1 is less than 0"),
        ({"linear_step_percent": 0}, "linear_step_percent 0 is outside 1 to 99"),
        ({"linear_step_percent": 100}, "linear_step_percent 100 is outside 1 to 99"),
        ({"canary_steps": []}, "canary_steps needs at least one step"),
        ({"canary_steps": [{"weight": 100, "pause": 0}]}, "canary_steps[0].weight 100 is outside 1 to 99"),
        ({"canary_steps": [{"weight": 1, "pause": -1}]}, "canary_steps[0].pause -1 is less than 0"),
        ({"canary_steps": [STEPS[1], STEPS[0]]}, "each weight must be greater than the one before"),
        ({"keep_warm": 60, "scaling": None}, "keep_warm needs scaling"),
    ],
)
def test_bad_strategies_are_told_in_one_line(change, message):
    (problem,) = problems({**GOOD, **change})
    assert message in problem


def test_site_yml_may_know_keep_warm_without_scaling():
    assert problems({**GOOD, "keep_warm": 60, "scaling": None, "action": "converge"}) == []


@pytest.mark.parametrize(
    ("change", "background"),
    [
        ({}, False),
        ({"keep_warm": 60}, True),
        ({"action": "rollback"}, True),
        ({"action": "rollback", "scaling": None}, False),
    ],
)
def test_who_takes_the_old_tasks_away(change, background):
    assert wanted_from({**GOOD, **change}, None, "").background is background


def test_a_rollback_neither_bakes_nor_waits_for_a_person():
    given = {**GOOD, "bake": 60, "pause_before_shift": True}
    assert (wanted_from(given, None, "").bake, wanted_from(given, None, "").pause_before_shift) == (60, True)
    back = wanted_from({**given, "action": "rollback"}, None, "")
    assert (back.bake, back.pause_before_shift) == (0, False)
    assert not wanted_from({**given, "action": "continue"}, None, "").pause_before_shift


BLUE = color("blue", "v1", 4, release="v1", scaling=HELD, held="2..6")
AWAITING = color("green", "v2", 4, scaling=HELD, awaiting=True)


@pytest.mark.parametrize(
    ("image", "digest", "blocked"),
    [
        (None, None, None),
        (reference(IMAGE), "sha256:v2", None),
        (reference(IMAGE), "sha256:v3", "is sha256:v3, but sha256:v2 on green awaits approval"),
        (reference(IMAGE), None, "is not in ECR, but sha256:v2 on green awaits approval"),
    ],
)
def test_a_person_continues_what_he_means(image, digest, blocked):
    planner = continue_planner({**GOOD, "action": "continue"}, image)
    state = snapshot(BLUE, AWAITING, preview=(0, 100), image_digest=digest)
    for _look in range(2):
        plan, asked = planner(state)
        assert asked.bodies == {}
        assert (blocked in plan.blocked) if blocked else plan.target == "green"


def test_a_rollback_is_planned_from_the_parameters():
    plan, asked = rollback_planner({**GOOD, "action": "rollback"})(snapshot(BLUE, AWAITING, preview=(0, 100)))
    assert asked.background
    assert plan.target == "blue"


PLAYBOOK = "ansible-playbook -i INVENTORY playbooks/{}.yml -e service=api"
DEPLOY = f"{PLAYBOOK.format('deploy_backend')} -e image=repo:1"
LOOK = "ansible-playbook -i INVENTORY playbooks/rollback_backend.yml --check --diff -e service=api"


@pytest.mark.parametrize(
    ("message", "outcome", "action", "command"),
    [
        ("", "promoted", "deploy", PLAYBOOK.format("rollback_backend")),
        ("", "converged", "converge", ""),
        ("", "rolled_back", "rollback", DEPLOY.replace("repo:1", "IMAGE")),
        ("api: it failed. Taken back", "rolled_back", "deploy", DEPLOY.replace("repo:1", "IMAGE")),
        (
            "api: waits",
            "awaiting_approval",
            "deploy",
            "ansible-playbook -i INVENTORY playbooks/continue_backend.yml -e service=api",
        ),
        ("api: changed", "superseded", "deploy", LOOK),
        ("api: broken.", "failed", "continue", LOOK),
        ("api: not now", "blocked", "deploy", DEPLOY),
        (
            "api: not now",
            "blocked",
            "repair",
            "ansible-playbook -i INVENTORY playbooks/repair_backend.yml -e service=api -e confirm=api",
        ),
        ("api: run `ansible-playbook x.yml` first", "blocked", "deploy", "ansible-playbook x.yml"),
    ],
)
def test_every_message_names_the_next_command(message, outcome, action, command):
    told = with_advice(message, outcome, action, "api", "repo:1")
    assert bool(told) == bool(message)
    assert not message or f"`{command}`" in told
    assert next_command(told, outcome, action, "api", "repo:1") == command
