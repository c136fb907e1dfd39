# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a VPC's flow log needs to become the one wanted. Pure: no I/O, no AWS.

AWS cannot modify a flow log, and refuses a second one of the same VPC to the same log group (FlowLogAlreadyExists):
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html
A changed setting therefore deletes first and creates then; tags alone are changed in place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# Its actions: delete, create, tag and untag.
from .resource_plan import Plan, Step


@dataclass(frozen=True)
class Settings:
    """What a flow log cannot change once it exists."""

    log_group: str
    role_arn: str
    traffic: str
    """ACCEPT, REJECT or ALL."""
    interval: int
    """Seconds over which AWS aggregates before it writes: 60 or 600."""


@dataclass(frozen=True)
class FlowLog:
    """A flow log as AWS describes it."""

    id: str
    settings: Settings
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Wanted:
    """The flow log as the inventory has it; settings None means that there shall be none."""

    settings: Settings | None
    tags: Mapping[str, str] = field(default_factory=dict)


def plan_flow_log(existing: Sequence[FlowLog], wanted: Wanted) -> Plan:
    """The steps from the flow logs of our name to the one wanted.

    Args:
        existing: the VPC's flow logs that bear the wanted name; those of other names are not ours to touch.
        wanted: the flow log to have.
    """
    before = _view(existing[0].settings, existing[0].tags) if existing else {}
    kept = next((log for log in existing if log.settings == wanted.settings), None)
    surplus = sorted(log.id for log in existing if log is not kept)
    steps = [Step("delete", {"FlowLogIds": surplus})] if surplus else []
    if wanted.settings is None:
        return Plan(before, {}, tuple(steps))
    if kept is None:
        steps.append(Step("create", _create_arguments(wanted.settings, wanted.tags)))
    else:
        steps.extend(_tag_steps(kept, wanted.tags))
    return Plan(before, _view(wanted.settings, wanted.tags) if steps else before, tuple(steps))


def _create_arguments(settings: Settings, tags: Mapping[str, str]) -> dict[str, Any]:
    return {
        "ResourceType": "VPC",
        "LogDestinationType": "cloud-watch-logs",
        "LogGroupName": settings.log_group,
        "DeliverLogsPermissionArn": settings.role_arn,
        "TrafficType": settings.traffic,
        "MaxAggregationInterval": settings.interval,
        "TagSpecifications": [{"ResourceType": "vpc-flow-log", "Tags": _tag_list(tags)}],
    }


def _tag_steps(log: FlowLog, wanted: Mapping[str, str]) -> list[Step]:
    steps = []
    if new := {key: value for key, value in wanted.items() if log.tags.get(key) != value}:
        steps.append(Step("tag", {"Resources": [log.id], "Tags": _tag_list(new)}))
    if stale := sorted(key for key in log.tags if key not in wanted and not key.startswith("aws:")):
        steps.append(Step("untag", {"Resources": [log.id], "Tags": [{"Key": key} for key in stale]}))
    return steps


def _tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def _view(settings: Settings, tags: Mapping[str, str]) -> dict[str, Any]:
    return {
        "log_group": settings.log_group,
        "role_arn": settings.role_arn,
        "traffic": settings.traffic,
        "interval": settings.interval,
        "tags": dict(sorted(tags.items())),
    }
