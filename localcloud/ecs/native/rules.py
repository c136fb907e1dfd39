# SPDX-License-Identifier: GPL-3.0-or-later
"""Listener rules as ECS reads and writes them. Call under the lock on moto."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from moto.elbv2.exceptions import RuleNotFoundError
from moto.elbv2.models import FakeAction, FakeRule, elbv2_backends

from localcloud.control.data_plane import CHANGED
from localcloud.ecs.model import Deployment, Service
from localcloud.ecs.native import access
from localcloud.ecs.native.course import entries
from localcloud.ecs.native.plan import BECAUSE

_NETWORK = f"{BECAUSE}of invalid networking configuration"


@dataclass(frozen=True, slots=True)
class Place:
    """Account and region, where there is no service yet."""

    account_id: str
    region: str


def weights(service: Service | Place, arn: str) -> dict[str, int] | None:
    """Target groups that the rule forwards to, with their weights; None if there is no such rule."""
    rule = _find(service, arn)
    if rule is None:
        return None
    for action in rule.actions:
        if action.data.get("Type") == "forward":
            groups = action.data.get("ForwardConfig", {}).get("TargetGroups")
            if groups:
                return {group["TargetGroupArn"]: int(group["Weight"]) for group in groups}
            return {action.data["TargetGroupArn"]: 1}
    return {}


def serving(service: Service, arn: str) -> list[str]:
    """Target groups that get traffic by the rule."""
    return [group for group, weight in (weights(service, arn) or {}).items() if weight > 0]


def shift(service: Service, deployment: Deployment, kind: str, percent: float) -> str:
    """Give the deployment's revision this share of a kind of traffic: productionListenerRule or testListenerRule.

    Returns why it may not, "" if it may.

    The forward action becomes a weighted one over the pair, which is what deployments leave behind (seen in the field:
    100 and 0, and for parts weights that add up to 1000, for shares go in tenths of a percent). Other actions and the
    stickiness stay.
    """
    mine, rest = (round(percent), round(100 - percent)) if percent in (0, 100) else _tenths(percent)
    for advanced, target, other in entries(deployment):
        rule = _find(service, advanced.get(kind) or "")
        if rule is None:
            continue
        for action, arn in (("ModifyListener", rule.listener_arn), ("ModifyRule", rule.arn)):
            if refusal := access.denied(advanced["roleArn"], access.TRAFFIC, action, arn):
                return refusal
        groups = [{"TargetGroupArn": target, "Weight": mine}, {"TargetGroupArn": other, "Weight": rest}]
        rule.actions = [_weighted(action, groups) for action in rule.actions]
    CHANGED.set()
    return ""


def trouble(service: Service, deployment: Deployment) -> str:
    """Why the deployment may not begin, in the sentence of its rollback; "" if all is well (page "troubleshooting")."""
    return next(_troubles(service, deployment), "")


def _troubles(service: Service, deployment: Deployment) -> Iterator[str]:
    for advanced, *pair in entries(deployment):
        production, test = advanced["productionListenerRule"], advanced.get("testListenerRule")
        found = [weights(service, arn) for arn in (production, test) if arn]
        if None in found:
            yield f"{_NETWORK}. One or more rules not found"
            return
        if not access.usable(advanced["roleArn"]):
            yield (
                f"{_NETWORK}. ECS was unable to manage the ELB resources due to missing permissions on ECS "
                f"Infrastructure Role '{advanced['roleArn']}'."
            )
        known = {group for rule in found for group in rule or ()}
        for group in sorted(set(pair) - known):
            yield (
                f"{_NETWORK}: Target group {group} is not associated with either productionListenerRule or "
                "testListenerRule."
            )
        served = serving(service, production)
        if len(served) != 1:
            yield (
                f"{_NETWORK}. productionListenerRule {production} should have exactly one target group serving traffic "
                f"but found {len(served)} target groups which are serving traffic"
            )
        elif served[0] not in pair:
            yield (
                f"{_NETWORK}. Production listener rule is forwarding traffic to unexpected target group {served[0]}. "
                f"Expected traffic to be forwarded to either targetGroupArn: {pair[1]} or alternateTargetGroupArn: "
                f"{pair[0]}"
            )


def _find(service: Service | Place, arn: str) -> FakeRule | None:
    try:
        found: list[FakeRule] = elbv2_backends[service.account_id][service.region].describe_rules(None, [arn])
    except RuleNotFoundError:
        return None
    return found[0]


def _tenths(percent: float) -> tuple[int, int]:
    mine = round(percent * 10)
    return mine, 1000 - mine


def _weighted(action: FakeAction, groups: list[dict[str, Any]]) -> FakeAction:
    if action.data.get("Type") != "forward":
        return action
    forward = {**action.data.get("ForwardConfig", {}), "TargetGroups": [dict(group) for group in groups]}
    rest = {name: value for name, value in action.data.items() if name != "TargetGroupArn"}
    return FakeAction({**rest, "ForwardConfig": forward})
