# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Application Auto Scaling for ECS services: one call, one function."""

from __future__ import annotations

from typing import Any

from .api import ApiErrors, retry

_DIMENSION = "ecs:service:DesiredCount"


def resource_id(cluster: str, service: str) -> str:
    return f"service/{cluster}/{service}"


@ApiErrors.common_error_handler("describe the scalable targets {resource_ids}")
@retry
def describe_scalable_targets(client: Any, resource_ids: list[str]) -> dict[str, dict]:
    """Resource id -> scalable target, for those that exist."""
    pages = client.get_paginator("describe_scalable_targets").paginate(
        ServiceNamespace="ecs", ResourceIds=resource_ids, ScalableDimension=_DIMENSION
    )
    return {target["ResourceId"]: target for page in pages for target in page["ScalableTargets"]}


@ApiErrors.common_error_handler("register the scalable target {resource}")
@retry
def register_scalable_target(
    client: Any, resource: str, minimum: int, maximum: int, suspended: dict[str, bool]
) -> None:
    client.register_scalable_target(
        ServiceNamespace="ecs",
        ResourceId=resource,
        ScalableDimension=_DIMENSION,
        MinCapacity=minimum,
        MaxCapacity=maximum,
        SuspendedState=suspended,
    )
