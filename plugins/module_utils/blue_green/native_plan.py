# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Deploy, continue and roll back with engine native: Amazon ECS moves the traffic. Pure and total.

A run begins a deployment, or finds the one that is in flight and follows that. Nothing but the deployment itself, the
weights and the tags of the service says where it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from . import shift_plan as shifting
from .commands_plan import playbook, repair
from .found_plan import found_text
from .health_check_plan import health_check_step, recorded
from .native_model_plan import Rollout
from .native_retire_plan import creation, retire
from .native_steps_plan import BACK, DONE, GATE, SCALED, SHIFTED, AnswerHook, StartRollout, StopRollout, WaitRollout
from .native_strategy_plan import MINUTE, bake_minutes, configuration, gated
from .native_text_plan import target_color
from .pin_plan import release_in
from .plan_model import (
    TAG_APPROVAL,
    TAG_PREVIOUS,
    TAG_RELEASE,
    WITHDRAWN,
    ColorState,
    Definition,
    Gates,
    Native,
    Scaling,
    Shift,
    Snapshot,
    Wanted,
    other,
)
from .scaling_plan import set_scaling
from .shown_plan import with_before_and_after
from .steps_plan import AwaitApproval, Plan, Step, TagService, UntagService
from .task_definition_plan import COLOR_VARIABLE, Body, normalized
from .traffic_plan import live_color, problems, serving_color, shown_traffic
from .worker_plan import back, forward

# Seconds on top of what a strategy takes by itself, for what ECS does between its steps.
SLACK = 900.0


def native_of(snapshot: Snapshot) -> Native:
    return snapshot.native or Native()


def preflight(snapshot: Snapshot, wanted: Wanted) -> list[str]:
    """What ECS does not look at before it moves the weights (containers-roadmap#2853)."""
    native, live = native_of(snapshot), live_color(snapshot)
    if not native.exists and not any(each.desired for each in native.foreign.values()):
        return [f"service {snapshot.service} missing: run site.yml first: {playbook('site', snapshot.service)}"]
    if live is None:
        return [f"{shown_traffic(snapshot)}: {repair(snapshot.service)} moves all to a healthy one"]
    found = []
    state, beside = snapshot.colors[live], snapshot.colors[other(live)]
    if native.rollout is None and beside.desired and not state.desired and native.exists:
        found.append(
            f"{shown_traffic(snapshot)}, but ECS runs the tasks of {snapshot.service} in {beside.color}: somebody else "
            f"changed the rule. {repair(snapshot.service)} sends the traffic to the color that is healthy"
        )
    tasks = state.desired or (native.foreign[live].desired if live in native.foreign else 0)
    if not found and tasks and not state.healthy and not wanted.insist:
        insist = playbook("deploy_backend", snapshot.service, "image=IMAGE", f"confirm={snapshot.service}")
        found.append(
            f"{shown_traffic(snapshot)}: none of the {tasks} tasks of {live} is healthy, which ECS does not see. Look "
            f"at them, {repair(snapshot.service)} if another color is healthy; {insist} deploys a release that mends it"
        )
    pair = [rule.arn for rule in (snapshot.production, snapshot.preview) if rule]
    if len(pair) != len(set(pair)):
        found.append(f"production and preview are the same rule {pair[0]}: {playbook('site', snapshot.service)}")
    return found


def plan_native_deploy(snapshot: Snapshot, wanted: Wanted) -> Plan:
    """Begin a deployment to the color without traffic; go on with the one in flight if it is of just this."""
    native, live = native_of(snapshot), live_color(snapshot)
    if native.rollout:
        return _go_on(snapshot, wanted, native.rollout)
    found = preflight(snapshot, wanted)
    if found or live is None:
        return Plan(blocked="; ".join(found))
    state = snapshot.colors[live]
    if native.exists and state.desired and _is(state.definition, wanted.bodies[live]):
        return _in_place(snapshot, wanted, state)
    request = wanted.bodies[other(live)]
    return _begin(snapshot, wanted, other(live), request, _known(snapshot, other(live), request))


def _go_on(snapshot: Snapshot, wanted: Wanted, rollout: Rollout) -> Plan:
    """The deployment in flight, if it brings what is wanted; nothing may be begun beside it, as ECS would drop it."""
    target = target_color(snapshot, rollout)
    state = snapshot.colors[target] if target else None
    name, back_again = snapshot.service, playbook("rollback_backend", snapshot.service)
    if rollout.backward:
        return Plan(blocked=f"ECS takes a deployment back; {found_text(snapshot)}. {back_again} waits for its end")
    if state is None or state.definition is None:
        return Plan(blocked=f"a deployment has just begun; {found_text(snapshot)}. {playbook('deploy_backend', name)}")
    if not any(_is(state.definition, body) for body in wanted.bodies.values()):
        return Plan(
            blocked=f"another deployment is in flight; {found_text(snapshot)}. Deploy the same image to go on with it, "
            f"or take it back: {back_again}"
        )
    body = wanted.bodies[state.color]
    return _followed(snapshot, wanted, state.color, body, state.definition, [], gate=rollout.gate_ahead)


def plan_native_continue(snapshot: Snapshot, wanted: Wanted) -> Plan:
    """What a person has approved: the deployment whose hook waits, with exactly the revision that he was shown."""
    found = problems(snapshot)
    rollout = native_of(snapshot).rollout
    target = target_color(snapshot, rollout) if rollout else None
    state = snapshot.colors[target] if target else None
    if not found and not (rollout and rollout.awaiting and state and state.awaiting):
        found = [f"nothing awaits approval; {found_text(snapshot)}"]
    if found or rollout is None or state is None or state.definition is None:
        return Plan(blocked="; ".join(found))
    once_more = replace(wanted, pause_before_shift=False)
    return _followed(snapshot, once_more, state.color, {}, state.definition, [], gate=True)


def plan_native_rollback(snapshot: Snapshot, wanted: Wanted) -> Plan:
    """Take back what is in flight; else deploy the release before, at once and without gates."""
    native, found = native_of(snapshot), problems(snapshot)
    if found:
        return Plan(blocked="; ".join(found))
    if native.rollout:
        return _take_back(snapshot, wanted, native.rollout)
    live = serving_color(snapshot)
    if live is None or not native.exists:
        return Plan(blocked=f"engine native has no release of {snapshot.service}; {shown_traffic(snapshot)}")
    return to_release(snapshot, wanted, live, withdraw=True)


def to_release(snapshot: Snapshot, wanted: Wanted, live: str, *, withdraw: bool) -> Plan:
    """A whole deployment of the release before, or of the release itself where what runs was never marked as one."""
    state = snapshot.colors[live]
    release = snapshot.colors[other(live)].released if state.proven else state.released
    if release is None:
        return Plan(blocked=f"there is no earlier release to return to; {shown_traffic(snapshot)}")
    request = recolored(release.body, snapshot.service, other(live))
    direct = replace(wanted, shifts=(Shift(100, 0.0),), bake=0.0, pause_before_shift=False, gates=Gates())
    return _begin(
        snapshot,
        direct,
        other(live),
        request,
        _known(snapshot, other(live), request),
        rollback=withdraw or state.proven,
    )


def recolored(body: Mapping[str, Any], service: str, color: str) -> Body:
    """The same revision as one of the other color, by which its answers are told."""
    made: Body = {**body, "family": f"{service}-{color}"}
    made["containerDefinitions"] = [
        {
            **container,
            "environment": [
                {**item, "value": color} if item["name"] == COLOR_VARIABLE else item
                for item in container.get("environment", [])
            ],
        }
        for container in body.get("containerDefinitions", [])
    ]
    return made


def _is(definition: Definition | None, body: Mapping[str, Any]) -> bool:
    return definition is not None and definition.body == normalized(body)


def _known(snapshot: Snapshot, color: str, body: Mapping[str, Any]) -> Definition | None:
    """A registered revision that is the same as the body, so that no second one is registered."""
    states = (snapshot.colors[color], snapshot.colors[other(color)])
    known = (each for state in states for each in (state.definition, state.released, state.latest))
    return next((each for each in known if each and _is(each, body)), None)


def _begin(
    snapshot: Snapshot,
    wanted: Wanted,
    target: str,
    request: Mapping[str, Any],
    definition: Definition | None,
    *,
    rollback: bool = False,
) -> Plan:
    native, state = native_of(snapshot), snapshot.colors[target]
    arn = definition.arn if definition else None
    changes = creation(snapshot, wanted, target) if not native.exists else _changes(snapshot, wanted)
    aim = recorded(request) if rollback else wanted.health_check
    stale: list[Step] = [UntagService(target, (TAG_APPROVAL,))] if TAG_APPROVAL in native.tags else []
    start: list[Step] = [
        *stale,
        *health_check_step(state, aim),
        *shifting.register(state, request, definition),
        *([] if rollback else shifting.run_once(state, request, definition, wanted)),
        StartRollout(target, arn, changes, native.known, create=not native.exists),
        *set_scaling(state, _bounds(state, wanted)),
    ]
    gate = gated(snapshot, wanted) and not rollback
    return _followed(snapshot, wanted, target, request, definition, start, gate=gate, rollback=rollback)


def _bounds(state: ColorState, wanted: Wanted) -> Scaling | None:
    """Those of the inputs; what a person has suspended stays suspended."""
    if wanted.scaling is None or state.scaling is None:
        return wanted.scaling
    return replace(state.scaling, minimum=wanted.scaling.minimum, maximum=wanted.scaling.maximum)


def size(snapshot: Snapshot, wanted: Wanted) -> int:
    """Tasks that the service has by the end: what it has now, at the first deployment what the inputs say."""
    least = wanted.scaling.minimum if wanted.scaling else 1
    native = native_of(snapshot)
    standing = max((each.desired for each in native.foreign.values()), default=0)
    return max(native.desired or standing or wanted.size, least)


def _changes(snapshot: Snapshot, wanted: Wanted) -> dict[str, Any]:
    """UpdateService members. The count only where it is too small: else autoscaling decides about it."""
    need = size(snapshot, wanted)
    made: dict[str, Any] = {"deploymentConfiguration": configuration(snapshot, wanted)}
    if native_of(snapshot).desired < need:
        made["desiredCount"] = need
    balancing = _balancing(snapshot, wanted)
    return {**made, "loadBalancers": balancing} if balancing else made


def _balancing(snapshot: Snapshot, wanted: Wanted) -> list[dict[str, Any]]:
    """With the rules that there are now, where ECS still knows others: one was deleted and made again."""
    rules = {
        "productionListenerRule": snapshot.production.arn if snapshot.production else None,
        "testListenerRule": snapshot.preview.arn if snapshot.preview else None,
        "roleArn": wanted.infrastructure_role or None,
    }
    wished = {key: value for key, value in rules.items() if value}
    now = native_of(snapshot).balancing
    made = [{**item, "advancedConfiguration": {**item.get("advancedConfiguration", {}), **wished}} for item in now]
    return [] if made == [dict(item) for item in now] else made


def _followed(
    snapshot: Snapshot,
    wanted: Wanted,
    target: str,
    request: Mapping[str, Any],
    definition: Definition | None,
    start: list[Step],
    *,
    gate: bool,
    rollback: bool = False,
) -> Plan:
    """All the way of a deployment, from what start begins or from where the one in flight is."""
    state = snapshot.colors[target]
    plan = Plan(origin=other(target), target=target, fallback=other(target), first=_first(snapshot))
    passed = not start and state.awaiting
    up = _wait(state, SCALED, wanted.healthy_timeout, wanted)
    if gate and wanted.pause_before_shift:
        ask: list[Step] = [] if passed else [up, *_to_gate(snapshot, wanted, state), AwaitApproval(target)]
        made = replace(plan, steps=(*start, *ask), awaits=True)
        return with_before_and_after(snapshot, wanted, made, definition, size(snapshot, wanted))
    answer: list[Step] = [*_to_gate(snapshot, wanted, state), AnswerHook(target, "CONTINUE")] if gate else []
    pauses, baked = sum(shift.pause for shift in wanted.shifts), bake_minutes(snapshot, wanted) * float(MINUTE)
    steps: list[Step] = [
        *start,
        up,
        *answer,
        _wait(state, SHIFTED, pauses + SLACK, wanted, pauses),
        *shifting.prove(wanted, target),
        _wait(state, DONE, baked + state.deregistration_delay + SLACK, wanted, baked),
        *_finish(snapshot, wanted, state, request, definition, rollback=rollback),
    ]
    made = replace(plan, steps=tuple(steps))
    return with_before_and_after(snapshot, wanted, made, definition, size(snapshot, wanted))


def _first(snapshot: Snapshot) -> bool:
    native = native_of(snapshot)
    return native.exists and not any(state.released for state in snapshot.colors.values())


def _wait(state: ColorState, until: str, timeout: float, wanted: Wanted, expected: float = 0.0) -> WaitRollout:
    metrics = wanted.gates.metrics if until in (SHIFTED, DONE) else ()
    return WaitRollout(state.color, until, timeout, wanted.poll_interval, expected, metrics, state.stopped)


def _to_gate(snapshot: Snapshot, wanted: Wanted, state: ColorState) -> list[Step]:
    return [_wait(state, GATE, wanted.healthy_timeout + SLACK, wanted), *shifting.smoke(snapshot, state, wanted)]


def _finish(
    snapshot: Snapshot,
    wanted: Wanted,
    state: ColorState,
    request: Mapping[str, Any],
    definition: Definition | None,
    *,
    rollback: bool,
) -> list[Step]:
    """Workers follow, the revision is marked as the release, and what engine two_service had goes."""
    release = release_in(request or (definition.body if definition else {}))
    beside = back(snapshot, wanted, definition or Definition("", normalized(request)))
    moved = beside if rollback else forward(snapshot, wanted, release)
    native = native_of(snapshot)
    approved: list[Step] = [UntagService(state.color, (TAG_APPROVAL,))] if TAG_APPROVAL in native.tags else []
    return [*moved, *_mark(snapshot, state.color, definition, rollback=rollback), *approved, *retire(snapshot, wanted)]


def _mark(snapshot: Snapshot, color: str, definition: Definition | None, *, rollback: bool) -> list[Step]:
    """The release before is what the tag named until now; one that a rollback has left is not returned to."""
    native, arn = native_of(snapshot), definition.arn if definition else ""
    old = native.tags.get(TAG_RELEASE) or _foreign_release(snapshot)
    before = WITHDRAWN if rollback else old
    tags = {TAG_PREVIOUS: before} if before and before != arn else {}
    return [TagService(color, tags, released=True)]


def _foreign_release(snapshot: Snapshot) -> str:
    """What engine two_service had live."""
    live = live_color(snapshot)
    service = native_of(snapshot).foreign.get(str(live))
    return service.definition if service and service.desired else ""


def _in_place(snapshot: Snapshot, wanted: Wanted, state: ColorState) -> Plan:
    """What is wanted has the traffic: finish what an interrupted run left."""
    bounds = set_scaling(state, _bounds(state, wanted))
    request = wanted.bodies[state.color]
    finish = _finish(snapshot, wanted, state, request, state.definition, rollback=False)
    left = [step for step in finish if not (isinstance(step, TagService) and state.proven)]
    steps: list[Step] = [*bounds, *(shifting.prove(wanted, state.color) if left else []), *left]
    made = Plan(steps=tuple(steps), origin=state.color, target=state.color, first=_first(snapshot))
    return with_before_and_after(snapshot, wanted, made, state.definition, state.desired)


def stopping(rollout: Rollout, color: str) -> list[Step]:
    """Has ECS take a deployment back; one that waits at a hook is answered there."""
    if rollout.backward:
        return []
    return [AnswerHook(color, "ROLLBACK") if rollout.awaiting else StopRollout(color)]


def _take_back(snapshot: Snapshot, wanted: Wanted, rollout: Rollout) -> Plan:
    target = target_color(snapshot, rollout) or other(live_color(snapshot) or "blue")
    state, kept = snapshot.colors[target], snapshot.colors[other(target)]
    native = native_of(snapshot)
    steps: list[Step] = [
        *stopping(rollout, target),
        WaitRollout(kept.color, BACK, SLACK, wanted.poll_interval),
        *back(snapshot, wanted, kept.released or kept.definition),
        *([UntagService(target, (TAG_APPROVAL,))] if TAG_APPROVAL in native.tags else []),
    ]
    made = Plan(steps=tuple(steps), origin=state.color, target=kept.color)
    return with_before_and_after(snapshot, wanted, made, kept.definition, kept.desired)
