# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The target group's health check belongs to the release, as its image does: a rollback brings back both. Pure.

The settings are recorded in the task definition, as a Docker label of the app container, so that they are found again
for as long as the revision is, and a revision with other checks is another revision. A target group takes them over
just before its color's tasks are judged by them; the color that serves keeps what its release was made for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .plan_model import ColorState
from .steps_plan import SetHealthCheck, Step

LABEL = "slipway.health-check"

# Option -> member of ModifyTargetGroup, with the least and the greatest value (Elastic Load Balancing API reference,
# ModifyTargetGroup).
_NUMBERS = {
    "interval": ("HealthCheckIntervalSeconds", 5, 300),
    "timeout": ("HealthCheckTimeoutSeconds", 2, 120),
    "healthy": ("HealthyThresholdCount", 2, 10),
    "unhealthy": ("UnhealthyThresholdCount", 2, 10),
}
_MEMBERS = ("HealthCheckProtocol", "HealthCheckPath", *(number[0] for number in _NUMBERS.values()), "Matcher")
_MAX_PATH = 1024
_CODES = (200, 499)


def health_check_from(given: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """ModifyTargetGroup members of the health_check option; None when the checks are left as they are."""
    if given is None:
        return None
    return {
        "HealthCheckProtocol": given["protocol"],
        "HealthCheckPath": given["path"],
        **{number[0]: given[option] for option, number in _NUMBERS.items()},
        "Matcher": {"HttpCode": given["matcher"]},
    }


def problems(given: Mapping[str, Any] | None) -> list[str]:
    """What is wrong with the health_check option."""
    if given is None:
        return []
    found = []
    if not given["path"].startswith("/") or len(given["path"]) > _MAX_PATH:
        found.append(f"health_check.path {given['path']!r} must begin with / and have at most {_MAX_PATH} characters")
    for option, (_member, least, greatest) in _NUMBERS.items():
        if not least <= given[option] <= greatest:
            found.append(f"health_check.{option} {given[option]} is outside {least} to {greatest}")
    if given["timeout"] >= given["interval"]:
        found.append(
            f"health_check.timeout {given['timeout']} must be less than health_check.interval {given['interval']}"
        )
    if not _codes_fit(given["matcher"]):
        found.append(f"health_check.matcher {given['matcher']!r} is no list of codes from {_CODES[0]} to {_CODES[1]}")
    return found


def _codes_fit(matcher: str) -> bool:
    """200, 200,202 or 200-299: what a Matcher may say."""
    bounds = [code for item in matcher.split(",") for code in item.split("-", 1)]
    return all(code.isdecimal() and _CODES[0] <= int(code) <= _CODES[1] for code in bounds)


def observed(target_group: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a target group, as DescribeTargetGroups shows it, that make its health check."""
    return {member: target_group[member] for member in _MEMBERS if member in target_group}


def with_health_check(request: dict[str, Any], app_container: str, wanted: Mapping[str, Any] | None) -> dict[str, Any]:
    """The RegisterTaskDefinition request with the record of its health check."""
    if wanted is None:
        return request
    record = json.dumps(dict(wanted), sort_keys=True, separators=(",", ":"))
    containers = [
        {**container, "dockerLabels": {**container.get("dockerLabels", {}), LABEL: record}}
        if container["name"] == app_container
        else container
        for container in request["containerDefinitions"]
    ]
    return {**request, "containerDefinitions": containers}


def recorded(body: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The health check that a task definition was released with; None for one that says nothing intelligible."""
    for container in (body or {}).get("containerDefinitions", []):
        text = container.get("dockerLabels", {}).get(LABEL)
        if text:
            return _parsed(text)
    return None


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    return {member: found[member] for member in _MEMBERS if member in found} or None


def health_check_step(state: ColorState, aim: Mapping[str, Any] | None) -> list[Step]:
    """Brings a color's target group to a release's health check; nothing to do where it has that, or where none is
    known."""
    if aim is None or state.target_group is None:
        return []
    changes = {member: value for member, value in aim.items() if state.health_check.get(member) != value}
    return [SetHealthCheck(state.color, changes)] if changes else []
