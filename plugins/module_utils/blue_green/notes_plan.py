# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What forbids no deployment but should be known before it: settings that work against each other. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .plan_model import ColorState, Wanted


def healthy_seconds(check: Mapping[str, Any]) -> int:
    """What the checks of a target that comes up take at their slowest: as many passes as the threshold says."""
    return int(check.get("HealthCheckIntervalSeconds", 0)) * int(check.get("HealthyThresholdCount", 0))


def timing_notes(old: ColorState, target: ColorState, name: str, wanted: Wanted) -> Iterator[str]:
    """name: the target's, as AWS knows it."""
    delay = old.deregistration_delay
    if 0 < wanted.bake < delay:
        yield (
            f"requests to {old.color} may last {delay} s (deregistration delay), the bake watches for "
            f"{wanted.bake:g} s: what long requests suffer shows only after it; bake longer, or shorten the delay"
        )
    check = {**target.health_check, **(wanted.health_check or {})}
    needed = healthy_seconds(check)
    if needed >= wanted.healthy_timeout:
        yield (
            f"target group {name} may take {needed} s to call a target healthy ({check['HealthyThresholdCount']} "
            f"checks, {check['HealthCheckIntervalSeconds']} s apart), healthy_timeout is "
            f"{wanted.healthy_timeout:g} s: raise it"
        )


def policy_notes(policies: Iterable[Mapping[str, Any]], groups: Iterable[str]) -> Iterator[str]:
    """Scaling policies that count the requests of one target group: a shift takes their traffic away, or doubles it.

    AWS's ready-made metric knows no other way (containers-roadmap#1681). groups: ARNs of both target groups.
    """
    both = {arn.split(":")[5] for arn in groups}
    for policy in policies:
        tracking = policy.get("TargetTrackingScalingPolicyConfiguration") or {}
        ready_made = tracking.get("PredefinedMetricSpecification") or {}
        named = {ready_made["ResourceLabel"]} if ready_made.get("ResourceLabel") else _groups_in(tracking)
        counted = {group for group in both if any(group in text for text in named)}
        if len(counted) == 1:
            yield (
                f"scaling policy {policy['PolicyName']} of {policy['ResourceId']} counts the requests of "
                f"{counted.pop()} only, so that a shift misleads it: count both target groups, as role ecs_service does"
            )


def _groups_in(tracking: Mapping[str, Any]) -> set[str]:
    """Values of TargetGroup dimensions in a policy's own metrics."""
    own = tracking.get("CustomizedMetricSpecification") or {}
    metrics = [own, *((query.get("MetricStat") or {}).get("Metric") or {} for query in own.get("Metrics") or [])]
    return {
        str(dimension["Value"])
        for metric in metrics
        for dimension in metric.get("Dimensions") or []
        if dimension["Name"] == "TargetGroup"
    }
