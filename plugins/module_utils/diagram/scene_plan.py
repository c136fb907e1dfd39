# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the three pictures say about an environment: its snapshot in words, colors and shares, without any geometry.

A snapshot is what slipway.ops.environment_info returns as `environment`. What it lacks is left out of the pictures;
what could not be read stands below them, so that nobody takes it for absent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.slipway.ops.plugins.module_utils.diagram.words_plan import (
    BAD,
    DIM,
    INK,
    NOT_READ,
    Said,
    Snapshot,
    counted,
    moment,
    released,
    shared,
    titled,
    unread,
)

KINDS = ("public", "private")
LISTENERS = ("production", "preview", "redirect")
# Providers that are named; the others are counted.
NAMED = 4
# States in which a connection carries traffic.
UP = ("active", "available")


@dataclass(frozen=True)
class Color:
    """A color of a service; SHARE is its per cent of the traffic, None where no rule sends any."""

    name: str
    tone: str
    share: int | None
    release: str
    tasks: str
    note: Said
    title: str


@dataclass(frozen=True)
class Service:
    """A service; MARK is the one thing about it that an operator should see first."""

    name: str
    about: str
    mark: Said
    colors: tuple[Color, ...]
    private: bool
    title: str


@dataclass(frozen=True)
class Zone:
    """An availability zone and the networks of its subnets, empty where it has none of that kind."""

    name: str
    public: str
    private: str
    titles: tuple[str, str]


@dataclass(frozen=True)
class Host:
    """A GPU host, by the place of its zone."""

    column: int
    name: str
    about: Said
    title: str


@dataclass(frozen=True)
class Gpu:
    """The GPU hosts that there are."""

    about: str
    cost: str
    hosts: tuple[Host, ...]


@dataclass(frozen=True)
class Target:
    """What services reach outside the VPC: LABEL and BELOW go on the line; no line where it is not CONNECTED."""

    kind: str
    name: str
    lines: tuple[Said, ...]
    label: Said = ("", DIM)
    below: Said = ("", DIM)
    connected: bool = True
    up: bool = True
    title: str = ""


@dataclass(frozen=True)
class Balancer:
    """The load balancer."""

    name: str
    about: str
    title: str


@dataclass(frozen=True)
class Backend:
    """The first picture. No ZONES: there is no VPC."""

    vpc: str
    vpc_title: str
    zones: tuple[Zone, ...]
    balancer: Balancer | None
    services: tuple[Service, ...]
    targets: tuple[Target, ...]
    gpu: Gpu | None


def backend(snapshot: Snapshot) -> Backend:
    """What the picture of the backend says."""
    network = snapshot.get("network") or {}
    subnets = network.get("subnets") or []
    names = _zones(network, subnets)
    kinds = {subnet.get("id"): subnet.get("kind") for subnet in subnets}
    services = sorted(snapshot.get("services") or [], key=_order)
    return Backend(
        vpc=" · ".join(part for part in ("VPC", network.get("cidr")) if part),
        vpc_title=titled(
            {"VPC": network.get("vpc_id"), "NAT": network.get("nat"), "flow log": network.get("flow_log")}
        ),
        zones=tuple(_zone(name, subnets) for name in names),
        balancer=_balancer(snapshot.get("load_balancer")),
        services=tuple(service(snapshot, each, kinds) for each in services),
        targets=tuple(_targets(snapshot, network)),
        gpu=_gpu(snapshot.get("gpu"), names),
    )


def _order(row: Mapping[str, Any]) -> tuple[bool, int, str]:
    """Web services as their rules are asked, then workers."""
    return row.get("kind") == "worker", int(row.get("priority") or 0), str(row.get("name"))


def _zones(network: Snapshot, subnets: Sequence[Snapshot]) -> list[str]:
    return sorted({*(network.get("zones") or []), *(str(subnet.get("zone")) for subnet in subnets)})


def _zone(name: str, subnets: Sequence[Snapshot]) -> Zone:
    here = {kind: [each for each in subnets if (each.get("zone"), each.get("kind")) == (name, kind)] for kind in KINDS}
    titles = [
        "\n".join(titled({"subnet": each.get("id"), "name": each.get("name")}) for each in here[kind]) for kind in KINDS
    ]
    public, private = (", ".join(str(each.get("cidr")) for each in here[kind]) for kind in KINDS)
    return Zone(name, public, private, (titles[0], titles[1]))


def _balancer(row: Snapshot | None) -> Balancer | None:
    if not row:
        return None
    listeners = [
        " ".join(
            [
                *([] if each.get("kind") == "production" else [str(each.get("kind"))]),
                str(each.get("protocol")),
                str(each.get("port")),
            ]
        )
        for each in sorted(row.get("listeners") or [], key=lambda each: LISTENERS.index(str(each.get("kind"))))
    ]
    firewall = [f"firewall {row['firewall']}"] if row.get("firewall") else []
    title = titled({"name": row.get("name"), "address": row.get("dns_name"), "ARN": row.get("arn")})
    return Balancer("Load balancer", " · ".join([*listeners, *firewall]) or str(row.get("name")), title)


def service(snapshot: Snapshot, row: Snapshot, kinds: Mapping[Any, Any]) -> Service:
    """One service; KINDS is the kind of each subnet."""
    colors = row.get("colors") or []
    total = sum(color.get("weight") or 0 for color in colors)
    placed = {kinds.get(subnet) for color in colors for subnet in color.get("subnets") or []}
    worker = row.get("kind") == "worker"
    paths = " ".join(row.get("path_patterns") or [])
    about = [] if worker else [" ".join(part for part in (row.get("host"), paths) if part)]
    schedules = len(row.get("scheduled") or [])
    if schedules:
        about.append(counted(schedules, "schedule"))
    last = row.get("last_release") or {}
    return Service(
        name=str(row.get("name")),
        about=" · ".join(part for part in ("worker" if worker else "", *about) if part),
        mark=_mark(row),
        colors=tuple(_color(snapshot, row, color, total) for color in colors)
        + tuple(_worker(snapshot, each) for each in row.get("workers") or []),
        private="private" in placed,
        title=titled(
            {
                "service": row.get("name"),
                "engine": row.get("engine"),
                "last release": last.get("id"),
                "outcome": last.get("outcome"),
                "scheduled": ", ".join(
                    f"{each.get('name')} ({each.get('schedule')})" for each in row.get("scheduled") or []
                ),
            }
        ),
    )


def _mark(row: Snapshot) -> Said:
    ringing = [alarm for alarm in row.get("alarms") or [] if alarm.get("state") == "ALARM"]
    if ringing:
        return counted(len(ringing), "alarm"), BAD
    if row.get("lock"):
        return "deployment running", INK
    scaling = row.get("scaling") or {}
    if scaling.get("suspended"):
        return "scaling suspended", BAD
    if scaling.get("max") is None:
        return "", DIM
    return f"scales {scaling.get('min')} to {scaling['max']}", DIM


def _tasks(snapshot: Snapshot, row: Snapshot) -> str:
    if unread(snapshot, "ecs"):
        return NOT_READ
    running, desired = row.get("running") or 0, row.get("desired") or 0
    return counted(running, "task") if running == desired else f"{running}/{counted(desired, 'task')}"


def _worker(snapshot: Snapshot, row: Snapshot) -> Color:
    """Tasks without a color that belong to a service and follow its release."""
    title = titled({"digest": row.get("digest")})
    return Color(f"worker {row.get('name')}", "plain", None, "", _tasks(snapshot, row), ("", DIM), title)


def _color(snapshot: Snapshot, service: Snapshot, row: Snapshot, total: int) -> Color:
    name = str(row.get("color"))
    known = name in ("blue", "green")
    weight = row.get("weight")
    return Color(
        name=name if known else "tasks",
        tone=name if known else "plain",
        share=None if service.get("kind") == "worker" or weight is None else shared(weight, total),
        release=released_in(snapshot, row),
        tasks=_tasks(snapshot, row),
        note=_note(snapshot, service, row),
        title=titled(
            {
                "digest": row.get("digest"),
                "image": row.get("image"),
                "commit": row.get("git_sha"),
                "task definition": row.get("task_definition"),
                "target group": row.get("target_group"),
                "subnets": ", ".join(row.get("subnets") or []),
            }
        ),
    )


def released_in(snapshot: Snapshot, row: Snapshot) -> str:
    """The name of what a color runs."""
    named = released(row.get("git_sha"), row.get("digest"))
    return named or (NOT_READ if unread(snapshot, "ecs", f"definitions {row.get('task_definition')}") else "no release")


def _note(snapshot: Snapshot, service: Snapshot, row: Snapshot) -> Said:
    healthy, targets, warm = row.get("healthy") or 0, row.get("targets") or 0, service.get("warm") or {}
    if unread(snapshot, f"health {row.get('target_group')}"):
        return "health not read", BAD
    if healthy < targets:
        return f"{healthy}/{targets} healthy", BAD
    if service.get("awaiting_approval") == row.get("color"):
        return "awaits a person", INK
    if row.get("color") == warm.get("color") and warm.get("until"):
        return f"warm until {moment(warm['until'])[11:]}", INK
    if not row.get("weight") and row.get("preview_weight") and row.get("running"):
        return "preview", INK
    return (f"{targets} healthy", DIM) if targets else ("", DIM)


def _targets(snapshot: Snapshot, network: Snapshot) -> list[Target]:
    found = [_providers(snapshot.get("services") or [], network), _s3(network.get("s3_endpoint"))]
    return [target for target in (*found, _atlas(snapshot.get("atlas"), network.get("peering"))) if target]


def _providers(services: Sequence[Snapshot], network: Snapshot) -> Target | None:
    users: dict[str, list[str]] = {}
    for row in services:
        for provider in row.get("providers") or []:
            users.setdefault(str(provider.get("name")), []).append(str(row.get("name")))
    if not users:
        return None
    names = sorted(users)
    lines = [(name, DIM) for name in names[:NAMED]]
    if len(names) > NAMED:
        lines[NAMED - 1 :] = [(f"and {len(names) - NAMED + 1} more", DIM)]
    title = "\n".join(f"{name}: used by {', '.join(users[name])}" for name in names)
    nat = {"single": "by one NAT", "per_zone": "by NAT"}.get(str(network.get("nat")), "")
    return Target("providers", "LLM providers", tuple(lines), ("HTTPS", DIM), (nat, DIM), title=title)


def _s3(row: Snapshot | None) -> Target | None:
    if not row:
        return None
    up = str(row.get("state")).lower() in UP
    lines = (("VPC endpoint", DIM), *(() if up else ((str(row.get("state")), BAD),)))
    return Target("s3", "S3", lines, up=up, title=titled({"endpoint": row.get("id"), "state": row.get("state")}))


def _atlas(row: Snapshot | None, peering: Snapshot | None) -> Target | None:
    if not row and not peering:
        return None
    row, peering = row or {}, peering or {}
    state = str(peering.get("state") or row.get("peering_state") or "none")
    up = state.lower() in UP
    cluster = row.get("cluster")
    # A cluster is its name, or says it.
    name = cluster.get("name") if isinstance(cluster, Mapping) else cluster
    lines: tuple[Said, ...] = ((str(name), DIM),) if name else ()
    title = titled(
        {"peering": peering.get("id"), "state": state, "project": row.get("project_id") or peering.get("project_id")}
    )
    if not peering:
        return Target("atlas", "MongoDB Atlas", (*lines, ("not peered", BAD)), connected=False, up=False, title=title)
    label = ("VPC peering", DIM) if up else (state.lower().replace("_", " ").replace("-", " "), BAD)
    below = (str(peering.get("atlas_cidr") or ""), DIM)
    return Target("atlas", "MongoDB Atlas", lines, label, below, up=up, title=title)


def _gpu(row: Snapshot | None, zones: Sequence[str]) -> Gpu | None:
    hosts = (row or {}).get("hosts") or []
    if not row or not hosts:
        return None
    cost = row.get("cost_per_hour_usd")
    return Gpu(
        about=str(row.get("model") or row.get("name")),
        cost=f"${float(cost):.2f} an hour" if cost is not None else "",
        hosts=tuple(_host(host, zones) for host in hosts),
    )


def _host(row: Snapshot, zones: Sequence[str]) -> Host:
    zone, state = row.get("zone"), str(row.get("state"))
    spot = ", spot" if row.get("lifecycle") == "spot" else ""
    return Host(
        column=list(zones).index(str(zone)) if zone in zones else 0,
        name=str(row.get("type")),
        about=(state + spot, DIM if state in ("InService", "running") else INK),
        title=titled({"instance": row.get("id"), "zone": zone}),
    )
