# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Elastic Load Balancing v2: one call, one function. Shapes are boto3's."""

from __future__ import annotations

from functools import partial
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)

from .api import ApiErrors, retry
from .together import together

# DescribeTags accepts at most 20 ARNs a call (Elastic Load Balancing API reference, DescribeTags).
_TAGS_PAGE = 20


@ApiErrors.list_error_handler("describe load balancer {name}", None)
@retry
def describe_load_balancer(client: Any, name: str) -> dict | None:
    return client.describe_load_balancers(Names=[name])["LoadBalancers"][0]


@ApiErrors.common_error_handler("describe the listeners of {load_balancer_arn}")
@retry
def describe_listeners(client: Any, load_balancer_arn: str) -> list[dict]:
    pages = client.get_paginator("describe_listeners").paginate(LoadBalancerArn=load_balancer_arn)
    return [listener for page in pages for listener in page["Listeners"]]


@ApiErrors.list_error_handler("describe the rules of listener {listener_arn}", None)
@retry
def describe_rules(client: Any, listener_arn: str) -> list[dict] | None:
    pages = client.get_paginator("describe_rules").paginate(ListenerArn=listener_arn)
    return [rule for page in pages for rule in page["Rules"]]


def describe_listeners_with_rules(client: Any, balancer: dict | None) -> list[tuple[dict, list[dict]]]:
    """Every listener of a load balancer with its rules, each with its tags as the dict Tags. None has no listeners."""
    listeners = describe_listeners(client, balancer["LoadBalancerArn"]) if balancer else []
    arns = [listener["ListenerArn"] for listener in listeners]
    asked = together({arn: partial(describe_rules, client, arn) for arn in arns})
    found = [(listener, asked[listener["ListenerArn"]] or []) for listener in listeners]
    tags = describe_tags(client, [rule["RuleArn"] for _listener, rules in found for rule in rules])
    return [
        (listener, [{**rule, "Tags": tags.get(rule["RuleArn"], {})} for rule in rules]) for listener, rules in found
    ]


@ApiErrors.list_error_handler("describe rule {rule_arn}", None)
@retry
def describe_rule(client: Any, rule_arn: str) -> dict | None:
    return client.describe_rules(RuleArns=[rule_arn])["Rules"][0]


def describe_tags(client: Any, arns: list[str]) -> dict[str, dict[str, str]]:
    """ARN -> its tags, for any number of resources."""
    tags: dict[str, dict[str, str]] = {}
    for start in range(0, len(arns), _TAGS_PAGE):
        for entry in _describe_tags_page(client, arns[start : start + _TAGS_PAGE]):
            tags[entry["ResourceArn"]] = boto3_tag_list_to_ansible_dict(entry["Tags"])
    return tags


@ApiErrors.common_error_handler("describe the tags of {arns}")
@retry
def _describe_tags_page(client: Any, arns: list[str]) -> list[dict]:
    return client.describe_tags(ResourceArns=arns)["TagDescriptions"]


@ApiErrors.common_error_handler("add tags to {arn}")
@retry
def add_tags(client: Any, arn: str, tags: dict[str, str]) -> None:
    client.add_tags(ResourceArns=[arn], Tags=ansible_dict_to_boto3_tag_list(tags))


@ApiErrors.common_error_handler("create a rule with priority {priority} on listener {listener_arn}")
@retry
def create_rule(
    client: Any, listener_arn: str, priority: int, conditions: list, actions: list, tags: dict
) -> str | None:
    """The new rule's ARN, or None when the priority is taken (by another rule, or by ours after a lost response)."""
    request = {"ListenerArn": listener_arn, "Priority": priority, "Conditions": conditions, "Actions": actions}
    try:
        return client.create_rule(**request, Tags=ansible_dict_to_boto3_tag_list(tags))["Rules"][0]["RuleArn"]
    except is_boto3_error_code("PriorityInUse"):
        return None


@ApiErrors.common_error_handler("modify the conditions of rule {rule_arn}")
@retry
def modify_rule_conditions(client: Any, rule_arn: str, conditions: list[dict]) -> None:
    client.modify_rule(RuleArn=rule_arn, Conditions=conditions)


@ApiErrors.common_error_handler("modify the actions of rule {rule_arn}")
@retry
def modify_rule_actions(client: Any, rule_arn: str, actions: list[dict]) -> list[dict]:
    """The rule's actions as ModifyRule answers with them."""
    return client.modify_rule(RuleArn=rule_arn, Actions=actions)["Rules"][0]["Actions"]


@ApiErrors.common_error_handler("move rule {rule_arn} to priority {priority}")
@retry
def set_rule_priority(client: Any, rule_arn: str, priority: int) -> None:
    client.set_rule_priorities(RulePriorities=[{"RuleArn": rule_arn, "Priority": priority}])


@ApiErrors.deletion_error_handler("delete rule {rule_arn}")
@retry
def delete_rule(client: Any, rule_arn: str) -> bool:
    client.delete_rule(RuleArn=rule_arn)
    return True


@ApiErrors.list_error_handler("describe the target groups {names}", {})
@retry
def _describe_target_groups(client: Any, names: list[str]) -> dict[str, dict]:
    found = client.describe_target_groups(Names=names)["TargetGroups"]
    return {group["TargetGroupName"]: group for group in found}


def describe_target_groups(client: Any, names: list[str]) -> dict[str, dict]:
    """Name -> target group, for those that exist. One that does not makes the call fail for all, so each is asked."""
    found = _describe_target_groups(client, names)
    if found or len(names) == 1:
        return found
    return {name: group for each in names for name, group in _describe_target_groups(client, [each]).items()}


@ApiErrors.common_error_handler("modify target group {target_group_arn}")
@retry
def modify_target_group(client: Any, target_group_arn: str, changes: dict[str, Any]) -> None:
    client.modify_target_group(TargetGroupArn=target_group_arn, **changes)


@ApiErrors.common_error_handler("describe the target health of {target_group_arn}")
@retry
def describe_target_health(client: Any, target_group_arn: str) -> list[dict]:
    return client.describe_target_health(TargetGroupArn=target_group_arn)["TargetHealthDescriptions"]


@ApiErrors.common_error_handler("describe the attributes of {target_group_arn}")
@retry
def describe_target_group_attributes(client: Any, target_group_arn: str) -> dict[str, str]:
    answer = client.describe_target_group_attributes(TargetGroupArn=target_group_arn)
    return boto3_tag_list_to_ansible_dict(answer["Attributes"])
