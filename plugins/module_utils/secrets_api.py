# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""AWS Secrets Manager and SSM Parameter Store: what exists there. No function here reads a value."""

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code

from .api import ApiErrors, retry

# DescribeParameters accepts at most 50 values in a filter (Systems Manager API reference, ParameterStringFilter).
_PARAMETERS_PAGE = 50


@ApiErrors.common_error_handler("describe secret {arn}")
@retry
def describe_secret(client: Any, arn: str) -> dict | None:
    try:
        return client.describe_secret(SecretId=arn)
    except is_boto3_error_code("ResourceNotFoundException"):
        return None


@ApiErrors.common_error_handler("read the resource policy of secret {arn}")
@retry
def has_resource_policy(client: Any, arn: str) -> bool:
    return bool(client.get_resource_policy(SecretId=arn).get("ResourcePolicy"))


def describe_parameters(client: Any, names: list[str]) -> frozenset[str]:
    """Which of the names exist."""
    found: set[str] = set()
    for start in range(0, len(names), _PARAMETERS_PAGE):
        found |= _describe_parameters_page(client, names[start : start + _PARAMETERS_PAGE])
    return frozenset(found)


@ApiErrors.common_error_handler("describe the parameters {names}")
@retry
def _describe_parameters_page(client: Any, names: list[str]) -> set[str]:
    wanted = [{"Key": "Name", "Option": "Equals", "Values": names}]
    pages = client.get_paginator("describe_parameters").paginate(ParameterFilters=wanted)
    return {item["Name"] for page in pages for item in page["Parameters"]}
