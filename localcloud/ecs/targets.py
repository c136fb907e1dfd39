# SPDX-License-Identifier: GPL-3.0-or-later
"""A task's targets in the target groups of its service. Call under the lock on moto."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

from moto.elbv2.exceptions import InvalidTargetError
from moto.elbv2.models import elbv2_backends

from localcloud.ecs.model import Service, Task
from localcloud.ecs.native import access


@dataclass(frozen=True, slots=True)
class Health:
    """Health of one target. state: as DescribeTargetHealth has it. description: why it is not healthy."""

    group: str
    port: int
    state: str
    description: str


def register(task: Task) -> None:
    """Register the task in each target group of its deployment; groups deleted meanwhile are left out."""
    assert task.service is not None
    assert task.deployment is not None
    for balancer in task.deployment.resolved:
        group = _group(task.service, balancer["targetGroupArn"])
        if group is not None and not _refused(task, group):
            group.register([{"Id": task.address, "Port": balancer["containerPort"]}])
            task.targets.append(group.arn)
            task.service.say(f"registered 1 targets in (target-group {group.arn})")


def _refused(task: Task, group: Any) -> bool:
    """Whether the infrastructure role keeps ECS from registering; the service says why."""
    assert task.service is not None
    assert task.deployment is not None
    for balancer, resolved in zip(task.deployment.load_balancers, task.deployment.resolved, strict=True):
        role = balancer.get("advancedConfiguration", {}).get("roleArn")
        mine = role and resolved["targetGroupArn"] == group.arn
        if mine and (refusal := access.denied(role, access.SCHEDULER, "RegisterTargets", group.arn)):
            task.service.say(f"failed to register targets in target-group {group.name} with (error {refusal})")
            return True
    return False


def deregister(task: Task) -> int:
    """Take the task out of its target groups. Returns the seconds that they drain: the longest deregistration delay."""
    assert task.service is not None
    delay = 0
    for arn in task.targets:
        group = _group(task.service, arn)
        if group is not None:
            with contextlib.suppress(InvalidTargetError):  # somebody else took it out
                group.deregister([{"Id": task.address}])
            delay = max(delay, int(group.attributes.get("deregistration_delay.timeout_seconds", 300)))
            task.service.say(f"deregistered 1 targets in (target-group {arn})")
    task.targets = []
    return delay


def health(task: Task) -> list[Health]:
    """Health of the task's targets."""
    assert task.service is not None
    backend = _backend(task.service)
    found = []
    for balancer in task.deployment.resolved if task.deployment else ():
        arn, port = balancer["targetGroupArn"], balancer["containerPort"]
        if arn in task.targets and arn in backend.target_groups:
            status = backend.describe_target_health(arn, [{"Id": task.address, "Port": port}])[0]
            found.append(Health(arn, port, status.status, status.description or status.reason or ""))
    return found


def _group(service: Service, arn: str) -> Any:
    return _backend(service).target_groups.get(arn)


def _backend(service: Service) -> Any:
    return elbv2_backends[service.account_id][service.region]
