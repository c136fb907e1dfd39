# SPDX-License-Identifier: GPL-3.0-or-later
"""A web ACL, evaluated: rules by priority until one allows or blocks, else the default action.

Sources: "Using web ACL rules" and "Rate-based rule statement" in
https://docs.aws.amazon.com/waf/latest/developerguide/. Statements: IP sets, countries, rates by IP, byte matches,
regular expressions, sizes, SQL injection and cross-site scripting (a few patterns), AND, OR, NOT, and AWS's managed
groups as far as localcloud.edge.waf_managed goes. Bodies are not looked at. A statement that is not known never
matches. A country is what the header CloudFront-Viewer-Country says, for loopback is in none.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

from localcloud.edge.cache_key import Parts
from localcloud.edge.waf_managed import GROUPS, SQLI, XSS

type Raw = Mapping[str, Any]

#: Seconds between two looks at the rates; AWS looks every few seconds too, so that a rule acts late and ends late.
RATE_INTERVAL = 2.0
_COUNTRY = "cloudfront-viewer-country"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is done with a request. rule: its name, "Default_Action" for none; the rest: of a custom block action.

    counted: the rules that matched and only counted, a group's rule as GROUP/RULE.
    """

    blocked: bool
    rule: str
    status: int = 403
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    content_type: str = "text/html"
    counted: tuple[str, ...] = ()


@dataclass(slots=True)
class _Rate:
    """Requests of the last `window` seconds by aggregation key, in buckets of a second."""

    limit: int
    window: float
    counts: dict[str, deque[list[float]]] = field(default_factory=lambda: defaultdict(deque))
    over: frozenset[str] = frozenset()
    looked: float = -RATE_INTERVAL

    def count(self, key: str, now: float) -> bool:
        """Count a request; whether its key is over the limit, as of the last look."""
        bucket = self.counts[key]
        if bucket and bucket[-1][0] >= now - 1:
            bucket[-1][1] += 1
        else:
            bucket.append([now, 1])
        if now - self.looked >= RATE_INTERVAL:
            self._look(now)
        return key in self.over

    def _look(self, now: float) -> None:
        self.looked = now
        over = set()
        for key, bucket in list(self.counts.items()):
            while bucket and bucket[0][0] < now - self.window:
                bucket.popleft()
            if not bucket:
                del self.counts[key]
            elif sum(number for _, number in bucket) > self.limit:
                over.add(key)
        self.over = frozenset(over)


class WebAcl:
    """One web ACL in force. Rates are counted from when it is made."""

    def __init__(self, raw: Raw) -> None:
        """raw: a WebACL of the API, with `IPSets`: ARN to addresses."""
        self._rules = sorted(raw.get("Rules") or (), key=lambda rule: int(rule["Priority"]))
        self._default = raw["DefaultAction"]
        self._bodies = raw.get("CustomResponseBodies") or {}
        self._ip_sets = {
            arn: [network for item in addresses if (network := _network(item)) is not None]
            for arn, addresses in (raw.get("IPSets") or {}).items()
        }
        self._rates: dict[str, _Rate] = {}

    def verdict(self, ip: str, parts: Parts, now: float) -> Verdict:
        """Judge a request; now: monotonic seconds."""
        counted: list[str] = []
        for rule in self._rules:
            action = self._action_of(rule, ip, parts, now, counted)
            if action is None:
                continue
            name = next(iter(action), "Count")
            if name == "Block":
                return self._block(rule["Name"], action[name], counted)
            if name == "Allow":
                return Verdict(False, rule["Name"], counted=tuple(counted))
            counted.append(rule["Name"])
        if "Block" in self._default:
            return self._block("Default_Action", self._default["Block"], counted)
        return Verdict(False, "Default_Action", counted=tuple(counted))

    def _action_of(self, rule: Raw, ip: str, parts: Parts, now: float, counted: list[str]) -> Raw | None:
        """The action of a rule that matches; None if it does not, or leaves it to the next."""
        statement = rule["Statement"]
        group = statement.get("ManagedRuleGroupStatement")
        if group is None:
            return rule.get("Action") or {} if self._matches(rule["Name"], statement, ip, parts, now) else None
        scope = group.get("ScopeDownStatement")
        if scope and not self._matches(rule["Name"], scope, ip, parts, now):
            return None
        found = self._managed(group, parts, counted)
        if found is not None and "Count" in (rule.get("OverrideAction") or {}):
            return {"Count": {}}
        return found

    def _managed(self, group: Raw, parts: Parts, counted: list[str]) -> Raw | None:
        """The action of the first of the group's rules that matches and does not only count."""
        overrides = {item["Name"]: item["ActionToUse"] for item in group.get("RuleActionOverrides") or ()}
        excluded = {item["Name"] for item in group.get("ExcludedRules") or ()}
        for name, test in GROUPS.get(group["Name"], {}).items():
            if not test(parts):
                continue
            action: Raw = {"Count": {}} if name in excluded else overrides.get(name) or {"Block": {}}
            if "Count" not in action:
                return action
            counted.append(f"{group['Name']}/{name}")
        return None

    def _block(self, name: str, action: Raw, counted: list[str]) -> Verdict:
        custom = action.get("CustomResponse")
        if not custom:
            return Verdict(True, name, counted=tuple(counted))
        body = self._bodies.get(custom.get("CustomResponseBodyKey") or "")
        kinds = {"TEXT_PLAIN": "text/plain", "APPLICATION_JSON": "application/json"}
        return Verdict(
            True,
            name,
            status=int(custom["ResponseCode"]),
            headers=tuple((item["Name"].lower(), item["Value"]) for item in custom.get("ResponseHeaders") or ()),
            body=body["Content"].encode() if body else None,
            content_type=kinds.get(body["ContentType"], "text/html") if body else "text/html",
            counted=tuple(counted),
        )

    def _matches(self, rule: str, statement: Raw, ip: str, parts: Parts, now: float) -> bool:
        for kind, config in statement.items():
            if kind == "AndStatement":
                return all(self._matches(rule, item, ip, parts, now) for item in config["Statements"])
            if kind == "OrStatement":
                return any(self._matches(rule, item, ip, parts, now) for item in config["Statements"])
            if kind == "NotStatement":
                return not self._matches(rule, config["Statement"], ip, parts, now)
            if kind == "RateBasedStatement":
                return self._too_many(rule, config, ip, parts, now)
            if kind == "IPSetReferenceStatement":
                return self._in_ip_set(config, ip, parts)
            test = _TESTS.get(kind)
            if test is not None:
                return test(config, parts)
        return False

    def _too_many(self, rule: str, config: Raw, ip: str, parts: Parts, now: float) -> bool:
        scope = config.get("ScopeDownStatement")
        if scope and not self._matches(rule, scope, ip, parts, now):
            return False
        rate = self._rates.get(rule)
        if rate is None:
            window = float(config.get("EvaluationWindowSec") or 300)
            rate = self._rates[rule] = _Rate(int(config["Limit"]), window)
        kind = config.get("AggregateKeyType", "IP")
        key = "" if kind == "CONSTANT" else _address(config.get("ForwardedIPConfig"), ip, parts)
        return rate.count(key, now)

    def _in_ip_set(self, config: Raw, ip: str, parts: Parts) -> bool:
        networks = self._ip_sets.get(config["ARN"], ())
        try:
            address = ipaddress.ip_address(_address(config.get("IPSetForwardedIPConfig"), ip, parts))
        except ValueError:
            return (config.get("IPSetForwardedIPConfig") or {}).get("FallbackBehavior") == "MATCH"
        return any(address in network for network in networks)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """An address range; None for what is none, which the API refuses."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _address(forwarded: Raw | None, ip: str, parts: Parts) -> str:
    """The viewer's address, or the first one in the header that the rule names."""
    if not forwarded:
        return ip
    return parts.headers.get(forwarded["HeaderName"].lower(), "").partition(",")[0].strip()


def _geo(config: Raw, parts: Parts) -> bool:
    return parts.headers.get(_COUNTRY, "").upper() in set(config.get("CountryCodes") or ())


def _fields(config: Raw, parts: Parts) -> list[str]:
    """The texts that FieldToMatch names, transformed."""
    kind, detail = next(iter(config["FieldToMatch"].items()))
    texts: list[str] = {
        "UriPath": lambda: [parts.path],
        "QueryString": lambda: [parts.query],
        "AllQueryArguments": lambda: [part.partition("=")[2] for part in parts.query.split("&") if part],
        "Method": lambda: [parts.method],
        "SingleHeader": lambda: [parts.headers.get((detail or {}).get("Name", "").lower(), "")],
        "Headers": lambda: list(parts.headers.values()),
        "Cookies": lambda: [value for _, value in parts.cookies],
    }.get(kind, list)()
    for item in sorted(config.get("TextTransformations") or (), key=lambda one: int(one["Priority"])):
        texts = [_TRANSFORMATIONS.get(item["Type"], str)(text) for text in texts]
    return texts


_TRANSFORMATIONS: dict[str, Callable[[str], str]] = {
    "LOWERCASE": str.lower,
    "URL_DECODE": unquote_plus,
    "COMPRESS_WHITE_SPACE": lambda text: re.sub(r"\s+", " ", text),
}


def _bytes(config: Raw, parts: Parts) -> bool:
    wanted = base64.b64decode(config["SearchString"]).decode("utf-8", "replace")  # a blob, in JSON
    tests: dict[str, Callable[[str], bool]] = {
        "EXACTLY": lambda text: text == wanted,
        "STARTS_WITH": lambda text: text.startswith(wanted),
        "ENDS_WITH": lambda text: text.endswith(wanted),
        "CONTAINS": lambda text: wanted in text,
        "CONTAINS_WORD": lambda text: re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", text) is not None,
    }
    return any(tests[config["PositionalConstraint"]](text) for text in _fields(config, parts))


def _regex(config: Raw, parts: Parts) -> bool:
    try:
        expression = re.compile(config["RegexString"])
    except re.error:  # AWS's dialect is PCRE; what Python does not know matches nothing
        return False
    return any(expression.search(text) for text in _fields(config, parts))


def _size(config: Raw, parts: Parts) -> bool:
    limit = int(config["Size"])
    tests: dict[str, Callable[[int], bool]] = {
        "EQ": lambda size: size == limit,
        "NE": lambda size: size != limit,
        "LE": lambda size: size <= limit,
        "LT": lambda size: size < limit,
        "GE": lambda size: size >= limit,
        "GT": lambda size: size > limit,
    }
    return any(tests[config["ComparisonOperator"]](len(text)) for text in _fields(config, parts))


_TESTS: dict[str, Callable[[Raw, Parts], bool]] = {
    "GeoMatchStatement": _geo,
    "ByteMatchStatement": _bytes,
    "RegexMatchStatement": _regex,
    "SizeConstraintStatement": _size,
    "SqliMatchStatement": lambda config, parts: any(SQLI.search(text) for text in _fields(config, parts)),
    "XssMatchStatement": lambda config, parts: any(XSS.search(text) for text in _fields(config, parts)),
}
