# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How the traffic moves, from the module's parameters: in which steps, and what happens around them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from .plan_model import FULL_WEIGHT, Shift

Params = Mapping[str, Any]

# Those that bring a candidate the whole way. A rollback does not go step by step: what it leaves is known to be bad.
SHIFTING = ("deploy", "continue")


def shifts_from(params: Params) -> tuple[Shift, ...]:
    """The last step always has the full weight; what is watched there is the bake."""
    whole = Shift(FULL_WEIGHT, 0.0)
    if params["action"] not in SHIFTING or params["strategy"] == "all_at_once":
        return (whole,)
    if params["strategy"] == "canary":
        return (*(Shift(step["weight"], step["pause"]) for step in params["canary_steps"]), whole)
    percent, pause = params["linear_step_percent"], params["linear_step_pause"]
    return (*(Shift(weight, pause) for weight in range(percent, FULL_WEIGHT, percent)), whole)


def problems(params: Params) -> list[str]:
    found = [f"{name} {params[name]:g} is less than 0" for name in ("bake", "keep_warm") if params[name] < 0]
    if params["linear_step_pause"] < 0:
        found.append(f"linear_step_pause {params['linear_step_pause']:g} is less than 0")
    if not 1 <= params["linear_step_percent"] < FULL_WEIGHT:
        found.append(f"linear_step_percent {params['linear_step_percent']} is outside 1 to {FULL_WEIGHT - 1}")
    found += _canary_problems(params["canary_steps"])
    if params["keep_warm"] > 0 and params["scaling"] is None and params["action"] in (*SHIFTING, "rollback"):
        found.append("keep_warm needs scaling: Application Auto Scaling takes the warm color's tasks away")
    return found


def _canary_problems(steps: list[Params]) -> list[str]:
    found = [] if steps else ["canary_steps needs at least one step"]
    for index, step in enumerate(steps):
        if not 1 <= step["weight"] < FULL_WEIGHT:
            found.append(f"canary_steps[{index}].weight {step['weight']} is outside 1 to {FULL_WEIGHT - 1}")
        if step["pause"] < 0:
            found.append(f"canary_steps[{index}].pause {step['pause']:g} is less than 0")
    if any(after["weight"] <= before["weight"] for before, after in pairwise(steps)):
        found.append("canary_steps: each weight must be greater than the one before")
    return found
