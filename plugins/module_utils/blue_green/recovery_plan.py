# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What to do after a step failed, decided from what is there now. Pure and total.

Before the shift the traffic is where it was: only the target goes. From the first weight that moved on, the traffic
goes back first, provided that the old color still carries it, and the target goes only after a drain, as in any other
swap.
"""

from __future__ import annotations

from . import scaling_plan as scaling
from .commands_plan import repair
from .plan_model import WITHDRAWN, ColorState, Snapshot, Wanted, other
from .shown_plan import shown_state
from .standalone_plan import plan_worker_recovery
from .steps_plan import Drain, Plan, PointRule, Prove, Step, TagService, Watch
from .traffic_plan import carries, interrupted_color, point, problems, serving_color, shown_traffic, sticky_seconds
from .worker_plan import back


def plan_recovery(snapshot: Snapshot, wanted: Wanted, failed: Plan, left: tuple[Step, ...]) -> Plan:
    """blocked says why nothing can be taken back; the traffic then stays as shown.

    left: the steps of the failed plan that were not done. They, and not the release's mark, say whether this run has
    proven the target: a revision that is deployed again bears the mark of its first time.
    """
    if not snapshot.colors:
        return plan_worker_recovery(snapshot, wanted)
    half = interrupted_color(snapshot)
    live = serving_color(snapshot)
    if snapshot.missing or snapshot.surplus or failed.target is None or not (live or half):
        return Plan(blocked="; ".join(problems(snapshot)) or shown_traffic(snapshot))
    if half:
        return _return_traffic(snapshot, wanted, snapshot.colors[half], snapshot.colors[other(half)])
    target = snapshot.colors[failed.target]
    if live and live != failed.target:
        return _give_up_target(snapshot, wanted, target, snapshot.colors[live])
    if not any(_proves(step) for step in left):
        return Plan(blocked=f"{target.color} is live and proven, only the tidying is left; {shown_traffic(snapshot)}")
    if failed.first:
        gone = [*back(snapshot, wanted, None), *scaling.lower(target, wanted), *_forget(snapshot, target)]
        return _finished(snapshot, gone, target.color)
    if failed.fallback is None:
        return Plan(blocked=f"there is no other release to return to; {shown_traffic(snapshot)}")
    return _return_traffic(snapshot, wanted, target, snapshot.colors[failed.fallback])


def _proves(step: Step) -> bool:
    return isinstance(step, PointRule | Prove | Watch) or (isinstance(step, TagService) and step.released)


def _finished(snapshot: Snapshot, steps: list[Step], target: str) -> Plan:
    first = scaling.cancel(snapshot, target)
    return Plan(before=shown_state(snapshot), steps=(*first, *steps), origin=other(target), target=target)


def _keep(snapshot: Snapshot, state: ColorState, wanted: Wanted) -> list[Step]:
    """Leaves a color as the one that serves: the bounds and suspensions it had, its release not withdrawn."""
    steps = scaling.set_scaling(state, scaling.restored(snapshot, state, wanted))
    withdrawn = state.service is not None and state.service.release == WITHDRAWN
    return [*steps, TagService(state.color, {}, released=True)] if withdrawn else steps


def _forget(snapshot: Snapshot, target: ColorState) -> list[Step]:
    return [*scaling.untag(target), *scaling.forget(snapshot, target, [])]


def _give_up_target(snapshot: Snapshot, wanted: Wanted, target: ColorState, live: ColorState) -> Plan:
    """A color that was warm stays warm: its release is still the one that a rollback returns to."""
    preview = point(snapshot, "preview", snapshot.preview, live.color)
    gone = scaling.lower(target, wanted)
    if target.proven and not target.candidate and target.desired and wanted.background and target.scaling:
        seconds = max(wanted.keep_warm, wanted.drain_floor)
        gone = [] if target.warm_until else scaling.keep_warm(target, target.scaling, seconds)
    beside = back(snapshot, wanted, live.released or live.definition)
    steps = [*preview, *beside, *gone, *_keep(snapshot, live, wanted), *_forget(snapshot, target)]
    return _finished(snapshot, steps, live.color)


def _return_traffic(snapshot: Snapshot, wanted: Wanted, target: ColorState, returned: ColorState) -> Plan:
    if not carries(returned):
        enough = f"{returned.color} has {returned.healthy} of {max(1, returned.desired)} healthy targets"
        now = shown_traffic(snapshot)
        return Plan(blocked=f"the traffic cannot go back, {enough}; {now}: {repair(snapshot.service)} looks again")
    proof: list[Step] = [Prove(returned.color, wanted.probe, required=False)] if wanted.probe else []
    steps: list[Step] = [
        *point(snapshot, "production", snapshot.production, returned.color),
        *point(snapshot, "preview", snapshot.preview, returned.color),
        *proof,
        *back(snapshot, wanted, returned.released or returned.definition),
        Drain(target.color, max(wanted.drain_floor, sticky_seconds(snapshot)), target.deregistration_delay),
        *scaling.lower(target, wanted),
        *_keep(snapshot, returned, wanted),
        *_forget(snapshot, target),
    ]
    return _finished(snapshot, steps, returned.color)
