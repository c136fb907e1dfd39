# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What site.yml makes of the two services, decided without a cloud. Pure and total.

Converging creates what is missing and adapts what is idle. A color that has tasks keeps everything it has: weights,
desired count, task definition and network; only the bounds of the color that serves follow the inputs, and not while a
deployment holds them (they are recorded then).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .match_plan import matches
from .plan_model import IDLE_SCALING, ColorState, Scaling, Snapshot
from .scaling_plan import own, recorded, set_scaling
from .shown_plan import shown_scaling, shown_state
from .steps_plan import (
    CancelScaleDown,
    CreateService,
    Plan,
    RegisterDefinition,
    SetScaling,
    Step,
    TagService,
    UpdateService,
)
from .task_definition_plan import normalized
from .traffic_plan import serving_color, standing_problem
from .worker_plan import WorkerWishes
from .worker_plan import converge as converge_workers

# CreateService members that UpdateService does not accept (Amazon ECS API reference).
_FIXED = ("launchType", "schedulingStrategy")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the inputs ask for. bodies: color -> bootstrap task definition; settings: color -> CreateService members.

    beside: what runs beside the colors.
    """

    bodies: Mapping[str, Mapping[str, Any]]
    settings: Mapping[str, Mapping[str, Any]]
    scaling: Scaling | None
    tags: Mapping[str, str] = field(default_factory=dict)
    beside: WorkerWishes = field(default_factory=WorkerWishes)


def plan_converge(snapshot: Snapshot, wishes: Wishes) -> Plan:
    """needs: what other roles make first; a real run refuses without it, check mode goes on."""
    steps: list[Step] = []
    before = shown_state(snapshot)
    standing = standing_problem(snapshot)
    if standing:
        return Plan(before=before, after=before, blocked=standing)
    after = dict(before)
    for color, state in snapshot.colors.items():
        mine = _converge(snapshot, state, wishes, serves=color == serving_color(snapshot))
        after[color] = _after(before[color], state, mine)
        steps += mine
    steps += converge_workers(snapshot, wishes.beside)
    return Plan(before=before, after=after, steps=tuple(steps), needs=snapshot.missing)


def _converge(snapshot: Snapshot, state: ColorState, wishes: Wishes, *, serves: bool) -> list[Step]:
    if state.service is None:
        return _create(state, wishes)
    steps: list[Step] = []
    if state.empty:
        changes = differences(state.service.settings, wishes.settings[state.color])
        steps += [UpdateService(state.color, changes)] if changes else []
    steps += _scaling(snapshot, state, wishes, serves=serves)
    tags = {key: value for key, value in wishes.tags.items() if state.service.tags.get(key) != value}
    return [*steps, TagService(state.color, tags)] if tags else steps


def _create(state: ColorState, wishes: Wishes) -> list[Step]:
    """Desired count 0 and a bootstrap revision: deployments bring real ones."""
    body = wishes.bodies[state.color]
    exists = state.latest is not None and state.latest.body == normalized(body)
    register: list[Step] = [] if exists else [RegisterDefinition(state.color, body)]
    arn = state.latest.arn if exists and state.latest else None
    steps: list[Step] = [*register, CreateService(state.color, arn, wishes.settings[state.color], wishes.tags)]
    return [*steps, SetScaling(state.color, IDLE_SCALING)] if wishes.scaling else steps


def _scaling(snapshot: Snapshot, state: ColorState, wishes: Wishes, *, serves: bool) -> list[Step]:
    """Not while a deployment holds the bounds. An idle color loses what kept it warm, the color that serves only a
    scale-down that would take its tasks away: what a person has suspended there stays so."""
    if wishes.scaling is None or recorded(snapshot):
        return []
    cancel: list[Step] = [CancelScaleDown(state.color)] if serves and state.warm_until else []
    if state.empty:
        return [*cancel, *set_scaling(state, IDLE_SCALING)]
    before = own(state)
    if not serves or before is None:
        return [*cancel, *set_scaling(state, wishes.scaling if serves else None)]
    aim = replace(before, minimum=wishes.scaling.minimum, maximum=wishes.scaling.maximum)
    return [*cancel, *set_scaling(state, aim)]


def differences(now: Mapping[str, Any], aim: Mapping[str, Any]) -> dict[str, Any]:
    changeable = {key: value for key, value in aim.items() if key not in _FIXED}
    return {key: value for key, value in changeable.items() if not matches(now.get(key), value)}


def _after(shown: Mapping[str, Any], state: ColorState, steps: list[Step]) -> dict[str, Any]:
    after = dict(shown)
    for step in steps:
        if isinstance(step, SetScaling):
            after["scaling"] = shown_scaling(step.scaling)
        elif isinstance(step, CreateService):
            after["task_definition"] = step.definition or f"a bootstrap revision for {state.color}"
        elif isinstance(step, UpdateService):
            after.update(step.changes)
    return after
