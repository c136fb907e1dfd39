# SPDX-License-Identifier: GPL-3.0-or-later
"""What the planner sees of a service, gathered under the lock on moto."""

from __future__ import annotations

import time

from localcloud.ecs import deployments, targets
from localcloud.ecs.model import Deployment, Service, Task
from localcloud.ecs.plan import DeploymentView, ServiceView, TaskView

#: Seconds after RUNNING until a task without any health check counts as healthy (AWS: 40; DeploymentConfiguration).
UNCHECKED_SETTLE = 1.0


def of_service(service: Service) -> ServiceView:
    """The service as the planner sees it. Notes on the way which tasks are healthy for the first time."""
    breaker = service.configuration["deploymentCircuitBreaker"]
    tasks = [task for task in service.tasks if task.desired == "RUNNING"]
    task_views = tuple(of_task(service, task) for task in tasks)  # first: they reset the count of failures
    return ServiceView(
        desired=service.desired_count,
        deployments=tuple(of_deployment(service, deployment) for deployment in service.deployments),
        tasks=task_views,
        active=service.status == "ACTIVE",
        minimum_percent=service.configuration["minimumHealthyPercent"],
        maximum_percent=service.configuration["maximumPercent"],
        breaker=breaker["enable"],
        steady=service.steady,
    )


def running(service: Service, deployment: Deployment | None = None) -> int:
    """Its tasks (of one deployment) whose processes run; draining ones run too."""
    return sum(task.status in ("RUNNING", "DEACTIVATING", "STOPPING") for task in service.alive(deployment))


def pending(service: Service, deployment: Deployment | None = None) -> int:
    """Its tasks (of one deployment) on their way to RUNNING."""
    return sum(task.status in ("PROVISIONING", "PENDING") for task in service.alive(deployment))


def waiting(service: Service) -> bool:
    """Whether time alone may bring the next action: a start that was put off."""
    return any(deployment.retry_at > time.monotonic() for deployment in service.deployments)


def of_deployment(service: Service, deployment: Deployment) -> DeploymentView:
    """One of its deployments."""
    return DeploymentView(
        id=deployment.id,
        rollout=deployment.rollout,
        failed=deployment.failed_tasks,
        alive=sum(1 for _ in service.alive(deployment)),
        retry_at=deployment.retry_at,
    )


def of_task(service: Service, task: Task) -> TaskView:
    """One of its tasks. Notes on the way that it is healthy for the first time."""
    assert task.deployment is not None
    fault, healthy = None, False
    if task.status == "RUNNING" and task.running_since is not None:
        age = time.monotonic() - task.running_since
        found = targets.health(task)
        fault = _fault(task, found) if age >= (service.grace_period or 0) else None
        healthy = fault is None and _healthy(task, found, age)
    if healthy and not task.proven:
        deployments.note_healthy(task)
    return TaskView(id=task.task_arn, deployment=task.deployment.id, healthy=healthy, fault=fault)


def _healthy(task: Task, found: list[targets.Health], age: float) -> bool:
    """Every check defined for the task passes; without any, it has run for a while."""
    assert task.deployment is not None
    checked = any(container.definition.get("healthCheck") for container in task.containers)
    balanced = len(task.deployment.resolved)
    if not checked and not balanced:
        return age >= UNCHECKED_SETTLE
    passed = len(found) == balanced and all(target.state == "healthy" for target in found)
    return passed and (task.health == "HEALTHY" or not checked)


def _fault(task: Task, found: list[targets.Health]) -> tuple[str, str] | None:
    """(stoppedReason, event) of a failed container health check, or of an unhealthy target."""
    if task.health == "UNHEALTHY":
        return "Task failed container health checks", f"(task {task.id}) failed container health checks."
    for target in found:
        if target.state == "unhealthy":
            where = f"in (target-group {target.group})"
            event = f"(port {target.port}) is unhealthy {where} due to (reason {target.description})"
            return f"Task failed ELB health checks {where}", event
    return None
