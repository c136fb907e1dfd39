# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads and changes an Auto Scaling group and its launch template, one small function an API call."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.tagging import boto3_tag_list_to_ansible_dict

from .api import ApiErrors, retry
from .instance_group_plan import Group, Plan, Snapshot, Step, Template

POLL_SECONDS = 5
#: Set once, at creation; UpdateAutoScalingGroup takes it, too.
_TEMPLATE_VERSION = "$Default"


class Clients:
    """One client a service: making one costs more than all its calls."""

    def __init__(self, make: Callable[[str], Any]) -> None:
        self._make = make
        self._made: dict[str, Any] = {}

    def __call__(self, service: str) -> Any:
        if service not in self._made:
            self._made[service] = self._make(service)
        return self._made[service]


def settings(params: dict[str, Any]) -> dict[str, Any]:
    """What Create- and UpdateAutoScalingGroup are told, and DescribeAutoScalingGroups answers.

    EC2's own checks replace a dead instance. The load balancer's do not: they fail for as long as a new host fetches
    its weights.
    """
    return {
        "MinSize": 0,
        "MaxSize": params["count"],
        "VPCZoneIdentifier": in_order(params["subnet_ids"]),
        "HealthCheckType": "EC2",
        "HealthCheckGracePeriod": params["grace_period"],
    }


def in_order(subnets: list[str]) -> str:
    """The subnets as one text. Their order means nothing, and AWS keeps none."""
    return ",".join(sorted(subnets))


@ApiErrors.common_error_handler("describe launch template {name}")
@retry
def describe_template(client: Any, name: str) -> dict[str, Any] | None:
    """The default version; None when there is no template."""
    try:
        found = client.describe_launch_template_versions(LaunchTemplateName=name, Versions=[_TEMPLATE_VERSION])
    except is_boto3_error_code(["InvalidLaunchTemplateName.NotFoundException", "InvalidLaunchTemplateId.NotFound"]):
        return None
    versions = found["LaunchTemplateVersions"]
    return versions[0] if versions else None


@ApiErrors.common_error_handler("describe Auto Scaling group {name}")
@retry
def describe_group(client: Any, name: str) -> dict[str, Any] | None:
    """The group; None when there is none."""
    found = client.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    return found[0] if found else None


@ApiErrors.common_error_handler("describe the scaling policies of {name}")
@retry
def describe_policy(client: Any, name: str) -> str:
    """ARN of the policy that switches the group off; empty when there is none."""
    found = client.describe_policies(AutoScalingGroupName=name, PolicyNames=[off_policy(name)])["ScalingPolicies"]
    return found[0]["PolicyARN"] if found else ""


@ApiErrors.common_error_handler("describe the instances of {name}")
@retry
def running_instances(client: Any, name: str) -> list[str]:
    """Ids of the group's instances that are not terminated yet."""
    pages = client.get_paginator("describe_instances").paginate(
        Filters=[{"Name": "tag:aws:autoscaling:groupName", "Values": [name]}]
    )
    instances = [item for page in pages for each in page["Reservations"] for item in each["Instances"]]
    return [item["InstanceId"] for item in instances if item["State"]["Name"] != "terminated"]


@ApiErrors.common_error_handler("read parameter {name}")
@retry
def read_parameter(client: Any, name: str) -> str:
    """Value of a public parameter."""
    return client.get_parameter(Name=name)["Parameter"]["Value"]


def newest_image(client: Any, parameter: str) -> str:
    """Id of the image that the vendor offers now."""
    if not parameter:
        raise AnsibleAWSError(message="image_id or image_parameter: one of them is needed for a new launch template")
    return read_parameter(client, parameter)


def off_policy(name: str) -> str:
    """Name of the policy that takes the group to no instances."""
    return f"{name}-off"


def observe(clients: Clients, name: str, wanted: dict[str, Any], tags: dict[str, str]) -> Snapshot:
    """What exists, in the keys of what is wanted."""
    version = describe_template(clients("ec2"), name)
    template = None
    if version:
        image = version["LaunchTemplateData"].get("ImageId", "")
        template = Template(version["LaunchTemplateId"], version.get("VersionDescription", ""), image)
    found = describe_group(clients("autoscaling"), name)
    if found is None:
        return Snapshot(template)
    own = boto3_tag_list_to_ansible_dict(found.get("Tags", []))
    group = Group(
        settings={
            **{key: found.get(key) for key in wanted},
            "VPCZoneIdentifier": in_order(found.get("VPCZoneIdentifier", "").split(",")),
        },
        target_groups=frozenset(found.get("TargetGroupARNs", [])),
        tags={key: value for key, value in own.items() if key in tags},
        metrics=frozenset(item["Metric"] for item in found.get("EnabledMetrics", [])),
        desired=found["DesiredCapacity"],
        deleting=bool(found.get("Status")),
    )
    return Snapshot(template, group, describe_policy(clients("autoscaling"), name))


def apply(clients: Clients, name: str, plan: Plan, found: Snapshot, params: dict[str, Any]) -> str:
    """Make the plan's changes in order; return the ARN of the policy that switches the group off."""
    policy = found.policy_arn
    for step in plan.steps:
        if step.action == "off policy":
            put_off_policy(clients("autoscaling"), name)
            policy = describe_policy(clients("autoscaling"), name)
        elif "template" in step.action:
            change_template(clients("ec2"), name, step)
        elif step.action == "delete group":
            delete_group(clients, name, params["wait_timeout"])
        else:
            change_group(clients("autoscaling"), name, step)
    return policy


@ApiErrors.common_error_handler("change launch template {name}")
@retry
def change_template(client: Any, name: str, step: Step) -> None:
    """Create it, add a version that becomes the default, or delete it."""
    arguments = dict(step.arguments)
    if step.action == "create template":
        client.create_launch_template(LaunchTemplateName=name, **arguments)
    elif step.action == "delete template":
        client.delete_launch_template(**arguments)
    else:
        made = client.create_launch_template_version(**arguments)["LaunchTemplateVersion"]
        client.modify_launch_template(
            LaunchTemplateId=arguments["LaunchTemplateId"], DefaultVersion=str(made["VersionNumber"])
        )


@ApiErrors.common_error_handler("change Auto Scaling group {name}")
@retry
def change_group(client: Any, name: str, step: Step) -> None:
    """One call but for deletion."""
    own = {"AutoScalingGroupName": name}
    arguments = dict(step.arguments)
    template = {"LaunchTemplate": {"LaunchTemplateName": name, "Version": _TEMPLATE_VERSION}}
    calls: dict[str, Callable[[], Any]] = {
        "create group": lambda: client.create_auto_scaling_group(**own, **template, **arguments),
        "update group": lambda: client.update_auto_scaling_group(**own, **template, **arguments),
        "attach": lambda: client.attach_load_balancer_target_groups(**own, **arguments),
        "detach": lambda: client.detach_load_balancer_target_groups(**own, **arguments),
        "tag": lambda: client.create_or_update_tags(**arguments),
        "power": lambda: client.set_desired_capacity(**own, HonorCooldown=False, **arguments),
        "metrics": lambda: client.enable_metrics_collection(**own, Granularity="1Minute", **arguments),
    }
    calls[step.action.split()[0] if step.action.startswith("power") else step.action]()


@ApiErrors.common_error_handler("put the scaling policy of {name}")
@retry
def put_off_policy(client: Any, name: str) -> None:
    """To exactly no instances; a repeated call replaces the policy and keeps its ARN."""
    client.put_scaling_policy(
        AutoScalingGroupName=name,
        PolicyName=off_policy(name),
        PolicyType="SimpleScaling",
        AdjustmentType="ExactCapacity",
        ScalingAdjustment=0,
    )


@ApiErrors.common_error_handler("delete Auto Scaling group {name}")
@retry
def call_delete(client: Any, name: str) -> None:
    """With all instances."""
    client.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)


def delete_group(clients: Clients, name: str, timeout: int) -> None:
    """Delete the group and wait until nothing of it costs money, or holds on to its security group, any more."""
    deadline = time.monotonic() + timeout
    group = describe_group(clients("autoscaling"), name)
    if group and not group.get("Status"):
        call_delete(clients("autoscaling"), name)
    while True:
        left = running_instances(clients("ec2"), name)
        if not left and describe_group(clients("autoscaling"), name) is None:
            return
        if time.monotonic() >= deadline:
            waits = ", ".join(left) or "the group itself"
            raise AnsibleAWSError(
                message=f"Auto Scaling group {name} is being deleted, but after {timeout} s not yet gone: {waits}."
                " Run the same command again; what runs until then is paid for"
            )
        time.sleep(POLL_SECONDS)
