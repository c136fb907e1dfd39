# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A release record as it is stored: one item per run, of which nothing is ever changed. Pure.

Keys service and item = release#TIME#HASH. TIME sorts them; HASH is of the content, so that a record written twice is
one record. What a reader filters by is an attribute of its own, the whole is in record, as JSON: a number stays what
it is, and DynamoDB's types with their limits stay out of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

PREFIX = "release#"
# The form of a record. One without a form is of the first, which this only added a name to.
SCHEMA = 1
# A DynamoDB item holds 400 KB (Amazon DynamoDB quotas); what a step or a check saw is cut long before that.
LONGEST_TEXT = 2000
LONGEST_LIST = 200


def time_text(started: float) -> str:
    """ISO 8601 in UTC with milliseconds, which sorts as the time does."""
    return datetime.fromtimestamp(started, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def bounded(value: Any) -> Any:
    """The same in JSON's types, with texts and lists no longer than a record may have them."""
    if isinstance(value, Mapping):
        return {str(key): bounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [bounded(item) for item in list(value)[:LONGEST_LIST]]
    if isinstance(value, (bool, int, float)) or value is None:
        return value
    return str(value)[:LONGEST_TEXT]


def record_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a run: everything given, its form and its id."""
    content = {**bounded(given), "schema": SCHEMA}
    text = json.dumps(content, sort_keys=True)
    name = hashlib.sha256(text.encode()).hexdigest()[:12]
    return {**content, "id": f"{time_text(given['started'])}#{name}"}


def put_request(table: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """PutItem that never writes over a record."""
    searched = {name: {"S": str(record[name])} for name in ("outcome", "kind", "digest", "git_sha")}
    return {
        "TableName": table,
        "Item": {**key_of(record["service"], record["id"]), **searched, "record": {"S": json.dumps(record)}},
        "ConditionExpression": "attribute_not_exists(#item)",
        "ExpressionAttributeNames": {"#item": "item"},
    }


def key_of(service: str, name: str) -> dict[str, Any]:
    return {"service": {"S": service}, "item": {"S": f"{PREFIX}{name}"}}


def query_request(table: str, service: str) -> dict[str, Any]:
    """Query for the service's records, newest first."""
    return {
        "TableName": table,
        "KeyConditionExpression": "#service = :service AND begins_with(#item, :prefix)",
        "ExpressionAttributeNames": {"#service": "service", "#item": "item"},
        "ExpressionAttributeValues": {":service": {"S": service}, ":prefix": {"S": PREFIX}},
        "ScanIndexForward": False,
        "ConsistentRead": True,
    }


def record_from(item: Mapping[str, Any]) -> dict[str, Any]:
    """The record in an item as Query gives it. Raises ValueError for one that this version cannot understand."""
    try:
        found: dict[str, Any] = json.loads(item["record"]["S"])
        known = all(isinstance(found[name], str) for name in ("id", "kind", "outcome", "digest"))
        schema = found.get("schema", SCHEMA)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"it is no release record ({error!r})") from error
    if schema != SCHEMA:
        raise ValueError(f"its form is {schema!r}, and this version of Slipway knows {SCHEMA}")
    if not known or not isinstance(found.get("started"), (int, float)):
        raise ValueError("it is no release record")
    return found


def left_serving(record: Mapping[str, Any]) -> bool:
    """Whether the run ended with its digest taking the traffic."""
    if not record["digest"]:
        return False
    asked_for = record["kind"] == "rollback" and record["outcome"] == "rolled_back"
    return asked_for or record["outcome"] in ("promoted", "repaired")


def chosen(
    records: Iterable[Mapping[str, Any]], outcomes: list[str], limit: int
) -> tuple[list[Mapping[str, Any]], Mapping[str, Any] | None]:
    """The newest limit records of the outcomes (all, when none is named), and the newest that left its digest serving.

    records come newest first and are read no further than needed.
    """
    found: list[Mapping[str, Any]] = []
    serving: Mapping[str, Any] | None = None
    for record in records:
        if len(found) < limit and (not outcomes or record["outcome"] in outcomes):
            found.append(record)
        if serving is None and left_serving(record):
            serving = record
        if len(found) >= limit and serving is not None:
            break
    return found, serving
