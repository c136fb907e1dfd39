# SPDX-License-Identifier: GPL-3.0-or-later
"""What GPU hosts need of the local cloud and plain moto does not have."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

PUBLIC = "/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-24.04/latest/ami-id"


def test_the_newest_deep_learning_image_is_known(cloud):
    ssm = cloud.client("ssm")
    value = ssm.get_parameter(Name=PUBLIC)["Parameter"]["Value"]
    assert value.startswith("ami-")
    assert len(value) == len("ami-") + 17
    with pytest.raises(ClientError, match="ParameterNotFound"):
        ssm.get_parameter(Name="/aws/service/deeplearning/ami/other")


def test_subscribers_of_a_budget_can_be_asked_for(cloud):
    budgets = cloud.client("budgets")
    notification = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80.0}
    who = [{"SubscriptionType": "EMAIL", "Address": "ops@example.com"}]
    limit = {
        "BudgetName": "llm",
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "BudgetLimit": {"Amount": "1", "Unit": "USD"},
    }
    account = "111111111111"
    budgets.create_budget(
        AccountId=account,
        Budget=limit,
        NotificationsWithSubscribers=[{"Notification": notification, "Subscribers": who}],
    )
    found = budgets.describe_subscribers_for_notification(
        AccountId=account, BudgetName="llm", Notification=notification
    )
    assert found["Subscribers"] == who
