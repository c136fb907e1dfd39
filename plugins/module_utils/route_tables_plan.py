# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a VPC's route tables need to become the ones wanted. Pure: no I/O, no AWS.

A table is known by its name. Of its routes only the default one is ours; peering connections, endpoints and people add
theirs, which stay.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

EVERYWHERE = "0.0.0.0/0"

TARGETS = {"igw": "GatewayId", "nat": "NatGatewayId"}
"""The beginning of a gateway's id to the parameter of CreateRoute that takes it."""


@dataclass(frozen=True)
class Table:
    """A route table as AWS describes it."""

    id: str
    name: str
    """Its tag Name, or nothing."""
    gateway: str = ""
    """Id of what its own default route leads to; routes that a gateway propagates are not its own."""
    associations: Mapping[str, str] = field(default_factory=dict)
    """Subnet id to association id."""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Wanted:
    """A route table as the inventory has it."""

    name: str
    gateway: str
    """Id of the internet or NAT gateway of its default route; empty: it needs none."""
    subnets: tuple[str, ...]
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Step:
    """One API call: create, associate, move, dissociate, route, reroute, unroute, tag or untag.

    table is the name of the table it concerns, whose id is known to the caller once that table is created.
    """

    action: str
    table: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """The one value that check mode, diff mode and the real run share. Changed is bool(steps)."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    steps: tuple[Step, ...] = ()
    blocked: str = ""


def plan_route_tables(existing: Sequence[Table], wanted: Sequence[Wanted], leaving: Iterable[str]) -> Plan:
    """The steps from what is to what shall be; total, one blocked reason instead of an exception.

    Args:
        existing: all tables of the VPC.
        wanted: the tables to have; others are left alone.
        leaving: ids of gateways that are given up: a default route to one of them goes, where none is wanted.
    """
    named = [table for table in existing if table.name in {table.name for table in wanted}]
    before = {table.name: _view(table.gateway, table.associations, table.tags) for table in named}
    if problem := _problem(named, wanted):
        return Plan(before, before, blocked=problem)
    ours = {table.name: table for table in named}
    held = {subnet: (table.id, link) for table in existing for subnet, link in table.associations.items()}
    steps: list[Step] = []
    after: dict[str, Any] = {}
    for table in wanted:
        found = ours.get(table.name, Table("", table.name, tags=table.tags))
        steps += [] if found.id else [_create(table)]
        stays = {subnet for other in wanted for subnet in other.subnets}
        steps += [*_subnet_steps(found, table, held, stays), *_route_steps(found, table, frozenset(leaving))]
        steps += _tag_steps(found, table)
        gateway = table.gateway or ("" if found.gateway in leaving else found.gateway)
        after[table.name] = _view(gateway, table.subnets, table.tags)
    return Plan(before, after if steps else before, tuple(steps))


def _problem(named: Sequence[Table], wanted: Sequence[Wanted]) -> str:
    several = [name for name, count in Counter(table.name for table in named).items() if count > 1]
    if several:
        ids = ", ".join(sorted(table.id for table in named if table.name == several[0]))
        return f"several route tables are named {several[0]} ({ids}): delete all but one, or name the others otherwise"
    for what, values in (
        ("name", [table.name for table in wanted]),
        ("subnet", [subnet for table in wanted for subnet in table.subnets]),
    ):
        twice = [value for value, count in Counter(values).items() if count > 1]
        if twice:
            return f"{what} {twice[0]} is given twice: each belongs to one route table"
    strange = [table for table in wanted if table.gateway and table.gateway.partition("-")[0] not in TARGETS]
    if strange:
        return f"{strange[0].name}: {strange[0].gateway} is neither an internet gateway (igw-) nor a NAT gateway (nat-)"
    return ""


def _create(table: Wanted) -> Step:
    tags = [{"ResourceType": "route-table", "Tags": _tag_list(table.tags)}]
    return Step("create", table.name, {"TagSpecifications": tags})


def _subnet_steps(found: Table, table: Wanted, held: Mapping[str, tuple[str, str]], stays: Iterable[str]) -> list[Step]:
    steps = []
    for subnet in table.subnets:
        where, link = held.get(subnet, ("", ""))
        if not link:
            steps.append(Step("associate", table.name, {"SubnetId": subnet}))
        elif where != found.id:
            # In one call, so that the subnet is never without its routes in between.
            steps.append(Step("move", table.name, {"AssociationId": link}))
    gone = sorted(set(found.associations) - set(stays))
    return steps + [Step("dissociate", table.name, {"AssociationId": found.associations[subnet]}) for subnet in gone]


def _route_steps(found: Table, table: Wanted, leaving: frozenset[str]) -> list[Step]:
    route = {"DestinationCidrBlock": EVERYWHERE}
    if not table.gateway:
        return [Step("unroute", table.name, route)] if found.gateway in leaving else []
    if found.gateway == table.gateway:
        return []
    route[TARGETS[table.gateway.partition("-")[0]]] = table.gateway
    return [Step("reroute" if found.gateway else "route", table.name, route)]


def _tag_steps(found: Table, table: Wanted) -> list[Step]:
    new = {key: value for key, value in table.tags.items() if found.tags.get(key) != value}
    stale = sorted(key for key in found.tags if key not in table.tags and not key.startswith("aws:"))
    steps = [Step("tag", table.name, {"Tags": _tag_list(new)})] if new else []
    return steps + ([Step("untag", table.name, {"Tags": [{"Key": key} for key in stale]})] if stale else [])


def _tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def _view(gateway: str, subnets: Iterable[str], tags: Mapping[str, str]) -> dict[str, Any]:
    return {"default_route": gateway, "subnets": sorted(subnets), "tags": dict(sorted(tags.items()))}
