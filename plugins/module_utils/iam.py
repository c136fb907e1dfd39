# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""AWS IAM: one call, one function. Shapes are boto3's."""

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code

from .api import ApiErrors, retry

_DENIED = ["AccessDenied", "AccessDeniedException"]


@ApiErrors.common_error_handler("read role {name}")
@retry
def get_role(client: Any, name: str) -> dict | None:
    """The role, its AssumeRolePolicyDocument decoded; None when there is none of that name."""
    try:
        return client.get_role(RoleName=name)["Role"]
    except is_boto3_error_code("NoSuchEntity"):
        return None


@ApiErrors.common_error_handler("simulate the policies of {principal}")
@retry
def simulate(client: Any, principal: str, action: str, resources: list[str]) -> list[dict] | None:
    """EvaluationResults of one action on each resource. None: the caller may not simulate, so nothing is known.

    Evaluates identity policies, boundaries and service control policies; of policies on the resource it knows nothing
    (IAM API reference, SimulatePrincipalPolicy).
    """
    pages = client.get_paginator("simulate_principal_policy").paginate(
        PolicySourceArn=principal, ActionNames=[action], ResourceArns=resources
    )
    try:
        return [result for page in pages for result in page["EvaluationResults"]]
    except is_boto3_error_code(_DENIED):
        return None
