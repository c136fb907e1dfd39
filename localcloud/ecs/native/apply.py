# SPDX-License-Identifier: GPL-3.0-or-later
"""Carry out the moves of a deployment by stages. Call under the lock on moto."""

from __future__ import annotations

import secrets
import time

from localcloud.ecs import deployments
from localcloud.ecs.model import Service, now
from localcloud.ecs.native import rules
from localcloud.ecs.native.course import Course, Hook
from localcloud.ecs.native.phases import Phase, backward
from localcloud.ecs.native.plan import NO_CANDIDATE, Enter, Expire, Fail, Finish, Move, RollBack

#: Defaults of DeploymentLifecycleHookTimeoutConfiguration.
HOOK_MINUTES, HOOK_ACTION = 1440, "ROLLBACK"


def apply(service: Service, move: Move) -> None:
    """Make this move with the service's newest deployment."""
    course = service.primary.course
    assert course is not None
    match move:
        case Enter():
            _enter(service, course)
        case Expire():
            next(hook for hook in course.hooks if hook.id == move.hook).status = "TIMED_OUT"
        case RollBack():
            _turn(service, course, move)
        case Fail():
            _fail(service, move)
        case Finish():
            _finish(service, course)


def _enter(service: Service, course: Course) -> None:
    deployment = service.primary
    if deployment.history["status"] == "PENDING":
        deployment.history |= {"status": "IN_PROGRESS", "startedAt": now()}
    course.index += 1
    course.entered = time.monotonic()
    deployment.updated = now()
    phase = course.phases[course.index]
    _shift(service, course, phase)
    opened = [] if course.back else _hooks(course, phase.stage)
    course.hooks += opened
    course.met = len(opened)


def _shift(service: Service, course: Course, phase: Phase) -> None:
    deployment = service.primary
    if phase.production is not None:
        course.denied = rules.shift(service, deployment, "productionListenerRule", phase.production)
        if not course.denied:
            course.production = phase.production
    if phase.test is not None:
        course.denied = rules.shift(service, deployment, "testListenerRule", phase.test)
        if not course.denied:
            course.test = phase.test


def _hooks(course: Course, stage: str) -> list[Hook]:
    """The pause hooks of a stage, all at once (the page "pause"); each time anew, with an id of its own."""
    hooks = []
    for wanted in course.configuration.get("lifecycleHooks") or ():
        if stage in wanted["lifecycleStages"]:
            timeout = wanted.get("timeoutConfiguration") or {}
            hook = Hook(
                id=f"ecs-pause-{secrets.token_urlsafe(32)}",
                stage=stage,
                opened=time.monotonic(),
                opened_at=now(),
                minutes=timeout.get("timeoutInMinutes", HOOK_MINUTES),
                timeout_action=timeout.get("action", HOOK_ACTION),
            )
            hooks.append(hook)
    return hooks


def _turn(service: Service, course: Course, move: RollBack) -> None:
    failed, source = service.primary, course.source
    assert source is not None
    cleaning = course.phase is not None and course.phase.stage == "CLEAN_UP"
    _announce(service, move.reason, move.alarms)
    course.phases = backward(shifted=course.production > 0, tested=course.test > 0, cleaning=cleaning)
    course.back, course.index, course.met, course.denied = True, -1, 0, ""
    failed.history |= {"status": "ROLLBACK_IN_PROGRESS", "statusReason": move.reason}
    failed.history["rollback"] = {
        "reason": move.reason,
        "startedAt": now(),
        "serviceRevisionArn": source.revision_arn,
    }
    service.definition, service.load_balancers = source.definition, source.load_balancers
    service.network, service.platform_version = source.network, source.platform_version
    service.say(f"rolling back to (deployment {source.id}).")


def _fail(service: Service, move: Fail) -> None:
    """The end where it stands: what happens to its tasks and to the rules then is not documented; here both stay."""
    _announce(service, move.reason, move.alarms)
    reason = NO_CANDIDATE if move.status == "ROLLBACK_FAILED" else move.reason
    if service.primary.history["status"] == "PENDING":
        service.primary.history["startedAt"] = now()
    deployments.finish(service.primary, move.status, reason)
    service.say(f"(deployment {service.primary.id}) {reason}")


def _announce(service: Service, reason: str, alarms: tuple[str, ...]) -> None:
    deployment, course = service.primary, service.primary.course
    assert course is not None
    course.triggered = list(alarms)
    course.close_hooks()
    deployment.move("FAILED", reason)
    service.say(f"(deployment {deployment.id}) deployment failed: {reason}")


def _finish(service: Service, course: Course) -> None:
    if not course.back:
        deployments.complete(service)
        return
    failed, source = service.primary, course.source
    assert source is not None
    deployments.finish(failed, "ROLLBACK_SUCCESSFUL")
    failed.status, source.status = "INACTIVE", "PRIMARY"
    service.deployments = [source, *(d for d in service.deployments if d not in (source, failed))]
    source.move("COMPLETED", f"ECS deployment {source.id} completed.")
    service.completed = source
    service.say(f"(deployment {failed.id}) rollback completed.")
