# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Bounds of both colors around a shift: recorded, held, opened, restored, and given back. Pure.

The bounds from before a deployment are a tag on the service of the color that was live then, written before they are
held and removed after they are restored. So whichever run comes next, after whatever crash, knows them, and tells the
suspensions of a deployment from those that a person has set, which survive.
"""

from __future__ import annotations

from dataclasses import replace

from .plan_model import IDLE_SCALING, TAG_APPROVAL, TAG_CANDIDATE, TAG_SCALING, ColorState, Scaling, Snapshot, Wanted
from .steps_plan import (
    CancelScaleDown,
    Drain,
    ScheduleScaleDown,
    SetScaling,
    Step,
    TagService,
    UntagService,
    UpdateService,
)
from .traffic_plan import color_weights, sticky_seconds


def set_scaling(state: ColorState, scaling: Scaling | None) -> list[Step]:
    return [SetScaling(state.color, scaling)] if scaling and state.scaling != scaling else []


def recorded(snapshot: Snapshot) -> Scaling | None:
    """The bounds from before a deployment that has not given them back; None when there is none."""
    return next((state.recorded for state in snapshot.colors.values() if state.recorded), None)


def record(snapshot: Snapshot, live: ColorState, wanted: Wanted) -> list[Step]:
    """Writes down the live color's bounds before a deployment holds them; what an earlier one wrote down stands."""
    if not wanted.scaling or recorded(snapshot):
        return []
    return [TagService(live.color, {TAG_SCALING: (own(live) or wanted.scaling).text})]


def own(state: ColorState) -> Scaling | None:
    """A color's bounds without the suspension that keeping it warm, or what went before, has left there."""
    if state.scaling and (state.warm_until or state.scaling.maximum == 0):
        return replace(state.scaling, scale_in_suspended=False)
    return state.scaling


def hold(live: ColorState, wanted: Wanted) -> Scaling | None:
    """The live color's bounds while another one comes up: it must not shrink, or there were nothing to return to."""
    return replace(live.scaling, scale_in_suspended=True) if wanted.scaling and live.scaling else None


def settled(snapshot: Snapshot, state: ColorState, wanted: Wanted) -> Scaling | None:
    """The bounds that the inputs ask for, with nothing suspended but what a person has suspended."""
    before = recorded(snapshot) or own(state)
    if not wanted.scaling or not before:
        return wanted.scaling
    return replace(before, minimum=wanted.scaling.minimum, maximum=wanted.scaling.maximum)


def restored(snapshot: Snapshot, state: ColorState, wanted: Wanted) -> Scaling | None:
    """The bounds for a color that keeps the traffic although a deployment failed: as they were."""
    before = recorded(snapshot) or own(state)
    if not wanted.scaling or not before:
        return wanted.scaling
    return before if before.maximum else wanted.scaling


def forget(snapshot: Snapshot, live: ColorState, written: list[Step]) -> list[Step]:
    """Removes the record, that of an earlier run and the one written by this plan."""
    colors = [color for color, state in snapshot.colors.items() if TAG_SCALING in state.tags]
    return [UntagService(color, (TAG_SCALING,)) for color in colors or [live.color] * bool(written)]


def untag(state: ColorState, *, marked: bool = False) -> list[Step]:
    """Takes a deployment's marks off a color. marked: the plan itself marks the candidate."""
    keys = [TAG_CANDIDATE] if marked or TAG_CANDIDATE in state.tags else []
    keys += [TAG_APPROVAL] if TAG_APPROVAL in state.tags else []
    return [UntagService(state.color, tuple(keys))] if keys else []


def cancel(snapshot: Snapshot, target: str) -> list[Step]:
    """First of all steps: a scheduled scale-down must not meet a color that has traffic or is about to get it."""
    weights = color_weights(snapshot, snapshot.production)
    at_risk = [color for color in snapshot.colors if color == target or weights.get(color, 0) > 0]
    return [CancelScaleDown(color) for color in at_risk if snapshot.colors[color].warm_until]


def lower(state: ColorState, wanted: Wanted) -> list[Step]:
    """Takes a color's tasks away: bounds first, or Application Auto Scaling would bring them back."""
    open_bounds = state.scaling is None or state.scaling.maximum > 0
    steps = set_scaling(state, IDLE_SCALING) if wanted.scaling and open_bounds else []
    return [*steps, UpdateService(state.color, {"desiredCount": 0})] if state.desired else steps


def keep_warm(state: ColorState, bounds: Scaling, seconds: float) -> list[Step]:
    """A minimum keeps the tasks: a suspension would outlast the action, and a suspended schedule would stop it."""
    held = Scaling(state.desired, max(state.desired, bounds.maximum))
    return [*set_scaling(state, held), ScheduleScaleDown(state.color, seconds)]


def leave(snapshot: Snapshot, state: ColorState, wanted: Wanted, *, kept: bool = False) -> list[Step]:
    """What becomes of the color without traffic. kept: it holds a release that a rollback may want.

    It may still hold requests, so it keeps its tasks for the floor, and while clients are pinned to it. Once it is
    lowered, ECS deregisters its targets and lets the deregistration delay pass before it stops the tasks.
    """
    if state.warm_until:
        return []
    seconds = max(wanted.drain_floor, sticky_seconds(snapshot))
    if not state.desired:
        return lower(state, wanted)
    if wanted.background and state.scaling:
        return keep_warm(state, state.scaling, max(seconds, wanted.keep_warm if kept else 0))
    return [Drain(state.color, seconds, state.deregistration_delay), *lower(state, wanted)]
