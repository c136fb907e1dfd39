# SPDX-License-Identifier: GPL-3.0-or-later
"""Begin, complete, break and end deployments of a service. Call under the lock on moto.

Sentences as ECS writes them (Developer Guide, "Viewing Amazon ECS service event messages", "How the Amazon ECS
deployment circuit breaker detects failures").
"""

from __future__ import annotations

import secrets
import time
from typing import Any

from localcloud.ecs.model import Deployment, Service, Task, now
from localcloud.ecs.native import begin as native
from localcloud.ecs.plan import breaker_threshold

#: Deployments that ListServiceDeployments can show (AWS: those of the last 90 days).
HISTORY_LIMIT = 100
#: Statuses of service deployments that are not over.
_UNDER_WAY = ("PENDING", "IN_PROGRESS", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS")
#: Seconds between restarts of a task that fails again and again: 0, then 1, 2, 4 ... (AWS: up to 27 minutes).
BACKOFF_FIRST, BACKOFF_LIMIT = 1.0, 15.0


def begin(service: Service) -> Deployment:
    """A new primary deployment of what the service says now; the one before stays ACTIVE until its tasks are gone."""
    identifier = str(secrets.randbelow(9 * 10**18) + 10**18)
    base = service.arn.replace(":service/", ":service-{}/")
    by_stages = service.configuration["strategy"] != "ROLLING"
    source = native.source_of(service)
    previous = source if by_stages else service.deployments[0] if service.deployments else None
    _supersede(service)
    deployment = Deployment(
        id=f"ecs-svc/{identifier}",
        arn=f"{base.format('deployment')}/{secrets.token_urlsafe(16)}",
        revision_arn=f"{base.format('revision')}/{identifier}",
        definition=service.definition,
        load_balancers=service.load_balancers,
        network=service.network,
        platform_version=service.platform_version,
        source_revision=previous.revision_arn if previous else None,
        resolved=native.resolve(service, source),
    )
    if by_stages:
        others = any(d is not source for d in service.deployments)
        deployment.course = native.course(service, source, others)
    deployment.move("IN_PROGRESS", f"ECS deployment {deployment.id} in progress.")
    deployment.history = {"status": "PENDING"} if by_stages else {"status": "IN_PROGRESS", "startedAt": now()}
    service.deployments = [deployment, *service.deployments]
    service.past = [deployment, *service.past[: HISTORY_LIMIT - 1]]
    service.steady = False
    return deployment


def _supersede(service: Service) -> None:
    """Another deployment takes over from those that are under way."""
    for deployment in service.deployments:
        deployment.status = "ACTIVE"
    for deployment in service.past:
        if deployment.history["status"] in _UNDER_WAY:
            finish(deployment, "STOPPED", "Replaced by a new service deployment.")


def finish(deployment: Deployment, status: str, reason: str | None = None) -> None:
    """End the service deployment with this status."""
    if deployment.course is not None:
        deployment.course.close()
    deployment.history |= {"status": status, "finishedAt": now()}
    if reason:
        deployment.history["statusReason"] = reason
    if status == "STOPPED":
        deployment.history["stoppedAt"] = now()


def _end_rollback(service: Service, to: Deployment, status: str) -> None:
    for deployment in service.past:
        if deployment.history["status"] == "ROLLBACK_IN_PROGRESS" and deployment.history["rollbackTo"] == to.id:
            finish(deployment, status)


def complete(service: Service) -> None:
    """All tasks of the primary deployment are healthy and no others are left."""
    deployment = service.primary
    deployment.move("COMPLETED", f"ECS deployment {deployment.id} completed.")
    deployment.failed_tasks = 0
    service.completed = deployment
    _end_rollback(service, deployment, "ROLLBACK_SUCCESSFUL")
    if deployment.history["status"] == "IN_PROGRESS":
        finish(deployment, "SUCCESSFUL")
    service.say(f"(deployment {deployment.id}) deployment completed.")


def trip(service: Service) -> None:
    """The circuit breaker: the primary deployment has failed; go back to the last completed one if so configured."""
    failed, back = service.primary, service.completed
    failed.move("FAILED", "ECS deployment circuit breaker: tasks failed to start.")
    service.say(f"(deployment {failed.id}) deployment failed: tasks failed to start.")
    _end_rollback(service, failed, "ROLLBACK_FAILED")
    if not service.configuration["deploymentCircuitBreaker"]["rollback"] or back is None:
        if failed.history["status"] == "IN_PROGRESS":
            finish(failed, "STOPPED", failed.reason)
        return
    failed.status = "ACTIVE"
    failed.history |= {"status": "ROLLBACK_IN_PROGRESS", "rollbackTo": back.id, "statusReason": failed.reason}
    failed.history["rollback"] = {"reason": failed.reason, "startedAt": now(), "serviceRevisionArn": back.revision_arn}
    back.status, back.retry_at, back.failures, back.failed_tasks = "PRIMARY", 0.0, 0, 0
    back.move("IN_PROGRESS", f"ECS deployment circuit breaker: rolling back to deploymentId {back.id}.")
    service.deployments = [back, *(d for d in service.deployments if d is not back)]
    # Until it completes again it is no target of another rollback.
    service.completed = None
    service.definition, service.load_balancers = back.definition, back.load_balancers
    service.network, service.platform_version = back.network, back.platform_version
    service.say(f"rolling back to (deployment {back.id}).")


def note_stopped(task: Task) -> None:
    """Count a task that failed, and put off the next start.

    A task that ended before it was ever healthy is a failure for the circuit breaker; one that worked and ended is only
    restarted. Of a task without health checks ECS counts only the end before RUNNING, which for a program that crashes
    within moments is a matter of luck; here the moments are views.UNCHECKED_SETTLE.
    """
    deployment, service = task.deployment, task.service
    if deployment is None or service is None:
        return
    crashed = task.stop_code in ("EssentialContainerExited", "TaskFailedToStart")
    if task.stop_code == "TaskFailedToStart":
        service.say(f"was unable to place a task. Reason: {task.stopped_reason}.")
    if not crashed and not task.faulty:
        return
    if task.proven:
        deployment.failures = 0
        return
    if not deployment.proven:
        deployment.failed_tasks += 1
    deployment.failures += 1
    if deployment.failures > 1:
        deployment.retry_at = time.monotonic() + min(BACKOFF_LIMIT, BACKOFF_FIRST * 2.0 ** (deployment.failures - 2))
    if deployment.failures == breaker_threshold(service.desired_count):
        service.say(
            "is unable to consistently start tasks successfully. For more information, see the Troubleshooting "
            "section of the Amazon ECS Developer Guide."
        )


def note_healthy(task: Task) -> None:
    """A task passed its checks: the count of failures ends here, and is not taken up again (Deployment.failedTasks)."""
    task.proven = True
    if task.deployment is not None:
        task.deployment.proven = True
        task.deployment.failures = task.deployment.failed_tasks = 0
        task.deployment.retry_at = 0.0


def status_of(deployment: Deployment) -> dict[str, Any]:
    """The history members that ServiceDeployment shows."""
    return {name: value for name, value in deployment.history.items() if name != "rollbackTo"}
