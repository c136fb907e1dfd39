#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: scaling_policies
short_description: Target tracking scaling policies of ECS services
version_added: 0.1.0
author:
  - Contributors to the Slipway project (@slipway)
description:
  - C(community.aws.application_autoscaling_policy) writes in check mode too, and registers the scalable target itself,
    so that it fights over minimum and maximum with M(slipway.ops.ecs_blue_green), which owns them.
  - This module puts policies on scalable targets that exist already, and nothing else. They go with their target.
options:
  policies:
    description: The policies to put. Others of the same target stay.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the policy, unique within its resource.
        type: str
        required: true
      resource_id:
        description: The scalable target, C(service/CLUSTER/SERVICE).
        type: str
        required: true
      target_tracking:
        description:
          - The C(TargetTrackingScalingPolicyConfiguration) of the Application Auto Scaling API, in snake_case.
        type: dict
        required: true
extends_documentation_fragment:
  - slipway.ops.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Keep the processors of both colors at 60 percent
  slipway.ops.scaling_policies:
    policies:
      - name: api-blue-cpu
        resource_id: service/slipway-local/api-blue
        target_tracking:
          target_value: 60
          predefined_metric_specification:
            predefined_metric_type: ECSServiceAverageCPUUtilization
"""

RETURN = r"""
steps:
  description: The changes, in order.
  returned: success
  type: list
  elements: dict
  sample: [{"name": "service/slipway-local/api-blue api-blue-cpu", "action": "create"}]
"""

from typing import Any

from ansible.module_utils.common.dict_transformations import snake_dict_to_camel_dict
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.ops.plugins.module_utils.api import ApiErrors, retry
from ansible_collections.slipway.ops.plugins.module_utils.documents_plan import Plan, plan_documents

ECS = {"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount"}


@ApiErrors.common_error_handler("describe the scaling policies of {resource_id}")
@retry
def describe(client: Any, resource_id: str) -> list[dict[str, Any]]:
    """The policies of one scalable target."""
    pages = client.get_paginator("describe_scaling_policies").paginate(**ECS, ResourceId=resource_id)
    return pages.build_full_result()["ScalingPolicies"]


@ApiErrors.common_error_handler("put scaling policy {document[PolicyName]}")
@retry
def put(client: Any, document: dict[str, Any]) -> None:
    """Create a policy or replace its configuration."""
    client.put_scaling_policy(**ECS, **document)


def label(document: dict[str, Any]) -> str:
    """What identifies a policy, in the plan and in messages."""
    return f"{document['ResourceId']} {document['PolicyName']}"


def wanted_document(policy: dict[str, Any]) -> dict[str, Any]:
    """One policy as the API has it."""
    tracking = snake_dict_to_camel_dict(policy["target_tracking"], capitalize_first=True)
    return {
        "PolicyName": policy["name"],
        "ResourceId": policy["resource_id"],
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": tracking,
    }


def observe(client: Any, policies: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The policies that exist on the wanted ones' targets, by label."""
    resources = sorted({policy["resource_id"] for policy in policies})
    return {label(found): found for resource in resources for found in describe(client, resource)}


def apply(client: Any, plan: Plan) -> None:
    """Put the policies that differ."""
    for step in plan.steps:
        put(client, dict(step.after or {}))


def main() -> None:
    """Observe, plan, apply, report."""
    policy = {
        "name": {"type": "str", "required": True},
        "resource_id": {"type": "str", "required": True},
        "target_tracking": {"type": "dict", "required": True},
    }
    module = AnsibleAWSModule(
        argument_spec={
            "policies": {"type": "list", "elements": "dict", "required": True, "options": policy},
        },
        supports_check_mode=True,
    )
    policies = module.params["policies"]
    try:
        client = module.client("application-autoscaling")
        documents = [wanted_document(policy) for policy in policies]
        plan = plan_documents(observe(client, policies), {label(document): document for document in documents})
        if not module.check_mode:
            apply(client, plan)
    except AnsibleAWSError as error:
        module.fail_json_aws_error(error)
    steps = [{"name": step.name, "action": step.action} for step in plan.steps]
    module.exit_json(changed=plan.changed, steps=steps, diff=plan.diff())


if __name__ == "__main__":
    main()
