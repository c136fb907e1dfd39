# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the delivery of a distribution's access logs to a bucket needs. Pure: no I/O, no AWS.

CloudFront's standard logging (v2) is CloudWatch's log delivery: a source (the distribution), a destination (the bucket)
and a delivery between the two
(https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging.html). The kind before it writes
with ACLs, which a bucket of the owner alone does not have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

FORMAT = "w3c"
"""The format of CloudFront's log files of old, which tools for them read."""


@dataclass(frozen=True)
class Delivery:
    """What there is under the name; None where there is nothing."""

    source: tuple[str, ...] | None = None
    """ARNs of the resources whose logs are delivered."""
    destination: str | None = None
    """ARN of the bucket, with the prefix in it if there is one."""
    format: str = FORMAT
    id: str | None = None
    """Of the delivery between the two."""


@dataclass(frozen=True)
class WantedDelivery:
    """name: of source and destination. bucket: ARN, with a prefix in it if wanted."""

    name: str
    bucket: str
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LogStep:
    """stop_logs, remove_log_source, remove_log_destination, put_log_source, put_log_destination or start_logs."""

    action: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


def plan_delivery(live: Delivery, wanted: WantedDelivery | None, arn: str | None) -> tuple[LogStep, ...]:
    """Steps to the wanted delivery, None to stay without or be without one.

    Args:
        arn: the distribution's ARN, None while it does not exist. A source of a distribution of before cannot be given
            another one (PutDeliverySource, ConflictException), and nor can a destination another format.
    """
    if wanted is None:
        return plan_no_delivery(live)
    stale_source = live.source is not None and arn not in live.source
    stale_destination = live.destination is not None and live.format != FORMAT
    steps = []
    anew = live.id is not None and (stale_source or stale_destination)
    if anew:
        steps.append(LogStep("stop_logs", {"id": live.id}))
    if stale_source:
        steps.append(LogStep("remove_log_source"))
    if stale_destination:
        steps.append(LogStep("remove_log_destination"))
    if stale_source or live.source is None:
        steps.append(LogStep("put_log_source", {"tags": dict(wanted.tags)}))
    if stale_destination or live.destination != wanted.bucket:
        fresh = stale_destination or live.destination is None
        steps.append(
            LogStep("put_log_destination", {"bucket": wanted.bucket, "tags": dict(wanted.tags) if fresh else {}})
        )
    if anew or live.id is None:
        steps.append(LogStep("start_logs"))
    return tuple(steps)


def plan_no_delivery(live: Delivery) -> tuple[LogStep, ...]:
    """Steps that leave nothing: the delivery first, which holds the other two."""
    steps = []
    if live.id is not None:
        steps.append(LogStep("stop_logs", {"id": live.id}))
    if live.source is not None:
        steps.append(LogStep("remove_log_source"))
    if live.destination is not None:
        steps.append(LogStep("remove_log_destination"))
    return tuple(steps)
