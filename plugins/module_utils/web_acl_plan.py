# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a web ACL of AWS WAF needs, with its IP sets and its log, to become the one wanted. Pure: no I/O, no AWS.

UpdateWebACL replaces the whole web ACL
(https://docs.aws.amazon.com/waf/latest/APIReference/API_UpdateWebACL.html), so that what the caller does not name is
read and sent along: other members, and rules of others, such as one that somebody added by hand during an attack.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any

from .gateway_endpoint_plan import canonical

OWN = "slipway-"
"""Names of rules that begin so are the caller's; all others are left alone."""

LABELS = {
    "put_ip_set": "put IP set {}",
    "put_log_group": "put log group {}",
    "put_acl": "put web ACL {}",
    "put_logging": "put the log of {}",
    "associate": "associate {}",
    "put_tags": "tag {}",
    "disassociate": "disassociate {}",
    "delete_logging": "stop the log of {}",
    "delete_acl": "delete web ACL {}",
    "delete_ip_set": "delete IP set {}",
    "delete_log_group": "delete log group {}",
}


@dataclass(frozen=True)
class IpSet:
    """version: IPV4 or IPV6. Of a wanted one only version and addresses count; without addresses it is to be none."""

    version: str
    addresses: tuple[str, ...]
    id: str = ""
    arn: str = ""
    token: str = ""

    def view(self) -> dict[str, Any]:
        """AWS writes IPv6 addresses out in full, people do not: one form for both."""
        return {"version": self.version, "addresses": sorted(str(ip_network(item)) for item in self.addresses)}


@dataclass(frozen=True)
class Acl:
    """A web ACL as AWS describes it: the whole of GetWebACL's WebACL."""

    id: str
    arn: str
    token: str
    """Of the reading, without which no write is taken."""
    config: Mapping[str, Any]
    tags: Mapping[str, str] = field(default_factory=dict)
    logging: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Snapshot:
    """What there is under the names."""

    acl: Acl | None
    ip_sets: Mapping[str, IpSet]
    log_group: Mapping[str, Any] | None
    """retention_days and kms_key_arn."""
    resources: Mapping[str, str] = field(default_factory=dict)
    """ARN of a load balancer -> ARN of its web ACL, empty when it has none."""


@dataclass(frozen=True)
class Wanted:
    """The web ACL as the caller has it. rules: as the API writes them, with the name of an IP set in the place of its
    ARN. log_group: name; group: its retention_days and kms_key_arn."""

    name: str
    description: str
    rules: Sequence[Mapping[str, Any]]
    ip_sets: Mapping[str, IpSet]
    log_group: str
    group: Mapping[str, Any]
    redacted_headers: Sequence[str]
    resources: Sequence[str]
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Step:
    """One call. about: what it is done to; before and after: what a diff shows."""

    action: str
    about: str
    before: Any = None
    after: Any = None

    @property
    def label(self) -> str:
        """The step in words."""
        return LABELS[self.action].format(self.about)


@dataclass(frozen=True)
class Plan:
    """The one value that check mode, diff mode and the real run share. Changed is bool(steps)."""

    steps: tuple[Step, ...] = ()
    blocked: str = ""

    def diff(self) -> dict[str, Any]:
        """Before and after of what differs."""
        return {
            "before": {step.label: step.before for step in self.steps if step.before is not None},
            "after": {step.label: step.after for step in self.steps if step.after is not None},
        }


def plan_present(snapshot: Snapshot, wanted: Wanted) -> Plan:
    """IP sets and log group, then the web ACL that refers to them, then what refers to it."""
    acl, rules = snapshot.acl, merged_rules(snapshot, wanted)
    if blocked := _clash(rules) or _taken(snapshot, wanted):
        return Plan(blocked=blocked)
    arn = acl.arn if acl else None
    pairs = [
        *(_put("put_ip_set", name, _view_of(snapshot.ip_sets, name), item.view()) for name, item in _used(wanted)),
        _put("put_log_group", wanted.log_group, snapshot.log_group, wanted.group),
        _put("put_acl", wanted.name, acl_view(snapshot) if acl else None, _acl_document(wanted, rules)),
        _put("put_logging", wanted.name, logging_view(acl.logging) if acl else None, _logging_document(wanted)),
        *(Step("associate", item) for item in wanted.resources if not arn or snapshot.resources.get(item) != arn),
        # A new web ACL is made with its tags.
        _put("put_tags", wanted.name, dict(acl.tags), dict(wanted.tags)) if acl else None,
        *(
            Step("delete_ip_set", name, item.view())
            for name, item in snapshot.ip_sets.items()
            if not wanted.ip_sets[name].addresses
        ),
    ]
    return Plan(tuple(step for step in pairs if step))


def plan_absent(snapshot: Snapshot, wanted: Wanted) -> Plan:
    """First what refers to the web ACL, then it, then what it refers to."""
    acl = snapshot.acl
    steps = []
    if acl:
        steps += [Step("disassociate", arn) for arn, web_acl in snapshot.resources.items() if web_acl == acl.arn]
        steps += [Step("delete_logging", wanted.name, logging_view(acl.logging))] if acl.logging else []
        steps.append(Step("delete_acl", wanted.name, acl_view(snapshot)))
    steps += [Step("delete_ip_set", name, item.view()) for name, item in snapshot.ip_sets.items()]
    if snapshot.log_group is not None:
        steps.append(Step("delete_log_group", wanted.log_group, snapshot.log_group))
    return Plan(tuple(steps))


def merged_rules(snapshot: Snapshot, wanted: Wanted) -> list[Mapping[str, Any]]:
    """Ours and those of others, by priority."""
    live = snapshot.acl.config.get("Rules", []) if snapshot.acl else []
    names = {rule["Name"] for rule in wanted.rules}
    others = [rule for rule in live if rule["Name"] not in names and not rule["Name"].startswith(OWN)]
    return sorted([*wanted.rules, *_named(others, snapshot.ip_sets)], key=lambda rule: int(rule["Priority"]))


def acl_view(snapshot: Snapshot) -> dict[str, Any]:
    """What of the web ACL is compared, with names of IP sets in the place of their ARNs."""
    config = snapshot.acl.config if snapshot.acl else {}
    rules = sorted(config.get("Rules", []), key=lambda rule: int(rule["Priority"]))
    kept = {key: config.get(key) for key in ("DefaultAction", "Description", "VisibilityConfig")}
    return {**kept, "Rules": _named(rules, snapshot.ip_sets)}


def with_arns(rules: Sequence[Mapping[str, Any]], arns: Mapping[str, str]) -> list[Any]:
    """The rules with the ARNs of IP sets in the place of their names, as the API wants them."""
    return [_replaced(rule, lambda name: arns.get(name, name)) for rule in rules]


def logging_view(logging: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What of a logging configuration is compared, with the log group's name in the place of its ARN."""
    if logging is None:
        return None
    group = str(logging["LogDestinationConfigs"][0]).rsplit(":log-group:", maxsplit=1)[-1].removesuffix(":*")
    kept = {key: logging.get(key) for key in ("RedactedFields", "LoggingFilter")}
    return {"log_group": group, **kept}


def _acl_document(wanted: Wanted, rules: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        # What no rule stops is let through.
        "DefaultAction": {"Allow": {}},
        "Description": wanted.description,
        "VisibilityConfig": visibility(wanted.name),
        "Rules": list(rules),
    }


def visibility(name: str) -> dict[str, Any]:
    """Metrics and samples of requests, without which counting first would show nothing."""
    return {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": name}


def _logging_document(wanted: Wanted) -> dict[str, Any]:
    """Requests that a rule matched: what is let through without a match is in the access log, at a hundredth of the
    price."""
    actions = ("BLOCK", "COUNT", "EXCLUDED_AS_COUNT")
    kept = [{"ActionCondition": {"Action": action}} for action in actions]
    return {
        "log_group": wanted.log_group,
        "RedactedFields": [{"SingleHeader": {"Name": name.lower()}} for name in wanted.redacted_headers],
        "LoggingFilter": {
            "DefaultBehavior": "DROP",
            "Filters": [{"Behavior": "KEEP", "Requirement": "MEETS_ANY", "Conditions": kept}],
        },
    }


def _put(action: str, about: str, before: Any, after: Any) -> Step | None:
    return None if _form(before) == _form(after) else Step(action, about, before, after)


def _form(value: Any) -> Any:
    """The one form of a document's meaning: what is empty is as if it were not there, but {} in an action is one."""
    if isinstance(value, Mapping):
        return canonical({key: item for key, item in value.items() if item not in (None, [], "")})
    return value


def _view_of(ip_sets: Mapping[str, IpSet], name: str) -> dict[str, Any] | None:
    return ip_sets[name].view() if name in ip_sets else None


def _used(wanted: Wanted) -> list[tuple[str, IpSet]]:
    return [(name, item) for name, item in wanted.ip_sets.items() if item.addresses]


def _named(rules: Sequence[Mapping[str, Any]], ip_sets: Mapping[str, IpSet]) -> list[Any]:
    names = {item.arn: name for name, item in ip_sets.items()}
    return [_replaced(rule, lambda arn: names.get(arn, arn)) for rule in rules]


def _replaced(value: Any, change: Callable[[str], str]) -> Any:
    """The value with every IP set reference changed, however deep a statement nests it."""
    if isinstance(value, Mapping):
        replaced = {key: _replaced(item, change) for key, item in value.items()}
        if "IPSetReferenceStatement" in value:
            reference = value["IPSetReferenceStatement"]
            replaced["IPSetReferenceStatement"] = {**reference, "ARN": change(reference["ARN"])}
        return replaced
    return [_replaced(item, change) for item in value] if isinstance(value, list | tuple) else value


def _clash(rules: Sequence[Mapping[str, Any]]) -> str:
    """Two rules of one priority, which the API refuses without saying whose they are."""
    names: dict[int, str] = {}
    for rule in rules:
        priority = int(rule["Priority"])
        if priority in names:
            return (
                f"rules {names[priority]} and {rule['Name']} both have priority {priority}: give the one whose name "
                f"does not begin with {OWN} another priority in the WAF console"
            )
        names[priority] = rule["Name"]
    return ""


def _taken(snapshot: Snapshot, wanted: Wanted) -> str:
    """A load balancer that another web ACL protects, which AssociateWebACL would replace without a word."""
    own = snapshot.acl.arn if snapshot.acl else ""
    taken = {arn: snapshot.resources.get(arn, "") for arn in wanted.resources}
    others = [f"{arn} has the web ACL {web_acl}" for arn, web_acl in taken.items() if web_acl not in ("", own)]
    if not others:
        return ""
    return f"{'; '.join(others)}: it would lose that protection; disassociate it first if that is meant"
