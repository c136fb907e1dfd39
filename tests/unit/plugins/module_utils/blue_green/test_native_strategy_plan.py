# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.native_strategy_plan import (
    bootstrap,
    configuration,
    gated,
    problems,
)
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.plan_model import Gates, Shift

from tests.unit.plugins.module_utils.blue_green.native_cases import LIVE, ROLE, SMOKE, asked
from tests.unit.plugins.module_utils.blue_green.test_inputs_plan import GOOD

NATIVE = {**GOOD, "engine": "native", "infrastructure_role_arn": ROLE}
WHOLE = Shift(100, 0.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bake": 90}, "bake 90 s: engine native takes whole minutes"),
        ({"bake": 1441 * 60}, "up to 1440"),
        ({"strategy": "canary", "canary_steps": []}, "has one step before the whole, got 0"),
        ({"strategy": "canary", "canary_steps": [{"weight": 5, "pause": 30}]}, "canary_steps[0].pause 30 s"),
        ({"strategy": "linear", "linear_step_pause": 1}, "linear_step_pause 1 s"),
        ({"strategy": "linear", "linear_step_percent": 2}, "3 or more"),
        ({"kind": "worker"}, "a service of kind worker has no traffic"),
        ({"infrastructure_role_arn": None}, "needs infrastructure_role_arn"),
    ],
)
def test_what_ecs_does_not_take(change, message):
    assert any(message in found for found in problems({**NATIVE, **change}))


@pytest.mark.parametrize(
    "change",
    [{}, {"strategy": "canary"}, {"strategy": "linear"}, {"action": "rollback", "infrastructure_role_arn": None}],
)
def test_what_it_takes(change):
    assert problems({**NATIVE, **change}) == []


@pytest.mark.parametrize(
    ("shifts", "strategy", "member"),
    [
        ((WHOLE,), "BLUE_GREEN", {}),
        (
            (Shift(5, 120.0), WHOLE),
            "CANARY",
            {"canaryConfiguration": {"canaryPercent": 5.0, "canaryBakeTimeInMinutes": 2}},
        ),
        (
            (Shift(25, 60.0), Shift(50, 60.0), Shift(75, 60.0), WHOLE),
            "LINEAR",
            {"linearConfiguration": {"stepPercent": 25.0, "stepBakeTimeInMinutes": 1}},
        ),
    ],
)
def test_the_strategy_in_ecss_words(shifts, strategy, member):
    made = configuration(LIVE, asked(shifts=shifts, bake=180.0))
    assert made["strategy"] == strategy
    assert {key: value for key, value in made.items() if key.endswith("Configuration")} == member
    assert (made["bakeTimeInMinutes"], made["lifecycleHooks"]) == (3, [])
    assert made["alarms"] == {"alarmNames": [], "enable": False, "rollback": False}


@pytest.mark.parametrize(("bake", "floor", "minutes"), [(0.0, 0.0, 0), (0.0, 61.0, 2), (240.0, 61.0, 4)])
def test_the_old_tasks_stay_for_the_drain_floor(bake, floor, minutes):
    assert configuration(LIVE, asked(bake=bake, drain_floor=floor))["bakeTimeInMinutes"] == minutes


def test_alarms_and_gate():
    smoked = asked(gates=Gates(smoke=(SMOKE,), alarms=("a",)))
    made = configuration(LIVE, smoked)
    assert made["alarms"] == {"alarmNames": ["a"], "enable": True, "rollback": True}
    assert made["lifecycleHooks"][0]["timeoutConfiguration"] == {"timeoutInMinutes": 60, "action": "ROLLBACK"}
    person = configuration(LIVE, replace(smoked, pause_before_shift=True))
    assert person["lifecycleHooks"][0]["timeoutConfiguration"]["timeoutInMinutes"] == 1440
    assert not gated(replace(LIVE, preview=None), smoked)
    assert bootstrap()["bakeTimeInMinutes"] == 0
