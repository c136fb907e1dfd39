# SPDX-License-Identifier: GPL-3.0-or-later
"""DynamoDB: the encryption of a table that exists.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html.
"""

from __future__ import annotations

from typing import Any

from moto.dynamodb.responses import DynamoHandler

from localcloud.mends.patch import wrap


def install() -> None:
    """Put the mend in place."""
    wrap(DynamoHandler, "update_table", update_table)


def update_table(original: Any, self: DynamoHandler) -> Any:
    """ "SSESpecification: The new server-side encryption settings for the specified table." moto ignores them."""
    if "SSESpecification" in self.body:
        table = self.dynamodb_backend.get_table(self.body["TableName"])
        table.sse_specification = self.body["SSESpecification"]
    return original(self)
