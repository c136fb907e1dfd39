# SPDX-License-Identifier: GPL-3.0-or-later
"""Elastic Load Balancing v2: health from the data plane, which group belongs to which load balancer."""

from __future__ import annotations

from typing import Any

from moto.elbv2.exceptions import DuplicateListenerError, ELBClientError, TargetGroupNotFoundError
from moto.elbv2.models import ELBv2Backend, FakeHealthStatus, FakeListener, FakeLoadBalancer, FakeTargetGroup

from localcloud.control.alb_config import groups_in_use
from localcloud.control.data_plane import CHANGED, HEALTH, TargetHealth
from localcloud.mends.patch import wrap

#: What a new Application Load Balancer has, by the defaults that API_LoadBalancerAttribute tells.
_BALANCER_DEFAULTS = {
    "access_logs.s3.enabled": "false",
    "access_logs.s3.bucket": "",
    "access_logs.s3.prefix": "",
    "client_keep_alive.seconds": "3600",
    "connection_logs.s3.enabled": "false",
    "connection_logs.s3.bucket": "",
    "connection_logs.s3.prefix": "",
    "deletion_protection.enabled": "false",
    "health_check_logs.s3.enabled": "false",
    "health_check_logs.s3.bucket": "",
    "health_check_logs.s3.prefix": "",
    "idle_timeout.timeout_seconds": "60",
    "ipv6.deny_all_igw_traffic": "false",
    "load_balancing.cross_zone.enabled": "true",
    "routing.http.desync_mitigation_mode": "defensive",
    "routing.http.drop_invalid_header_fields.enabled": "false",
    "routing.http.preserve_host_header.enabled": "false",
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false",
    "routing.http.xff_client_port.enabled": "false",
    "routing.http.xff_header_processing.mode": "append",
    "routing.http2.enabled": "true",
    "waf.fail_open.enabled": "false",
    "zonal_shift.config.enabled": "false",
}
#: What a new target group of instances or addresses behind an ALB has beside what moto knows: API_TargetGroupAttribute.
_GROUP_DEFAULTS = {
    "load_balancing.algorithm.anomaly_mitigation": "off",
    "stickiness.app_cookie.cookie_name": "",
    "stickiness.app_cookie.duration_seconds": "86400",
    "stickiness.lb_cookie.duration_seconds": "86400",
    "target_group_health.dns_failover.minimum_healthy_targets.count": "1",
    "target_group_health.dns_failover.minimum_healthy_targets.percentage": "off",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": "1",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
}


class OperationNotPermittedError(ELBClientError):  # type: ignore[misc]
    """This operation is not allowed."""

    def __init__(self, message: str) -> None:
        super().__init__("OperationNotPermitted", message)


def install() -> None:
    """Put the mends in place."""
    ELBv2Backend.describe_target_health = describe_target_health
    wrap(FakeTargetGroup, "register", _announced)
    wrap(FakeTargetGroup, "deregister", _announced)
    wrap(FakeTargetGroup, "__init__", _new_group)
    wrap(FakeLoadBalancer, "__init__", _new_balancer)
    wrap(ELBv2Backend, "delete_load_balancer", _unless_protected)
    wrap(ELBv2Backend, "create_listener", _on_a_free_port)
    FakeTargetGroup.load_balancer_arns = property(_balancers_of, _forget)


def _announced(original: Any, self: FakeTargetGroup, targets: list[dict[str, Any]]) -> None:
    """Tell the bridge that targets have changed: the ECS controller registers them without an API request."""
    original(self, targets)
    CHANGED.set()


def _new_balancer(original: Any, self: FakeLoadBalancer, *args: Any, **kwargs: Any) -> None:
    """A new ALB has all its attributes, with AWS's defaults.

    moto gives some; amazon.aws.elb_application_lb fails without access_logs.s3.enabled.
    """
    original(self, *args, **kwargs)
    if self.type == "application":
        self.attrs = _BALANCER_DEFAULTS | {
            "ipv6.deny_all_igw_traffic": str(self.scheme == "internal").lower(),
        }


def _new_group(original: Any, self: FakeTargetGroup, *args: Any, **kwargs: Any) -> None:
    """A new target group has all its attributes, as strings, with AWS's defaults."""
    original(self, *args, **kwargs)
    self.attributes = {name: str(value) for name, value in self.attributes.items()}
    if self.protocol in ("HTTP", "HTTPS"):
        self.attributes = _GROUP_DEFAULTS | self.attributes


def _unless_protected(original: Any, self: ELBv2Backend, arn: str) -> None:
    """A load balancer with deletion protection cannot be deleted (API_DeleteLoadBalancer, OperationNotPermitted)."""
    balancer = self.load_balancers.get(arn)
    if balancer is not None and balancer.attrs.get("deletion_protection.enabled") == "true":
        raise OperationNotPermittedError(
            f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
        )
    original(self, arn)


def _on_a_free_port(
    original: Any, self: ELBv2Backend, load_balancer_arn: str, protocol: str, port: Any, *args: Any, **kwargs: Any
) -> FakeListener:
    """One listener a port (API_CreateListener, DuplicateListener); moto looks the port up among ARNs."""
    balancer = self.load_balancers.get(load_balancer_arn)
    if balancer is not None and any(str(other.port) == str(port) for other in balancer.listeners.values()):
        raise DuplicateListenerError
    listener: FakeListener = original(self, load_balancer_arn, protocol, port, *args, **kwargs)
    return listener


def _balancers_of(group: FakeTargetGroup) -> list[str]:
    """LoadBalancerArns of a group: those with a rule that forwards to it now (API_TargetGroup).

    moto adds to a list when a rule is made, once a rule, and never takes away.
    """
    return sorted({balancer for balancer, arn in groups_in_use() if arn == group.arn})


def _forget(_group: FakeTargetGroup, _arns: list[str]) -> None:
    """moto's own list is of no interest."""


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
            text = "Target is not registered to the target group"
            health = TargetHealth(key[0], key[1], "unused", "Target.NotRegistered", text)
        found.append(_answer(health, group))
    return found


def _key(target: dict[str, Any], port: Any) -> tuple[str, int]:
    return target["Id"], int(target.get("Port") or port)


def _registered(key: tuple[str, int], reported: TargetHealth | None, *, in_use: bool) -> TargetHealth:
    if not in_use:
        text = "Target group is not configured to receive traffic from the load balancer"
        return TargetHealth(key[0], key[1], "unused", "Target.NotInUse", text)
    if reported is None or reported.state in ("draining", "unused"):
        return TargetHealth(
            key[0], key[1], "initial", "Elb.RegistrationInProgress", "Target registration is in progress"
        )
    return reported


def _answer(health: TargetHealth, group: FakeTargetGroup) -> FakeHealthStatus:
    check_port = str(health.port) if group.health_check_port == "traffic-port" else group.health_check_port
    return FakeHealthStatus(
        health.id, str(health.port), check_port, health.state, health.reason or None, health.description or None
    )
