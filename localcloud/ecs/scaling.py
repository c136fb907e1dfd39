# SPDX-License-Identifier: GPL-3.0-or-later
"""Application Auto Scaling keeps a service's desired count within the bounds of its scalable target.

Restores what https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html says:
registering or updating a target moves the current capacity into its range. Scheduled actions: localcloud.ecs.scheduled.
Scaling policies (target tracking on metrics) are not run.
"""

from __future__ import annotations

from typing import Any

from moto.ecs.models import ecs_backends

from localcloud.ecs.model import Service

DIMENSION = "ecs:service:DesiredCount"


def adjust(account_id: str, region: str, target: Any) -> None:
    """Move the desired count into the target's range, unless scaling in that direction is suspended."""
    service = service_of(ecs_backends[account_id][region], target)
    if service is None:
        return
    wanted = bounded(service.desired_count, target.min_capacity, target.max_capacity, target.suspended_state or {})
    service.desired_count = wanted


def service_of(backend: Any, target: Any) -> Service | None:
    """The ECS service that a scalable target is about; None for another resource, or one that is gone."""
    if target.scalable_dimension != DIMENSION:
        return None
    _, cluster, name = target.resource_id.split("/")
    service: Service | None = backend.services.get(f"{cluster}:{name}")
    return service if service is not None and service.status == "ACTIVE" else None


def bounded(desired: int, minimum: int | None, maximum: int | None, suspended: dict[str, bool]) -> int:
    """The desired count within its bounds; None is no bound."""
    if minimum is not None and desired < minimum and not suspended.get("DynamicScalingOutSuspended"):
        return minimum
    if maximum is not None and desired > maximum and not suspended.get("DynamicScalingInSuspended"):
        return maximum
    return desired
