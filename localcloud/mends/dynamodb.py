# SPDX-License-Identifier: GPL-3.0-or-later
"""DynamoDB: a table's id, the encryption of a table that exists, and tables of other accounts.

Sources: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html,
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html,
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/rbac-cross-account-access.html.
"""

from __future__ import annotations

import uuid
from typing import Any

from moto.dynamodb.exceptions import DynamodbException
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler

from localcloud.control.bucket_policy import account, allows
from localcloud.mends.callers import principal_arn
from localcloud.mends.patch import wrap


def install() -> None:
    """Put the mends in place."""
    DynamoHandler.dynamodb_backend = property(dynamodb_backend)
    wrap(DynamoHandler, "update_table", update_table)
    wrap(Table, "describe", describe)
    wrap(DynamoDBBackend, "delete_table", delete_table)


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


def dynamodb_backend(self: DynamoHandler) -> DynamoDBBackend:
    """Where the table is: moto looks into the caller's account only, whatever ARN the request names.

    "You must use the table's Amazon Resource Name (ARN)" for a table of another account, whose resource-based policy
    has to allow the call. The caller's own policies are not looked at, as nowhere in the local cloud.
    """
    name = str(self.body.get("TableName", ""))
    parts = name.split(":")
    if not name.startswith("arn:") or parts[4] == self.current_account:
        backend: DynamoDBBackend = dynamodb_backends[self.current_account][self.region]
        return backend
    owner: DynamoDBBackend = dynamodb_backends[parts[4]][parts[3]]
    policy, arn, action = owner.resource_policies.get(name), principal_arn(self), f"dynamodb:{self._get_action()}"
    if policy is None or not allows(policy.policy_doc, action, name, account(self.current_account, arn)):
        raise DynamodbException(
            "AccessDeniedException",
            f"User: {arn} is not authorized to perform: {action} on resource: {name} because no resource-based policy "
            f"allows the {action} action",
        )
    return owner


def delete_table(original: Any, self: DynamoDBBackend, name: str) -> Table:
    """A policy goes with its table ("When you delete a table, its resource-based policy is also deleted"); moto keeps
    it for the next table of that name."""
    table: Table = original(self, name)
    self.resource_policies.pop(table.table_arn, None)
    return table
