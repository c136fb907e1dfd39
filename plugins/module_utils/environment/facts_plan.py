# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What table and page say, row by row: one cell an environment. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .promotion_plan import short, words

Snapshot = Mapping[str, Any]
Entry = Mapping[str, Any]

BAD, WATCH, DIM = "bad", "watch", "dim"
_ENGINES = {"two_service": "Slipway, between two services", "native": "ECS itself, within one service"}
# Outcomes after which the release that was asked for serves.
_WELL = ("promoted", "repaired", "rolled_back")


@dataclass(frozen=True, slots=True)
class Line:
    """tone: bad needs somebody, watch wants a look, dim says that there is nothing. title: the whole of what is
    shortened. weights: color -> share, to be drawn."""

    text: str
    tone: str = ""
    title: str = ""
    weights: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """cells: lines by environment, in the order of the snapshots."""

    section: str
    label: str
    cells: tuple[tuple[Line, ...], ...]


Say = Callable[[Any], Iterator[Line]]


def rows(snapshots: Sequence[Snapshot]) -> list[Row]:
    """All of them."""
    found: list[Row] = []
    for name in _names(snapshots):
        services = [_named(snapshot, name) for snapshot in snapshots]
        told = _WORKER if all(each is None or each["kind"] != "web" for each in services) else _SERVICE
        found += [_row(snapshots, (name, label), services, say) for label, say in told]
    sites = [snapshot["site"] for snapshot in snapshots]
    found += [_row(snapshots, ("site", label), sites, say) for label, say in _SITE]
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


def moment(text: str | None) -> str:
    """An ISO time for people, to the minute."""
    return f"{str(text)[:10]} {str(text)[11:16]} UTC" if text else ""


def _live(service: Entry) -> Entry | None:
    return next((each for each in service["colors"] if each["color"] == service["live_color"]), None)


def _traffic(service: Entry) -> Iterator[Line]:
    weights = [(str(each["color"]), int(each["weight"] or 0)) for each in service["colors"]]
    total = sum(weight for _color, weight in weights)
    if not total:
        yield Line("no color has the traffic", BAD if any(each["desired"] for each in service["colors"]) else DIM)
        return
    shares = tuple((color, round(100 * weight / total)) for color, weight in weights)
    split = sum(share > 0 for _color, share in shares) > 1
    text = ", ".join(f"{color} {share} %" for color, share in shares if share)
    yield Line(text, WATCH if split else "", weights=shares)


def _release(service: Entry) -> Iterator[Line]:
    color = _live(service) or (service["colors"][0] if service["kind"] != "web" else None)
    if color is None or not color["digest"]:
        yield Line("nothing released", DIM)
        return
    yield from artifact(color["digest"], color["git_sha"])


def artifact(digest: str | None, git_sha: str | None) -> Iterator[Line]:
    """Commit and digest, a line each."""
    if git_sha:
        yield Line(f"commit {git_sha[:7]}", title=git_sha)
    yield Line(short(digest), DIM if git_sha else "", title=str(digest))


def _tasks(service: Entry) -> Iterator[Line]:
    """Of each color that has any."""
    for each in service["colors"]:
        live = each["color"] == service["live_color"] or service["kind"] != "web"
        if not (live or each["desired"] or each["running"] or each["pending"]):
            continue
        name = "" if service["kind"] != "web" else f"{each['color']} "
        healthy = f", {each['healthy']} healthy" if service["kind"] == "web" else ""
        pending = f", {each['pending']} pending" if each["pending"] else ""
        short_of = each["running"] < each["desired"] or (service["kind"] == "web" and each["healthy"] < each["desired"])
        yield Line(
            f"{name}{each['running']} of {each['desired']} running{healthy}{pending}", BAD if live and short_of else ""
        )


def _scaling(service: Entry) -> Iterator[Line]:
    found = service["scaling"]
    if found:
        held = ", scaling suspended" if found["suspended"] else ""
        yield Line(f"{found['min']} to {found['max']} tasks{held}", WATCH if held else "")


def _engine(service: Entry) -> Iterator[Line]:
    yield Line(_ENGINES.get(str(service["engine"]), str(service["engine"])), DIM)


def _route(service: Entry) -> Iterator[Line]:
    if service["priority"] is not None:
        yield Line(f"{service['host'] or 'any host'} {' '.join(service['path_patterns'])}".strip())


def _warm(service: Entry) -> Iterator[Line]:
    if service["warm"]:
        color: Entry = next((each for each in service["colors"] if each["color"] == service["warm"]["color"]), {})
        what = f" ({short(color.get('digest'))})" if color.get("digest") else ""
        yield Line(f"{service['warm']['color']}{what} until {moment(service['warm']['until'])}", title=_whole(color))


def _whole(color: Entry) -> str:
    return str(color.get("digest") or "")


def _last(entry: Entry) -> Iterator[Line]:
    found = entry["last_release"]
    if found is None:
        yield Line("none on record", DIM)
        return
    asked_back = found["kind"] == "rollback" and found["outcome"] == "rolled_back"
    well = found["outcome"] in _WELL and (found["outcome"] != "rolled_back" or asked_back)
    by = f" by {found['by']}" if found["by"] else ""
    # A run that was refused has changed nothing.
    tone = "" if well else WATCH if found["outcome"] in ("blocked", "superseded", "awaiting_approval") else BAD
    yield Line(f"{words(found['outcome'])} {moment(found['at'])}{by}", tone, title=found["id"])
    if not well and found["reason"]:
        yield Line(str(found["reason"])[:160], DIM, title=str(found["reason"]))


def _lock(entry: Entry) -> Iterator[Line]:
    if entry["lock"]:
        yield Line(f"{entry['lock']['holder']} until {moment(entry['lock']['until'])}", WATCH)


def _approval(service: Entry) -> Iterator[Line]:
    if service["awaiting_approval"]:
        yield Line(f"{service['awaiting_approval']} waits for a person: continue_backend.yml", WATCH)


def _workers(service: Entry) -> Iterator[Line]:
    for each in service["workers"]:
        lag = each["running"] < each["desired"]
        yield Line(f"{each['name']} {each['running']} of {each['desired']} running", BAD if lag else "", _whole(each))


def _scheduled(service: Entry) -> Iterator[Line]:
    for each in service["scheduled"]:
        off = ", disabled" if each["state"] == "DISABLED" else ""
        yield Line(f"{each['name']} {each['schedule']}{off}", WATCH if off else "", _whole(each))


def _service_alarms(service: Entry) -> Iterator[Line]:
    loud = [each["name"] for each in service["alarms"] if each["state"] == "ALARM"]
    yield from (Line(f"{name} in ALARM", BAD) for name in loud)
    if service["alarms"] and not loud:
        yield Line(f"quiet ({len(service['alarms'])})", DIM)


def _providers(service: Entry) -> Iterator[Line]:
    yield from (Line(f"{each['name']} {each['url'] or ''}".strip()) for each in service["providers"])


def _site_release(site: Entry) -> Iterator[Line]:
    release = site["release"]
    if release is None:
        yield Line("nothing published", DIM)
        return
    yield from artifact(release["id"], release["git_sha"])
    if release["state"] != "active":
        yield Line(f"its change has come as far as {release['state']}", WATCH)


def _published(site: Entry) -> Iterator[Line]:
    if site["release"]:
        by = f" by {site['release']['by']}" if site["release"]["by"] else ""
        yield Line(f"{moment(site['release']['at'])}{by}")


def _edge(site: Entry) -> Iterator[Line]:
    if site["distribution_id"] is None:
        yield Line("no distribution", BAD)
        return
    yield Line(f"{site['distribution_id']} {words(site['status'])}", "" if site["status"] == "Deployed" else WATCH)
    yield Line(", ".join(site["aliases"]) or str(site["domain_name"]), DIM)
    if site["invalidations_in_progress"]:
        yield Line(f"{site['invalidations_in_progress']} invalidations in progress", WATCH)


def _site_firewall(site: Entry) -> Iterator[Line]:
    yield Line(site["firewall"]) if site["firewall"] else Line("none", WATCH)


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


_SERVICE: Sequence[tuple[str, Say]] = (
    ("traffic", _traffic),
    ("serves", _release),
    ("tasks", _tasks),
    ("scaling", _scaling),
    ("awaiting", _approval),
    ("kept warm", _warm),
    ("last run", _last),
    ("lock", _lock),
    ("workers", _workers),
    ("scheduled", _scheduled),
    ("route", _route),
    ("LLM APIs", _providers),
    ("alarms", _service_alarms),
    ("shifted by", _engine),
)
_WORKER = tuple(
    (label, say) for label, say in _SERVICE if label in ("serves", "tasks", "last run", "lock", "scheduled", "LLM APIs")
)
_SITE: Sequence[tuple[str, Say]] = (
    ("serves", _site_release),
    ("published", _published),
    ("edge", _edge),
    ("firewall", _site_firewall),
    ("last run", _last),
    ("lock", _lock),
)
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
