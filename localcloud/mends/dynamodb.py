# SPDX-License-Identifier: GPL-3.0-or-later
"""DynamoDB: a table's id, and the encryption of a table that exists.

Sources: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html,
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html.
"""

from __future__ import annotations

import uuid
from typing import Any

from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler

from localcloud.mends.patch import wrap


def install() -> None:
    """Put the mends in place."""
    wrap(DynamoHandler, "update_table", update_table)
    wrap(Table, "describe", describe)


def update_table(original: Any, self: DynamoHandler) -> Any:
    """moto ignores SSESpecification: "The new server-side encryption settings for the specified table"."""
    if "SSESpecification" in self.body:
        table = self.dynamodb_backend.get_table(self.body["TableName"])
        table.sse_specification = self.body["SSESpecification"]
    return original(self)


def describe(original: Any, self: Table, base_key: str = "TableDescription") -> dict[str, Any]:
    """moto leaves out TableId: "Unique identifier for the table for which the backup was created"."""
    answer: dict[str, Any] = original(self, base_key)
    answer[base_key]["TableId"] = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.table_arn} {self.created_at}"))
    return answer
