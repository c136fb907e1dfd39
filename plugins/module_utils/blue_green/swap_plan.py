# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Deploy, continue and roll back with two services, decided without a cloud. Pure and total.

The same functions plan a fresh deployment, the rest of one that was interrupted, and nothing at all for one that is
done: they look only at what is there. Every write comes before the waits that depend on it, the weights move after the
target is proven able to carry them, and the old color goes only after the new weights are proven and drained.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from . import scaling_plan as scaling
from . import shift_plan as shifting
from .commands_plan import repair
from .found_plan import found_text
from .health_check_plan import health_check_step, recorded
from .pin_plan import release_in
from .plan_model import TAG_RELEASE, WITHDRAWN, ColorState, Definition, Rule, Snapshot, Wanted, other
from .shown_plan import with_before_and_after
from .steps_plan import AwaitApproval, ConfirmCapacity, Plan, Step, TagService
from .task_definition_plan import normalized
from .traffic_plan import (
    carries,
    interrupted_color,
    live_color,
    point,
    problems,
    serving_color,
    shown_traffic,
    unhealthy_problem,
)
from .worker_plan import back, forward


def plan_deploy(snapshot: Snapshot, wanted: Wanted) -> Plan:
    """To the other color; onto the color with the weight when nothing runs yet or it runs just this already."""
    found = problems(snapshot)
    live = live_color(snapshot)
    if found or live is None:
        return Plan(blocked="; ".join(found))
    half = interrupted_color(snapshot)
    state, beside = snapshot.colors[live], snapshot.colors[other(live)]
    runs = _runs(state, wanted.bodies[live])
    if half and runs:
        return _give_back(snapshot, wanted, live, lambda whole: _plan_in_place(whole, wanted, live))
    if half:
        return _toward(snapshot, wanted, half, None)
    if runs or (state.empty and beside.empty):
        return _plan_in_place(snapshot, wanted, live)
    unhealthy = unhealthy_problem(snapshot)
    if unhealthy:
        return Plan(blocked=unhealthy)
    return _plan_move(snapshot, wanted, beside.color, None)


def plan_continue(snapshot: Snapshot, wanted: Wanted) -> Plan:
    """The rest of a deployment that a person has approved, with exactly the revision that was shown to him."""
    found = problems(snapshot)
    awaiting = [state for state in snapshot.colors.values() if state.awaiting]
    if not found and len(awaiting) != 1:
        found = [f"nothing awaits approval; {found_text(snapshot)}"]
    if found:
        return Plan(blocked="; ".join(found))
    state, wanted = awaiting[0], replace(wanted, pause_before_shift=False)
    if serving_color(snapshot) == state.color:
        return _plan_in_place(snapshot, wanted, state.color)
    return _toward(snapshot, wanted, state.color, state.definition)


def plan_rollback(snapshot: Snapshot, wanted: Wanted) -> Plan:
    """To the other color's release; where a deployment or a rollback was interrupted, to what it has left standing."""
    found = problems(snapshot)
    live = live_color(snapshot)
    if found or live is None:
        return Plan(blocked="; ".join(found))
    if interrupted_color(snapshot):
        return _give_back(snapshot, wanted, live, lambda whole: _plan_in_place(whole, wanted, live))
    state, back = snapshot.colors[live], snapshot.colors[other(live)]
    withdrawn = back.service is not None and back.service.release == WITHDRAWN
    unproven_candidate = back.desired > 0 and (back.candidate or not back.proven)
    if state.proven and (withdrawn or unproven_candidate):
        return _plan_in_place(snapshot, wanted, live)
    if back.released is None:
        return Plan(blocked=f"there is no earlier release to return to on {back.color}; {shown_traffic(snapshot)}")
    return _plan_move(snapshot, wanted, back.color, back.released, rollback=True)


def _toward(snapshot: Snapshot, wanted: Wanted, target: str, approved: Definition | None) -> Plan:
    """To a color that an interrupted shift may have given some of the traffic already.

    It goes on from there when the color still runs what is wanted and carries it; otherwise the traffic goes back
    first, as to a color whose tasks are replaced it must not go. approved: the candidate to go on with.
    """
    if not interrupted_color(snapshot):
        return _plan_move(snapshot, wanted, target, approved)
    state = snapshot.colors[target]
    if carries(state) and (approved or _runs(state, wanted.bodies[target])):
        return _plan_move(snapshot, replace(wanted, pause_before_shift=False), target, approved)
    return _give_back(snapshot, wanted, other(target), lambda whole: _plan_move(whole, wanted, target, approved))


def _give_back(snapshot: Snapshot, wanted: Wanted, live: str, plan_rest: Callable[[Snapshot], Plan]) -> Plan:
    """All traffic back to live, proven; then what plan_rest makes of that."""
    if not carries(snapshot.colors[live]):
        left = f"{live} no longer carries the traffic and cannot take all of it back"
        return Plan(
            blocked=f"{left}; {shown_traffic(snapshot)}: {repair(snapshot.service)} moves it to a healthy color"
        )
    pointed = point(snapshot, "production", snapshot.production, live)
    rule = Rule(pointed[-1].arn, pointed[-1].actions)
    rest = plan_rest(replace(snapshot, production=rule))
    confirm = ConfirmCapacity(live, live, max(1, snapshot.colors[live].desired))
    first: list[Step] = [confirm, *pointed, *shifting.prove(wanted, live)]
    canceled = len(scaling.cancel(snapshot, str(rest.target)))
    return replace(rest, steps=(*rest.steps[:canceled], *first, *rest.steps[canceled:]))


def _runs(state: ColorState, body: Mapping[str, Any]) -> bool:
    return state.definition is not None and state.definition.body == normalized(body)


def _wanted_definition(state: ColorState, body: Mapping[str, Any]) -> Definition | None:
    """A registered revision that is the same as the body, so that no second one is registered."""
    aim = normalized(body)
    return next((found for found in (state.definition, state.latest) if found and found.body == aim), None)


def _minimum(wanted: Wanted) -> int:
    return wanted.scaling.minimum if wanted.scaling else 1


def _health_check(state: ColorState, wanted: Wanted, definition: Definition | None) -> list[Step]:
    """What the inputs ask for, or what the revision that comes back was released with."""
    aim = wanted.health_check if wanted.bodies else recorded(definition.body if definition else None)
    return health_check_step(state, aim)


def _plan_in_place(snapshot: Snapshot, wanted: Wanted, live: str) -> Plan:
    """The traffic is where it shall be: bring up what the first deployment lacks, finish what was left unfinished."""
    state, beside = snapshot.colors[live], snapshot.colors[other(live)]
    request = wanted.bodies.get(live, {})
    definition = _wanted_definition(state, request) if request else state.definition
    need = state.desired or max(wanted.size, _minimum(wanted))
    fallback = beside.color if beside.proven and beside.healthy else None
    start = _start_in_place(snapshot, wanted, state, definition, need)
    candidate = state.candidate or shifting.updates(start)
    baked = shifting.bake(state, need, wanted) if state.candidate and fallback else []
    mark = shifting.mark(state, definition, candidate=candidate)
    untag = scaling.untag(state, marked=shifting.marks(start))
    settle = _settle(snapshot, replace(state, scaling=None) if shifting.updates(start) else state, state, wanted)
    retire = scaling.leave(snapshot, beside, wanted, kept=beside.proven and not beside.candidate)
    given_up = scaling.untag(beside) if beside.desired else []
    forget = scaling.forget(snapshot, state, [step for step in start if isinstance(step, TagService) and step.tags])
    mark = [*_beside(snapshot, wanted, request, definition, rollback=not (request or state.candidate)), *mark]
    steps: list[Step] = []
    if start or mark or untag or settle or retire or given_up or forget:
        proof = [shifting.wait_healthy(state, need, wanted), *_smoke_first(snapshot, state, wanted, start)]
        proof += [*shifting.prove(wanted, live), *baked]
        # Taking the other color's tasks away comes last: with them goes what tells a rollback that it was interrupted.
        steps = [*start, *proof, *mark, *untag, *settle, *retire, *given_up, *forget]
    first = fallback is None and state.service is not None and state.service.release is None
    made = Plan(steps=tuple(steps), origin=live, target=live, fallback=fallback, first=first)
    return with_before_and_after(snapshot, wanted, made, definition, need)


def _start_in_place(
    snapshot: Snapshot, wanted: Wanted, state: ColorState, definition: Definition | None, need: int
) -> list[Step]:
    """Ahead of the wait: nothing for a color that runs whole."""
    service = state.service
    runs = definition is not None and service is not None and service.definition == definition.arn
    first = [
        *scaling.cancel(snapshot, state.color),
        *point(snapshot, "preview", snapshot.preview, state.color),
    ]
    if runs and service and service.desired and not service.gave_up:
        return first
    request = wanted.bodies.get(state.color, {})
    return [
        *first,
        *scaling.record(snapshot, state, wanted),
        *_health_check(state, wanted, definition),
        *shifting.register(state, request, definition),
        *shifting.run_once(state, request, definition, wanted),
        *shifting.stale_approval(state, definition),
        *shifting.bring_up(state, definition, need, wanted, candidate=bool(request)),
    ]


def _smoke_first(snapshot: Snapshot, state: ColorState, wanted: Wanted, start: list[Step]) -> list[Step]:
    """A color that starts with the weight on it is checked all the same: the first release must not be a broken one."""
    return shifting.smoke(snapshot, state, wanted) if shifting.updates(start) else []


def _settle(snapshot: Snapshot, state: ColorState, live: ColorState, wanted: Wanted) -> list[Step]:
    """live: the color whose suspensions are those that a person wants."""
    return scaling.set_scaling(state, scaling.settled(snapshot, live, wanted))


def _plan_move(
    snapshot: Snapshot, wanted: Wanted, target: str, release: Definition | None, *, rollback: bool = False
) -> Plan:
    """Moves the traffic to target: to what the bodies ask for, an earlier release, or an approved candidate."""
    state, old = snapshot.colors[target], snapshot.colors[other(target)]
    request = {} if release else wanted.bodies[target]
    definition = release or _wanted_definition(state, request)
    need = max(old.desired, old.running, state.desired, _minimum(wanted))
    held = scaling.hold(old, wanted)
    record = scaling.record(snapshot, old, wanted)
    rise = shifting.bring_up(state, definition, need, wanted, candidate=not rollback)
    check = _health_check(state, wanted, definition)
    ready = shifting.stands(state, need, wanted) and not shifting.updates(rise) and not check
    start: list[Step] = [
        *scaling.cancel(snapshot, target),
        *point(snapshot, "preview", snapshot.preview, target),
        *record,
        *scaling.set_scaling(old, held),
        *(scaling.untag(state) if rollback else []),
        *check,
        *shifting.register(state, request, definition),
        *shifting.run_once(state, request, definition, wanted),
        *shifting.stale_approval(state, definition),
        *rise,
    ]
    approved = shifting.approved(state, definition)
    plan = Plan(origin=old.color, target=target, fallback=old.color)
    if wanted.pause_before_shift and not rollback:
        passed = approved and ready
        gates = [] if passed else [shifting.wait_healthy(state, need, wanted), *shifting.smoke(snapshot, state, wanted)]
        ask: list[Step] = [] if approved else [AwaitApproval(target)]
        made = replace(plan, steps=(*start, *gates, *ask), awaits=True)
        return with_before_and_after(snapshot, wanted, made, definition, need)
    waits: list[Step] = [] if rollback and ready else [shifting.wait_healthy(state, need, wanted)]
    smoke = [] if rollback else shifting.smoke(snapshot, state, wanted)
    left = replace(old, scaling=held or old.scaling, warm_until="")
    steps: list[Step] = [
        *start,
        *waits,
        *smoke,
        *(_withdraw(old) if rollback else []),
        *shifting.shift(snapshot, old, state, need, wanted),
        *_beside(snapshot, wanted, request, definition, rollback=rollback),
        *shifting.mark(state, definition, candidate=not rollback),
        *([] if rollback else scaling.untag(state, marked=shifting.marks(rise))),
        *scaling.leave(snapshot, left, wanted, kept=not rollback and old.proven),
        *scaling.untag(old),
        *_settle(snapshot, replace(state, scaling=None), old, wanted),
        *scaling.forget(snapshot, old, record),
    ]
    return with_before_and_after(snapshot, wanted, replace(plan, steps=tuple(steps)), definition, need)


def _beside(
    snapshot: Snapshot, wanted: Wanted, request: Mapping[str, Any], definition: Definition | None, *, rollback: bool
) -> list[Step]:
    """Workers and schedules to the target's release, once the traffic has moved and was watched."""
    if rollback:
        return back(snapshot, wanted, definition)
    return forward(snapshot, wanted, release_in(request or (definition.body if definition else {})))


def _withdraw(old: ColorState) -> list[Step]:
    """Before the shift: a rollback that is interrupted must not look like a deployment of what it leaves."""
    kept = old.service is not None and old.service.release != WITHDRAWN
    return [TagService(old.color, {TAG_RELEASE: WITHDRAWN})] if kept else []
