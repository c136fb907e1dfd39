# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What it takes to have records in a hosted zone, or not to have them, and to leave everybody else's alone. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

CREATE, UPSERT, DELETE = "CREATE", "UPSERT", "DELETE"
_VERBS = {CREATE: "create", UPSERT: "update", DELETE: "delete"}

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Record:
    """One record set. targets: values, or the one target of an alias, whose zone is alias_zone; ttl of values only.

    replaces: patterns of targets that are known as one's own, so that the record may be changed or deleted.
    routed: whether it has a routing policy, of which there may be several of one name and type.
    """

    name: str
    kind: str
    targets: tuple[str, ...]
    ttl: int = 0
    alias_zone: str = ""
    replaces: tuple[str, ...] = ()
    routed: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """By which Route 53 knows it, unless it is routed."""
        return self.name, self.kind

    @property
    def title(self) -> str:
        """For people."""
        return f"{self.name.rstrip('.')} {self.kind}"

    def same(self, other: Record) -> bool:
        """Whether both say the same."""
        mine, theirs = ((each.ttl, each.alias_zone, each.routed, each.targets) for each in (self, other))
        return mine == theirs


@dataclass(frozen=True)
class Step:
    """One change of a change batch. record: as it becomes or, if it is deleted, as it was."""

    action: str
    record: Record
    before: Record | None

    @property
    def shown(self) -> dict[str, str]:
        """As a result shows it."""
        return {"action": _VERBS[self.action], "name": self.record.title}


@dataclass(frozen=True)
class Plan:
    """foreign: records of somebody else that are in the way, or stay; one line each."""

    steps: tuple[Step, ...]
    foreign: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether anything is to do."""
        return bool(self.steps)

    def diff(self) -> dict[str, Any]:
        """Before and after of what differs."""
        befores = (step.before for step in self.steps)
        return {
            "before": {each.title: _shown(each) for each in befores if each is not None},
            "after": {step.record.title: _shown(step.record) for step in self.steps if step.action != DELETE},
        }


def plan_present(found: Iterable[Record], wanted: Sequence[Record], overwrite: bool) -> Plan:
    """Have the wanted records. One that says something else is changed only if it is one's own, or on request."""
    steps, foreign = [], []
    known = {record.key: record for record in found}
    for record in wanted:
        before = known.get(record.key)
        if before is None:
            steps.append(Step(CREATE, record, None))
        elif before.routed or not (overwrite or before.same(record) or _own(before, record)):
            foreign.append(_line(before))
        elif not before.same(record):
            steps.append(Step(UPSERT, record, before))
    return Plan(tuple(steps), tuple(foreign))


def plan_absent(found: Iterable[Record], unwanted: Sequence[Record]) -> Plan:
    """Delete what is one's own of these; what says something else stays."""
    steps, foreign = [], []
    known = {record.key: record for record in found}
    for record in unwanted:
        before = known.get(record.key)
        if before is None:
            continue
        if not before.routed and (before.same(record) or _own(before, record)):
            steps.append(Step(DELETE, before, before))
        else:
            foreign.append(_line(before))
    return Plan(tuple(steps), tuple(foreign))


def wanted_record(given: Mapping[str, Any]) -> Record:
    """A record as the module takes it; names and aliases as Route 53 answers with them, lower case and with a dot."""
    alias = given.get("alias") or {}
    targets = [absolute(alias["dns_name"])] if alias else [str(value) for value in given.get("values") or ()]
    return Record(
        name=absolute(given["name"]),
        kind=given["type"],
        targets=tuple(sorted(targets)),
        ttl=0 if alias else int(given.get("ttl") or 0),
        alias_zone=alias.get("zone_id", ""),
        replaces=tuple(pattern.lower() for pattern in given.get("replaces") or ()),
    )


def found_record(item: Mapping[str, Any]) -> Record:
    """A ResourceRecordSet of Route 53, whose names have every character but letters, digits, - _ and . as \\ooo."""
    alias = item.get("AliasTarget") or {}
    targets = [absolute(alias["DNSName"])] if alias else [each["Value"] for each in item.get("ResourceRecords", [])]
    return Record(
        name=absolute(item["Name"].replace("\\052", "*")),
        kind=item["Type"],
        targets=tuple(sorted(targets)),
        ttl=int(item.get("TTL", 0)),
        alias_zone=alias.get("HostedZoneId", ""),
        routed="SetIdentifier" in item,
    )


def change(step: Step) -> dict[str, Any]:
    """As ChangeResourceRecordSets takes it."""
    record = step.record
    made: dict[str, Any] = {"Name": record.name, "Type": record.kind}
    if record.alias_zone:
        # There is no other answer to give when the target is not well.
        target = {"DNSName": record.targets[0], "HostedZoneId": record.alias_zone, "EvaluateTargetHealth": False}
        made["AliasTarget"] = target
    else:
        made |= {"TTL": record.ttl, "ResourceRecords": [{"Value": value} for value in record.targets]}
    return {"Action": step.action, "ResourceRecordSet": made}


def absolute(name: str) -> str:
    """Lower case, with one dot at the end."""
    return f"{name.strip().rstrip('.').lower()}."


def _own(before: Record, record: Record) -> bool:
    targets = [target.rstrip(".").lower() for target in before.targets]
    return bool(targets) and all(any(fnmatchcase(target, pattern) for pattern in record.replaces) for target in targets)


def _line(record: Record) -> str:
    routed = " by a routing policy" if record.routed else ""
    return f"{record.title} leads{routed} to {', '.join(target.rstrip('.') for target in record.targets)}"


def _shown(record: Record) -> dict[str, Any]:
    return {"targets": list(record.targets), **({"ttl": record.ttl} if record.ttl else {})}
