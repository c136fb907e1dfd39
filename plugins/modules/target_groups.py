#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: target_groups
short_description: Target groups behind an Application Load Balancer
version_added: 0.1.0
author:
  - Contributors to the Slipway project (@slipway)
description:
  - C(community.aws.elb_target_group) has no check mode, and deregisters every target that the playbook does not name
    unless told otherwise. On a service under load that is an outage.
  - This module never touches targets. It creates groups that are alike but for their name, and keeps health check,
    deregistration delay and tags.
  - The health check of a group with registered targets stays as it is, because what runs there was released with it,
    and a check that it does not pass would take the service down. It is reported in RV(deferred) and as a warning, and
    arrives with the next deployment, see M(slipway.ops.ecs_blue_green).
options:
  names:
    description: Names of the target groups.
    type: list
    elements: str
    required: true
  vpc_id:
    description:
      - The VPC. Required when O(state=present).
      - May be empty in check mode, when the VPC is not there yet.
    type: str
  port:
    description: Port of a target that is registered without one. Required when O(state=present).
    type: int
  target_type:
    description: What is registered, IP addresses as of Fargate's tasks, or instances as by an Auto Scaling group.
    type: str
    choices: [ip, instance]
    default: ip
  health_check:
    description: The HTTP health check. Written at a group's creation, and while it has no targets.
    type: dict
    default: {}
    suboptions:
      path:
        description: Path to ask for.
        type: str
        default: /
      interval:
        description: Seconds between two checks, 5 to 300.
        type: int
        default: 5
      timeout:
        description: Seconds until a check fails, 2 to 120, less than the interval.
        type: int
        default: 2
      healthy:
        description: Passed checks in a row that make a target healthy, 2 to 10.
        type: int
        default: 2
      unhealthy:
        description: Failed checks in a row that make a target unhealthy, 2 to 10.
        type: int
        default: 2
      codes:
        description: HTTP status codes that pass.
        type: str
        default: "200"
  deregistration_delay:
    description: Seconds that a deregistered target has for requests in flight, 0 to 3600.
    type: int
    default: 300
  tags:
    description: Tags to add. Other tags stay.
    type: dict
    default: {}
  state:
    description: Whether the groups exist. AWS refuses to delete one that a rule names.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - slipway.ops.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Two target groups, healthy 10 seconds after a task answers
  slipway.ops.target_groups:
    names: [api-blue, api-green]
    vpc_id: "{{ vpc_output.id }}"
    port: 8080
    health_check:
      path: /healthz
"""

RETURN = r"""
arns:
  description: Name to ARN of the groups that exist after the run.
  returned: success
  type: dict
  sample: {"api-blue": "arn:aws:elasticloadbalancing:us-east-1:111111111111:targetgroup/api-blue/0123456789abcdef"}
deferred:
  description: Groups that keep their health check for now, because they have targets; with it and the one to come.
  returned: success
  type: list
  elements: dict
  sample:
    - name: api-blue
      now: {"HealthCheckPath": "/"}
      later: {"HealthCheckPath": "/healthz"}
steps:
  description: The changes, in order.
  returned: success
  type: list
  elements: dict
  sample: [{"name": "api-blue", "action": "create"}]
"""

from typing import Any

from ansible.module_utils.common.warnings import warn
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)
from ansible_collections.slipway.ops.plugins.module_utils import elb
from ansible_collections.slipway.ops.plugins.module_utils.api import ApiErrors, retry
from ansible_collections.slipway.ops.plugins.module_utils.documents_plan import Plan, Step, plan_documents

DELAY = "deregistration_delay.timeout_seconds"
# The API's key of a health check to the option's; all of them can be modified.
HEALTH_CHECK = {
    "HealthCheckPath": "path",
    "HealthCheckIntervalSeconds": "interval",
    "HealthCheckTimeoutSeconds": "timeout",
    "HealthyThresholdCount": "healthy",
    "UnhealthyThresholdCount": "unhealthy",
}


@ApiErrors.list_error_handler("describe target group {name}")
@retry
def describe(client: Any, name: str) -> dict[str, Any] | None:
    """The group of this name, None if there is none."""
    return client.describe_target_groups(Names=[name])["TargetGroups"][0]


@ApiErrors.common_error_handler("describe the attributes of target group {arn}")
@retry
def describe_attributes(client: Any, arn: str) -> dict[str, str]:
    """The group's attributes."""
    attributes = client.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
    return {item["Key"]: item["Value"] for item in attributes}


@ApiErrors.common_error_handler("describe the tags of target group {arn}")
@retry
def describe_tags(client: Any, arn: str) -> dict[str, str]:
    """The group's tags."""
    described = client.describe_tags(ResourceArns=[arn])["TagDescriptions"]
    return boto3_tag_list_to_ansible_dict(described[0]["Tags"])


@ApiErrors.common_error_handler("create target group {name}")
@retry
def create(client: Any, name: str, request: dict[str, Any]) -> str:
    """Create the group; the same request repeated returns the same group."""
    return client.create_target_group(Name=name, **request)["TargetGroups"][0]["TargetGroupArn"]


@ApiErrors.common_error_handler("set the health check of target group {arn}")
@retry
def modify_health_check(client: Any, arn: str, health_check: dict[str, Any]) -> None:
    """Set the health check."""
    client.modify_target_group(TargetGroupArn=arn, **health_check)


@ApiErrors.common_error_handler("set the deregistration delay of target group {arn}")
@retry
def modify_delay(client: Any, arn: str, seconds: str) -> None:
    """Set the deregistration delay."""
    client.modify_target_group_attributes(TargetGroupArn=arn, Attributes=[{"Key": DELAY, "Value": seconds}])


@ApiErrors.common_error_handler("tag target group {arn}")
@retry
def add_tags(client: Any, arn: str, tags: dict[str, str]) -> None:
    """Add tags; others stay."""
    client.add_tags(ResourceArns=[arn], Tags=ansible_dict_to_boto3_tag_list(tags))


@ApiErrors.common_error_handler("delete target group {arn}")
@retry
def delete(client: Any, arn: str) -> None:
    """Delete the group; one that is gone already is no error to AWS."""
    client.delete_target_group(TargetGroupArn=arn)


def health_check_request(health_check: dict[str, Any]) -> dict[str, Any]:
    """The health check as the API has it."""
    request = {key: health_check[option] for key, option in HEALTH_CHECK.items()}
    return request | {"HealthCheckProtocol": "HTTP", "Matcher": {"HttpCode": health_check["codes"]}}


def wanted_document(params: dict[str, Any]) -> dict[str, Any]:
    """What every one of the groups shall be."""
    return {
        "fixed": {
            "Protocol": "HTTP",
            "Port": params["port"],
            "VpcId": params["vpc_id"],
            "TargetType": params["target_type"],
        },
        "health_check": health_check_request(params["health_check"]),
        "deregistration_delay": str(params["deregistration_delay"]),
        "tags": params["tags"],
    }


def observe(client: Any, name: str, wanted: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """ARN and document of a group, in the keys of the wanted document; None if there is none."""
    group = describe(client, name)
    if group is None:
        return None
    arn = group["TargetGroupArn"]
    tags = describe_tags(client, arn)
    return arn, {
        "fixed": {key: group.get(key) for key in wanted["fixed"]},
        "health_check": {key: group.get(key) for key in wanted["health_check"]},
        "deregistration_delay": describe_attributes(client, arn)[DELAY],
        "tags": {key: value for key, value in tags.items() if key in wanted["tags"]},
    }


def deferred_check(client: Any, name: str, group: tuple[str, dict[str, Any]], wanted: dict[str, Any]) -> dict | None:
    """What changes of the health check of a group that has targets; None if it may be written, or is as wanted."""
    arn, document = group
    now, later = document["health_check"], wanted["health_check"]
    differing = [key for key in later if now[key] != later[key]]
    if not differing or not elb.describe_target_health(client, arn):
        return None
    return {"name": name, "now": {key: now[key] for key in differing}, "later": {key: later[key] for key in differing}}


def with_targets_spared(client: Any, found: dict[str, tuple[str, dict]], wanted: dict) -> tuple[dict, list[dict]]:
    """Name -> the document to reach now, for the groups that exist; and what has to wait."""
    documents, deferred = {}, []
    for name, group in found.items():
        waits = deferred_check(client, name, group, wanted)
        documents[name] = {**wanted, "health_check": group[1]["health_check"]} if waits else wanted
        deferred += [waits] if waits else []
    return documents, deferred


def waiting(item: dict) -> str:
    """For people."""
    changes = ", ".join(f"{key} {item['now'][key]} to {item['later'][key]}" for key in item["later"])
    return f"target group {item['name']} has targets: its health check changes with the next deployment, {changes}"


def blocked(plan: Plan) -> str:
    """Why the plan cannot be carried out, "" if it can."""
    for step in plan.steps:
        if step.action == "update" and step.before["fixed"] != step.after["fixed"]:
            before, after = step.before["fixed"], step.after["fixed"]
            keys = ", ".join(f"{key} {before[key]} to {after[key]}" for key in after if before[key] != after[key])
            return (
                f"target group {step.name}: AWS cannot change {keys}; destroy the service first, or give it a new name"
            )
    return ""


def one_step(client: Any, step: Step, arn: str) -> str:
    """Create, update or delete one group; returns its ARN, "" once it is gone."""
    if step.after is None:
        delete(client, arn)
        return ""
    before, after = step.before or {}, step.after
    if not before:
        tags = {"Tags": ansible_dict_to_boto3_tag_list(after["tags"])} if after["tags"] else {}
        arn = create(client, step.name, {**after["fixed"], **after["health_check"], **tags})
        before = {**after, "deregistration_delay": ""}
    if before["health_check"] != after["health_check"]:
        modify_health_check(client, arn, after["health_check"])
    if before["deregistration_delay"] != after["deregistration_delay"]:
        modify_delay(client, arn, after["deregistration_delay"])
    if before["tags"] != after["tags"]:
        add_tags(client, arn, after["tags"])
    return arn


def apply(client: Any, plan: Plan, arns: dict[str, str]) -> dict[str, str]:
    """Do the steps in order; returns name to ARN of what exists afterwards."""
    after = dict(arns)
    for step in plan.steps:
        after[step.name] = one_step(client, step, arns.get(step.name, ""))
    return {name: arn for name, arn in after.items() if arn}


def main() -> None:
    """Observe, plan, apply, report."""
    health_check = {
        "path": {"type": "str", "default": "/"},
        "interval": {"type": "int", "default": 5},
        "timeout": {"type": "int", "default": 2},
        "healthy": {"type": "int", "default": 2},
        "unhealthy": {"type": "int", "default": 2},
        "codes": {"type": "str", "default": "200"},
    }
    module = AnsibleAWSModule(
        argument_spec={
            "names": {"type": "list", "elements": "str", "required": True},
            "vpc_id": {"type": "str"},
            "target_type": {"type": "str", "choices": ["ip", "instance"], "default": "ip"},
            "port": {"type": "int"},
            "health_check": {"type": "dict", "default": {}, "options": health_check, "apply_defaults": True},
            "deregistration_delay": {"type": "int", "default": 300},
            "tags": {"type": "dict", "default": {}},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        required_if=[("state", "present", ["vpc_id", "port"])],
        supports_check_mode=True,
    )
    names = module.params["names"]
    present = module.params["state"] == "present"
    wanted = wanted_document(module.params)
    try:
        client = module.client("elbv2")
        found = {name: group for name in names if (group := observe(client, name, wanted))}
        current = {name: document for name, (_arn, document) in found.items()}
        spared, deferred = with_targets_spared(client, found, wanted) if present else ({}, [])
        plan = plan_documents(current, {**dict.fromkeys(names, wanted if present else None), **spared})
        if problem := blocked(plan):
            module.fail_json(msg=problem, diff=plan.diff())
        arns = {name: arn for name, (arn, _document) in found.items()}
        if not module.check_mode:
            arns = apply(client, plan, arns)
    except AnsibleAWSError as error:
        module.fail_json_aws_error(error)
    for item in deferred:
        # AnsibleAWSModule.warn would also put it into the result, which ansible-core reports as deprecated.
        warn(waiting(item))
    steps = [{"name": step.name, "action": step.action} for step in plan.steps]
    module.exit_json(changed=plan.changed, arns=arns, steps=steps, deferred=deferred, diff=plan.diff())


if __name__ == "__main__":
    main()
