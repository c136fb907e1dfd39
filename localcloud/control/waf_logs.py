# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs of web ACLs to CloudWatch Logs: what a rule blocked, counted or allowed, filtered and redacted as configured.

Sources: https://docs.aws.amazon.com/waf/latest/developerguide/logging-fields.html,
https://docs.aws.amazon.com/waf/latest/APIReference/API_LoggingConfiguration.html (RedactedFields, LoggingFilter) and
.../logging-cw-logs.html (names of the streams). Requests that no rule matched are left out even without a filter, and
so are destinations in S3 and Firehose.
"""

from __future__ import annotations

import copy
import json
import logging
from typing import TYPE_CHECKING, Any

from moto.logs.models import logs_backends
from moto.wafv2.models import wafv2_backends

from localcloud.settings import REGION

if TYPE_CHECKING:
    from localcloud.mends.cloudfront.store import Distribution

log = logging.getLogger(__name__)

_REDACTED = "REDACTED"


def wanted(account_id: str, web_acl_arn: str) -> bool:
    """Whether a web ACL is logged. Caller holds lock.MOTO."""
    return bool(web_acl_arn) and _configuration(account_id, web_acl_arn) is not None


def deliver(account_id: str, distribution: Distribution, records: list[dict[str, Any]]) -> None:
    """Write records to the web ACL's log groups. Caller holds lock.MOTO."""
    arn = distribution.config["WebACLId"]
    configuration = _configuration(account_id, arn)
    if configuration is None:
        return
    known = {"formatVersion": 1, "webaclId": arn, "httpSourceName": "CF", "httpSourceId": distribution.id}
    kept = [record for record in records if keeps(configuration.logging_filter or {}, record)]
    fields = configuration.redacted_fields or []
    events = [
        {"timestamp": record["timestamp"], "message": json.dumps(known | redacted(record, fields))} for record in kept
    ]
    for destination in configuration.log_destination_configs:
        _write(account_id, destination, f"cloudfront_{arn.split('/')[-2]}_0", events)


def _configuration(account_id: str, arn: str) -> Any:
    """The logging configuration of a web ACL of scope CLOUDFRONT, which moto keeps with the region of the call."""
    return wafv2_backends[account_id][REGION].logging_configurations.get(arn)


def _write(account_id: str, destination: str, stream: str, events: list[dict[str, Any]]) -> None:
    if ":log-group:" not in destination or not events:
        return
    group = destination.partition(":log-group:")[2].removesuffix(":*")
    backend = logs_backends[account_id][REGION]
    if group not in backend.groups:
        log.error("web ACL log: there is no log group %s", group)
        return
    backend.ensure_log_stream(group, stream)
    backend.put_log_events(group, stream, events)


def keeps(logging_filter: dict[str, Any], record: dict[str, Any]) -> bool:
    """Whether the filter keeps a record; the first filter that fits decides, then the default behavior."""
    actions = {record["action"], *(item["action"] for item in record["nonTerminatingMatchingRules"])}
    for item in logging_filter.get("Filters") or ():
        found = [_holds(condition, actions) for condition in item["Conditions"]]
        if all(found) if item["Requirement"] == "MEETS_ALL" else any(found):
            return bool(item["Behavior"] == "KEEP")
    return bool(logging_filter.get("DefaultBehavior", "KEEP") == "KEEP")


def _holds(condition: dict[str, Any], actions: set[str]) -> bool:
    """Conditions on labels never hold: there are none here."""
    return (condition.get("ActionCondition") or {}).get("Action") in actions


def redacted(record: dict[str, Any], fields: list[dict[str, Any]]) -> dict[str, Any]:
    """A copy of the record without what RedactedFields names."""
    shown = copy.deepcopy(record)
    request = shown["httpRequest"]
    for field in fields:
        header = (field.get("SingleHeader") or {}).get("Name", "").lower()
        for item in request["headers"]:
            if item["name"].lower() == header:
                item["value"] = _REDACTED
        for kind, member in (("UriPath", "uri"), ("QueryString", "args"), ("Method", "httpMethod")):
            if kind in field:
                request[member] = _REDACTED
    return shown
