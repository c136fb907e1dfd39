# SPDX-License-Identifier: GPL-3.0-or-later
"""Elastic Load Balancing v2: health from the data plane, which group belongs to which load balancer."""

from __future__ import annotations

from typing import Any

from moto.elbv2.exceptions import TargetGroupNotFoundError
from moto.elbv2.models import ELBv2Backend, FakeHealthStatus, FakeTargetGroup

from localcloud.control.alb_config import groups_in_use
from localcloud.control.data_plane import CHANGED, HEALTH, TargetHealth


def install() -> None:
    """Put the mends in place."""
    ELBv2Backend.describe_target_health = describe_target_health
    FakeTargetGroup.register = _announce(FakeTargetGroup.register)
    FakeTargetGroup.deregister = _announce(FakeTargetGroup.deregister)


def _announce(method: Any) -> Any:
    """Tell the bridge that targets have changed: the ECS controller registers them without an API request."""

    def announcing(self: FakeTargetGroup, targets: list[dict[str, Any]]) -> None:
        method(self, targets)
        CHANGED.set()

    return announcing


def describe_target_health(
    self: ELBv2Backend, target_group_arn: str, targets: list[dict[str, Any]]
) -> list[FakeHealthStatus]:
    """What the ALB's health checks found, where moto says healthy of every target.

    Targets of a group that no rule forwards to are `unused` with Target.NotInUse; those just registered `initial`;
    deregistered ones are listed as `draining` until their delay is over, then `unused` with Target.NotRegistered when
    asked for by id.
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html#target-health-states
    """
    group = self.target_groups.get(target_group_arn)
    if group is None:
        raise TargetGroupNotFoundError
    registered = {(target["Id"], int(target["Port"])) for target in group.targets.values()}
    reported = HEALTH.of(target_group_arn)
    draining = {key for key, health in reported.items() if health.state == "draining"} - registered
    in_use = any(arn == target_group_arn for _, arn in groups_in_use())
    wanted = [_key(target, group.port) for target in targets] or sorted(registered) + sorted(draining)
    found = []
    for key in wanted:
        if key in registered:
            health = _registered(key, reported.get(key), in_use=in_use)
        elif key in draining:
            health = reported[key]
        else:
            health = TargetHealth(
                *key, "unused", "Target.NotRegistered", "Target is not registered to the target group"
            )
        found.append(_answer(health, group))
    return found


def _key(target: dict[str, Any], port: Any) -> tuple[str, int]:
    return target["Id"], int(target.get("Port") or port)


def _registered(key: tuple[str, int], reported: TargetHealth | None, *, in_use: bool) -> TargetHealth:
    if not in_use:
        text = "Target group is not configured to receive traffic from the load balancer"
        return TargetHealth(*key, "unused", "Target.NotInUse", text)
    if reported is None or reported.state in ("draining", "unused"):
        return TargetHealth(*key, "initial", "Elb.RegistrationInProgress", "Target registration is in progress")
    return reported


def _answer(health: TargetHealth, group: FakeTargetGroup) -> FakeHealthStatus:
    check_port = str(health.port) if group.health_check_port == "traffic-port" else group.health_check_port
    return FakeHealthStatus(
        health.id, str(health.port), check_port, health.state, health.reason or None, health.description or None
    )
