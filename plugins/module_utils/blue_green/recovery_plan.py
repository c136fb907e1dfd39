# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What to do after a step failed, decided from what is there now. Pure and total.

Before the shift the traffic is where it was: only the target goes. After it the traffic goes back first, provided that
the old color still carries it, and the target goes only after a drain, as in any other swap.
"""

from __future__ import annotations

from dataclasses import replace

from .plan_model import IDLE_SCALING, WITHDRAWN, ColorState, Snapshot, Wanted, other
from .steps_plan import Drain, Plan, PointRule, Prove, Step, TagService
from .swap_plan import lower, set_scaling, shown_state
from .traffic_plan import point, problems, serving_color, shown_traffic, sticky_seconds


def plan_recovery(snapshot: Snapshot, wanted: Wanted, failed: Plan, left: tuple[Step, ...]) -> Plan:
    """blocked says why nothing can be taken back; the traffic then stays as shown.

    left: the steps of the failed plan that were not done. They, and not the release's mark, say whether this run has
    proven the target: a revision that is deployed again bears the mark of its first time.
    """
    live = serving_color(snapshot)
    if snapshot.missing or snapshot.surplus or live is None or failed.target is None:
        return Plan(blocked="; ".join(problems(snapshot)) or shown_traffic(snapshot))
    target = snapshot.colors[failed.target]
    if live != failed.target:
        return _give_up_target(snapshot, wanted, target, snapshot.colors[live])
    if not any(_proves(step) for step in left):
        return Plan(blocked=f"{target.color} is live and proven, only the tidying is left; {shown_traffic(snapshot)}")
    if failed.first:
        return _finished(snapshot, lower(target, wanted), live)
    if failed.fallback is None:
        return Plan(blocked=f"there is no other release to return to; {shown_traffic(snapshot)}")
    return _return_traffic(snapshot, wanted, target, snapshot.colors[failed.fallback])


def _proves(step: Step) -> bool:
    return isinstance(step, PointRule | Prove) or (isinstance(step, TagService) and step.released)


def _finished(snapshot: Snapshot, steps: list[Step], target: str) -> Plan:
    return Plan(before=shown_state(snapshot), steps=tuple(steps), origin=other(target), target=target)


def _keep(state: ColorState, wanted: Wanted) -> list[Step]:
    """Leaves a color as the one that serves: its own bounds, scale-in allowed, its release not withdrawn."""
    bounds = wanted.scaling if state.scaling == IDLE_SCALING else state.scaling
    scaling = replace(bounds, scale_in_suspended=False) if wanted.scaling and bounds else None
    steps = set_scaling(state, scaling)
    withdrawn = state.service is not None and state.service.release == WITHDRAWN
    return [*steps, TagService(state.color, {}, released=True)] if withdrawn else steps


def _give_up_target(snapshot: Snapshot, wanted: Wanted, target: ColorState, live: ColorState) -> Plan:
    preview = point(snapshot, "preview", snapshot.preview, live.color)
    return _finished(snapshot, [*preview, *lower(target, wanted), *_keep(live, wanted)], live.color)


def _return_traffic(snapshot: Snapshot, wanted: Wanted, target: ColorState, back: ColorState) -> Plan:
    if back.healthy < max(1, back.desired):
        enough = f"{back.color} has {back.healthy} of {max(1, back.desired)} healthy targets"
        return Plan(blocked=f"the traffic cannot go back, {enough}; {shown_traffic(snapshot)}")
    proof: list[Step] = [Prove(back.color, wanted.probe, required=False)] if wanted.probe else []
    steps: list[Step] = [
        *point(snapshot, "production", snapshot.production, back.color),
        *point(snapshot, "preview", snapshot.preview, back.color),
        *proof,
        Drain(target.color, max(wanted.drain_floor, sticky_seconds(snapshot)), target.deregistration_delay),
        *lower(target, wanted),
        *_keep(back, wanted),
    ]
    return _finished(snapshot, steps, back.color)
