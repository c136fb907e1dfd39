# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a security group needs to become the one wanted. Pure: no I/O, no AWS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from typing import Any

# Its actions: create, delete, authorize, revoke or describe (with the direction after a blank), tag and untag.
from .resource_plan import Plan, Step

ALL = "-1"
"""The protocol of a rule for every protocol, which has no ports."""

SOURCES = {
    "IpRanges": "CidrIp",
    "Ipv6Ranges": "CidrIpv6",
    "PrefixListIds": "PrefixListId",
    "UserIdGroupPairs": "GroupId",
}
"""Members of an IpPermission that name who may send or receive, and the member of their items that names it."""


@dataclass(frozen=True, order=True)
class Rule:
    """One rule: what, and from or to whom."""

    inbound: bool
    protocol: str
    ports: tuple[int, int]
    """First and last; (-1, -1) if the protocol has none."""
    kind: str
    """A key of SOURCES."""
    peer: str
    owner: str = field(default="", compare=False)
    """Account of a group that is the peer; AWS wants it named for a group of another account."""


@dataclass(frozen=True)
class Group:
    """A security group as AWS describes it, or as the inventory has it. Rule to its description."""

    name: str
    description: str
    rules: Mapping[Rule, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    id: str = ""


@dataclass(frozen=True)
class Wanted:
    """The group to have, or that there shall be none. With tags None its tags are nobody's business."""

    group: Group
    present: bool = True
    tags: Mapping[str, str] | None = None


class RuleError(ValueError):
    """A rule of the inventory is none; the message is one line."""


AT_FIRST = Rule(False, ALL, (-1, -1), "IpRanges", "0.0.0.0/0")
"""The one rule that AWS gives every new group of a VPC: everything may go out.
https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
"""


def rules_from(given: Iterable[Mapping[str, Any]], inbound: bool) -> dict[Rule, str]:
    """The rules that an inventory's list means, one a port and peer, with their descriptions. Raises RuleError.

    given: dicts of proto, ports or from_port and to_port, cidr_ip, group_id, rule_desc, as the module takes them.
    """
    rules: dict[Rule, str] = {}
    for item in given:
        peers = [_network(cidr) for cidr in item.get("cidr_ip") or ()]
        peers += [("UserIdGroupPairs", group) for group in item.get("group_id") or ()]
        if not peers:
            raise RuleError(f"a rule for {item['proto']} names neither cidr_ip nor group_id")
        for ports in _ports(item):
            protocol = ALL if item["proto"] == "all" else item["proto"]
            rules |= {Rule(inbound, protocol, ports, kind, peer): item.get("rule_desc") or "" for kind, peer in peers}
    return rules


def _ports(item: Mapping[str, Any]) -> list[tuple[int, int]]:
    first, last = item.get("from_port"), item.get("to_port")
    listed = [(port, port) for port in item.get("ports") or ()]
    if item["proto"] == "all":
        if listed or first is not None or last is not None:
            raise RuleError("a rule for all protocols has no ports")
        return [(-1, -1)]
    found = listed if first is None or last is None else [*listed, (first, last)]
    if not found or (first is None) != (last is None):
        raise RuleError(f"a rule for {item['proto']} needs ports, or from_port and to_port")
    for low, high in found:
        if not 0 <= low <= high <= 65535:
            raise RuleError(f"a rule for {item['proto']} has ports {low} to {high}, outside of 0 to 65535 or reversed")
    return found


def _network(cidr: str) -> tuple[str, str]:
    try:
        network = ip_network(cidr, strict=False)
    except ValueError:
        raise RuleError(f"{cidr} is not a network such as 10.20.0.0/16") from None
    return ("Ipv6Ranges" if network.version == 6 else "IpRanges"), str(network)


def rules_of(permissions: Iterable[Mapping[str, Any]], inbound: bool) -> dict[Rule, str]:
    """The rules in what DescribeSecurityGroups calls IpPermissions or IpPermissionsEgress."""
    return {
        Rule(
            inbound,
            permission["IpProtocol"],
            (permission.get("FromPort", -1), permission.get("ToPort", -1)),
            kind,
            source[name],
            source.get("UserId", ""),
        ): source.get("Description", "")
        for permission in permissions
        for kind, name in SOURCES.items()
        for source in permission.get(kind, ())
    }


def plan_group(existing: Sequence[Group], wanted: Wanted) -> Plan:
    """The steps from what is to what shall be; total, one blocked reason instead of an exception.

    Args:
        existing: the groups that bear the name.
        wanted: the group to have.
    """
    if len(existing) > 1:
        ids = ", ".join(sorted(group.id for group in existing))
        before: dict[str, Any] = {"groups": ids}
        return Plan(
            before, before, blocked=f"several security groups are named {wanted.group.name} ({ids}): give vpc_id"
        )
    if not existing:
        return _plan_new(wanted) if wanted.present else Plan({}, {})
    if not wanted.present:
        return Plan(_view(existing[0]), {}, (Step("delete", {}),))
    return _plan_update(existing[0], wanted)


def _plan_new(wanted: Wanted) -> Plan:
    group = replace(wanted.group, tags=wanted.tags or {})
    arguments: dict[str, Any] = {"GroupName": group.name, "Description": group.description}
    if group.tags:
        arguments["TagSpecifications"] = [{"ResourceType": "security-group", "Tags": _tag_list(group.tags)}]
    rest = _plan_update(replace(group, rules={AT_FIRST: ""}), wanted)
    return Plan({}, _view(group), (Step("create", arguments), *rest.steps))


def _plan_update(group: Group, wanted: Wanted) -> Plan:
    steps = [step for inbound in (True, False) for step in _rule_steps(group, wanted.group.rules, inbound)]
    tags = group.tags if wanted.tags is None else wanted.tags
    if new := {key: value for key, value in tags.items() if group.tags.get(key) != value}:
        steps.append(Step("tag", {"Tags": _tag_list(new)}))
    if stale := sorted(key for key in group.tags if key not in tags and not key.startswith("aws:")):
        steps.append(Step("untag", {"Tags": [{"Key": key} for key in stale]}))
    after = replace(wanted.group, description=group.description, tags=tags)
    return Plan(_view(group), _view(after) if steps else _view(group), tuple(steps))


def _rule_steps(group: Group, wanted: Mapping[Rule, str], inbound: bool) -> list[Step]:
    """What is allowed comes before what is forbidden, so that traffic that both let through never stops."""
    way = "in" if inbound else "out"
    has, shall = (
        {rule: text for rule, text in each.items() if rule.inbound == inbound} for each in (group.rules, wanted)
    )
    parts = {
        "authorize": {rule: text for rule, text in shall.items() if rule not in has},
        "describe": {rule: text for rule, text in shall.items() if has.get(rule, text) != text},
        "revoke": {rule: "" for rule in has if rule not in shall},
    }
    return [
        Step(f"{action} {way}", {"IpPermissions": [permission(rule, rules[rule]) for rule in sorted(rules)]})
        for action, rules in parts.items()
        if rules
    ]


def permission(rule: Rule, text: str) -> dict[str, Any]:
    """The rule as the API takes it."""
    source = {SOURCES[rule.kind]: rule.peer}
    source |= {"Description": text} if text else {}
    source |= {"UserId": rule.owner} if rule.owner else {}
    made: dict[str, Any] = {"IpProtocol": rule.protocol, rule.kind: [source]}
    return made if rule.protocol == ALL else made | {"FromPort": rule.ports[0], "ToPort": rule.ports[1]}


def _tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def _view(group: Group) -> dict[str, Any]:
    return {
        "description": group.description,
        "rules": [_shown(rule, group.rules[rule]) for rule in sorted(group.rules)],
        "tags": dict(sorted(group.tags.items())),
    }


def _shown(rule: Rule, text: str) -> str:
    """tcp 443 from 10.0.0.0/16 (website)."""
    first, last = rule.ports
    ports = "" if rule.ports == (-1, -1) else f" {first}" if first == last else f" {first}-{last}"
    protocol = "all" if rule.protocol == ALL else rule.protocol
    return f"{protocol}{ports} {'from' if rule.inbound else 'to'} {rule.peer}{f' ({text})' if text else ''}"
