#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: instance_group
version_added: "0.1.0"
short_description: An Auto Scaling group and its launch template, which stay off when they were switched off
description:
  - M(amazon.aws.autoscaling_group) reports every group as changed in check mode, whether it differs or not, and has no
    diff. Here group and template are one plan.
  - A version of the template is known by the digest of its content, in its description. A new one becomes the default,
    and what runs already goes on running from the old one.
  - The image is looked up once, when the template is made, and then kept, so that a new image of the vendor's replaces
    nothing.
  - How many instances run is left as it is, unless O(power) says otherwise. A group has a scaling policy that takes it
    to no instances, for an alarm to use.
options:
  name:
    description: Name of the group and of the template.
    type: str
    required: true
  template:
    description: C(LaunchTemplateData) of the EC2 API without C(ImageId). Required when O(state=present).
    type: dict
    default: {}
  image_id:
    description: The image. Empty to keep the template's, or to look it up for a new template.
    type: str
    default: ""
  image_parameter:
    description: Public parameter of Systems Manager with the id of the newest image.
    type: str
    default: ""
  subnet_ids:
    description: The subnets. When one zone has no capacity, the group tries the others.
    type: list
    elements: str
    default: []
  count:
    description: Instances when it is on, and the most that there will be.
    type: int
    default: 1
  target_group_arns:
    description: Target groups in which the instances are registered.
    type: list
    elements: str
    default: []
  grace_period:
    description: Seconds after the launch in which failed checks of an instance do not count.
    type: int
    default: 300
  power:
    description: Whether to start V(count) instances or to stop all.
    type: str
    choices: ["keep", "on", "off"]
    default: keep
  start_new:
    description: Whether a group that is created starts its instances, when O(power=keep).
    type: bool
    default: true
  tags:
    description: Tags of the group, the template and, through the group, the instances. Others stay.
    type: dict
    default: {}
  wait_timeout:
    description: Seconds to wait until all instances of a deleted group are gone.
    type: int
    default: 900
  state:
    description: Whether the group shall exist. Without it there are neither instances nor template.
    type: str
    choices: [present, absent]
    default: present
author:
  - Contributors to the Slipway project (@slipway)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - slipway.ops.attributes
"""

EXAMPLES = r"""
- name: One GPU host
  slipway.ops.instance_group:
    name: slipway-staging-llm
    template:
      InstanceType: g5.12xlarge
      SecurityGroupIds: [sg-0123456789abcdef0]
    image_parameter: /aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-24.04/latest/ami-id
    subnet_ids: "{{ vpc_output.private_subnet_ids }}"

- name: Switch it off
  slipway.ops.instance_group:
    name: slipway-staging-llm
    state: absent
"""

RETURN = r"""
desired:
  description: Instances that the group wants after the run.
  returned: success
  type: int
  sample: 1
image_id:
  description: The image that a new instance gets; empty when there is no template.
  returned: success
  type: str
  sample: ami-0123456789abcdef0
off_policy_arn:
  description: The scaling policy that takes the group to no instances; empty when it does not exist yet.
  returned: success
  type: str
steps:
  description: The changes made, or those that check mode would make.
  returned: success
  type: list
  elements: str
  sample: [create template, create group, metrics, off policy]
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.ops.plugins.module_utils import instance_group as api
from ansible_collections.slipway.ops.plugins.module_utils.instance_group_plan import (
    Wanted,
    plan_absent,
    plan_present,
)


def wanted_group(params: dict[str, Any], latest_image: str) -> Wanted:
    """The module's options as the plan takes them."""
    return Wanted(
        name=params["name"],
        template=params["template"],
        settings=api.settings(params),
        count=params["count"],
        image_id=params["image_id"],
        latest_image=latest_image,
        target_groups=frozenset(params["target_group_arns"]),
        tags=params["tags"],
        power=params["power"],
        start_new=params["start_new"],
    )


def main() -> None:
    """Observe, plan, apply, report."""
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "template": {"type": "dict", "default": {}},
            "image_id": {"type": "str", "default": ""},
            "image_parameter": {"type": "str", "default": ""},
            "subnet_ids": {"type": "list", "elements": "str", "default": []},
            "count": {"type": "int", "default": 1},
            "target_group_arns": {"type": "list", "elements": "str", "default": []},
            "grace_period": {"type": "int", "default": 300},
            "power": {"type": "str", "choices": ["keep", "on", "off"], "default": "keep"},
            "start_new": {"type": "bool", "default": True},
            "tags": {"type": "dict", "default": {}},
            "wait_timeout": {"type": "int", "default": 900},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        supports_check_mode=True,
    )
    params = module.params
    name = params["name"]
    try:
        clients = api.Clients(module.client)
        found = api.observe(clients, name, api.settings(params), params["tags"])
        if params["state"] == "absent":
            plan = plan_absent(found)
        elif found.group and found.group.deleting:
            module.fail_json(msg=f"Auto Scaling group {name} is being deleted: run the same again when it is gone")
        else:
            latest = ""
            if not params["image_id"] and found.template is None:
                latest = api.newest_image(clients("ssm"), params["image_parameter"])
            plan = plan_present(found, wanted_group(params, latest))
        policy_arn = found.policy_arn if module.check_mode else api.apply(clients, name, plan, found, params)
    except AnsibleAWSError as error:
        module.fail_json_aws_error(error)
    after = plan.after
    module.exit_json(
        changed=bool(plan.steps),
        desired=after.get("group", {}).get("desired", 0),
        image_id=after.get("template", {}).get("image_id", ""),
        off_policy_arn=policy_arn if after else "",
        steps=[step.action for step in plan.steps],
        diff={"before": plan.before, "after": plan.after},
    )


if __name__ == "__main__":
    main()
