# SPDX-License-Identifier: GPL-3.0-or-later
"""Workers in the plans of a swap: after the shift and the bake, before the mark; and on every way back."""

from __future__ import annotations

from ansible_collections.slipway.ops.plugins.module_utils.blue_green.found_plan import found_text
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.recovery_plan import plan_recovery
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.steps_plan import Plan
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.swap_plan import plan_deploy, plan_rollback
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.traffic_plan import shown_traffic
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.worker_steps_plan import SettleWorker

from tests.unit.plugins.module_utils.blue_green.beside_cases import seen, state, worker
from tests.unit.plugins.module_utils.blue_green.cases import color, snapshot, wanted

WORKERS = (worker(),)
ROLL, WAIT = "roll worker api-mail", "wait for 1 of worker api-mail"


def titles(plan):
    return [step.title for step in plan.steps]


def with_worker(blue, green, now, weights=(100, 0)):
    return snapshot(blue, green, weights, workers={"api-mail": now})


def test_a_deployment_rolls_them_between_the_proof_and_the_mark():
    live = color("blue", "v1", 3, release="v1")
    plan = plan_deploy(with_worker(live, color("green"), state("v1", 1, "v1")), wanted("v2", workers=WORKERS))
    found = titles(plan)
    order = [
        "production weights to blue 0, green 100",
        "prove that green answers",
        ROLL,
        WAIT,
        "mark the release of green",
    ]
    assert [step for step in found if step in order] == order


def test_a_deployment_that_is_done_but_for_a_worker_rolls_it():
    live = color("blue", "v2", 3, release="v2")
    plan = plan_deploy(with_worker(live, color("green"), state("v1", 1, "v1")), wanted("v2", workers=WORKERS))
    assert titles(plan) == [
        "wait for 3 healthy blue",
        "prove that blue answers",
        "register api-mail task definition",
        ROLL,
        WAIT,
        "mark the release of worker api-mail",
    ]
    done = with_worker(live, color("green"), state("v2", 1, "v2"))
    assert plan_deploy(done, wanted("v2", workers=WORKERS)).steps == ()


def test_a_rollback_moves_the_traffic_first():
    blue, green = color("blue", "v1", 3, release="v1"), color("green", "v2", 3, release="v2")
    now = with_worker(blue, green, state("v2", 1, "v2", "v1"), (0, 100))
    found = titles(plan_rollback(now, wanted(None, workers=WORKERS)))
    assert found.index("production weights to blue 100, green 0") < found.index(ROLL) < found.index(WAIT)


def failed(**changes):
    made = {"origin": "blue", "target": "green", "fallback": "blue"}
    return Plan(**{**made, **changes})


def test_a_broken_worker_takes_the_release_back_traffic_first():
    blue, green = color("blue", "v1", 3, release="v1"), color("green", "v2", 3, candidate=True)
    now = with_worker(blue, green, state("v2", 1, "v1"), (0, 100))
    given = wanted("v2", workers=WORKERS)
    left = plan_deploy(now, given).steps
    found = titles(plan_recovery(now, given, failed(), left))
    order = ["production weights to blue 100, green 0", ROLL, WAIT, "drain green for 120 s"]
    assert [step for step in found if step in order] == order


def test_a_failure_before_the_shift_leaves_them_alone():
    now = with_worker(color("blue", "v1", 3, release="v1"), color("green", "v2", 3), state("v1", 1, "v1"))
    assert ROLL not in titles(plan_recovery(now, wanted("v2", workers=WORKERS), failed(), ()))


def test_a_first_release_that_fails_stops_them():
    now = with_worker(color("blue", "v1", 3), color("green"), state("v1", 1))
    given = wanted("v1", workers=WORKERS)
    left = plan_deploy(now, given).steps
    found = titles(plan_recovery(now, given, failed(origin="blue", target="blue", fallback=None, first=True), left))
    assert "stop worker api-mail" in found


def test_a_service_without_colors_is_told_by_its_worker():
    now = seen(state("v2", 1, "v1"), service="api-mail")
    assert found_text(now) == shown_traffic(now) == "worker api-mail: 1/1 running (api-mail:v2, sha256:v2)"
    assert titles(plan_recovery(now, wanted("v2", workers=WORKERS), Plan(), ())) == [ROLL, WAIT]
    assert SettleWorker("api-mail", {}).title == "update worker api-mail"
