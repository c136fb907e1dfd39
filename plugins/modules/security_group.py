#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: security_group
version_added: "0.5.0"
short_description: A security group with exactly the rules given
description:
  - Converges a group's rules, their descriptions and its tags, and returns as soon as AWS shows them as they were
    written.
  - M(amazon.aws.ec2_security_group) sleeps three seconds before it looks at a group it has made for the first time, and
    ten before it looks at rules again. It also forbids before it allows, so that a rule that takes the place of another
    cuts off what both let through.
  - The rules are written as for that module, as far as they are networks and groups.
options:
  name:
    description: The group's name, by which it is found.
    type: str
    required: true
  vpc_id:
    description: The VPC. Required when O(state=present). Without it the group of that name is removed wherever it is.
    type: str
  description:
    description:
      - What the group is for. Required when O(state=present).
      - AWS cannot change it. A group that has another one keeps it, and a warning says so.
    type: str
  rules:
    description: What may come in; what is not listed is removed.
    type: list
    elements: dict
    default: []
    suboptions: &rule
      proto:
        description: The protocol.
        type: str
        choices: [tcp, udp, all]
        default: tcp
      ports:
        description: The ports, one rule each.
        type: list
        elements: int
      from_port:
        description: First port of a range.
        type: int
      to_port:
        description: Last port of a range.
        type: int
      cidr_ip:
        description: Networks, IPv4 or IPv6.
        type: list
        elements: str
      group_id:
        description: Ids of security groups.
        type: list
        elements: str
      rule_desc:
        description: Description of the rule.
        type: str
  rules_egress:
    description: What may go out; what is not listed is removed, which includes the rule that AWS gives a new group.
    type: list
    elements: dict
    default: []
    suboptions: *rule
  tags:
    description: Tags of the group. Tags not listed are removed. Without this option they stay as they are.
    type: dict
  wait_timeout:
    description: Seconds to wait until AWS shows what was written.
    type: int
    default: 60
  state:
    description: Whether the group shall exist.
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
- name: HTTP from anywhere, and out to the VPC
  slipway.ops.security_group:
    name: slipway-staging-alb
    description: Load balancer slipway-staging
    vpc_id: vpc-0123456789abcdef0
    rules:
      - proto: tcp
        ports: [80, 443]
        cidr_ip: [0.0.0.0/0]
        rule_desc: production
    rules_egress:
      - proto: tcp
        from_port: 1
        to_port: 65535
        cidr_ip: [10.20.0.0/16]

- name: Remove it
  slipway.ops.security_group:
    name: slipway-staging-alb
    state: absent
"""

RETURN = r"""
group_id:
  description: The group's id; empty when there is none, also when check mode would create it.
  returned: success
  type: str
steps:
  description: The API calls made, or those that check mode would make.
  returned: success
  type: list
  elements: str
  sample: [create, authorize in, revoke out]
"""

from contextlib import suppress
from typing import Any

# AnsibleAWSModule says so when it is missing.
with suppress(ImportError):
    from botocore.exceptions import BotoCoreError, ClientError

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.amazon.aws.plugins.module_utils.tagging import boto3_tag_list_to_ansible_dict
from ansible_collections.slipway.ops.plugins.module_utils.security_group_plan import (
    Group,
    Plan,
    RuleError,
    Wanted,
    plan_group,
    rules_from,
    rules_of,
)
from ansible_collections.slipway.ops.plugins.module_utils.settling import settled

METHODS = {
    "create": "create_security_group",
    "delete": "delete_security_group",
    "authorize in": "authorize_security_group_ingress",
    "authorize out": "authorize_security_group_egress",
    "describe in": "update_security_group_rule_descriptions_ingress",
    "describe out": "update_security_group_rule_descriptions_egress",
    "revoke in": "revoke_security_group_ingress",
    "revoke out": "revoke_security_group_egress",
    "tag": "create_tags",
    "untag": "delete_tags",
}
"""A step's action to the client's method."""

# A group created a moment ago need not be known everywhere in EC2:
# https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
FRESH = ["InvalidGroup.NotFound", "InvalidGroupId.NotFound"]


@AWSRetry.jittered_backoff()
def observe(client: Any, name: str, vpc_id: str) -> list[Group]:
    """The groups of that name, in that VPC if one is given."""
    filters = {"group-name": name} | ({"vpc-id": vpc_id} if vpc_id else {})
    pages = client.get_paginator("describe_security_groups").paginate(
        Filters=[{"Name": key, "Values": [value]} for key, value in filters.items()]
    )
    return [group_of(described) for described in pages.build_full_result()["SecurityGroups"]]


def group_of(described: dict[str, Any]) -> Group:
    """One group out of its description."""
    rules = rules_of(described["IpPermissions"], inbound=True)
    rules |= rules_of(described["IpPermissionsEgress"], inbound=False)
    tags = boto3_tag_list_to_ansible_dict(described.get("Tags", []))
    return Group(described["GroupName"], described["Description"], rules, tags, described["GroupId"])


def apply(client: Any, plan: Plan, vpc_id: str, group_id: str) -> str:
    """Make the plan's calls in order; returns the group's id. group_id: of the group that exists, or nothing."""
    for step in plan.steps:
        arguments = dict(step.arguments)
        if step.action == "create":
            arguments["VpcId"] = vpc_id
        else:
            arguments |= {"Resources": [group_id]} if step.action in ("tag", "untag") else {"GroupId": group_id}
        call = AWSRetry.jittered_backoff(catch_extra_error_codes=FRESH)(getattr(client, METHODS[step.action]))
        answer = call(**arguments)
        group_id = answer["GroupId"] if step.action == "create" else group_id
    return group_id


def main() -> None:
    """Observe, plan, apply, wait, report."""
    rule = {
        "proto": {"type": "str", "choices": ["tcp", "udp", "all"], "default": "tcp"},
        "ports": {"type": "list", "elements": "int"},
        "from_port": {"type": "int"},
        "to_port": {"type": "int"},
        "cidr_ip": {"type": "list", "elements": "str"},
        "group_id": {"type": "list", "elements": "str"},
        "rule_desc": {"type": "str"},
    }
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "vpc_id": {"type": "str"},
            "description": {"type": "str"},
            "rules": {"type": "list", "elements": "dict", "default": [], "options": rule},
            "rules_egress": {"type": "list", "elements": "dict", "default": [], "options": rule},
            "tags": {"type": "dict"},
            "wait_timeout": {"type": "int", "default": 60},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        required_if=[("state", "present", ["vpc_id", "description"])],
        supports_check_mode=True,
    )
    try:
        converge(module, module.client("ec2"))
    except RuleError as error:
        module.fail_json(msg=f"security group {module.params['name']}: {error}")
    except (BotoCoreError, ClientError) as error:
        module.fail_json_aws(error, msg=f"Security group {module.params['name']}")


def converge(module: AnsibleAWSModule, client: Any) -> None:
    """All of main() that may meet an error of AWS; ends the module."""
    params = module.params
    name, vpc = params["name"], params["vpc_id"] or ""
    rules = rules_from(params["rules"], inbound=True) | rules_from(params["rules_egress"], inbound=False)
    group = Group(name, params["description"] or "", rules)
    wanted = Wanted(group, params["state"] == "present", params["tags"])
    existing = observe(client, name, vpc)
    plan = plan_group(existing, wanted)
    if plan.blocked:
        module.fail_json(msg=plan.blocked)
    if wanted.present and existing and existing[0].description != group.description:
        module.warn(f"security group {name} keeps its description, which AWS cannot change: {existing[0].description}")
    group_id = existing[0].id if existing else ""
    if plan.steps and not module.check_mode:
        group_id = apply(client, plan, vpc, group_id)
        wait(module, client, wanted)
    module.exit_json(
        changed=bool(plan.steps),
        group_id=group_id if wanted.present else "",
        steps=[step.action for step in plan.steps],
        diff={"before": plan.before, "after": plan.after},
    )


def wait(module: AnsibleAWSModule, client: Any, wanted: Wanted) -> None:
    """Until what is read needs no step any more; a failure if that does not come."""
    params = module.params

    def missing() -> list[str]:
        plan = plan_group(observe(client, params["name"], params["vpc_id"] or ""), wanted)
        return [step.action for step in plan.steps]

    left, done = settled(missing, lambda steps: not steps, params["wait_timeout"])
    if not done:
        module.fail_json(
            msg=f"security group {params['name']} was written, but AWS does not show it after"
            f" {params['wait_timeout']} s (missing: {', '.join(left)}); what it lets through is uncertain: run the same"
            " playbook again"
        )


if __name__ == "__main__":
    main()
