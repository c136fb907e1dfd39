# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS Budgets: who is told by a notification can be asked for; moto keeps it and has no such operation.

See https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_DescribeSubscribersForNotification.html
"""

from __future__ import annotations

import json
from typing import Any

from moto.budgets.exceptions import NotFoundException
from moto.budgets.models import BudgetsBackend
from moto.budgets.responses import BudgetsResponse


def install() -> None:
    """Put the mend in place."""
    BudgetsResponse.describe_subscribers_for_notification = _describe_subscribers


def _describe_subscribers(self: Any) -> str:
    account, name = self._get_param("AccountId"), self._get_param("BudgetName")
    asked = self._get_param("Notification")
    return json.dumps({"Subscribers": _subscribers(self.backend, account, name, asked)})


def _subscribers(backend: BudgetsBackend, account: str, name: str, asked: dict[str, Any]) -> list[dict[str, str]]:
    for notification in backend.budgets[account][name].notifications if name in backend.budgets[account] else ():
        if all(notification.details.get(key) == value for key, value in asked.items()):
            return list(notification.subscribers)
    raise NotFoundException(f"Unable to get subscribers for notification of budget: {name}")
