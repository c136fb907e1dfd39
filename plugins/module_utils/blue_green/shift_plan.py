# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How a color is brought up and how the traffic moves onto it, step by step. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .plan_model import (
    FULL_WEIGHT,
    TAG_APPROVAL,
    TAG_CANDIDATE,
    TAG_MIGRATED,
    ColorState,
    Definition,
    Rule,
    Scaling,
    Shift,
    Snapshot,
    Wanted,
)
from .scaling_plan import set_scaling
from .steps_plan import (
    CheckSmoke,
    ConfirmCapacity,
    Prove,
    RegisterDefinition,
    RunOnce,
    Step,
    TagService,
    UntagService,
    UpdateService,
    WaitHealthy,
    Watch,
)
from .task_definition_plan import digest_in
from .traffic_plan import point, shares


def register(state: ColorState, request: Mapping[str, Any], definition: Definition | None) -> list[Step]:
    return [] if definition else [RegisterDefinition(state.color, request)]


def run_once(
    state: ColorState, request: Mapping[str, Any], definition: Definition | None, wanted: Wanted
) -> list[Step]:
    """The one-off task, before any task of the revision starts and unless it has ended well for its image."""
    digest = digest_in(request or (definition.body if definition else {}))
    if wanted.once is None or state.tags.get(TAG_MIGRATED) == digest:
        return []
    return [RunOnce(state.color, wanted.once, digest, definition.arn if definition else None)]


def bring_up(
    state: ColorState, definition: Definition | None, need: int, wanted: Wanted, *, candidate: bool
) -> list[Step]:
    """Makes a color run need tasks of a definition, None: the revision registered before. candidate: and says so.

    The bounds are opened first, or Application Auto Scaling would cut the tasks down, and raised last: a minimum above
    what runs makes it start tasks at once (Application Auto Scaling API reference, RegisterScalableTarget), which would
    be tasks of the revision that the service still has.
    """
    running = state.service.definition if state.service else None
    switches = definition is None or running != definition.arn
    changes: dict[str, Any] = {"desiredCount": need} if switches or state.desired < need else {}
    if not switches and state.service and state.service.gave_up:
        changes = {"desiredCount": need, "forceNewDeployment": True}
    steps: list[Step] = []
    opened = guarded = None
    if wanted.scaling:
        guarded = Scaling(need, max(need, wanted.scaling.maximum), scale_in_suspended=True)
        opened = replace(guarded, minimum=min(state.desired, need))
    if changes:
        arn = definition.arn if definition and switches else None
        steps += set_scaling(state, opened)
        steps.append(UpdateService(state.color, changes, arn, registered=definition is None))
        state = replace(state, scaling=opened or state.scaling)
    marked = definition is not None and state.tags.get(TAG_CANDIDATE) == definition.arn
    mark: list[Step] = [TagService(state.color, {}, candidate=True)] if candidate and not marked else []
    return [*steps, *mark, *set_scaling(state, guarded)]


def updates(steps: list[Step]) -> bool:
    return any(isinstance(step, UpdateService) for step in steps)


def marks(steps: list[Step]) -> bool:
    return any(isinstance(step, TagService) and step.candidate for step in steps)


def stale_approval(state: ColorState, definition: Definition | None) -> list[Step]:
    """A revision that comes up again has not passed the gates for it."""
    if TAG_APPROVAL not in state.tags or approved(state, definition):
        return []
    return [UntagService(state.color, (TAG_APPROVAL,))]


def approved(state: ColorState, definition: Definition | None) -> bool:
    """What shall run is what has passed the gates before the shift."""
    return state.awaiting and definition is not None and state.tags[TAG_APPROVAL] == definition.arn


def wait_healthy(state: ColorState, need: int, wanted: Wanted) -> WaitHealthy:
    return WaitHealthy(state.color, need, wanted.healthy_timeout, wanted.poll_interval, state.stopped)


def stands(state: ColorState, need: int, wanted: Wanted) -> bool:
    """Enough of the color's tasks are healthy, and nothing is about to take them away."""
    open_bounds = not wanted.scaling or state.scaling is None or state.scaling.maximum >= need
    return state.service is not None and state.service.steady and state.healthy >= need and open_bounds


def smoke(snapshot: Snapshot, state: ColorState, wanted: Wanted) -> list[Step]:
    """Over the preview rule, which must be there."""
    if not wanted.gates.smoke or snapshot.preview is None:
        return []
    return [CheckSmoke(state.color, wanted.gates.smoke, wanted.poll_interval, wanted.probe)]


def shift(snapshot: Snapshot, old: ColorState, state: ColorState, need: int, wanted: Wanted) -> list[Step]:
    """All the way to the full weight. What an interrupted run has reached already is proven and watched again."""
    steps: list[Step] = []
    rule = snapshot.production
    reached = shares(snapshot).get(state.color, 0)
    for each in wanted.shifts:
        if each.weight < reached:
            continue
        moves: list[Step] = []
        if each.weight > reached or each.weight == FULL_WEIGHT:
            pointed = point(snapshot, "production", rule, state.color, each.weight)
            rule = Rule(pointed[-1].arn, pointed[-1].actions) if pointed else rule
            moves = [ConfirmCapacity(old.color, state.color, need), *pointed]
        steps += [*moves, *prove(wanted, state.color, each.weight), *pause(state, need, wanted, each)]
    return [*steps, *bake(state, need, wanted)]


def prove(wanted: Wanted, color: str, share: int = FULL_WEIGHT) -> list[Step]:
    return [Prove(color, wanted.probe, share=share)] if wanted.probe else []


def pause(state: ColorState, need: int, wanted: Wanted, step: Shift) -> list[Step]:
    return [] if step.weight == FULL_WEIGHT else _watch(state, "pause", step.pause, need, wanted)


def bake(state: ColorState, need: int, wanted: Wanted) -> list[Step]:
    return _watch(state, "bake", wanted.bake, need, wanted)


def _watch(state: ColorState, name: str, seconds: float, need: int, wanted: Wanted) -> list[Step]:
    """Alarms and metrics are asked at least once at each step, even without a pause."""
    if not (seconds or wanted.gates.alarms or wanted.gates.metrics):
        return []
    return [Watch(state.color, name, seconds, need, wanted.gates, wanted.poll_interval, state.stopped)]


def mark(state: ColorState, definition: Definition | None, *, candidate: bool) -> list[Step]:
    """A candidate's revision is marked even if it bears the mark of an earlier time: that it is left to do tells a
    recovery that this run has not proven it."""
    done = definition is not None and state.service is not None and state.service.release == definition.arn
    return [] if done and not candidate else [TagService(state.color, {}, released=True)]
