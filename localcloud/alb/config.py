# SPDX-License-Identifier: GPL-3.0-or-later
"""The data plane's configuration: the control plane's JSON, parsed into frozen dataclasses. Pure.

Field names inside rules, health checks and attributes are those of the Elastic Load Balancing v2 API, so that the
control plane passes on what DescribeRules, DescribeTargetGroups and DescribeTargetGroupAttributes answer.
Whatever is equal compares equal: the plane finds out what changed by comparing dataclasses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

DEFAULT_IDLE_TIMEOUT = 60.0  # seconds; idle_timeout.timeout_seconds, API_LoadBalancerAttribute
DEFAULT_DEREGISTRATION_DELAY = 300.0  # seconds; deregistration_delay.timeout_seconds, API_TargetGroupAttribute
DEFAULT_COOKIE_SECONDS = 86400  # stickiness.lb_cookie.duration_seconds, API_TargetGroupAttribute


class ConfigError(ValueError):
    """The configuration line cannot be used; the message is one line and names the place."""


class UnsupportedError(Exception):
    """A condition or action that this data plane does not model; the message lacks only "not supported"."""


class TargetKey(NamedTuple):
    """One registered target: its address and port."""

    id: str
    port: int


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """A target group's health check settings (API_TargetGroup, API_Matcher). Times are seconds."""

    protocol: str = "HTTP"
    port: int | None = None  # None: traffic-port
    path: str = "/"
    interval: float = 30.0
    timeout: float = 5.0
    healthy_threshold: int = 5
    unhealthy_threshold: int = 2
    matcher: tuple[tuple[int, int], ...] = ((200, 200),)  # inclusive ranges

    def matches(self, status: int) -> bool:
        """Whether an HTTP status passes the matcher."""
        return any(low <= status <= high for low, high in self.matcher)


@dataclass(frozen=True, slots=True)
class TargetGroupConfig:
    """One target group: where its targets are, how to check and choose them."""

    arn: str
    protocol: str
    health_check: HealthCheck
    targets: tuple[TargetKey, ...]
    deregistration_delay: float = DEFAULT_DEREGISTRATION_DELAY
    algorithm: str = "round_robin"
    sticky: bool = False
    cookie_seconds: int = DEFAULT_COOKIE_SECONDS


@dataclass(frozen=True, slots=True)
class Condition:
    """One rule condition. `values` for all fields but query-string, whose key/value pairs are in `pairs`."""

    field: str
    values: tuple[str, ...] = ()
    header: str = ""
    pairs: tuple[tuple[str | None, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Forward:
    """A forward action: weights by target group, and group stickiness in seconds (None: off)."""

    groups: tuple[tuple[str, int], ...]
    sticky_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class FixedResponse:
    """A fixed-response action."""

    status: int
    content_type: str = "text/plain"
    body: str = ""


@dataclass(frozen=True, slots=True)
class Redirect:
    """A redirect action; each part may hold #{protocol} #{host} #{port} #{path} #{query} (API_RedirectActionConfig)."""

    status: int
    protocol: str = "#{protocol}"
    host: str = "#{host}"
    port: str = "#{port}"
    path: str = "/#{path}"
    query: str = "#{query}"


Action = Forward | FixedResponse | Redirect


@dataclass(frozen=True, slots=True)
class Rule:
    """A listener rule; `priority` is None for the default rule, which is evaluated last."""

    arn: str
    priority: int | None
    conditions: tuple[Condition, ...]
    action: Action


@dataclass(frozen=True, slots=True)
class LoadBalancerConfig:
    """What a listener takes from its load balancer's attributes (API_LoadBalancerAttribute)."""

    arn: str
    idle_timeout: float = DEFAULT_IDLE_TIMEOUT
    drop_invalid_headers: bool = False


@dataclass(frozen=True, slots=True)
class ListenerConfig:
    """One listener. `rules` is sorted by priority, the default rule last."""

    arn: str
    load_balancer: LoadBalancerConfig
    host: str
    port: int
    protocol: str
    certificate_pem: str | None
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration. `weight_delay` is in seconds.

    `problems` has one line for each thing that AWS could do and this data plane cannot; the rest is served.
    """

    weight_delay: float = 0.0
    problems: tuple[str, ...] = ()
    listeners: Mapping[str, ListenerConfig] = field(default_factory=dict)
    groups: Mapping[str, TargetGroupConfig] = field(default_factory=dict)


def parse_config(raw: Mapping[str, Any]) -> Config:
    """Parse one configuration message.

    Shape: {"weight_delay": seconds, "listeners": [...], "target_groups": [...], "load_balancers": [...]}. The last is
    optional: [{"arn", "attributes": {"idle_timeout.timeout_seconds": "60", ...}}]; a load balancer not listed has
    AWS's defaults. A rule whose condition is not supported is left out, one whose action is not supported answers 501:
    both are named in `problems`, so that one account's exotic rule does not stop the others.
    Raises ConfigError, with one line that names what is wrong, for anything that is not a configuration.
    """
    problems: list[str] = []
    try:
        balancers = {item["arn"]: _load_balancer(item) for item in raw.get("load_balancers", ())}
        listeners = [_listener(item, balancers, problems) for item in raw["listeners"]]
        groups = [_target_group(item) for item in raw["target_groups"]]
        return Config(
            weight_delay=max(0.0, float(raw.get("weight_delay", 0.0))),
            problems=tuple(problems),
            listeners={item.arn: item for item in listeners},
            groups={item.arn: item for item in groups},
        )
    except ConfigError:
        raise
    except KeyError as error:
        raise ConfigError(f"configuration lacks {error}") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise ConfigError(f"configuration is malformed: {error}") from error


def _load_balancer(raw: Mapping[str, Any]) -> LoadBalancerConfig:
    attributes = raw.get("attributes") or {}
    return LoadBalancerConfig(
        arn=raw["arn"],
        idle_timeout=float(attributes.get("idle_timeout.timeout_seconds", DEFAULT_IDLE_TIMEOUT)),
        drop_invalid_headers=_flag(attributes.get("routing.http.drop_invalid_header_fields.enabled")),
    )


def _listener(
    raw: Mapping[str, Any], balancers: Mapping[str, LoadBalancerConfig], problems: list[str]
) -> ListenerConfig:
    arn = raw["load_balancer_arn"]
    protocol = str(raw["protocol"]).upper()
    if protocol not in ("HTTP", "HTTPS"):
        raise ConfigError(f"listener {raw['arn']}: protocol {protocol} is not HTTP or HTTPS")
    if protocol == "HTTPS" and not raw.get("certificate_pem"):
        raise ConfigError(f"listener {raw['arn']}: HTTPS needs certificate_pem")
    rules = [rule for item in raw["rules"] if (rule := _rule(item, problems)) is not None]
    return ListenerConfig(
        arn=raw["arn"],
        load_balancer=balancers.get(arn) or LoadBalancerConfig(arn),
        host=raw["host"],
        port=int(raw["port"]),
        protocol=protocol,
        certificate_pem=raw.get("certificate_pem"),
        rules=tuple(sorted(rules, key=lambda rule: (rule.priority is None, rule.priority or 0))),
    )


def _rule(raw: Mapping[str, Any], problems: list[str]) -> Rule | None:
    arn, priority = raw["arn"], str(raw["priority"])
    try:
        conditions = tuple(_condition(item) for item in raw.get("conditions") or ())
    except UnsupportedError as error:
        problems.append(f"rule {arn} is left out: {error} not supported")
        return None
    action: Action
    try:
        action = _action(raw["actions"])
    except UnsupportedError as error:
        problems.append(f"rule {arn} answers 501: {error} not supported")
        action = FixedResponse(501, body=f"{error} not supported here\n")
    return Rule(arn, None if priority == "default" else int(priority), conditions, action)


_CONDITION_CONFIGS = {
    "host-header": "HostHeaderConfig",
    "path-pattern": "PathPatternConfig",
    "http-header": "HttpHeaderConfig",
    "http-request-method": "HttpRequestMethodConfig",
    "query-string": "QueryStringConfig",
    "source-ip": "SourceIpConfig",
}


def _condition(raw: Mapping[str, Any]) -> Condition:
    """API_RuleCondition: `Values` directly, or the per-field config, which wins when both are there."""
    name = raw["Field"]
    if name not in _CONDITION_CONFIGS:
        raise UnsupportedError(f"condition {name} is")
    config = raw.get(_CONDITION_CONFIGS[name]) or {}
    if config.get("RegexValues") or raw.get("RegexValues"):
        raise UnsupportedError(f"regular expressions in condition {name} are")
    values = config.get("Values") or raw.get("Values") or ()
    if name == "query-string":
        return Condition(name, pairs=tuple((pair.get("Key"), pair["Value"]) for pair in values))
    return Condition(name, values=tuple(values), header=config.get("HttpHeaderName") or "")


def _action(raw: list[Mapping[str, Any]]) -> Action:
    """The one routing action. Others before it authenticate; to pass them over would let everyone in."""
    if len(raw) != 1:
        raise UnsupportedError(f"actions {', '.join(item['Type'] for item in raw) or '(none)'} are")
    action, kind = raw[0], raw[0]["Type"]
    if kind == "forward":
        return _forward(action)
    if kind == "fixed-response":
        fixed = action["FixedResponseConfig"]
        return FixedResponse(
            status=int(fixed["StatusCode"]),
            content_type=fixed.get("ContentType") or "text/plain",
            body=fixed.get("MessageBody") or "",
        )
    if kind == "redirect":
        return _redirect(action["RedirectConfig"])
    raise UnsupportedError(f"action {kind} is")


def _forward(raw: Mapping[str, Any]) -> Forward:
    config = raw.get("ForwardConfig") or {}
    groups = config.get("TargetGroups") or [{"TargetGroupArn": raw["TargetGroupArn"]}]
    stickiness = config.get("TargetGroupStickinessConfig") or {}
    return Forward(
        groups=tuple((item["TargetGroupArn"], _weight(item.get("Weight"))) for item in groups),
        sticky_seconds=int(stickiness["DurationSeconds"]) if _flag(stickiness.get("Enabled")) else None,
    )


def _weight(raw: int | str | None) -> int:
    weight = 1 if raw is None else int(raw)
    if not 0 <= weight <= 999:
        raise ConfigError(f"weight {weight} is outside 0 to 999")
    return weight


def _redirect(raw: Mapping[str, Any]) -> Redirect:
    status = str(raw["StatusCode"])
    return Redirect(
        status=int(status.removeprefix("HTTP_")),
        protocol=raw.get("Protocol") or "#{protocol}",
        host=raw.get("Host") or "#{host}",
        port=str(raw.get("Port") or "#{port}"),
        path=raw.get("Path") or "/#{path}",
        query=raw["Query"] if raw.get("Query") is not None else "#{query}",
    )


def _target_group(raw: Mapping[str, Any]) -> TargetGroupConfig:
    attributes = raw.get("attributes") or {}
    port = raw.get("port")
    targets = {TargetKey(item["id"], int(item.get("port") or port or 0)) for item in raw.get("targets") or ()}
    return TargetGroupConfig(
        arn=raw["arn"],
        protocol=str(raw.get("protocol") or "HTTP").upper(),
        health_check=_health_check(raw.get("health_check") or {}),
        targets=tuple(sorted(targets)),
        deregistration_delay=float(
            attributes.get("deregistration_delay.timeout_seconds", DEFAULT_DEREGISTRATION_DELAY)
        ),
        algorithm=attributes.get("load_balancing.algorithm.type", "round_robin"),
        sticky=_flag(attributes.get("stickiness.enabled")) and attributes.get("stickiness.type") != "app_cookie",
        cookie_seconds=int(attributes.get("stickiness.lb_cookie.duration_seconds", DEFAULT_COOKIE_SECONDS)),
    )


def _health_check(raw: Mapping[str, Any]) -> HealthCheck:
    default = HealthCheck()
    port = str(raw.get("HealthCheckPort") or "traffic-port")
    codes = (raw.get("Matcher") or {}).get("HttpCode") or "200"
    return HealthCheck(
        protocol=str(raw.get("HealthCheckProtocol") or default.protocol).upper(),
        port=None if port == "traffic-port" else int(port),
        path=raw.get("HealthCheckPath") or default.path,
        interval=float(raw.get("HealthCheckIntervalSeconds") or default.interval),
        timeout=float(raw.get("HealthCheckTimeoutSeconds") or default.timeout),
        healthy_threshold=int(raw.get("HealthyThresholdCount") or default.healthy_threshold),
        unhealthy_threshold=int(raw.get("UnhealthyThresholdCount") or default.unhealthy_threshold),
        matcher=tuple(_code_range(part) for part in str(codes).split(",")),
    )


def _code_range(part: str) -> tuple[int, int]:
    """API_Matcher: "200", or "200-299"."""
    low, _, high = part.strip().partition("-")
    return int(low), int(high or low)


def _flag(raw: Any) -> bool:
    """AWS attributes are strings, action configs booleans."""
    return str(raw).lower() == "true"
