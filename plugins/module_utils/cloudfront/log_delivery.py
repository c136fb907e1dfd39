# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Amazon CloudWatch Logs: delivery of a distribution's access logs. In us-east-1, where CloudFront's logs come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.slipway.ops.plugins.module_utils.api import ApiErrors, retry

from .log_delivery_plan import FORMAT, Delivery, LogStep

MISSING = "ResourceNotFoundException"
LOG_TYPE = "ACCESS_LOGS"

# Source, destination and delivery depend on each other, and none of them is everywhere at once.
_patiently = AWSRetry.jittered_backoff(retries=6, delay=1, max_delay=10, catch_extra_error_codes=["ConflictException"])


def observe(client: Any, name: str) -> Delivery:
    """What there is under the name."""
    source, destination = get_source(client, name), get_destination(client, name)
    found = find_delivery(client, name) if source else None
    return Delivery(
        source=tuple(source["resourceArns"]) if source else None,
        destination=destination["deliveryDestinationConfiguration"]["destinationResourceArn"] if destination else None,
        format=destination.get("outputFormat", FORMAT) if destination else FORMAT,
        id=found,
    )


def apply(client: Any, name: str, step: LogStep, arn: str) -> None:
    """Make one step. arn: the distribution."""
    arguments = step.arguments
    if step.action == "stop_logs":
        delete_delivery(client, arguments["id"])
    elif step.action == "remove_log_source":
        delete_source(client, name)
    elif step.action == "remove_log_destination":
        delete_destination(client, name)
    elif step.action == "put_log_source":
        put_source(client, name, arn, arguments["tags"])
    elif step.action == "put_log_destination":
        put_destination(client, name, arguments["bucket"], arguments["tags"])
    else:
        create_delivery(client, name)


@ApiErrors.common_error_handler("describe delivery source {name}")
@retry
def get_source(client: Any, name: str) -> dict[str, Any] | None:
    try:
        return client.get_delivery_source(name=name)["deliverySource"]
    except is_boto3_error_code(MISSING):
        return None


@ApiErrors.common_error_handler("describe delivery destination {name}")
@retry
def get_destination(client: Any, name: str) -> dict[str, Any] | None:
    try:
        return client.get_delivery_destination(name=name)["deliveryDestination"]
    except is_boto3_error_code(MISSING):
        return None


@ApiErrors.common_error_handler("list the deliveries of logs")
@retry
def find_delivery(client: Any, source: str) -> str | None:
    """The delivery from the source; the API has no way to ask for it alone."""
    pages = client.get_paginator("describe_deliveries").paginate()
    found = (item["id"] for page in pages for item in page["deliveries"] if item["deliverySourceName"] == source)
    return next(found, None)


@ApiErrors.common_error_handler("put delivery source {name}")
@_patiently
def put_source(client: Any, name: str, arn: str, tags: Mapping[str, str]) -> None:
    client.put_delivery_source(name=name, resourceArn=arn, logType=LOG_TYPE, **({"tags": dict(tags)} if tags else {}))


@ApiErrors.common_error_handler("put delivery destination {name}")
@_patiently
def put_destination(client: Any, name: str, bucket: str, tags: Mapping[str, str]) -> None:
    client.put_delivery_destination(
        name=name,
        outputFormat=FORMAT,
        deliveryDestinationConfiguration={"destinationResourceArn": bucket},
        **({"tags": dict(tags)} if tags else {}),
    )


@ApiErrors.common_error_handler("start the delivery from {name}")
@_patiently
def create_delivery(client: Any, name: str) -> None:
    destination = get_destination(client, name)
    client.create_delivery(deliverySourceName=name, deliveryDestinationArn=(destination or {})["arn"])


@ApiErrors.common_error_handler("stop delivery {delivery_id}")
@_patiently
def delete_delivery(client: Any, delivery_id: str) -> None:
    client.delete_delivery(id=delivery_id)


@ApiErrors.common_error_handler("delete delivery source {name}")
@_patiently
def delete_source(client: Any, name: str) -> None:
    client.delete_delivery_source(name=name)


@ApiErrors.common_error_handler("delete delivery destination {name}")
@_patiently
def delete_destination(client: Any, name: str) -> None:
    client.delete_delivery_destination(name=name)
