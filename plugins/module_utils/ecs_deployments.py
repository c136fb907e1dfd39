# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Amazon ECS's own deployments of a service: one call, one function. Shapes are boto3's."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Literal

with suppress(ImportError):  # AnsibleAWSModule says what is missing
    from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, HTTPClientError

from .api import ApiErrors, retry

# DescribeServiceDeployments and DescribeServiceRevisions take 20 ARNs a call (Amazon ECS API reference).
PAGE = 20
_SERVER_ERROR = 500
_THROTTLED = ("ThrottlingException", "Throttling", "RequestLimitExceeded", "TooManyRequestsException")

# refused: ECS was not reached or has throttled it, and has begun nothing. unknown: it may have begun.
Answer = Literal["done", "refused", "unknown"]


@ApiErrors.list_error_handler("list the deployments of service {service}", [])
@retry
def list_service_deployments(client: Any, cluster: str, service: str) -> list[dict]:
    """In brief, the newest first; ECS keeps those of the last 90 days."""
    found = client.list_service_deployments(cluster=cluster, service=service)["serviceDeployments"]
    return sorted(found, key=lambda item: item["createdAt"], reverse=True)


@ApiErrors.common_error_handler("describe the service deployments {arns}")
@retry
def describe_service_deployments(client: Any, arns: list[str]) -> list[dict]:
    """In the order of the ARNs, those that exist."""
    if not arns:
        return []
    found = client.describe_service_deployments(serviceDeploymentArns=arns[:PAGE])["serviceDeployments"]
    return sorted(found, key=lambda item: arns.index(item["serviceDeploymentArn"]))


@ApiErrors.common_error_handler("describe the service revisions {arns}")
@retry
def describe_service_revisions(client: Any, arns: list[str]) -> dict[str, dict]:
    """ARN -> revision."""
    if not arns:
        return {}
    found = client.describe_service_revisions(serviceRevisionArns=arns[:PAGE])["serviceRevisions"]
    return {item["serviceRevisionArn"]: item for item in found}


@ApiErrors.common_error_handler("have ECS take back the deployment {arn}")
@retry
def stop_service_deployment(client: Any, arn: str) -> None:
    client.stop_service_deployment(serviceDeploymentArn=arn, stopType="ROLLBACK")


@ApiErrors.common_error_handler("answer hook {hook} of the deployment {arn} with {action}")
@retry
def continue_service_deployment(client: Any, arn: str, hook: str, action: str) -> None:
    client.continue_service_deployment(serviceDeploymentArn=arn, hookId=hook, action=action)


@ApiErrors.common_error_handler("deploy service {name}")
def update_service_once(client: Any, cluster: str, name: str, changes: dict) -> Answer:
    """UpdateService has no token: whoever sends it again may begin a second deployment, which replaces the first.
    client must be one that sends everything only once.
    """
    try:
        client.update_service(cluster=cluster, service=name, **changes)
    except ClientError as error:
        if error.response["Error"]["Code"] in _THROTTLED:
            return "refused"
        if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= _SERVER_ERROR:
            return "unknown"
        raise
    except (ConnectTimeoutError, EndpointConnectionError):
        return "refused"
    except HTTPClientError:
        return "unknown"
    return "done"


@ApiErrors.common_error_handler("delete service {name}")
@retry
def delete_service(client: Any, cluster: str, name: str) -> None:
    """With its tasks, which ECS deregisters and drains first."""
    client.delete_service(cluster=cluster, service=name, force=True)
