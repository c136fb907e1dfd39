# SPDX-License-Identifier: GPL-3.0-or-later
"""Carry out what the planner decided. Call under the lock on moto."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from moto.ecs.models import ecs_backends

from localcloud.ecs import deployments
from localcloud.ecs.model import Container, Service, Task
from localcloud.ecs.plan import Action, Break, Close, Complete, Retire, Start, Steady, Stop

if TYPE_CHECKING:
    from localcloud.ecs.controller import Controller


def apply(controller: Controller, service: Service, action: Action) -> None:
    """Do this action to the service."""
    match action:
        case Start():
            _start(controller, service, action)
        case Stop():
            _stop(controller, service, action)
        case Retire():
            service.deployments = [d for d in service.deployments if d.id != action.deployment]
        case Break():
            deployments.trip(service)
        case Complete():
            deployments.complete(service)
        case Steady():
            service.steady = action.reached
            if action.reached:
                service.say("has reached a steady state.")
        case Close():
            service.status = "INACTIVE"
            service.deployments = []


def stopped(task: Task) -> None:
    """A task of a service has STOPPED: count it."""
    deployments.note_stopped(task)
    if task.service is not None:
        _forget(task.service)


def new_task(cluster: Any, definition: Any, **members: Any) -> Task:
    """A task in PROVISIONING, with the containers of its definition; not yet run."""
    identifier = secrets.token_hex(16)
    prefix = cluster.arn.rpartition(":")[0]
    containers = [
        Container(arn=f"{prefix}:container/{cluster.name}/{identifier}/{secrets.token_hex(16)}", definition=container)
        for container in definition.container_definitions
    ]
    return Task(
        task_arn=f"{prefix}:task/{cluster.name}/{identifier}",
        cluster_name=cluster.name,
        cluster_arn=cluster.arn,
        definition=definition,
        containers=containers,
        **members,
    )


def _start(controller: Controller, service: Service, action: Start) -> None:
    count, wanted = action.count, action.deployment
    deployment = next(d for d in service.deployments if wanted in ("", d.id))
    cluster = ecs_backends[service.account_id][service.region].clusters[service.cluster_name]
    strategy = service.capacity_provider_strategy
    started = []
    for _ in range(count):
        task = new_task(
            cluster,
            deployment.definition,
            group=f"service:{service.name}",
            started_by=deployment.id,
            launch_type=service.launch_type or "FARGATE",
            platform_version=service.platform_version,
            network=deployment.network,
            overrides={},
            tags=_propagated(service, deployment.definition),
            service=service,
            deployment=deployment,
            capacity_provider=strategy[0]["capacityProvider"] if strategy else None,
        )
        service.tasks.append(task)
        controller.add_task(task, service.account_id, service.region)
        started.append(f"(task {task.id})")
    service.say(f"has started {count} tasks: {' '.join(started)}.")


def _stop(controller: Controller, service: Service, action: Stop) -> None:
    task = next(task for task in service.tasks if task.task_arn == action.task)
    assert task.deployment is not None
    if action.why == "fault":
        task.faulty = True
        service.say(action.event)
    reason = action.reason or f"Scaling activity initiated by (deployment {service.primary.id})"
    controller.stop_task(task, "ServiceSchedulerInitiated", reason)
    service.say(f"has stopped 1 running tasks: (task {task.id}).")


def _propagated(service: Service, definition: Any) -> list[dict[str, str]]:
    if service.propagate_tags == "SERVICE":
        return [dict(tag) for tag in service.tags]
    if service.propagate_tags == "TASK_DEFINITION":
        return [dict(tag) for tag in definition.tags]
    return []


def _forget(service: Service) -> None:
    """The service keeps only what is alive; stopped tasks stay listed by the controller."""
    service.tasks = [task for task in service.tasks if task.status != "STOPPED"]
