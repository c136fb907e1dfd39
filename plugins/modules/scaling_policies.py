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
  - This module puts policies on scalable targets that exist already, and deregisters targets when their service goes.
options:
  policies:
    description: The policies to put. Others of the same target stay.
    type: list
    elements: dict
    default: []
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
  deregister:
    description: Scalable targets to deregister. AWS deletes their policies with them.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  platform:
    platforms: posix
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
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

- name: Forget the scaling of a service that goes
  slipway.ops.scaling_policies:
    deregister: [service/slipway-local/api-blue]
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
from ansible_collections.slipway.ops.plugins.module_utils.documents_plan import Plan, Step, plan_documents

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


@ApiErrors.common_error_handler("describe the scalable targets {resource_ids}")
@retry
def describe_targets(client: Any, resource_ids: list[str]) -> list[dict[str, Any]]:
    """Those of the scalable targets that exist; at most 50 can be asked for at once."""
    pages = client.get_paginator("describe_scalable_targets").paginate(**ECS, ResourceIds=resource_ids)
    return pages.build_full_result()["ScalableTargets"]


@ApiErrors.deletion_error_handler("deregister scalable target {resource_id}")
@retry
def deregister(client: Any, resource_id: str) -> None:
    """Deregister a scalable target, and with it its policies and the alarms that AWS made for them."""
    client.deregister_scalable_target(**ECS, ResourceId=resource_id)


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


def observe(client: Any, policies: list[dict[str, Any]], gone: list[str]) -> dict[str, dict[str, Any]]:
    """The policies that exist on the wanted ones' targets, by label, and the targets to deregister, by id."""
    resources = sorted({policy["resource_id"] for policy in policies})
    found = {label(policy): policy for resource in resources for policy in describe(client, resource)}
    targets = describe_targets(client, gone) if gone else []
    return found | {target["ResourceId"]: bounds(target) for target in targets}


def bounds(target: dict[str, Any]) -> dict[str, Any]:
    """What a diff shows of a scalable target."""
    return {key: target[key] for key in ("MinCapacity", "MaxCapacity")}


def apply(client: Any, plan: Plan) -> None:
    """Do the steps in order."""
    for step in plan.steps:
        one_step(client, step)


def one_step(client: Any, step: Step) -> None:
    """Put one policy, or deregister one target."""
    if step.after is None:
        deregister(client, step.name)
    else:
        put(client, dict(step.after))


def main() -> None:
    """Observe, plan, apply, report."""
    policy = {
        "name": {"type": "str", "required": True},
        "resource_id": {"type": "str", "required": True},
        "target_tracking": {"type": "dict", "required": True},
    }
    module = AnsibleAWSModule(
        argument_spec={
            "policies": {"type": "list", "elements": "dict", "default": [], "options": policy},
            "deregister": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    policies, gone = module.params["policies"], module.params["deregister"]
    documents = [wanted_document(policy) for policy in policies]
    wanted = {label(document): document for document in documents} | dict.fromkeys(gone)
    try:
        client = module.client("application-autoscaling")
        plan = plan_documents(observe(client, policies, gone), wanted)
        if not module.check_mode:
            apply(client, plan)
    except AnsibleAWSError as error:
        module.fail_json_aws_error(error)
    steps = [{"name": step.name, "action": step.action} for step in plan.steps]
    module.exit_json(changed=plan.changed, steps=steps, diff=plan.diff())


if __name__ == "__main__":
    main()
