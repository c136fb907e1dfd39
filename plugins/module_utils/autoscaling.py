# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Application Auto Scaling for ECS services: one call, one function."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code

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


@ApiErrors.common_error_handler("describe the scaling policies of {resource}")
@retry
def describe_policies(client: Any, resource: str) -> list[dict]:
    pages = client.get_paginator("describe_scaling_policies").paginate(
        ServiceNamespace="ecs", ResourceId=resource, ScalableDimension=_DIMENSION
    )
    return [policy for page in pages for policy in page["ScalingPolicies"]]


@ApiErrors.common_error_handler("register the scalable target {resource}")
@retry
def register_scalable_target(
    client: Any, resource: str, minimum: int, maximum: int, suspended: dict[str, bool]
) -> float:
    """The time of the answer, in Unix seconds."""
    answer = client.register_scalable_target(
        ServiceNamespace="ecs",
        ResourceId=resource,
        ScalableDimension=_DIMENSION,
        MinCapacity=minimum,
        MaxCapacity=maximum,
        SuspendedState=suspended,
    )
    return _time_of(answer)


@ApiErrors.common_error_handler("deregister scalable target {resource}")
@retry
def deregister_target(client: Any, resource: str) -> None:
    """Deregister a scalable target, and with it its policies; one that is gone meanwhile is no error."""
    try:
        client.deregister_scalable_target(ServiceNamespace="ecs", ScalableDimension=_DIMENSION, ResourceId=resource)
    except is_boto3_error_code("ObjectNotFoundException"):
        pass


def _time_of(answer: dict[str, Any]) -> float:
    """What the Date header of an answer says, as Unix seconds."""
    return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"]).timestamp()


def at_expression(when: float) -> str:
    """A schedule for once. when: Unix seconds; without a time zone Application Auto Scaling reads UTC."""
    return datetime.fromtimestamp(when, tz=UTC).strftime("at(%Y-%m-%dT%H:%M:%S)")


@ApiErrors.common_error_handler("read the time of Application Auto Scaling")
@retry
def current_time(client: Any, resource: str) -> float:
    """Unix seconds."""
    return _time_of(client.describe_scheduled_actions(ServiceNamespace="ecs", ResourceId=resource))


@ApiErrors.common_error_handler("describe the scheduled actions {name}")
@retry
def describe_scheduled_actions(client: Any, name: str) -> dict[str, dict]:
    """Resource id -> the scheduled action of that name, for every ECS service that has one."""
    pages = client.get_paginator("describe_scheduled_actions").paginate(
        ServiceNamespace="ecs", ScheduledActionNames=[name]
    )
    return {action["ResourceId"]: action for page in pages for action in page["ScheduledActions"]}


@ApiErrors.common_error_handler("put the scheduled action {name} of {resource}")
@retry
def put_scheduled_action(client: Any, resource: str, name: str, schedule: str, minimum: int, maximum: int) -> None:
    client.put_scheduled_action(
        ServiceNamespace="ecs",
        ScheduledActionName=name,
        ResourceId=resource,
        ScalableDimension=_DIMENSION,
        Schedule=schedule,
        ScalableTargetAction={"MinCapacity": minimum, "MaxCapacity": maximum},
    )


@ApiErrors.common_error_handler("delete the scheduled action {name} of {resource}")
@retry
def delete_scheduled_action(client: Any, resource: str, name: str) -> None:
    """One that is not there is deleted already."""
    try:
        client.delete_scheduled_action(
            ServiceNamespace="ecs", ScheduledActionName=name, ResourceId=resource, ScalableDimension=_DIMENSION
        )
    except is_boto3_error_code("ObjectNotFoundException"):
        return
