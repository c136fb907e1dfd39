# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The records in the release store (DynamoDB): one call, one function."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError

from .api import ApiErrors, retry
from .release_record_plan import key_of, query_request, record_from


@ApiErrors.common_error_handler("write the release record into table {request[TableName]}")
@retry
def put(client: Any, request: dict[str, Any]) -> bool:
    """False: the record stands there already, perhaps by a first try of ours whose answer got lost."""
    try:
        client.put_item(**request)
    except is_boto3_error_code("ConditionalCheckFailedException"):
        return False
    return True


@ApiErrors.common_error_handler("read release record {name} of {service} in table {table}")
@retry
def exists(client: Any, table: str, service: str, name: str) -> bool:
    return "Item" in client.get_item(TableName=table, Key=key_of(service, name), ConsistentRead=True)


def newest_first(client: Any, table: str, service: str) -> Iterator[dict[str, Any]]:
    """The service's records; a page is asked for when it is needed."""
    request = query_request(table, service)
    while True:
        answer = _page(client, request)
        yield from (_understood(table, item) for item in answer["Items"])
        if "LastEvaluatedKey" not in answer:
            return
        request = {**request, "ExclusiveStartKey": answer["LastEvaluatedKey"]}


def _understood(table: str, item: dict[str, Any]) -> dict[str, Any]:
    try:
        return record_from(item)
    except ValueError as error:
        raise AnsibleAWSError(message=f"Record {item['item']['S']} in table {table}: {error}") from error


@ApiErrors.common_error_handler("read the releases in table {request[TableName]}")
@retry
def _page(client: Any, request: dict[str, Any]) -> dict[str, Any]:
    return client.query(**request)
