# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Amazon ECS: one call, one function. Shapes are boto3's."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

with suppress(ImportError):  # AnsibleAWSModule says what is missing
    from botocore.exceptions import ClientError

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.tagging import ansible_dict_to_boto3_tag_list

from .api import ApiErrors, retry

# DescribeTasks accepts at most 100 tasks a call (Amazon ECS API reference, DescribeTasks).
_TASKS_PAGE = 100


def tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    """ECS spells tags in lower case: [{"key": ..., "value": ...}]."""
    return ansible_dict_to_boto3_tag_list(tags, tag_name_key_name="key", tag_value_key_name="value")


@ApiErrors.common_error_handler("describe cluster {cluster}")
@retry
def describe_cluster(client: Any, cluster: str) -> dict | None:
    """The ACTIVE cluster or None. A deleted cluster stays visible as INACTIVE for a while."""
    found = client.describe_clusters(clusters=[cluster])["clusters"]
    return next((item for item in found if item["status"] == "ACTIVE"), None)


@ApiErrors.list_error_handler("describe the services {names} of cluster {cluster}", {})
@retry
def describe_services(client: Any, cluster: str, names: list[str]) -> dict[str, dict]:
    """Name -> service, for those that exist; none in a cluster that does not.

    INACTIVE means deleted (Amazon ECS API reference, DeleteService).
    """
    found = client.describe_services(cluster=cluster, services=names, include=["TAGS"])["services"]
    return {service["serviceName"]: service for service in found if service["status"] != "INACTIVE"}


@ApiErrors.common_error_handler("describe task definition {name}")
@retry
def describe_task_definition(client: Any, name: str) -> dict | None:
    """By ARN, family:revision or family (then the latest ACTIVE revision). None: no such revision.

    ECS has no error code of its own for that; it answers ClientException "Unable to describe task definition."
    """
    try:
        return client.describe_task_definition(taskDefinition=name)["taskDefinition"]
    except is_boto3_error_code("ClientException"):
        return None


@ApiErrors.common_error_handler("register a task definition of family {request[family]}")
@retry
def register_task_definition(client: Any, request: dict, tags: dict[str, str]) -> str:
    """The new revision's ARN."""
    extra = {"tags": tag_list(tags)} if tags else {}
    return client.register_task_definition(**request, **extra)["taskDefinition"]["taskDefinitionArn"]


@ApiErrors.common_error_handler("create service {name}")
@retry
def create_service(client: Any, name: str, request: dict, token: str) -> dict:
    """A retry with the same token is the same creation, so a lost response is adopted, never repeated."""
    return client.create_service(serviceName=name, clientToken=token, **request)["service"]


@ApiErrors.common_error_handler("update service {name}")
@retry
def update_service(client: Any, cluster: str, name: str, changes: dict) -> dict:
    return client.update_service(cluster=cluster, service=name, **changes)["service"]


@ApiErrors.common_error_handler("tag {arn}")
@retry
def tag_resource(client: Any, arn: str, tags: dict[str, str]) -> None:
    client.tag_resource(resourceArn=arn, tags=tag_list(tags))


@ApiErrors.common_error_handler("remove tags from {arn}")
@retry
def untag_resource(client: Any, arn: str, keys: list[str]) -> None:
    client.untag_resource(resourceArn=arn, tagKeys=keys)


@ApiErrors.common_error_handler("list the stopped tasks of service {service}")
@retry
def list_stopped_tasks(client: Any, cluster: str, service: str) -> list[str]:
    """ECS shows stopped tasks for at least one hour (Amazon ECS API reference, ListTasks)."""
    pages = client.get_paginator("list_tasks").paginate(cluster=cluster, serviceName=service, desiredStatus="STOPPED")
    return [arn for page in pages for arn in page["taskArns"]]


@ApiErrors.common_error_handler("list the tasks of service {service}")
@retry
def list_service_tasks(client: Any, cluster: str, service: str) -> list[str]:
    """Those that run or are to run."""
    pages = client.get_paginator("list_tasks").paginate(cluster=cluster, serviceName=service)
    return [arn for page in pages for arn in page["taskArns"]]


@ApiErrors.common_error_handler("describe tasks of cluster {cluster}")
@retry
def describe_tasks(client: Any, cluster: str, arns: list[str]) -> list[dict]:
    return client.describe_tasks(cluster=cluster, tasks=arns[:_TASKS_PAGE])["tasks"] if arns else []


@ApiErrors.common_error_handler("run a task of {request[taskDefinition]}")
@retry
def run_task(client: Any, request: dict, token: str) -> dict:
    """The task. A retry with the same token and the same parameters answers with the task that the first call started
    (Amazon ECS API reference, Ensuring idempotency), so a lost response starts no second one. ECS answers 200 also when
    it starts nothing, and says why in failures."""
    answer = client.run_task(**request, clientToken=token)
    if not answer["tasks"]:
        reasons = [
            item.get("reason", "") + (f": {item['detail']}" if item.get("detail") else "")
            for item in answer["failures"]
        ]
        raise ClientError({"Error": {"Code": "RunTaskFailure", "Message": "; ".join(reasons)}}, "RunTask")
    return answer["tasks"][0]


@ApiErrors.common_error_handler("stop task {task}")
@retry
def stop_task(client: Any, cluster: str, task: str, reason: str) -> None:
    client.stop_task(cluster=cluster, task=task, reason=reason)


@ApiErrors.common_error_handler("list the tasks that {started_by} started")
@retry
def list_running_tasks(client: Any, cluster: str, started_by: str) -> list[str]:
    """Those that are to run; startedBy stands alone, no other filter goes with it (ListTasks)."""
    return client.list_tasks(cluster=cluster, startedBy=started_by)["taskArns"]


@ApiErrors.common_error_handler("list the stopped tasks of family {family}")
@retry
def list_stopped_of_family(client: Any, cluster: str, family: str) -> list[str]:
    pages = client.get_paginator("list_tasks").paginate(cluster=cluster, family=family, desiredStatus="STOPPED")
    return [arn for page in pages for arn in page["taskArns"]]
