# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that the AWS API lists in an account: each List and Describe call that needs no argument, of each service
that any part of Slipway makes something with.

What `Environment.everything` reads is named by hand, so that it cannot miss what nobody thought of; this can be told
nothing new, as it asks the services' own descriptions what can be listed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

SERVICES = (
    "acm",
    "application-autoscaling",
    "autoscaling",
    "budgets",
    "cloudfront",
    "cloudwatch",
    "dynamodb",
    "ec2",
    "ecr",
    "ecs",
    "elbv2",
    "events",
    "iam",
    "kms",
    "lambda",
    "logs",
    "route53",
    "s3",
    "scheduler",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
    "wafv2",
)
_LISTS = re.compile(r"(List|Describe)[A-Z]\w+")
# AWS's own catalogs, thousands of rows each; histories, which nobody can delete; tags and families, which are listed
# with what has them. Users are the tests' own.
_LEFT_OUT = (
    "DescribeAlarmHistory",
    "DescribeAvailabilityZones",
    "DescribeAvailablePatches",
    "DescribeImages",
    "DescribeInstanceTypeOfferings",
    "DescribeInstanceTypes",
    "DescribeManagedPrefixLists",
    "DescribePatchBaselines",
    "DescribeRegions",
    "DescribeReservedInstancesOfferings",
    "DescribeSSLPolicies",
    "DescribeScalingActivities",
    "DescribeSnapshotTierStatus",
    "DescribeSpotPriceHistory",
    "DescribeTags",
    "DescribeVpcEndpointServices",
    "ListAccessKeys",
    "ListDocuments",
    "ListGeoLocations",
    "ListMetrics",
    "ListTaskDefinitionFamilies",
    "ListUsers",
)
# Arguments without which a list is of nothing, or of AWS's own as well.
_GIVEN: Mapping[str, Mapping[str, Any]] = {
    "ListCachePolicies": {"Type": "custom"},
    "ListOriginRequestPolicies": {"Type": "custom"},
    "ListResponseHeadersPolicies": {"Type": "custom"},
    "ListPolicies": {"Scope": "Local"},
    "DescribeScalableTargets": {"ServiceNamespace": "ecs"},
    "DescribeScalingPolicies": {"ServiceNamespace": "ecs"},
    "DescribeScheduledActions": {"ServiceNamespace": "ecs"},
    "DescribeSnapshots": {"OwnerIds": ["self"]},
    "DescribeBudgets": {"AccountId": "{account}"},
    "ListWebACLs": {"Scope": "REGIONAL"},
    "ListIPSets": {"Scope": "REGIONAL"},
    "ListLoggingConfigurations": {"Scope": "REGIONAL"},
}
_OVER = ("deleted", "deleting", "terminated", "inactive", "shutting-down")


def listed(env: Mapping[str, str], account: str, known: Mapping[str, Any] | None = None) -> dict[str, list[str]]:
    """ "SERVICE OPERATION" -> what it lists, sorted. known: what an earlier look answered; all else is not asked."""
    with ThreadPoolExecutor(4) as threads:
        found = threads.map(lambda name: _of_service(env, account, name, known), SERVICES)
    return {key: items for each in found for key, items in each.items()}


def _of_service(
    env: Mapping[str, str], account: str, name: str, known: Mapping[str, Any] | None
) -> dict[str, list[str]]:
    client = boto3.client(
        name,
        region_name=env["AWS_REGION"],
        endpoint_url=env["AWS_ENDPOINT_URL"],
        aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
        # What the local cloud does not know it answers with 500 or 501, and it would be asked again for seconds.
        config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
    )
    answers = {}
    for operation, arguments in _operations(client, account):
        key = f"{name} {operation}"
        if known is None or key in known:
            items = _asked(client, operation, arguments)
            if items is not None:
                answers[key] = items
    if name == "kms":
        doomed = _doomed(client)
        answers = {
            key: [item for item in items if not any(each in item for each in doomed)] for key, items in answers.items()
        }
    return answers


def _doomed(kms: Any) -> list[str]:
    """Ids of keys that wait to be deleted: with their aliases they are listed for days, and cost nothing."""
    keys = (each["KeyId"] for page in kms.get_paginator("list_keys").paginate() for each in page["Keys"])
    return [key for key in keys if kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"]


def _operations(client: Any, account: str) -> Iterator[tuple[str, dict[str, Any]]]:
    model = client.meta.service_model
    for operation in model.operation_names:
        given = {key: _filled(value, account) for key, value in _GIVEN.get(operation, {}).items()}
        shape = model.operation_model(operation).input_shape
        needed = set(shape.required_members if shape else ())
        known = {key: value for key, value in given.items() if shape and key in shape.members}
        if _LISTS.fullmatch(operation) and operation not in _LEFT_OUT and needed <= set(known):
            yield operation, known


def _filled(value: Any, account: str) -> Any:
    return value.format(account=account) if isinstance(value, str) else value


def _asked(client: Any, operation: str, arguments: Mapping[str, Any]) -> list[str] | None:
    """Items of all lists in the answer; None where the local cloud knows no such call. Keys: those not yet given up."""
    method = next(name for name, made in client.meta.method_to_api_mapping.items() if made == operation)
    try:
        pages = [client.get_paginator(method).paginate(**arguments)] if client.can_paginate(method) else []
        answers = [page for each in pages for page in each] if pages else [getattr(client, method)(**arguments)]
    except (ClientError, BotoCoreError):
        return None
    items = [item for answer in answers for item in _items(answer)]
    if operation == "ListKeys":
        items = [item for item in items if client.describe_key(KeyId=item["KeyId"])["KeyMetadata"]["Enabled"]]
    return sorted(_written(item) for item in items)


def _items(answer: Any) -> Iterator[Any]:
    for key, value in answer.items():
        if key == "ResponseMetadata":
            continue
        if isinstance(value, list):
            yield from (item for item in value if not _is_over(item))
        elif isinstance(value, dict) and isinstance(value.get("Items"), list):  # as CloudFront has it
            yield from value["Items"]


def _is_over(item: Any) -> bool:
    """What AWS goes on describing for a while after it was deleted."""
    if not isinstance(item, dict):
        return False
    states = [item.get(key) for key in ("State", "Status", "state", "status")]
    names = [str(state.get("Code") or state.get("Name")) if isinstance(state, dict) else str(state) for state in states]
    reserved = item.get("Instances")
    return any(name.lower() in _OVER for name in names) or bool(reserved and all(_is_over(each) for each in reserved))


def _written(item: Any) -> str:
    """Without what changes by itself."""
    if isinstance(item, dict):
        item = {key: value for key, value in item.items() if key not in ("AvailableIpAddressCount", "RoleLastUsed")}
    return json.dumps(item, sort_keys=True, default=str)
