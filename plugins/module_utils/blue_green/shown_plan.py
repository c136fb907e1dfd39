# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a plan makes of the service, as people compare it: before and after. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .plan_model import IDLE_SCALING, Definition, Scaling, Snapshot, Wanted, other
from .shadow_plan import matched
from .steps_plan import Plan, ScheduleScaleDown
from .task_definition_plan import normalized
from .traffic_plan import color_weights


def shown_scaling(scaling: Scaling | None) -> str | None:
    if scaling is None:
        return None
    return f"{scaling.minimum}..{scaling.maximum}{', scale-in suspended' if scaling.scale_in_suspended else ''}"


def shown_state(snapshot: Snapshot) -> dict[str, Any]:
    """Weights and both colors as a user reads them."""
    shown: dict[str, Any] = {"weights": color_weights(snapshot, snapshot.production)}
    for color, state in snapshot.colors.items():
        shown[color] = {
            "tasks": state.desired,
            "task_definition": state.service.definition if state.service else None,
            "scaling": shown_scaling(state.scaling),
        }
        if state.warm_until:
            shown[color]["warm_until"] = state.warm_until
    if snapshot.production:
        shown["requests"] = matched(snapshot)
    return shown


def with_before_and_after(
    snapshot: Snapshot, wanted: Wanted, made: Plan, definition: Definition | None, need: int
) -> Plan:
    """The plan with its before and after: weights, tasks and revision of both colors, and the task definition."""
    target, beside = str(made.target), other(str(made.target))
    origin = snapshot.colors[str(made.origin)]
    now = shown_state(snapshot)
    before = {**now, "task_definition": dict(origin.definition.body) if origin.definition else {}}
    after = {**before}
    if made.steps:
        body = dict(definition.body) if definition else normalized(wanted.bodies.get(target, {}))
        arn = definition.arn if definition else f"a new revision of {snapshot.service}-{target}"
        after = {**before, target: {**now[target], "tasks": need, "task_definition": arn}, "task_definition": body}
        after[target].pop("warm_until", None)
        if not made.awaits:
            after["weights"] = {target: sum(now["weights"].values()), beside: 0}
            after[beside] = _left(snapshot, wanted, made, beside, now[beside])
            after[target]["scaling"] = shown_scaling(wanted.scaling) if wanted.scaling else now[target]["scaling"]
    return replace(made, before=before, after=after, definition=definition.arn if definition else None)


def _left(snapshot: Snapshot, wanted: Wanted, made: Plan, color: str, now: dict[str, Any]) -> dict[str, Any]:
    """The color without traffic: empty, or with its tasks until a scheduled action takes them away."""
    warm = [step.seconds for step in made.steps if isinstance(step, ScheduleScaleDown) and step.color == color]
    if warm:
        return {**now, "warm_until": f"{warm[0]:g} s after the shift"}
    if snapshot.colors[color].warm_until:
        return now
    return {**now, "tasks": 0, **({"scaling": shown_scaling(IDLE_SCALING)} if wanted.scaling else {})}
