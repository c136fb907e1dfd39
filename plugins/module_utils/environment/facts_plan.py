# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What table and page say, row by row: one cell an environment. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .lines_plan import BAD, DIM, WATCH, Entry, Line, Say, moment
from .service_lines_plan import SERVICE, SITE, WORKER

Snapshot = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """cells: lines by environment, in the order of the snapshots."""

    section: str
    label: str
    cells: tuple[tuple[Line, ...], ...]


def rows(snapshots: Sequence[Snapshot]) -> list[Row]:
    """All of them."""
    found: list[Row] = []
    for name in _names(snapshots):
        services = [_named(snapshot, name) for snapshot in snapshots]
        told = WORKER if all(each is None or each["kind"] != "web" for each in services) else SERVICE
        found += [_row(snapshots, (name, label), services, say) for label, say in told]
    sites = [snapshot["site"] for snapshot in snapshots]
    found += [_row(snapshots, ("site", label), sites, say) for label, say in SITE]
    found += [_row(snapshots, ("environment", label), snapshots, say) for label, say in _ENVIRONMENT]
    return [row for row in found if any(row.cells)]


def _names(snapshots: Sequence[Snapshot]) -> list[str]:
    """Services of all environments, in their first order."""
    return list(dict.fromkeys(str(each["name"]) for snapshot in snapshots for each in snapshot["services"]))


def _named(snapshot: Snapshot, name: str) -> Entry | None:
    return next((each for each in snapshot["services"] if each["name"] == name), None)


def _row(snapshots: Sequence[Snapshot], place: tuple[str, str], entries: Sequence[Entry | None], say: Say) -> Row:
    """What could not be read is never said to be absent."""
    cells: list[tuple[Line, ...]] = []
    for snapshot, entry in zip(snapshots, entries, strict=True):
        if place[1] in _PARTS and _unread(snapshot, place):
            cells.append((Line("not read", WATCH),))
        else:
            cells.append(tuple(say(entry)) if entry is not None else ())
    return Row(*place, tuple(cells))


def _unread(snapshot: Snapshot, place: tuple[str, str]) -> bool:
    """Whether a part of which the row tells could not be read. The reads of one service bear its name."""
    section, label = place
    asked = _PARTS[label]
    whole = {"environment", *asked, *(f"{part} {section}" for part in asked)}
    parts = [str(problem["part"]) for problem in snapshot["problems"]]
    begins = tuple(f"{part.rstrip('*')} " for part in asked if part.endswith("*"))
    return any(part in whole or (begins and part.startswith(begins)) for part in parts)


def _account(snapshot: Snapshot) -> Iterator[Line]:
    yield Line(f"{snapshot['account_id']} {snapshot['region']}")


def _network(snapshot: Snapshot) -> Iterator[Line]:
    found = snapshot["network"]
    if found is None:
        yield Line("no network", DIM)
        return
    zones = f"{len(found['zones'])} zone{'' if len(found['zones']) == 1 else 's'}"
    nat = {"none": "no NAT", "single": "one NAT", "per_zone": "NAT per zone"}[found["nat"]]
    parts = [found["cidr"], zones, nat]
    parts += ["S3 endpoint"] if found["s3_endpoint"] else []
    parts += ["flow log"] if found["flow_log"] else []
    yield Line(", ".join(parts), title=found["vpc_id"])


def _balancer(snapshot: Snapshot) -> Iterator[Line]:
    found = snapshot["load_balancer"]
    if found:
        ports = ", ".join(f"{each['kind']} {each['protocol']} {each['port']}" for each in found["listeners"])
        yield Line(ports or "no listener", title=found["dns_name"])
        if found["firewall"]:
            yield Line(f"firewall {found['firewall']}", DIM)


def _atlas(snapshot: Snapshot) -> Iterator[Line]:
    peering, atlas = (snapshot["network"] or {}).get("peering"), snapshot["atlas"]
    if peering:
        up = peering["state"] == "active"
        yield Line(
            f"peering {peering['state']} {peering['atlas_cidr'] or ''}".strip(), "" if up else BAD, peering["id"]
        )
    if atlas and not peering:
        yield Line("not peered", WATCH)
    if atlas and atlas["cluster"]:
        yield Line(f"cluster {atlas['cluster']['name']} {atlas['cluster']['state']}")


def _gpu(snapshot: Snapshot) -> Iterator[Line]:
    found = snapshot["gpu"]
    if found:
        cost = (
            "price unknown" if found["cost_per_hour_usd"] is None else f"{found['cost_per_hour_usd']:.2f} USD an hour"
        )
        hosts = f"{len(found['hosts'])} host{'' if len(found['hosts']) == 1 else 's'}"
        model = f", {found['model']}" if found["model"] else ""
        yield Line(f"{hosts}, {cost}{model}", WATCH if found["hosts"] else DIM)
        yield from (
            Line(f"{each['type']} {each['state']} {each['lifecycle']}", DIM, each["id"]) for each in found["hosts"]
        )


def _ci(snapshot: Snapshot) -> Iterator[Line]:
    found = snapshot["ci"]
    yield from (Line(name) for name in found["repositories"])
    if found["gate"]:
        yield Line(f"only what {found['gate'].get('from')} proved", DIM)


def _alarms(snapshot: Snapshot) -> Iterator[Line]:
    """A service's own are told with the service."""
    loud = [each for each in snapshot["alarms"] if each["state"] == "ALARM"]
    told = {alarm["name"] for service in snapshot["services"] for alarm in service["alarms"]}
    for each in loud:
        tone = WATCH if each["name"] in told else BAD
        yield Line(f"{each['name']} since {moment(each['since'])}", tone, str(each["reason"] or ""))
    if not loud:
        yield Line(f"none in ALARM, of {len(snapshot['alarms'])}", DIM)


def _broken_glass(snapshot: Snapshot) -> Iterator[Line]:
    uses = snapshot["break_glass"]
    yield from (
        Line(f"{moment(each['at'])} {each['service']}: {each['reason']}", WATCH, str(each["by"] or "")) for each in uses
    )
    if not uses:
        yield Line("never", DIM)


def _drift(snapshot: Snapshot) -> Iterator[Line]:
    """What a check run of site.yml said, where it was asked."""
    found = snapshot.get("drift")
    if found is None:
        return
    if found["failed"]:
        yield Line(f"site.yml --check failed: {found['failed']}", BAD)
    for each in found["changes"]:
        yield Line(f"{each['host']}: {each['task']}", WATCH)
    if not found["failed"] and not found["changes"]:
        yield Line("none: site.yml would change nothing", DIM)


def _problems(snapshot: Snapshot) -> Iterator[Line]:
    yield from (Line(f"{each['part']}: {each['message']}", BAD) for each in snapshot["problems"])


_ENVIRONMENT: Sequence[tuple[str, Say]] = (
    ("account", _account),
    ("network", _network),
    ("balancer", _balancer),
    ("Atlas", _atlas),
    ("GPU hosts", _gpu),
    ("GitHub", _ci),
    ("alarms", _alarms),
    ("glass broken", _broken_glass),
    ("drift", _drift),
    ("not read", _problems),
)

# Row -> the reads that it tells of (observe.py); with an asterisk those of anything.
_PARTS: Mapping[str, Sequence[str]] = {
    "traffic": ("load_balancer", "groups", "ecs"),
    "serves": ("ecs", "definitions*", "current", "load_balancer"),
    "tasks": ("ecs", "groups", "health*", "tasks"),
    "scaling": ("targets",),
    "kept warm": ("warm",),
    "last run": ("records",),
    "lock": ("locks",),
    "workers": ("ecs",),
    "scheduled": ("schedules",),
    "route": ("load_balancer",),
    "published": ("current",),
    "edge": ("distribution", "invalidations"),
    "firewall": ("distribution",),
    "network": ("network",),
    "balancer": ("load_balancer",),
    "Atlas": ("network", "atlas"),
    "GPU hosts": ("gpu", "instances"),
    "GitHub": ("provider", "roles"),
    "alarms": ("alarms",),
    "glass broken": ("records*",),
}


def attention(found: Sequence[Row], column: int) -> list[str]:
    """What needs somebody in an environment: SECTION LABEL: TEXT."""
    return [
        f"{row.section} {row.label}: {line.text}" for row in found for line in row.cells[column] if line.tone == BAD
    ]
