# SPDX-License-Identifier: GPL-3.0-or-later
"""The ALB data plane's configuration, derived from moto's load balancers of all accounts and regions.

Caller holds lock.MOTO. Weights, health checks and attributes go over in the API's own names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.acm.models import acm_backends
from moto.elbv2.models import elbv2_backends

from localcloud import network

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.settings import Settings


class Places:
    """Which address and port stands for which listener.

    An account's first load balancer has the address and the two ports that `up` reserved; every other load balancer
    gets an address of its own, and its listeners (as all listeners after the second) ports that are free there.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._hosts: dict[str, str] = {}
        self._ports: dict[str, int] = {}

    def host(self, account_id: str, balancer_arn: str) -> str:
        """The address of a load balancer, the same for as long as it exists."""
        if balancer_arn not in self._hosts:
            account = self._settings.account(account_id)
            if account and account.alb_host not in self._hosts.values():
                self._hosts[balancer_arn] = account.alb_host
            else:
                self._hosts[balancer_arn] = self._next_host()
        return self._hosts[balancer_arn]

    def ports(self, host: str, listener_arns: list[str]) -> dict[str, int]:
        """The ports of a load balancer's listeners, given in the order of their AWS ports."""
        account = next((item for item in self._settings.accounts if item.alb_host == host), None)
        reserved = [account.alb_port, account.preview_port] if account else []
        ports = dict(zip(listener_arns, reserved, strict=False))
        for arn in listener_arns[len(ports) :]:
            if arn not in self._ports:
                taken = frozenset((*ports.values(), *(self._ports.get(other, 0) for other in listener_arns)))
                self._ports[arn] = network.free_port(host, max([8080, *reserved]) + 1, taken)
            ports[arn] = self._ports[arn]
        return ports

    def keep(self, balancer_arns: set[str]) -> None:
        """Forget load balancers that are gone."""
        self._hosts = {arn: host for arn, host in self._hosts.items() if arn in balancer_arns}

    def _next_host(self) -> str:
        reserved = {account.alb_host for account in self._settings.accounts}
        taken = reserved | set(self._hosts.values())
        candidates = (f"{self._settings.network}.1.{last}" for last in range(11, 255))
        return next(host for host in candidates if host not in taken)


def derive(places: Places, weight_delay: float) -> dict[str, Any]:
    """The whole configuration message."""
    balancers = list(_balancers())
    places.keep({balancer.arn for _, balancer in balancers})
    listeners: list[dict[str, Any]] = []
    for backend, balancer in balancers:
        listeners += _listeners(backend, balancer, places.host(backend.account_id, balancer.arn), places)
    return {
        "type": "config",
        "weight_delay": weight_delay,
        "load_balancers": [{"arn": item.arn, "attributes": _strings(item.attrs)} for _, item in balancers],
        "listeners": listeners,
        "target_groups": [_group(group) for backend in _backends() for group in backend.target_groups.values()],
    }


def _backends() -> Iterator[Any]:
    for regions in list(elbv2_backends.values()):
        yield from list(regions.values())


def _balancers() -> Iterator[tuple[Any, Any]]:
    for backend in _backends():
        for balancer in backend.load_balancers.values():
            if balancer.type == "application":
                yield backend, balancer


def _listeners(backend: Any, balancer: Any, host: str, places: Places) -> list[dict[str, Any]]:
    listeners = sorted(balancer.listeners.values(), key=lambda listener: int(listener.port))
    ports = places.ports(host, [listener.arn for listener in listeners])
    return [
        {
            "arn": listener.arn,
            "load_balancer_arn": balancer.arn,
            "host": host,
            "port": ports[listener.arn],
            "protocol": listener.protocol,
            "certificate_pem": _certificate(backend, listener.certificate) if listener.protocol == "HTTPS" else None,
            "rules": [_rule(rule) for rule in listener.rules.values()],
        }
        for listener in listeners
    ]


def _certificate(backend: Any, arn: str | None) -> str | None:
    """Certificate and key, for the data plane to show: moto has both of every certificate in ACM."""
    bundle = acm_backends[backend.account_id][backend.region_name].get_certificate(arn)
    return "\n".join(part.decode().strip() for part in (bundle.cert, bundle.key)) + "\n"


def _rule(rule: Any) -> dict[str, Any]:
    return {
        "arn": rule.arn,
        "priority": str(rule.priority),
        "conditions": rule.conditions,
        "actions": [action.data for action in rule.actions],
    }


def _group(group: Any) -> dict[str, Any]:
    return {
        "arn": group.arn,
        "protocol": group.protocol,
        "port": int(group.port) if group.port else None,
        "health_check": {
            "HealthCheckProtocol": group.health_check_protocol,
            "HealthCheckPort": group.health_check_port,
            "HealthCheckPath": group.health_check_path,
            "HealthCheckIntervalSeconds": int(group.health_check_interval_seconds),
            "HealthCheckTimeoutSeconds": int(group.health_check_timeout_seconds),
            "HealthyThresholdCount": int(group.healthy_threshold_count),
            "UnhealthyThresholdCount": int(group.unhealthy_threshold_count),
            "Matcher": getattr(group, "matcher", None),
        },
        "attributes": _strings(group.attributes),
        "targets": [{"id": target["Id"], "port": int(target["Port"])} for target in group.targets.values()],
    }


def _strings(attributes: dict[str, Any]) -> dict[str, str]:
    """Attribute values as the API gives them: strings, whatever moto was told."""
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in attributes.items()}


def places(listeners: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The derived listeners with the load balancer's DNS name and the port that they have on AWS."""
    known = {
        listener.arn: (balancer.dns_name, int(listener.port))
        for _, balancer in _balancers()
        for listener in balancer.listeners.values()
    }
    return [
        {
            "host": item["host"],
            "port": item["port"],
            "protocol": item["protocol"],
            "dns_name": known[item["arn"]][0],
            "aws_port": known[item["arn"]][1],
        }
        for item in listeners
    ]


def groups_in_use() -> set[tuple[str, str]]:
    """(load balancer ARN, target group ARN) of every group that a rule or a default action forwards to."""
    used = set()
    for backend, balancer in _balancers():
        for listener in balancer.listeners.values():
            for rule in listener.rules.values():
                for action in rule.actions:
                    used |= {(balancer.arn, arn) for arn in backend._get_target_group_arns_from(action.data)}  # noqa: SLF001
    return used
