# SPDX-License-Identifier: GPL-3.0-or-later
"""Route 53: a change that does not fit to the records as they are is refused, with all of its batch.

And the name servers of a zone are no reusable delegation set.
"""

from __future__ import annotations

from typing import Any

from moto.route53.exceptions import Route53ClientError
from moto.route53.models import FakeZone, RecordSet, Route53Backend

from localcloud.mends.patch import wrap


class InvalidChangeBatchError(Route53ClientError):  # type: ignore[misc]
    """One change does not fit, none was made."""

    code = 400

    def __init__(self, record: dict[str, Any], verb: str, why: str) -> None:
        super().__init__(
            "InvalidChangeBatch",
            f"[Tried to {verb} resource record set [name='{record['Name']}', type='{record['Type']}'] but {why}]",
        )


def install() -> None:
    """Put the mends in place."""
    wrap(Route53Backend, "change_resource_record_sets", _fitting)
    wrap(Route53Backend, "create_hosted_zone", _with_servers_of_its_own)


def _with_servers_of_its_own(original: Any, self: Route53Backend, *args: Any, **kwargs: Any) -> FakeZone:
    """moto makes a reusable delegation set for each zone that names none, lists it, and keeps it when the zone goes.
    https://docs.aws.amazon.com/Route53/latest/APIReference/API_CreateReusableDelegationSet.html
    """
    before = dict(self.delegation_sets)
    zone: FakeZone = original(self, *args, **kwargs)
    if zone.delegation_set is not None and not zone.delegation_set.id:
        self.delegation_sets = before
    return zone


def _fitting(original: Any, self: Route53Backend, zone_id: str, changes: list[dict[str, Any]]) -> None:
    """CREATE of a record that is there and DELETE of one that says something else are InvalidChangeBatch.

    moto looks into the zone's journal, by names without their dot, so that a second CREATE makes a second record, and a
    DELETE takes whatever the name has. https://docs.aws.amazon.com/Route53/latest/APIReference/API_Change.html
    """
    zone = self.get_hosted_zone(zone_id)
    for change in changes:
        record = change["ResourceRecordSet"]
        found = _same_key(zone, record)
        if change["Action"] == "CREATE" and found is not None:
            raise InvalidChangeBatchError(record, "create", "it already exists")
        if change["Action"] == "DELETE":
            if found is None:
                raise InvalidChangeBatchError(record, "delete", "it was not found")
            if _said(record) != (found.alias_target, [str(each) for each in found.records or []]):
                raise InvalidChangeBatchError(record, "delete", "the values provided do not match the current values")
    original(self, zone_id, changes)


def _same_key(zone: FakeZone, record: dict[str, Any]) -> RecordSet | None:
    key = (_dotted(record["Name"]), record["Type"], record.get("SetIdentifier"))
    return next((each for each in zone.rrsets if (_dotted(each.name), each.type, each.set_identifier) == key), None)


def _said(record: dict[str, Any]) -> tuple[Any, list[str]]:
    return record.get("AliasTarget"), [str(each["Value"]) for each in record.get("ResourceRecords") or []]


def _dotted(name: str) -> str:
    return name.lower().rstrip(".") + "."
