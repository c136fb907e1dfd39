# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What to do after a step of a run with engine native failed, decided from what is there now. Pure and total.

What is in flight ECS takes back. What has ended and was not proven is answered by a deployment of the release before. A
deployment that replaces engine two_service is taken back by our own weights, as ECS has nothing to return to.
"""

from __future__ import annotations

from .native_model_plan import Rollout
from .native_plan import native_of, stopping, to_release
from .native_steps_plan import BACK, RemoveColors, StartRollout, WaitRollout
from .native_text_plan import target_color
from .plan_model import IDLE_SCALING, Snapshot, Wanted, other
from .scaling_plan import set_scaling
from .shown_plan import shown_state
from .steps_plan import Drain, Plan, Prove, Step, TagService, UpdateService
from .traffic_plan import point, problems, serving_color, shown_traffic
from .worker_plan import back


def plan_native_recovery(snapshot: Snapshot, wanted: Wanted, failed: Plan, left: tuple[Step, ...]) -> Plan:
    """blocked says why nothing can be taken back; the traffic then stays as shown.

    left: the steps of the failed plan that were not done; without one that proves, the release is live and proven.
    """
    native = native_of(snapshot)
    if not any(isinstance(step, StartRollout | WaitRollout | Prove | TagService) for step in left):
        return Plan(blocked=f"{failed.target} is live and proven, only the tidying is left; {shown_traffic(snapshot)}")
    if not native.exists:
        return _made(snapshot, [])
    if any(each.desired for each in native.foreign.values()):
        return _to_two_service(snapshot, wanted)
    if native.rollout:
        return _made(snapshot, _in_flight(snapshot, wanted, failed, native.rollout))
    live = serving_color(snapshot)
    if live is None:
        return Plan(blocked="; ".join(problems(snapshot)) or shown_traffic(snapshot))
    state = snapshot.colors[live]
    if failed.first:
        return _made(snapshot, [*back(snapshot, wanted, None), *_lower(snapshot)])
    if state.proven:
        return _made(snapshot, back(snapshot, wanted, state.released))
    return to_release(snapshot, wanted, live, withdraw=False)


def _made(snapshot: Snapshot, steps: list[Step]) -> Plan:
    return Plan(before=shown_state(snapshot), steps=tuple(steps))


def _in_flight(snapshot: Snapshot, wanted: Wanted, failed: Plan, rollout: Rollout) -> list[Step]:
    target = target_color(snapshot, rollout) or str(failed.target)
    kept = snapshot.colors[other(target)]
    wait = WaitRollout(kept.color, BACK, wanted.healthy_timeout, wanted.poll_interval)
    # Tasks of a service that has no release yet are nothing to return to.
    gone = _lower(snapshot) if failed.first else []
    return [*stopping(rollout, target), *gone, wait, *back(snapshot, wanted, kept.released or kept.definition)]


def _lower(snapshot: Snapshot) -> list[Step]:
    native = native_of(snapshot)
    state = next(iter(snapshot.colors.values()))
    down: list[Step] = [UpdateService(state.color, {"desiredCount": 0})] if native.desired else []
    return [*(set_scaling(state, IDLE_SCALING) if state.scaling else []), *down]


def _to_two_service(snapshot: Snapshot, wanted: Wanted) -> Plan:
    """The pair still runs. Its service's traffic comes back first, then the new service goes, drained."""
    native = native_of(snapshot)
    old = max(native.foreign, key=lambda color: native.foreign[color].desired)
    if not snapshot.colors[old].healthy:
        return Plan(blocked=f"the traffic cannot go back, no target of {old} is healthy; {shown_traffic(snapshot)}")
    moved = point(snapshot, "production", snapshot.production, old)
    drain: list[Step] = [Drain(other(old), wanted.drain_floor, 0)] if moved else []
    steps: list[Step] = [
        *(stopping(native.rollout, other(old)) if native.rollout else []),
        *moved,
        *point(snapshot, "preview", snapshot.preview, old),
        *drain,
        RemoveColors((snapshot.service,)),
    ]
    return _made(snapshot, steps)
