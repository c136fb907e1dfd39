# SPDX-License-Identifier: GPL-3.0-or-later
"""What CreateService and UpdateService refuse of strategies and load balancers, in ECS's words where it has any.

The words are those of the page "troubleshooting" (its synchronous path); bounds are those of the API Reference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from moto.ecs.exceptions import InvalidParameterException

from localcloud.ecs.native import rules
from localcloud.ecs.native.apply import HOOK_ACTION, HOOK_MINUTES

STRATEGIES = ("ROLLING", "BLUE_GREEN", "LINEAR", "CANARY")
#: Each strategy's own member with its defaults (LinearConfiguration, CanaryConfiguration).
_OWN: dict[str, tuple[str, dict[str, float]]] = {
    "LINEAR": ("linearConfiguration", {"stepPercent": 10.0, "stepBakeTimeInMinutes": 6}),
    "CANARY": ("canaryConfiguration", {"canaryPercent": 5.0, "canaryBakeTimeInMinutes": 10}),
}
#: (least, most) of each number.
_BOUNDS: dict[str, tuple[float, float]] = {
    "bakeTimeInMinutes": (0, 1440),
    "stepPercent": (3.0, 100.0),
    "stepBakeTimeInMinutes": (0, 1440),
    "canaryPercent": (0.1, 100.0),
    "canaryBakeTimeInMinutes": (0, 1440),
    "timeoutInMinutes": (1, 20160),
}
_PAUSE_STAGES = (
    "PRE_SCALE_UP",
    "POST_SCALE_UP",
    "POST_TEST_TRAFFIC_SHIFT",
    "PRE_PRODUCTION_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
)
#: Pause hooks of a service (reference page "blue-green" 3.2).
_MOST_HOOKS = 10


def configuration(merged: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The deploymentConfiguration with the defaults of its strategy. merged: the service's own with the given one."""
    strategy = merged["strategy"]
    if strategy not in STRATEGIES:
        raise InvalidParameterException(f"Invalid strategy. Valid values are: {', '.join(STRATEGIES)}")
    for owner, (name, defaults) in _OWN.items():
        if strategy == owner:
            merged[name] = {**defaults, **merged.get(name, {})}
            _check_bounds(merged[name])
        elif given.get(name):
            raise InvalidParameterException(f"{name} is only valid with the {owner} deployment strategy")
        else:
            merged.pop(name, None)
    _check_bounds(merged)
    merged["lifecycleHooks"] = [_hook(hook) for hook in merged.get("lifecycleHooks") or ()]
    if len(merged["lifecycleHooks"]) > _MOST_HOOKS:
        raise InvalidParameterException(f"A service cannot have more than {_MOST_HOOKS} pause hooks")
    return merged


def load_balancers(place: rules.Place, strategy: str, balancers: Sequence[Mapping[str, Any]]) -> None:
    """The pair and the rules of each entry."""
    advanced = [entry["advancedConfiguration"] for entry in balancers if entry.get("advancedConfiguration")]
    if advanced and len(advanced) != len(balancers):
        raise InvalidParameterException(
            "Either all or none of the provided loadBalancers must have advancedConfiguration defined"
        )
    if strategy != "ROLLING" and not balancers:
        raise InvalidParameterException(f"The local cloud runs strategy {strategy} behind a load balancer only.")
    if strategy != "ROLLING" and not advanced:
        raise InvalidParameterException(
            "advancedConfiguration field is required for all loadBalancers when using a non-ROLLING deployment strategy"
        )
    groups = Counter(arn for entry in balancers for arn in pair(entry))
    for arn, count in groups.items():
        if count > 1:
            raise InvalidParameterException(f"Duplicate targetGroupArn found: {arn}")
    for entry in balancers:
        if entry.get("advancedConfiguration"):
            _check_rules(place, entry)
    production = {item["productionListenerRule"] for item in advanced}
    if both := sorted(production & {item.get("testListenerRule") for item in advanced}):
        raise InvalidParameterException(
            f"The following rules cannot be used as both production and test listener rules: {', '.join(both)}"
        )


def pair(entry: Mapping[str, Any]) -> list[str]:
    """The target groups of a load balancer entry: its own, and the alternate one."""
    advanced = entry.get("advancedConfiguration") or {}
    return [arn for arn in (entry.get("targetGroupArn"), advanced.get("alternateTargetGroupArn")) if arn]


def _check_rules(place: rules.Place, entry: Mapping[str, Any]) -> None:
    advanced = entry["advancedConfiguration"]
    for name in ("alternateTargetGroupArn", "productionListenerRule", "roleArn"):
        if not advanced.get(name):
            raise InvalidParameterException(f"advancedConfiguration.{name} must not be empty")
    for name in ("productionListenerRule", "testListenerRule"):
        if advanced.get(name) and ":listener-rule/app/" not in advanced[name]:
            wanted = "Must be RuleArn for ALB or ListenerArn for NLB"
            raise InvalidParameterException(f"{name} has an invalid ARN format. {wanted}. Got: {advanced[name]}")
    known = rules.weights(place, advanced["productionListenerRule"])
    if not advanced.get("testListenerRule") and known is not None and not set(pair(entry)) <= set(known):
        raise InvalidParameterException(
            "For Application LoadBalancer, testListenerRule is required when productionListenerRule is not associated "
            "with both targetGroup and alternateTargetGroup"
        )


def _check_bounds(members: Mapping[str, Any]) -> None:
    for name, (least, most) in _BOUNDS.items():
        value = members.get(name)
        if value is None:
            continue
        tenths = value * 10 if name.endswith("Percent") else value
        if not least <= value <= most or abs(tenths - round(tenths)) > 1e-6:
            raise InvalidParameterException(f"{name} must be between {least} and {most}. Got: {value}")


def _hook(hook: Mapping[str, Any]) -> dict[str, Any]:
    kind = hook.get("targetType", "AWS_LAMBDA")
    if kind not in ("AWS_LAMBDA", "PAUSE"):
        raise InvalidParameterException("Invalid targetType. Valid values are: AWS_LAMBDA, PAUSE")
    if kind == "AWS_LAMBDA":
        raise InvalidParameterException("The local cloud runs lifecycle hooks of the type PAUSE only, not AWS_LAMBDA.")
    stages = hook.get("lifecycleStages")
    if not stages:
        raise InvalidParameterException("lifecycleStages must not be empty")
    if not set(stages) <= set(_PAUSE_STAGES):
        raise InvalidParameterException("Invalid lifecycle stage provided for Pause Hook")
    timeout = {"timeoutInMinutes": HOOK_MINUTES, "action": HOOK_ACTION, **(hook.get("timeoutConfiguration") or {})}
    _check_bounds(timeout)
    if timeout["action"] not in ("ROLLBACK", "CONTINUE"):
        raise InvalidParameterException("Invalid timeout action. Valid values are: ROLLBACK, CONTINUE")
    return {**deepcopy(dict(hook)), "timeoutConfiguration": timeout}
