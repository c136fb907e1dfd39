# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Deploy and rollback with two services, decided without a cloud. Pure and total.

The same function plans a fresh deployment, the rest of one that was interrupted, and nothing at all for one that is
done: it looks only at what is there. Every write comes before the waits that depend on it, the weights move after the
target is proven able to carry them, and the old color goes only after the new weights are proven and drained.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .plan_model import IDLE_SCALING, TAG_RELEASE, WITHDRAWN, ColorState, Definition, Scaling, Snapshot, Wanted, other
from .steps_plan import (
    ConfirmCapacity,
    Drain,
    Plan,
    Prove,
    RegisterDefinition,
    SetScaling,
    Step,
    TagService,
    UpdateService,
    WaitHealthy,
)
from .task_definition_plan import normalized
from .traffic_plan import color_weights, point, problems, serving_color, shown_traffic, sticky_seconds


def plan_deploy(snapshot: Snapshot, wanted: Wanted) -> Plan:
    """To the other color; onto the color with the weight when nothing runs yet or it runs just this already."""
    found = problems(snapshot)
    live = serving_color(snapshot)
    if found or live is None:
        return Plan(blocked="; ".join(found))
    state = snapshot.colors[live]
    runs_it = state.definition is not None and state.definition.body == normalized(wanted.bodies[live])
    if runs_it or (state.empty and snapshot.colors[other(live)].empty):
        return _plan_in_place(snapshot, wanted, live)
    return _plan_move(snapshot, wanted, other(live), None)


def plan_rollback(snapshot: Snapshot, wanted: Wanted) -> Plan:
    """To the other color's release; where a deployment or a rollback was interrupted, to what it has left standing."""
    found = problems(snapshot)
    live = serving_color(snapshot)
    if found or live is None:
        return Plan(blocked="; ".join(found))
    state, back = snapshot.colors[live], snapshot.colors[other(live)]
    withdrawn = back.service is not None and back.service.release == WITHDRAWN
    unproven_candidate = back.desired > 0 and not back.proven
    if state.proven and (withdrawn or unproven_candidate):
        return _plan_in_place(snapshot, wanted, live)
    if back.released is None:
        return Plan(blocked=f"there is no earlier release to return to on {back.color}; {shown_traffic(snapshot)}")
    return _plan_move(snapshot, wanted, back.color, back.released)


def _wanted_definition(state: ColorState, body: Mapping[str, Any]) -> Definition | None:
    """A registered revision that is the same as the body, so that no second one is registered."""
    aim = normalized(body)
    return next((found for found in (state.definition, state.latest) if found and found.body == aim), None)


def _minimum(wanted: Wanted) -> int:
    return wanted.scaling.minimum if wanted.scaling else 1


def set_scaling(state: ColorState, scaling: Scaling | None) -> list[Step]:
    return [SetScaling(state.color, scaling)] if scaling and state.scaling != scaling else []


def _raise(
    state: ColorState, request: Mapping[str, Any], definition: Definition | None, need: int, wanted: Wanted
) -> list[Step]:
    """Makes a color run need tasks of a definition.

    The bounds are opened first, or Application Auto Scaling would cut the tasks down, and raised last: a minimum above
    what runs makes it start tasks at once (Application Auto Scaling API reference, RegisterScalableTarget), which would
    be tasks of the revision that the service still has.
    """
    running = state.service.definition if state.service else None
    switches = definition is None or running != definition.arn
    changes: dict[str, Any] = {"desiredCount": need} if switches or state.desired < need else {}
    if not switches and state.service and state.service.gave_up:
        changes = {"desiredCount": need, "forceNewDeployment": True}
    steps: list[Step] = [RegisterDefinition(state.color, request)] if definition is None else []
    opened = guarded = None
    if wanted.scaling:
        guarded = Scaling(need, max(need, wanted.scaling.maximum), scale_in_suspended=True)
        opened = replace(guarded, minimum=min(state.desired, need))
    if changes:
        arn = definition.arn if definition and switches else None
        steps += set_scaling(state, opened)
        steps.append(UpdateService(state.color, changes, arn, registered=definition is None))
        state = replace(state, scaling=opened or state.scaling)
    return [*steps, *set_scaling(state, guarded)]


def lower(state: ColorState, wanted: Wanted) -> list[Step]:
    """Takes a color's tasks away: bounds first, or Application Auto Scaling would bring them back."""
    steps = set_scaling(state, IDLE_SCALING) if wanted.scaling else []
    return [*steps, UpdateService(state.color, {"desiredCount": 0})] if state.desired else steps


def _retire(snapshot: Snapshot, state: ColorState, wanted: Wanted) -> list[Step]:
    """Drains a color that may still hold requests, for the floor or while clients are pinned to it, then lowers it.

    Once it is lowered, ECS deregisters its targets and lets the deregistration delay pass before it stops the tasks.
    """
    seconds = max(wanted.drain_floor, sticky_seconds(snapshot))
    drain: list[Step] = [Drain(state.color, seconds, state.deregistration_delay)] if state.desired else []
    return drain + lower(state, wanted)


def _prove(wanted: Wanted, color: str) -> list[Step]:
    return [Prove(color, wanted.probe)] if wanted.probe else []


def _mark(state: ColorState, definition: Definition | None) -> list[Step]:
    done = definition is not None and state.service is not None and state.service.release == definition.arn
    return [] if done else [TagService(state.color, {}, released=True)]


def _plan_in_place(snapshot: Snapshot, wanted: Wanted, live: str) -> Plan:
    """The traffic is where it shall be: bring up what the first deployment lacks, finish what was left unfinished."""
    state, beside = snapshot.colors[live], snapshot.colors[other(live)]
    request = wanted.bodies.get(live, {})
    definition = _wanted_definition(state, request) if request else state.definition
    need = state.desired or max(wanted.size, _minimum(wanted))
    definition_runs = (
        definition is not None and state.service is not None and state.service.definition == definition.arn
    )
    whole = definition_runs and state.desired and not (state.service and state.service.gave_up)
    rise = [] if whole else _raise(state, request, definition, need, wanted)
    retire = _retire(snapshot, beside, wanted)
    settle = _settle(state, wanted, raised=bool(rise))
    mark = _mark(state, definition)
    start = [*point(snapshot, "preview", snapshot.preview, live), *rise]
    steps: list[Step] = []
    if start or mark or retire or settle:
        wait = WaitHealthy(live, need, wanted.healthy_timeout, wanted.poll_interval, state.stopped)
        # Taking the other color's tasks away comes last: with them goes what tells a rollback that it was interrupted.
        steps = [*start, wait, *_prove(wanted, live), *mark, *settle, *retire]
    fallback = beside.color if beside.proven and beside.healthy else None
    first = fallback is None and state.service is not None and state.service.release is None
    made = Plan(steps=tuple(steps), origin=live, target=live, fallback=fallback, first=first)
    return _shown(snapshot, wanted, made, definition, need)


def _settle(state: ColorState, wanted: Wanted, *, raised: bool) -> list[Step]:
    """The bounds that the inputs ask for, with scale-in allowed again."""
    if not wanted.scaling or (state.scaling == wanted.scaling and not raised):
        return []
    return [SetScaling(state.color, wanted.scaling)]


def _plan_move(snapshot: Snapshot, wanted: Wanted, target: str, release: Definition | None) -> Plan:
    """Moves the traffic to target: to what the bodies ask for, or to an earlier release."""
    state, old = snapshot.colors[target], snapshot.colors[other(target)]
    request = {} if release else wanted.bodies[target]
    definition = release or _wanted_definition(state, request)
    need = max(old.desired, old.running, state.desired, _minimum(wanted))
    rise = _raise(state, request, definition, need, wanted)
    held = replace(old.scaling, scale_in_suspended=True) if wanted.scaling and old.scaling else None
    steady = state.service is not None and state.service.steady
    warm = release is not None and steady and state.healthy >= need and not _updates(rise)
    waits = [] if warm else [WaitHealthy(target, need, wanted.healthy_timeout, wanted.poll_interval, state.stopped)]
    kept = old.service is not None and old.service.release != WITHDRAWN
    withdraw = [TagService(old.color, {TAG_RELEASE: WITHDRAWN})] if release and kept else []
    steps: list[Step] = [
        *point(snapshot, "preview", snapshot.preview, target),
        *set_scaling(old, held),
        *rise,
        *waits,
        ConfirmCapacity(old.color, target, need),
        *withdraw,
        *point(snapshot, "production", snapshot.production, target),
        *_prove(wanted, target),
        *_mark(state, definition),
        *_retire(snapshot, replace(old, scaling=held or old.scaling), wanted),
        *_settle(state, wanted, raised=True),
    ]
    made = Plan(steps=tuple(steps), origin=old.color, target=target, fallback=old.color)
    return _shown(snapshot, wanted, made, definition, need)


def _updates(steps: list[Step]) -> bool:
    return any(isinstance(step, UpdateService) for step in steps)


def _shown(snapshot: Snapshot, wanted: Wanted, made: Plan, definition: Definition | None, need: int) -> Plan:
    """The plan with its before and after: weights, tasks and revision of both colors, and the task definition."""
    target, beside = str(made.target), other(str(made.target))
    origin = snapshot.colors[str(made.origin)]
    body = dict(definition.body) if definition else normalized(wanted.bodies.get(target, {}))
    now = shown_state(snapshot)
    before = {**now, "task_definition": dict(origin.definition.body) if origin.definition else {}}
    after = {**before}
    if made.steps:
        arn = definition.arn if definition else f"a new revision of {snapshot.service}-{target}"
        after = {
            "weights": {target: max(now["weights"].values()), beside: 0},
            target: {**now[target], "tasks": need, "task_definition": arn},
            beside: {**now[beside], "tasks": 0},
            "task_definition": body,
        }
        if wanted.scaling:
            after[target]["scaling"] = shown_scaling(wanted.scaling)
            after[beside]["scaling"] = shown_scaling(IDLE_SCALING)
    return replace(made, before=before, after=after, definition=definition.arn if definition else None)


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
    return shown
