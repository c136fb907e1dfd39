# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of a service as it must be after any history: without revision numbers, times and which color is which."""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any

from tests.chaos.cloud import COLORS, NAME, SERVICE, TABLE, Cloud

_RELEASE = "slipway:release"
#: Members of a task definition that differ between two registrations of the same one, or between the colors.
_OWN = ("taskDefinitionArn", "revision", "registeredAt", "registeredBy", "family", "deregisteredAt")


def read(cloud: Cloud, facts: dict[str, Any]) -> dict[str, Any]:
    """{"production", "preview", "live", "idle", "services", "lease"}; roles are by the production rule's weights."""
    weights = {rule: _weights(cloud, facts, facts["rules"][rule]) for rule in ("production", "preview")}
    live = max(COLORS, key=lambda color: weights["production"].get(color, 0))
    role = {color: "live" if color == live else "idle" for color in COLORS}
    ecs = cloud.client("ecs")
    found: dict[str, Any] = {rule: {role[color]: weight for color, weight in weights[rule].items()} for rule in weights}
    arns = ecs.list_services(cluster=NAME)["serviceArns"]
    services = ecs.describe_services(cluster=NAME, services=arns, include=["TAGS"])["services"] if arns else []
    found["services"] = sorted(service["serviceName"].removeprefix(f"{SERVICE}-") for service in services)
    for service in services:
        color = service["serviceName"].removeprefix(f"{SERVICE}-")
        found[role[color]] = _color(cloud, facts, color, service)
    found["lease"] = lease(cloud)
    plain: dict[str, Any] = json.loads(json.dumps(found))
    return plain


def _weights(cloud: Cloud, facts: dict[str, Any], rule: str) -> dict[str, int]:
    actions = cloud.client("elbv2").describe_rules(RuleArns=[rule])["Rules"][0]["Actions"]
    colors = {arn: color for color, arn in facts["groups"].items()}
    groups = [group for action in actions for group in action.get("ForwardConfig", {}).get("TargetGroups", [])]
    return {colors[group["TargetGroupArn"]]: group["Weight"] for group in groups}


def _color(cloud: Cloud, facts: dict[str, Any], color: str, service: dict[str, Any]) -> dict[str, Any]:
    ecs = cloud.client("ecs")
    definition = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    tags = {tag["key"]: tag["value"] for tag in service.get("tags", []) if tag["key"].startswith("slipway:")}
    if tags.get(_RELEASE) == service["taskDefinition"]:
        tags[_RELEASE] = "what it runs"
    elb = cloud.client("elbv2")
    health = elb.describe_target_health(TargetGroupArn=facts["groups"][color])["TargetHealthDescriptions"]
    group = elb.describe_target_groups(TargetGroupArns=[facts["groups"][color]])["TargetGroups"][0]
    return {
        "image": _image(facts, definition),
        "definition": _fingerprint(definition, color),
        "desired": service["desiredCount"],
        "running": service["runningCount"],
        "pending": service["pendingCount"],
        "deployments": len(service["deployments"]),
        "tags": tags,
        "targets": sorted(item["TargetHealth"]["State"] for item in health),
        "health_check": {
            name: value for name, value in group.items() if name.startswith("Health") or name == "Matcher"
        },
        **_scaling(cloud, color),
    }


def _image(facts: dict[str, Any], definition: dict[str, Any]) -> str:
    image = definition["containerDefinitions"][0]["image"]
    return next((name for name, reference in facts["images"].items() if reference == image), image)


def _fingerprint(definition: dict[str, Any], color: str) -> str:
    kept = {name: value for name, value in definition.items() if name not in _OWN}
    text = json.dumps(kept, sort_keys=True, default=str)
    return hashlib.sha256(text.replace(f'"{color}"', '"COLOR"').encode()).hexdigest()[:12]


def _scaling(cloud: Cloud, color: str) -> dict[str, Any]:
    client, resource = cloud.client("application-autoscaling"), f"service/{NAME}/{SERVICE}-{color}"
    asked = {"ServiceNamespace": "ecs", "ResourceId": resource}
    targets = client.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[resource])["ScalableTargets"]
    actions = client.describe_scheduled_actions(**asked)["ScheduledActions"]
    return {
        "bounds": [(item["MinCapacity"], item["MaxCapacity"]) for item in targets],
        "suspended": [sorted(name for name, on in item.get("SuspendedState", {}).items() if on) for item in targets],
        "schedules": sorted(f"{item['ScheduledActionName']} {item['ScalableTargetAction']}" for item in actions),
    }


def lease(cloud: Cloud) -> str:
    """held, run out (its holder never gave it back), or free."""
    key = {"service": {"S": SERVICE}, "item": {"S": "lock"}}
    item = cloud.client("dynamodb").get_item(TableName=TABLE, Key=key, ConsistentRead=True).get("Item", {})
    if "expires" not in item:
        return "free"
    return "held" if float(item["expires"]["N"]) > time.time() else "run out"


def mirrored(found: dict[str, Any]) -> dict[str, Any]:
    """The same state with the releases exchanged."""
    made: dict[str, Any] = json.loads(json.dumps(found))
    for name in ("image", "definition"):
        made["live"][name], made["idle"][name] = found["idle"][name], found["live"][name]
    return made


def difference(expected: Any, found: Any, path: str = "") -> list[str]:
    """One line for each place where two states differ."""
    if isinstance(expected, dict) and isinstance(found, dict):
        names = sorted({*expected, *found})
        return [
            line
            for name in names
            for line in difference(expected.get(name), found.get(name), f"{path}.{name}".lstrip("."))
        ]
    return [] if expected == found else [f"{path} is {found!r}, not {expected!r}"]
