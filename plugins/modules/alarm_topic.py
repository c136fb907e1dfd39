#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: alarm_topic
version_added: 0.1.0
short_description: An encrypted topic of Amazon SNS with its policy and those who are told
description:
  - M(community.aws.sns_topic) knows no key, and alarms of CloudWatch reach no topic that has AWS's own.
  - Subscriptions belong to the topic. One that is not listed is ended; one that was never confirmed cannot be, and
    expires by itself. Whoever is subscribed by mail or HTTPS has to confirm it.
  - Needs C(sns:) GetTopicAttributes, SetTopicAttributes, CreateTopic, DeleteTopic, TagResource, Subscribe, Unsubscribe
    and ListSubscriptionsByTopic, and for a topic that is made C(kms:) GenerateDataKey and Decrypt.
author:
  - Contributors to the Slipway project (@slipway)
options:
  arn:
    description: ARN of the topic, which its name follows from.
    type: str
    required: true
  kms_key_arn:
    description: ARN of the key. Required when O(state=present), but may be empty in check mode.
    type: str
    default: ""
  policy:
    description: The topic's policy. Required when O(state=present).
    type: dict
    default: {}
  subscriptions:
    description: Who is told.
    type: list
    elements: dict
    default: []
    suboptions:
      protocol:
        description: As in the API.
        type: str
        required: true
      endpoint:
        description: Address, number, URL or ARN.
        type: str
        required: true
  tags:
    description: Tags of a topic that is made.
    type: dict
    default: {}
  state:
    description: Whether it exists.
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
- name: Alarms are told to those on call
  slipway.ops.alarm_topic:
    arn: arn:aws:sns:us-east-1:222222222222:slipway-staging-alarms
    kms_key_arn: "{{ key.key_arn }}"
    policy: "{{ inputs | slipway.ops.observability_document('topic_policy') }}"
    subscriptions:
      - {protocol: email, endpoint: oncall@example.com}
"""

RETURN = r"""
steps:
  description: The changes, in order.
  returned: success
  type: list
  elements: dict
  sample: [{"name": "topic", "action": "create"}]
"""

import json
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.policy import compare_policies
from ansible_collections.amazon.aws.plugins.module_utils.tagging import ansible_dict_to_boto3_tag_list
from ansible_collections.slipway.ops.plugins.module_utils.api import ApiErrors, retry
from ansible_collections.slipway.ops.plugins.module_utils.documents_plan import Document, Step, plan_documents

TOPIC = "topic"
# A subscription that waits to be confirmed has this in the place of its ARN (SNS API reference, Subscription).
_PENDING = "PendingConfirmation"
_NONE = "NotFound"


@ApiErrors.common_error_handler("read topic {arn}")
@retry
def read(client: Any, arn: str) -> dict[str, Any] | None:
    """Key and policy; None when there is no topic."""
    try:
        found = client.get_topic_attributes(TopicArn=arn)["Attributes"]
    except is_boto3_error_code(_NONE):
        return None
    return {"kms_key": found.get("KmsMasterKeyId", ""), "policy": json.loads(found.get("Policy") or "{}")}


@ApiErrors.common_error_handler("list the subscriptions of topic {arn}")
@retry
def subscriptions(client: Any, arn: str) -> dict[str, str]:
    """What is subscribed, as in a plan, to the subscription's ARN."""
    pages = client.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=arn)
    found = [item for page in pages for item in page["Subscriptions"]]
    return {title(item["Protocol"], item["Endpoint"]): item["SubscriptionArn"] for item in found}


@ApiErrors.common_error_handler("create topic {arn}")
@retry
def create(client: Any, arn: str, document: Document, tags: dict[str, str]) -> None:
    """With key and policy, so that it is at no time without."""
    client.create_topic(
        Name=arn.rpartition(":")[2], Attributes=attributes(document), Tags=ansible_dict_to_boto3_tag_list(tags)
    )


@ApiErrors.common_error_handler("set {name} of topic {arn}")
@retry
def set_attribute(client: Any, arn: str, name: str, value: str) -> None:
    """One attribute."""
    client.set_topic_attributes(TopicArn=arn, AttributeName=name, AttributeValue=value)


@ApiErrors.common_error_handler("delete topic {arn}")
@retry
def delete(client: Any, arn: str) -> None:
    """With its subscriptions. One that is gone already is no error (SNS API reference, DeleteTopic)."""
    client.delete_topic(TopicArn=arn)


@ApiErrors.common_error_handler("subscribe {endpoint} to topic {arn}")
@retry
def subscribe(client: Any, arn: str, protocol: str, endpoint: str) -> None:
    """Again is the same subscription."""
    client.subscribe(TopicArn=arn, Protocol=protocol, Endpoint=endpoint)


@ApiErrors.common_error_handler("end subscription {arn}")
@retry
def unsubscribe(client: Any, arn: str) -> None:
    """One that is gone already is no error."""
    try:
        client.unsubscribe(SubscriptionArn=arn)
    except is_boto3_error_code(_NONE):
        pass


def attributes(document: Document) -> dict[str, str]:
    """As the API takes them."""
    return {"KmsMasterKeyId": document["kms_key"], "Policy": json.dumps(document["policy"], sort_keys=True)}


def title(protocol: str, endpoint: str) -> str:
    """How a subscription is called in a plan."""
    return f"{protocol} {endpoint}"


def wanted_documents(params: dict[str, Any]) -> dict[str, Document]:
    """The topic and who is told."""
    told = {title(item["protocol"], item["endpoint"]): {"told": True} for item in params["subscriptions"]}
    return {TOPIC: {"kms_key": params["kms_key_arn"], "policy": params["policy"]}, **told}


def as_wanted(found: dict[str, Any], policy: dict[str, Any]) -> dict[str, Any]:
    """What was found, with the policy as it is wanted if both mean the same: SNS may write one in another way."""
    return found if compare_policies(found["policy"], policy) else found | {"policy": policy}


def apply(client: Any, arn: str, step: Step, known: dict[str, str], tags: dict[str, str]) -> None:
    """Do one step. known: subscriptions by title."""
    if step.name != TOPIC:
        if step.after is None:
            unsubscribe(client, known[step.name])
        else:
            protocol, endpoint = step.name.split(" ", 1)
            subscribe(client, arn, protocol, endpoint)
    elif step.after is None:
        delete(client, arn)
    elif step.before is None:
        create(client, arn, step.after, tags)
    else:
        for name, value in attributes(step.after).items():
            set_attribute(client, arn, name, value)


def main() -> None:
    """Observe, plan, apply, report."""
    module = AnsibleAWSModule(
        argument_spec={
            "arn": {"type": "str", "required": True},
            "kms_key_arn": {"type": "str", "default": "", "no_log": False},
            "policy": {"type": "dict", "default": {}},
            "subscriptions": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "protocol": {"type": "str", "required": True},
                    "endpoint": {"type": "str", "required": True},
                },
            },
            "tags": {"type": "dict", "default": {}},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        supports_check_mode=True,
    )
    params, arn = module.params, module.params["arn"]
    present = params["state"] == "present"
    if present and not module.check_mode and not (params["kms_key_arn"] and params["policy"]):
        module.fail_json(msg=f"topic {arn} needs kms_key_arn and policy: nothing was changed")
    try:
        client = module.client("sns")
        found = read(client, arn)
        known = subscriptions(client, arn) if found is not None and present else {}
        current = (
            {}
            if found is None
            else {TOPIC: as_wanted(found, params["policy"]), **{name: {"told": True} for name in known}}
        )
        ended = {name: None for name, subscription in known.items() if subscription != _PENDING}
        wanted = ended | wanted_documents(params) if present else {TOPIC: None}
        steps = sorted(plan_documents(current, wanted).steps, key=lambda step: step.name != TOPIC)
        for step in () if module.check_mode else steps:
            apply(client, arn, step, known, params["tags"])
    except AnsibleAWSError as error:
        module.fail_json_aws_error(error)
    module.exit_json(
        changed=bool(steps),
        steps=[{"name": step.name, "action": step.action} for step in steps],
        diff=plan_documents(current, wanted).diff(),
    )


if __name__ == "__main__":
    main()
