# SPDX-License-Identifier: GPL-3.0-or-later
"""Which rule a request matches, which target group it goes to, and where a redirect points. Pure.

Sources, all on docs.aws.amazon.com: "Condition types for listener rules", "Action types for listener rules",
API_RuleCondition, API_QueryStringConditionConfig and API_RedirectActionConfig.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Protocol
from urllib.parse import parse_qsl

from localcloud.alb.config import Condition, Forward, Redirect, Rule


class Headers(Protocol):
    """What routing needs of a request's headers; names are case-insensitive."""

    def getall(self, key: str, default: list[str]) -> list[str]:
        """All values of a header, in the order they came."""


@dataclass(slots=True)
class Facts:
    """What rules look at. `host` is as in the Host header, `path` and `query` as sent (percent-encoded)."""

    method: str
    host: str
    path: str
    query: str
    source_ip: str
    headers: Headers


Check = Callable[[Facts], bool]


def wildcard(pattern: str, *, ignore_case: bool, escapes: bool = False) -> re.Pattern[str]:
    """Compile an AWS pattern: `*` is 0 or more characters, `?` exactly one; `escapes` lets a backslash quote them."""
    parts: list[str] = []
    characters = iter(pattern)
    for character in characters:
        if escapes and character == "\\":
            parts.append(re.escape(next(characters, character)))
        else:
            parts.append({"*": ".*", "?": "."}.get(character) or re.escape(character))
    return re.compile("".join(parts), re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def _any(patterns: Sequence[re.Pattern[str]], text: str) -> bool:
    return any(pattern.fullmatch(text) for pattern in patterns)


def host_name(host: str) -> str:
    """The Host header without its port: "a.example:8080" -> "a.example", "[::1]:80" -> "[::1]"."""
    name, separator, port = host.rpartition(":")
    return name if separator and port.isdigit() else host


def _host_check(condition: Condition) -> Check:
    """host-header: not case-sensitive (HostHeaderConditionConfig)."""
    patterns = [wildcard(value, ignore_case=True) for value in condition.values]
    return lambda facts: _any(patterns, host_name(facts.host))


def _path_check(condition: Condition) -> Check:
    """path-pattern: case-sensitive, compared only to the path (PathPatternConditionConfig)."""
    patterns = [wildcard(value, ignore_case=False) for value in condition.values]
    return lambda facts: _any(patterns, facts.path)


def _header_check(condition: Condition) -> Check:
    """http-header: values not case-sensitive; a repeated header is searched in order (HttpHeaderConditionConfig)."""
    patterns = [wildcard(value, ignore_case=True) for value in condition.values]
    return lambda facts: any(_any(patterns, value) for value in facts.headers.getall(condition.header, []))


def _method_check(condition: Condition) -> Check:
    """http-request-method: exact and case-sensitive, no wildcards (HttpRequestMethodConditionConfig)."""
    methods = frozenset(condition.values)
    return lambda facts: facts.method in methods


def _query_check(condition: Condition) -> Check:
    """query-string: one of the pairs is found; not case-sensitive; a pair without key matches any key's value."""
    pairs = [
        (
            None if key is None else wildcard(key, ignore_case=True, escapes=True),
            wildcard(value, ignore_case=True, escapes=True),
        )
        for key, value in condition.pairs
    ]

    def check(facts: Facts) -> bool:
        found = parse_qsl(facts.query, keep_blank_values=True)
        return any(
            (key is None or key.fullmatch(name)) and value.fullmatch(text)
            for name, text in found
            for key, value in pairs
        )

    return check


def _source_check(condition: Condition) -> Check:
    """source-ip: the address that connects, never X-Forwarded-For (SourceIpConditionConfig)."""
    networks = [ip_network(value, strict=False) for value in condition.values]

    def check(facts: Facts) -> bool:
        address = ip_address(facts.source_ip)
        return any(address in network for network in networks)

    return check


_CHECKS: dict[str, Callable[[Condition], Check]] = {
    "host-header": _host_check,
    "path-pattern": _path_check,
    "http-header": _header_check,
    "http-request-method": _method_check,
    "query-string": _query_check,
    "source-ip": _source_check,
}


class RuleTable:
    """A listener's rules, compiled. All conditions of a rule must hold ("Condition basics")."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        """`rules` in the order of evaluation, the default rule (no conditions) last."""
        self.rules = tuple(rules)
        self._compiled = tuple((tuple(_CHECKS[c.field](c) for c in rule.conditions), rule) for rule in rules)

    def match(self, facts: Facts) -> Rule | None:
        """The first rule whose conditions hold; None only for a listener without default rule."""
        for checks, rule in self._compiled:
            if all(check(facts) for check in checks):
                return rule
        return None

    def group_arns(self) -> frozenset[str]:
        """Every target group that a rule names, whatever its weight."""
        return frozenset(
            arn for rule in self.rules if isinstance(rule.action, Forward) for arn, _ in rule.action.groups
        )


def choose_group(forward: Forward, random: Callable[[], float], sticky: str | None = None) -> str | None:
    """The target group for one request, chosen by weight before anyone looks at targets. None: all weights are 0.

    `random` gives numbers in [0, 1). `sticky` is the group of a valid group stickiness cookie: it wins over the
    weights, also over weight 0, as long as the rule still names the group ("Action types for listener rules",
    sticky sessions and weighted target groups).
    """
    if sticky is not None and any(arn == sticky for arn, _ in forward.groups):
        return sticky
    point = random() * sum(weight for _, weight in forward.groups)
    for arn, weight in forward.groups:
        if point < weight:
            return arn
        point -= weight
    return None


def redirect_location(redirect: Redirect, *, protocol: str, port: int, facts: Facts) -> str:
    """The Location of a redirect. The port is always there, as on AWS; #{path} comes without its leading slash."""
    values: Mapping[str, str] = {
        "protocol": protocol.lower(),
        "host": host_name(facts.host),
        "port": str(port),
        "path": facts.path.removeprefix("/"),
        "query": facts.query,
    }

    def fill(template: str) -> str:
        return re.sub(r"#\{(protocol|host|port|path|query)\}", lambda found: values[found[1]], template)

    query = fill(redirect.query)
    base = f"{fill(redirect.protocol).lower()}://{fill(redirect.host)}:{fill(redirect.port)}{fill(redirect.path)}"
    return f"{base}?{query}" if query else base


class RuleSchedule:
    """The rules in force, and those that will be once their delay has passed. Pure: the caller brings the time.

    AWS applies a rule change after "a slight delay" that it does not publish; here it is `delay` seconds from the
    arrival of the change. A later change replaces the earlier ones for good, so when one takes effect every change
    that arrived before it is dropped, even if its own delay was longer.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        """The first rules are in force at once: nothing was served by other ones."""
        self.active = RuleTable(rules)
        self._pending: deque[tuple[float, RuleTable]] = deque()

    @property
    def latest(self) -> tuple[Rule, ...]:
        """The rules as the API states them, in force or not yet."""
        return self._pending[-1][1].rules if self._pending else self.active.rules

    @property
    def due(self) -> float | None:
        """When to call `advance` next (the caller's clock), or None."""
        return min((when for when, _ in self._pending), default=None)

    def change(self, rules: Sequence[Rule], now: float, delay: float) -> None:
        """Note a change that arrived at `now`; equal rules are no change."""
        if tuple(rules) != self.latest:
            self._pending.append((now + delay, RuleTable(rules)))

    def advance(self, now: float) -> bool:
        """Put in force what is due; True if the rules in force changed."""
        due = [index for index, (when, _) in enumerate(self._pending) if when <= now]
        if not due:
            return False
        for _ in range(due[-1]):
            self._pending.popleft()
        self.active = self._pending.popleft()[1]
        return True

    def group_arns(self) -> frozenset[str]:
        """Target groups in use: by the rules in force, or by ones on their way."""
        return self.active.group_arns().union(*(table.group_arns() for _, table in self._pending))
