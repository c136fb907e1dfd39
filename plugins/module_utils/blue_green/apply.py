# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Carries out a plan, step by step. It never decides: what does not match the plan's assumptions stops it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .. import autoscaling, ecs, elb
from ..rule_actions_plan import comparable, weights_of
from .creation import create
from .health_check import set_health_check
from .native_run import answer_hook, remove_colors, start_rollout, stop_rollout, wait_rollout
from .native_steps_plan import BACK, SHIFTED, AnswerHook, RemoveColors, StartRollout, StopRollout, WaitRollout
from .once import run_once
from .plan_model import FULL_WEIGHT, KEEP_WARM_ACTION, TAG_APPROVAL, TAG_CANDIDATE, TAG_RELEASE, other
from .run import PlanOutdatedError, Run, SupersededError
from .schedules import create_group, point_schedule, remove_schedule
from .smoke import check_smoke
from .steps_plan import (
    AwaitApproval,
    CancelScaleDown,
    CheckSmoke,
    ConfirmCapacity,
    CreateService,
    DeleteRule,
    Drain,
    Plan,
    PointRule,
    Prove,
    RegisterDefinition,
    RunOnce,
    ScheduleScaleDown,
    SetHealthCheck,
    SetScaling,
    Step,
    TagService,
    UntagService,
    UpdateService,
    WaitHealthy,
    Watch,
)
from .waits import confirm_capacity, drain, prove, wait_healthy
from .watch import watch
from .worker_steps_plan import (
    CreateScheduleGroup,
    CreateWorker,
    EmptyWorker,
    MarkWorker,
    PointSchedule,
    RemoveSchedule,
    RollWorker,
    SettleWorker,
    WaitWorker,
)
from .workers import create_worker, empty_worker, mark_worker, roll_worker, settle_worker, wait_worker

# Seconds for which the time in an answer of AWS is carried on with this process's clock.
TIME_FOR = 30.0


def apply(run: Run, plan: Plan) -> None:
    """Runs every step in order. Raises what stopped it; what was done until then stays done."""
    for step in plan.steps:
        run.stop.check()
        # A call that stalls for longer than the lease must not be followed by writes beside its next holder's.
        run.lease.keep()
        with run.progress.step(step.title, STAGES[type(step)]) as record:
            _DO[type(step)](run, step)
            record.weights = _moved(step)
        run.done += 1


def _moved(step: Step) -> Mapping[str, int]:
    """The weights that the production rule has after a step that moves them, ours or ECS's."""
    if isinstance(step, PointRule) and step.rule == "production":
        return step.weights
    if isinstance(step, WaitRollout) and step.until in (SHIFTED, BACK):
        return {step.color: FULL_WEIGHT, other(step.color): 0}
    return {}


def _register(run: Run, step: RegisterDefinition) -> None:
    arn = ecs.register_task_definition(run.clients.ecs, dict(step.request), run.tags)
    run.registered[step.color] = arn
    run.progress.say(f"registered {arn.rpartition('/')[2]}")


def _create(run: Run, step: CreateService) -> None:
    create(run, step, step.color, run.scope.name_of(step.color))


def _update(run: Run, step: UpdateService) -> None:
    changes = dict(step.changes)
    definition = run.registered[step.color] if step.registered else step.definition
    if definition:
        changes["taskDefinition"] = definition
        run.definitions[step.color] = definition
    ecs.update_service(run.clients.ecs, run.scope.cluster, run.scope.name_of(step.color), changes)


def _tag(run: Run, step: TagService) -> None:
    tags = dict(step.tags)
    if step.released:
        tags[TAG_RELEASE] = run.definitions[step.color]
    if step.candidate:
        tags[TAG_CANDIDATE] = run.definitions[step.color]
    ecs.tag_resource(run.clients.ecs, run.service_arn(step.color), tags)


def _untag(run: Run, step: UntagService) -> None:
    ecs.untag_resource(run.clients.ecs, run.service_arn(step.color), list(step.keys))


def _await_approval(run: Run, step: AwaitApproval) -> None:
    tags = {TAG_APPROVAL: run.definitions[step.color]}
    ecs.tag_resource(run.clients.ecs, run.service_arn(step.color), tags)


def _scale(run: Run, step: SetScaling) -> None:
    bounds = step.scaling
    suspended = {
        "DynamicScalingInSuspended": bounds.scale_in_suspended,
        "DynamicScalingOutSuspended": bounds.scale_out_suspended,
        "ScheduledScalingSuspended": bounds.schedule_suspended,
    }
    resource = autoscaling.resource_id(run.scope.cluster, run.scope.name_of(step.color))
    client = run.clients.autoscaling
    run.aws_time = autoscaling.register_scalable_target(client, resource, bounds.minimum, bounds.maximum, suspended)
    run.aws_time_read = run.progress.clock()


def _schedule_down(run: Run, step: ScheduleScaleDown) -> None:
    """At AWS's own time: a controller's clock that is wrong must not shorten it."""
    client = run.clients.autoscaling
    resource = autoscaling.resource_id(run.scope.cluster, run.scope.name_of(step.color))
    age = run.progress.clock() - run.aws_time_read
    now = run.aws_time + age if run.aws_time and age < TIME_FOR else autoscaling.current_time(client, resource)
    until = autoscaling.at_expression(now + step.seconds)
    autoscaling.put_scheduled_action(client, resource, KEEP_WARM_ACTION, until, 0, 0)
    run.progress.say(f"{step.color} keeps its tasks until {until[3:-1]} UTC")


def _cancel_down(run: Run, step: CancelScaleDown) -> None:
    """What has acted already cannot be canceled: its bounds stand, and the plan that counted on the tasks is void."""
    client = run.clients.autoscaling
    resource = autoscaling.resource_id(run.scope.cluster, run.scope.name_of(step.color))
    autoscaling.delete_scheduled_action(client, resource, KEEP_WARM_ACTION)
    found = autoscaling.describe_scalable_targets(client, [resource]).get(resource, {})
    bounds = run.snapshot.colors[step.color].scaling
    if found.get("MaxCapacity") == 0 and bounds and bounds.maximum:
        raise PlanOutdatedError(f"the tasks of {step.color} were just being taken away by its scheduled scale-down")


def _point(run: Run, step: PointRule) -> None:
    """Writes only over what the plan saw, then reads back: ModifyRule has no ETag that could guard the write.

    Of the preview rule ModifyRule's own answer is enough: no user sees it, and who checks over it has its route proven.
    """
    before = _actions(run, step)
    if comparable(before) == comparable(step.actions):
        return
    if comparable(before) != comparable(step.expected):
        raise SupersededError(f"the {step.rule} rule {step.arn} was changed by somebody else: {_shown(run, before)}")
    run.lease.confirm()
    answer = elb.modify_rule_actions(run.clients.elbv2, step.arn, step.actions)
    after = _actions(run, step) if step.rule == "production" else answer
    if comparable(after) != comparable(step.actions):
        raise SupersededError(f"the {step.rule} rule {step.arn} was changed right after us: {_shown(run, after)}")


def _delete_rule(run: Run, step: DeleteRule) -> None:
    """Takes a rule away, provided that it still does what the plan saw."""
    found = elb.describe_rule(run.clients.elbv2, step.arn)
    if found and comparable(found["Actions"]) != comparable(step.expected):
        raise SupersededError(f"the {step.rule} rule {step.arn} was changed by somebody else")
    run.lease.confirm()
    elb.delete_rule(run.clients.elbv2, step.arn)


def _actions(run: Run, step: PointRule) -> list[dict[str, Any]]:
    rule = elb.describe_rule(run.clients.elbv2, step.arn)
    if rule is None:
        raise SupersededError(f"the {step.rule} rule {step.arn} was deleted by somebody else")
    return rule["Actions"]


def _shown(run: Run, actions: list[dict[str, Any]]) -> str:
    return ", ".join(f"{run.snapshot.color_of(arn) or arn} {weight}" for arn, weight in weights_of(actions).items())


_DO: dict[type, Callable[[Run, Any], None]] = {
    RegisterDefinition: _register,
    CreateService: _create,
    UpdateService: _update,
    TagService: _tag,
    UntagService: _untag,
    AwaitApproval: _await_approval,
    ScheduleScaleDown: _schedule_down,
    CancelScaleDown: _cancel_down,
    SetScaling: _scale,
    PointRule: _point,
    DeleteRule: _delete_rule,
    SetHealthCheck: set_health_check,
    WaitHealthy: wait_healthy,
    ConfirmCapacity: confirm_capacity,
    Prove: prove,
    Drain: drain,
    CheckSmoke: check_smoke,
    Watch: watch,
    RunOnce: run_once,
    CreateWorker: create_worker,
    SettleWorker: settle_worker,
    EmptyWorker: empty_worker,
    RollWorker: roll_worker,
    WaitWorker: wait_worker,
    MarkWorker: mark_worker,
    CreateScheduleGroup: create_group,
    PointSchedule: point_schedule,
    RemoveSchedule: remove_schedule,
    StartRollout: start_rollout,
    WaitRollout: wait_rollout,
    AnswerHook: answer_hook,
    StopRollout: stop_rollout,
    RemoveColors: remove_colors,
}

# The keys of the result's timings.
STAGES: dict[type, str] = {
    RegisterDefinition: "register",
    CreateService: "services",
    UpdateService: "services",
    TagService: "services",
    UntagService: "services",
    AwaitApproval: "approval",
    ScheduleScaleDown: "scaling",
    CancelScaleDown: "scaling",
    SetScaling: "scaling",
    PointRule: "weights",
    DeleteRule: "weights",
    SetHealthCheck: "health_check",
    WaitHealthy: "healthy",
    ConfirmCapacity: "healthy",
    Prove: "prove",
    Drain: "drain",
    CheckSmoke: "smoke",
    Watch: "watch",
    RunOnce: "one_off_task",
    CreateWorker: "workers",
    SettleWorker: "workers",
    EmptyWorker: "workers",
    RollWorker: "workers",
    WaitWorker: "workers",
    MarkWorker: "workers",
    CreateScheduleGroup: "schedules",
    PointSchedule: "schedules",
    RemoveSchedule: "schedules",
    StartRollout: "services",
    WaitRollout: "rollout",
    AnswerHook: "approval",
    StopRollout: "rollout",
    RemoveColors: "services",
}
