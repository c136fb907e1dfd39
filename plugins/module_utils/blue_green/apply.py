# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Carries out a plan, step by step. It never decides: what does not match the plan's assumptions stops it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from .. import autoscaling, ecs, elb
from ..rule_actions_plan import comparable, weights_of
from .plan_model import TAG_RELEASE
from .run import Run, StepFailedError, SupersededError
from .steps_plan import (
    ConfirmCapacity,
    CreateService,
    Drain,
    Plan,
    PointRule,
    Prove,
    RegisterDefinition,
    SetScaling,
    TagService,
    UpdateService,
    WaitHealthy,
)
from .waits import confirm_capacity, drain, prove, wait_healthy


def apply(run: Run, plan: Plan) -> None:
    """Runs every step in order. Raises what stopped it; what was done until then stays done."""
    for step in plan.steps:
        with run.progress.step(step.title, STAGES[type(step)]):
            _DO[type(step)](run, step)
        run.done += 1


def _register(run: Run, step: RegisterDefinition) -> None:
    arn = ecs.register_task_definition(run.clients.ecs, dict(step.request), run.tags)
    run.registered[step.color] = arn
    run.progress.say(f"registered {arn.rpartition('/')[2]}")


def _create(run: Run, step: CreateService) -> None:
    request = {
        **step.request,
        "cluster": run.scope.cluster,
        "desiredCount": 0,
        "taskDefinition": step.definition or run.registered[step.color],
    }
    if step.tags:
        request["tags"] = ecs.tag_list(dict(step.tags))
    # A token of its own for each creation: ECS would answer an old token with the service that it once made, even if
    # that has been deleted since.
    ecs.create_service(run.clients.ecs, run.scope.name_of(step.color), request, str(uuid.uuid4()))
    run.definitions[step.color] = request["taskDefinition"]


def _update(run: Run, step: UpdateService) -> None:
    changes = dict(step.changes)
    definition = run.registered[step.color] if step.registered else step.definition
    if definition:
        changes["taskDefinition"] = definition
        run.definitions[step.color] = definition
    ecs.update_service(run.clients.ecs, run.scope.cluster, run.scope.name_of(step.color), changes)


def _tag(run: Run, step: TagService) -> None:
    service = run.snapshot.colors[step.color].service
    if service is None:
        raise StepFailedError(f"service {run.scope.name_of(step.color)} does not exist")
    tags = {**step.tags, TAG_RELEASE: run.definitions[step.color]} if step.released else dict(step.tags)
    ecs.tag_resource(run.clients.ecs, service.arn, tags)


def _scale(run: Run, step: SetScaling) -> None:
    bounds = step.scaling
    suspended = {
        "DynamicScalingInSuspended": bounds.scale_in_suspended,
        "DynamicScalingOutSuspended": bounds.scale_out_suspended,
        "ScheduledScalingSuspended": bounds.schedule_suspended,
    }
    resource = autoscaling.resource_id(run.scope.cluster, run.scope.name_of(step.color))
    autoscaling.register_scalable_target(run.clients.autoscaling, resource, bounds.minimum, bounds.maximum, suspended)


def _point(run: Run, step: PointRule) -> None:
    """Writes only over what the plan saw, then reads back: ModifyRule has no ETag that could guard the write."""
    before = _actions(run, step)
    if comparable(before) == comparable(step.actions):
        return
    if comparable(before) != comparable(step.expected):
        raise SupersededError(f"the {step.rule} rule {step.arn} was changed by somebody else: {_shown(run, before)}")
    elb.modify_rule_actions(run.clients.elbv2, step.arn, step.actions)
    after = _actions(run, step)
    if comparable(after) != comparable(step.actions):
        raise SupersededError(f"the {step.rule} rule {step.arn} was changed right after us: {_shown(run, after)}")


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
    SetScaling: _scale,
    PointRule: _point,
    WaitHealthy: wait_healthy,
    ConfirmCapacity: confirm_capacity,
    Prove: prove,
    Drain: drain,
}

# The keys of the result's timings.
STAGES: dict[type, str] = {
    RegisterDefinition: "register",
    CreateService: "services",
    UpdateService: "services",
    TagService: "services",
    SetScaling: "scaling",
    PointRule: "weights",
    WaitHealthy: "healthy",
    ConfirmCapacity: "healthy",
    Prove: "prove",
    Drain: "drain",
}
