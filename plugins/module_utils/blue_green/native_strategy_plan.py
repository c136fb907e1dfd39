# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The module's strategy, gates and bake as Amazon ECS takes them, and what it does not take. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from .native_model_plan import GATE_STAGE
from .plan_model import Shift, Snapshot, Wanted
from .traffic_plan import sticky_seconds

Params = Mapping[str, Any]

MINUTE = 60
# bakeTimeInMinutes and the two of the steps (Amazon ECS API reference, DeploymentConfiguration).
MAX_MINUTES = 1440
# stepPercent (Amazon ECS API reference, LinearConfiguration).
LEAST_STEP = 3
# Minutes that ECS waits for the smoke checks, and for a person; then it takes the deployment back. The second is the
# API's default.
CHECK_MINUTES = 60
PERSON_MINUTES = 1440
# One step before the whole: a canary. More: linear.
CANARY = 2


def problems(params: Params) -> list[str]:
    """What engine native cannot do, or lacks."""
    found = timing_problems(params)
    if params["kind"] == "worker":
        found.append("engine native: a service of kind worker has no traffic to move; leave engine out")
    if params["action"] in ("converge", "deploy") and not params["infrastructure_role_arn"]:
        found.append("engine native needs infrastructure_role_arn: ECS moves the weights as that role")
    return found


def timing_problems(params: Params) -> list[str]:
    """ECS counts in minutes and has one canary step."""
    found = _minutes_problem("bake", params["bake"])
    if params["strategy"] == "canary":
        steps = params["canary_steps"]
        if len(steps) != 1:
            found.append(f"canary_steps: engine native has one step before the whole, got {len(steps)}; use linear")
        for index, step in enumerate(steps):
            found += _minutes_problem(f"canary_steps[{index}].pause", step["pause"])
    if params["strategy"] == "linear":
        found += _minutes_problem("linear_step_pause", params["linear_step_pause"])
        if params["linear_step_percent"] < LEAST_STEP:
            found.append(
                f"linear_step_percent {params['linear_step_percent']}: engine native takes {LEAST_STEP} or more"
            )
    return found


def _minutes_problem(name: str, seconds: float) -> list[str]:
    if seconds % MINUTE == 0 and seconds <= MAX_MINUTES * MINUTE:
        return []
    return [f"{name} {seconds:g} s: engine native takes whole minutes up to {MAX_MINUTES} (multiples of {MINUTE} s)"]


def gated(snapshot: Snapshot, wanted: Wanted) -> bool:
    """ECS is to wait with the new revision on the preview route."""
    return wanted.pause_before_shift or (bool(wanted.gates.smoke) and snapshot.preview is not None)


def configuration(snapshot: Snapshot, wanted: Wanted) -> dict[str, Any]:
    """deploymentConfiguration of UpdateService and CreateService.

    With alarms ECS takes the deployment back by itself, whatever becomes of this run; with a gate it waits for this
    run, or a person, and takes it back when nobody comes.
    """
    alarms = list(wanted.gates.alarms)
    return {
        "maximumPercent": 200,
        "minimumHealthyPercent": 100,
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        "alarms": {"alarmNames": alarms, "enable": bool(alarms), "rollback": bool(alarms)},
        "bakeTimeInMinutes": bake_minutes(snapshot, wanted),
        "lifecycleHooks": [_pause(wanted)] if gated(snapshot, wanted) else [],
        **_shifting(wanted.shifts),
    }


def bake_minutes(snapshot: Snapshot, wanted: Wanted) -> int:
    """How long ECS keeps the old tasks after the shift: never less than the drain floor.

    ECS stops them as soon as the bake is over, and asks no load balancer whether it still sends them requests.
    """
    return math.ceil(max(wanted.bake, wanted.drain_floor, sticky_seconds(snapshot)) / MINUTE)


def _shifting(shifts: tuple[Shift, ...]) -> dict[str, Any]:
    first = shifts[0]
    if len(shifts) < CANARY:
        return {"strategy": "BLUE_GREEN"}
    minutes = int(first.pause // MINUTE)
    if len(shifts) == CANARY:
        step = {"canaryPercent": float(first.weight), "canaryBakeTimeInMinutes": minutes}
        return {"strategy": "CANARY", "canaryConfiguration": step}
    steps = {"stepPercent": float(first.weight), "stepBakeTimeInMinutes": minutes}
    return {"strategy": "LINEAR", "linearConfiguration": steps}


def _pause(wanted: Wanted) -> dict[str, Any]:
    minutes = PERSON_MINUTES if wanted.pause_before_shift else CHECK_MINUTES
    return {
        "targetType": "PAUSE",
        "lifecycleStages": [GATE_STAGE],
        "timeoutConfiguration": {"timeoutInMinutes": minutes, "action": "ROLLBACK"},
    }


def bootstrap() -> dict[str, Any]:
    """Of a service that has no release yet: nothing to ask, watch or wait for."""
    return {
        "maximumPercent": 200,
        "minimumHealthyPercent": 100,
        "strategy": "BLUE_GREEN",
        "bakeTimeInMinutes": 0,
    }
