#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: cost_budget
version_added: "0.1.0"
short_description: A monthly budget of AWS Budgets that tells when it is spent
description:
  - No stock module knows AWS Budgets.
  - A budget tells its subscribers when 80 percent are spent, when all is, and when all is going to be. AWS computes
    that a few times a day, so that it is a net below quicker ones and stops nothing itself.
  - A budget that differs is deleted and made anew, because notifications cannot be changed with it in one call.
options:
  name:
    description: Name of the budget, unique in the account.
    type: str
    required: true
  account_id:
    description: The account.
    type: str
    required: true
  usd:
    description: Dollars a month. Required when O(state=present).
    type: float
  filters:
    description:
      - Which costs count, C(CostFilters) of the Budgets API, key to values. None for all of the account.
    type: dict
    default: {}
  emails:
    description: Who is told, by mail, up to 10.
    type: list
    elements: str
    default: []
  topic_arn:
    description: ARN of the SNS topic that is told. Its policy must let budgets.amazonaws.com publish. Empty for none.
    type: str
    default: ""
  state:
    description: Whether the budget shall exist.
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
- name: Tell when the GPU hosts have cost 1000 dollars
  slipway.ops.cost_budget:
    name: slipway-staging-llm
    account_id: "222222222222"
    usd: 1000
    filters:
      InstanceType: [g5.12xlarge]
    emails: [ops@example.com]
"""

RETURN = r"""
action:
  description: What was done, create, update or delete; empty when nothing differed.
  returned: success
  type: str
  sample: create
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.ops.plugins.module_utils.api import ApiErrors, retry
from ansible_collections.slipway.ops.plugins.module_utils.documents_plan import Document, Step, plan_documents

NOTIFICATIONS = (("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100))
"""Type and percent."""


def wanted_document(params: dict[str, Any]) -> dict[str, Any]:
    """The budget as it is compared."""
    subscribers = [["EMAIL", address] for address in params["emails"]]
    subscribers += [["SNS", params["topic_arn"]]] if params["topic_arn"] else []
    return {
        "usd": params["usd"],
        "filters": params["filters"],
        "notifications": [[kind, float(percent), subscribers] for kind, percent in NOTIFICATIONS if subscribers],
    }


@ApiErrors.common_error_handler("describe budget {name}")
@retry
def describe(client: Any, account: str, name: str) -> dict[str, Any] | None:
    """The budget; None if there is none."""
    try:
        return client.describe_budget(AccountId=account, BudgetName=name)["Budget"]
    except is_boto3_error_code("NotFoundException"):
        return None


@ApiErrors.common_error_handler("describe the notifications of budget {name}")
@retry
def describe_notifications(client: Any, account: str, name: str) -> list[dict[str, Any]]:
    """The budget's notifications, without their subscribers."""
    return client.describe_notifications_for_budget(AccountId=account, BudgetName=name)["Notifications"]


@ApiErrors.common_error_handler("describe who is told of budget {name}")
@retry
def describe_subscribers(client: Any, account: str, name: str, notification: dict[str, Any]) -> list[list[str]]:
    """Type and address of each subscriber."""
    asked = {key: value for key, value in notification.items() if key != "NotificationState"}
    found = client.describe_subscribers_for_notification(AccountId=account, BudgetName=name, Notification=asked)
    return [[item["SubscriptionType"], item["Address"]] for item in found["Subscribers"]]


@ApiErrors.common_error_handler("create budget {name}")
@retry
def create(client: Any, account: str, name: str, wanted: Document) -> None:
    """Budget and notifications in one call."""
    budget = {
        "BudgetName": name,
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "BudgetLimit": {"Amount": str(wanted["usd"]), "Unit": "USD"},
        "CostFilters": wanted["filters"],
    }
    told = [
        {
            "Notification": {
                "NotificationType": kind,
                "ComparisonOperator": "GREATER_THAN",
                "Threshold": percent,
                "ThresholdType": "PERCENTAGE",
            },
            "Subscribers": [{"SubscriptionType": way, "Address": address} for way, address in subscribers],
        }
        for kind, percent, subscribers in wanted["notifications"]
    ]
    client.create_budget(AccountId=account, Budget=budget, NotificationsWithSubscribers=told)


@ApiErrors.common_error_handler("delete budget {name}")
@retry
def delete(client: Any, account: str, name: str) -> None:
    """With its notifications."""
    client.delete_budget(AccountId=account, BudgetName=name)


def observe(client: Any, account: str, name: str) -> dict[str, Document]:
    """The budget as it is compared; nothing when there is none."""
    budget = describe(client, account, name)
    if budget is None:
        return {}
    notifications = [
        [item["NotificationType"], float(item["Threshold"]), describe_subscribers(client, account, name, item)]
        for item in describe_notifications(client, account, name)
    ]
    limit = float(budget.get("BudgetLimit", {}).get("Amount", 0))
    return {name: {"usd": limit, "filters": budget.get("CostFilters", {}), "notifications": notifications}}


def apply(client: Any, account: str, step: Step) -> None:
    """Make the step."""
    if step.before is not None:
        delete(client, account, step.name)
    if step.after is not None:
        create(client, account, step.name, step.after)


def main() -> None:
    """Observe, plan, apply, report."""
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "account_id": {"type": "str", "required": True},
            "usd": {"type": "float"},
            "filters": {"type": "dict", "default": {}},
            "emails": {"type": "list", "elements": "str", "default": []},
            "topic_arn": {"type": "str", "default": ""},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        required_if=[("state", "present", ["usd"])],
        supports_check_mode=True,
    )
    params = module.params
    name, account = params["name"], params["account_id"]
    try:
        client = module.client("budgets")
        wanted = wanted_document(params) if params["state"] == "present" else None
        plan = plan_documents(observe(client, account, name), {name: wanted})
        for step in () if module.check_mode else plan.steps:
            apply(client, account, step)
    except AnsibleAWSError as error:
        module.fail_json_aws_error(error)
    actions = [step.action for step in plan.steps]
    module.exit_json(changed=plan.changed, action=(actions or [""])[0], diff=plan.diff())


if __name__ == "__main__":
    main()
