# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""From engine two_service to engine native, in one deployment. Pure.

The new service's first deployment goes into the group that has no traffic, as its alternate group, so that it is a
swap like any other: ECS brings tasks up beside those that serve, moves the weights, and then the old pair goes.
"""

from __future__ import annotations

from typing import Any

from .native_steps_plan import RemoveColors
from .native_strategy_plan import configuration
from .plan_model import COLORS, Native, Snapshot, Wanted, other
from .steps_plan import Drain, Step
from .traffic_plan import live_color, sticky_seconds

_KEPT = (
    "networkConfiguration",
    "healthCheckGracePeriodSeconds",
    "platformVersion",
    "propagateTags",
    "enableECSManagedTags",
    "enableExecuteCommand",
)


def creation(snapshot: Snapshot, wanted: Wanted, target: str) -> dict[str, Any]:
    """CreateService members, those of the service that serves now but for what moves the traffic."""
    native = snapshot.native or Native()
    live = other(target)
    old = native.foreign[live]
    least = wanted.scaling.minimum if wanted.scaling else 1
    balancing = advanced(snapshot, wanted.infrastructure_role, live)
    return {
        **{key: old.settings[key] for key in _KEPT if key in old.settings},
        "launchType": "FARGATE",
        "desiredCount": max(old.desired, old.running, least),
        "loadBalancers": [{**item, **balancing} for item in old.settings.get("loadBalancers", [])],
        "deploymentConfiguration": configuration(snapshot, wanted),
    }


def advanced(snapshot: Snapshot, role: str, primary: str) -> dict[str, Any]:
    """Members of a loadBalancers entry. The first revision of a service comes up in the alternate group."""
    rules = {
        "productionListenerRule": snapshot.production.arn if snapshot.production else None,
        "testListenerRule": snapshot.preview.arn if snapshot.preview else None,
    }
    return {
        "targetGroupArn": snapshot.colors[primary].target_group,
        "advancedConfiguration": {
            "alternateTargetGroupArn": snapshot.colors[other(primary)].target_group,
            **{key: value for key, value in rules.items() if value},
            "roleArn": role,
        },
    }


def retire(snapshot: Snapshot, wanted: Wanted) -> list[Step]:
    """Away with what engine two_service had, once its requests have ended."""
    foreign = (snapshot.native or Native()).foreign
    if not foreign:
        return []
    running = [color for color, service in foreign.items() if service.desired or service.running]
    delay = max((snapshot.colors[color].deregistration_delay for color in running), default=0)
    old = next(iter(running), live_color(snapshot) or COLORS[0])
    floor = max(wanted.drain_floor, sticky_seconds(snapshot))
    drain: list[Step] = [Drain(old, floor, delay)] if running else []
    return [*drain, RemoveColors(tuple(f"{snapshot.service}-{color}" for color in foreign))]
