# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.native_follow_plan import judge, shown
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.native_steps_plan import (
    BACK,
    DONE,
    GATE,
    SCALED,
    SHIFTED,
)

from tests.unit.plugins.module_utils.blue_green.native_cases import gate, revision, rollout

NEW = revision("v2", "green")
FULL = revision("v2", "green", production=100.0)
PART = revision("v2", "green", production=10.0)


@pytest.mark.parametrize(
    ("found", "until", "state"),
    [
        (rollout(None, "", "PENDING"), SCALED, "waiting"),
        (rollout(NEW, "SCALE_UP"), SCALED, "waiting"),
        (rollout(NEW, "POST_SCALE_UP"), SCALED, "ready"),
        (rollout(None, "A_STAGE_OF_LATER"), SCALED, "waiting"),
        (rollout(PART, "A_STAGE_OF_LATER"), SCALED, "ready"),
        (rollout(FULL, "", "SUCCESSFUL"), SCALED, "ready"),
        (rollout(NEW, "TEST_TRAFFIC_SHIFT"), GATE, "waiting"),
        (gate(NEW), GATE, "ready"),
        (rollout(NEW, "PRODUCTION_TRAFFIC_SHIFT"), GATE, "superseded"),
        (rollout(PART, "PRODUCTION_TRAFFIC_SHIFT"), SHIFTED, "waiting"),
        (rollout(FULL, "A_STAGE_OF_LATER"), SHIFTED, "ready"),
        (rollout(None, "PRODUCTION_TRAFFIC_SHIFT"), SHIFTED, "waiting"),
        (rollout(None, "BAKE_TIME"), SHIFTED, "ready"),
        (rollout(FULL, "BAKE_TIME"), DONE, "waiting"),
        (rollout(FULL, "", "SUCCESSFUL"), DONE, "ready"),
        (rollout(FULL, "BAKE_TIME", "STOPPED", reason="Replaced by a new service deployment."), DONE, "superseded"),
        (rollout(NEW, "", "ROLLBACK_REQUESTED"), DONE, "waiting"),
        (rollout(NEW, "", "ROLLBACK_SUCCESSFUL", reason="because"), DONE, "failed"),
        (rollout(NEW, "", "ROLLBACK_FAILED"), SCALED, "failed"),
        (rollout(NEW, "", "ROLLBACK_IN_PROGRESS"), BACK, "waiting"),
        (rollout(NEW, "", "ROLLBACK_SUCCESSFUL"), BACK, "ready"),
        (rollout(NEW, "", "STOPPED"), BACK, "ready"),
        (rollout(NEW, "", "SUCCESSFUL"), BACK, "failed"),
    ],
)
def test_what_one_look_means(found, until, state):
    assert judge(found, until).state == state


def test_why_it_was_taken_back():
    found = rollout(NEW, "BAKE_TIME", "ROLLBACK_SUCCESSFUL", reason="Rolled back.", watched=("a",), alarms=("a",))
    assert judge(found, DONE).text == "ECS took back its deployment dep1: Rolled back; alarm a went off"
    assert "does not say why" in judge(rollout(NEW, "", "ROLLBACK_FAILED"), DONE).text
    assert "alarm a went off" in shown(found)
    assert "Rolled back." in shown(found)


def test_one_line_has_stage_counts_weights_hook_and_alarms():
    old = revision("v1", "blue", production=90.0)
    text = shown(
        gate(revision("v2", "green", 3, running=1, pending=2, production=10.0), sources=(old,), watched=("a",))
    )
    assert text == (
        "IN_PROGRESS POST_TEST_TRAFFIC_SHIFT; new 1/3 running, 2 pending, 10 %; old 3/3 running, 90 %; hook "
        "ecs-pause-1 waits until 2026-11-25T10:00:00, then ROLLBACK; 1 alarms watched"
    )
