# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which rule of a listener a request for the service really matches. Pure.

A listener asks its rules in the order of their numbers and the first one that matches gets the request (Application
Load Balancers user guide, Listener rules). Weights mean nothing to requests that an earlier rule takes. Patterns are
compared with patterns, so that no example has to be chosen: one covers another if whatever matches the other matches it
too. Host names are compared without regard to case, paths with (Elastic Load Balancing API reference,
HostHeaderConditionConfig and PathPatternConditionConfig); * stands for any characters, also none, ? for exactly one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .commands_plan import playbook
from .plan_model import Rule, Snapshot

_ANY = "*"
_ONE = "?"
_CONFIGS = {
    "host-header": "HostHeaderConfig",
    "path-pattern": "PathPatternConfig",
    "http-header": "HttpHeaderConfig",
    "http-request-method": "HttpRequestMethodConfig",
    "query-string": "QueryStringConfig",
    "source-ip": "SourceIpConfig",
}

Condition = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """A host and a path pattern of the service's rule, whose pairs are what the rule asks for."""

    host: str
    path: str

    @property
    def text(self) -> str:
        return f"{'any host' if self.host == _ANY else self.host} {self.path}"


@dataclass(frozen=True, slots=True)
class Shadow:
    """An earlier rule that takes requests of the service.

    whole: it takes every one. unsure: only requests that also meet further conditions, or match a regular expression.
    """

    request: Request
    rule: Rule
    whole: bool
    unsure: bool

    @property
    def text(self) -> str:
        share = "" if self.whole else "may take part of them" if self.unsure else "takes part of them"
        shown = f"{self.rule.arn} (priority {self.rule.priority}: {'; '.join(shown_conditions(self.rule))})"
        return f"{share}: {shown}" if share else shown


def _values(condition: Condition) -> list[str]:
    """AWS repeats the values of host and path conditions in the older Values member."""
    config = condition.get(_CONFIGS.get(condition["Field"], ""), {})
    values = config.get("Values") or condition.get("Values") or []
    return [_value(value) for value in values]


def _value(value: Any) -> str:
    """A query-string value is a pair, whose key may be missing."""
    return "=".join(str(value[key]) for key in ("Key", "Value") if key in value) if isinstance(value, dict) else value


def _expressions(condition: Condition) -> list[str]:
    config = condition.get(_CONFIGS.get(condition["Field"], ""), {})
    return list(config.get("RegexValues") or condition.get("RegexValues") or [])


def _name(condition: Condition) -> str:
    """The condition as people call it; a header condition is called after its header."""
    header = condition.get("HttpHeaderConfig", {}).get("HttpHeaderName", "")
    return f"header {header.lower()}" if header else str(condition["Field"])


def _key(condition: Condition) -> tuple[str, frozenset[str], frozenset[str]]:
    return _name(condition), frozenset(_values(condition)), frozenset(_expressions(condition))


def shown_conditions(rule: Rule) -> list[str]:
    return [
        f"{_name(condition)} = {', '.join([*_values(condition), *_expressions(condition)])}"
        for condition in rule.conditions
    ]


def covers(pattern: str, other: str) -> bool:
    """Whatever matches other matches pattern. Answers no for some odd pairs for which it does, such as *? and ?*."""
    reach = {0}
    for symbol in other:
        reach = _closed(pattern, reach)
        reach = {position + step for position in reach for step in _absorbs(pattern, position, symbol)}
    return len(pattern) in _closed(pattern, reach)


def _absorbs(pattern: str, position: int, symbol: str) -> tuple[int, ...]:
    """How far the pattern moves on when it takes in a symbol of the other one; a star takes in anything and stays."""
    if position == len(pattern):
        return ()
    if pattern[position] == _ANY:
        return (0,)
    fits = symbol != _ANY if pattern[position] == _ONE else symbol == pattern[position]
    return (1,) if fits else ()


def _closed(pattern: str, reach: Iterable[int]) -> set[int]:
    """The positions that are reached by letting stars match nothing."""
    closed = set()
    for start in reach:
        position = start
        closed.add(position)
        while position < len(pattern) and pattern[position] == _ANY:
            position += 1
            closed.add(position)
    return closed


def overlaps(one: str, other: str) -> bool:
    """There is something that matches both."""
    frontier, seen = [(0, 0)], set()
    while frontier:
        pair = frontier.pop()
        if pair == (len(one), len(other)):
            return True
        if pair not in seen:
            seen.add(pair)
            frontier += _advanced(one, other, *pair)
    return False


def _advanced(one: str, other: str, i: int, j: int) -> list[tuple[int, int]]:
    """Where two patterns are after both have taken in the same character, or a star has ended."""
    mine, theirs = one[i : i + 1], other[j : j + 1]
    moves = [(i + 1, j)] if mine == _ANY else []
    moves += [(i, j + 1)] if theirs == _ANY else []
    if mine and theirs and (mine == theirs or {mine, theirs} & {_ANY, _ONE}):
        moves.append((i + (mine != _ANY), j + (theirs != _ANY)))
    return moves


def _patterns(rule: Rule, field: str) -> list[str]:
    """The values of a rule's condition on field; anything where it has none, or only a regular expression."""
    values = [value for condition in rule.conditions if condition["Field"] == field for value in _values(condition)]
    return [_folded(field, value) for value in values] or [_ANY]


def _folded(field: str, value: str) -> str:
    return value.lower() if field == "host-header" else value


def requests_of(rule: Rule) -> list[Request]:
    """Every pair of host and path that the rule asks for, any host or path where it does not care."""
    hosts, paths = _patterns(rule, "host-header"), _patterns(rule, "path-pattern")
    return [Request(host, path) for host in hosts for path in paths]


def _takes(own: Rule, earlier: Rule, request: Request) -> Shadow | None:
    """What an earlier rule takes of a request."""
    asked = {"host-header": request.host, "path-pattern": request.path}
    same = {_key(condition) for condition in own.conditions}
    whole, unsure = True, False
    for condition in earlier.conditions:
        wanted = asked.get(condition["Field"])
        values = [_folded(condition["Field"], value) for value in _values(condition)]
        if _key(condition) in same and (wanted is None or _expressions(condition)):
            continue
        if wanted is None or _expressions(condition):
            whole, unsure = False, True
        elif not any(covers(value, wanted) for value in values):
            if not any(overlaps(value, wanted) for value in values):
                return None
            whole = False
    return Shadow(request, earlier, whole, unsure)


def shadows(own: Rule | None, ahead: Iterable[Rule]) -> list[Shadow]:
    """What the earlier rules take of each request of the service's rule, in the order in which they are asked.

    Nothing is left to those after one that takes the whole of it.
    """
    found: list[Shadow] = []
    rules = list(ahead)
    for request in requests_of(own) if own else []:
        for earlier in rules:
            taken = _takes(own, earlier, request) if own else None
            found += [taken] if taken else []
            if taken and taken.whole:
                break
    return found


def matched(snapshot: Snapshot, name: str = "production") -> dict[str, list[str]]:
    """Host and path -> the rules that requests for them match, for people."""
    own = snapshot.production if name == "production" else snapshot.preview
    if own is None:
        return {}
    found = shadows(own, snapshot.ahead.get(name, ()))
    answer: dict[str, list[str]] = {}
    for request in requests_of(own):
        taken = [shadow for shadow in found if shadow.request == request]
        rest = [] if any(shadow.whole for shadow in taken) else [f"{own.arn} (priority {own.priority}), this service's"]
        answer[request.text] = [*(shadow.text for shadow in taken), *rest]
    return answer


def shadow_problems(snapshot: Snapshot, name: str = "production") -> list[str]:
    """Requests of the service that never reach its rule."""
    own = snapshot.production if name == "production" else snapshot.preview
    found = [shadow for shadow in shadows(own, snapshot.ahead.get(name, ())) if shadow.whole]
    return [
        f"requests for {shadow.request.text} match rule {shadow.text} before the {name} rule of {snapshot.service}"
        f" (priority {own.priority if own else None}): give the service a smaller ecs_service_priority and run"
        f" {playbook('site', snapshot.service)}, or delete that rule"
        for shadow in found
    ]


def shadow_warnings(snapshot: Snapshot, name: str = "production") -> list[str]:
    """Requests of the service that may never reach its rule, which depends on more than host and path."""
    own = snapshot.production if name == "production" else snapshot.preview
    found = [shadow for shadow in shadows(own, snapshot.ahead.get(name, ())) if shadow.unsure]
    return [f"requests for {shadow.request.text}: a rule before the {name} rule {shadow.text}" for shadow in found]
