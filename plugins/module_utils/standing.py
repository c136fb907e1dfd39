# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reads what stands behind target groups that no rule forwards to any more."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import boto3_tag_list_to_ansible_dict

from . import autoscaling, ecs, elb
from .blue_green.plan_model import COLORS, KEEP_WARM_ACTION, TAG_CANDIDATE, TAG_RELEASE
from .listener_rule_plan import Group

# A target that is on its way out answers no new requests.
_LEAVING = "draining"


def observe_groups(
    client: Callable[[str], Any], arns: Iterable[str], service: str, cluster: str | None
) -> dict[str, Group]:
    """Target group ARN -> what stands behind it.

    Which one is the release is looked up only if more than one has targets, and needs the services' cluster.
    """
    found = {}
    for arn in arns:
        states = [item["TargetHealth"]["State"] for item in elb.describe_target_health(client("elbv2"), arn)]
        found[arn] = Group(states.count("healthy"), len(states) - states.count(_LEAVING))
    several = sum(bool(group.targets) for group in found.values()) > 1
    marks = _marks(client, service, cluster) if cluster and several else {}
    return {arn: replace(group, **marks.get(arn, {})) for arn, group in found.items()}


def _marks(client: Callable[[str], Any], service: str, cluster: str) -> dict[str, dict[str, bool]]:
    """Target group ARN -> what the tags of the ECS service that registers its targets say of what it runs."""
    if ecs.describe_cluster(client("ecs"), cluster) is None:
        return {}
    described = ecs.describe_services(client("ecs"), cluster, [f"{service}-{color}" for color in COLORS])
    warm = autoscaling.describe_scheduled_actions(client("application-autoscaling"), KEEP_WARM_ACTION)
    marks = {}
    for name, found in described.items():
        tags = boto3_tag_list_to_ansible_dict(found.get("tags", []))
        runs = found["taskDefinition"]
        said = {
            "proven": tags.get(TAG_RELEASE) == runs,
            "candidate": tags.get(TAG_CANDIDATE) == runs,
            "leaving": autoscaling.resource_id(cluster, name) in warm,
        }
        marks.update({balancer["targetGroupArn"]: said for balancer in found["loadBalancers"]})
    return marks
