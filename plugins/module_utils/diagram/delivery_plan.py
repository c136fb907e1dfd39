# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the pictures of the frontend and of CI/CD say, from snapshots and without any geometry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.slipway.ops.plugins.module_utils.diagram.scene_plan import released_in
from ansible_collections.slipway.ops.plugins.module_utils.diagram.words_plan import (
    BAD,
    DIM,
    GOOD,
    INK,
    NOT_READ,
    Said,
    Snapshot,
    counted,
    moment,
    released,
    titled,
    unread,
)

# Repositories that are named; the others are counted.
NAMED = 2
# The row of the site among those of the services.
SITE = "site"
# What publishes where no repository may.
HAND = "deploy_frontend.yml"
# Ends of a release after which it serves.
WELL = ("promoted", "converged", "repaired")


@dataclass(frozen=True)
class Card:
    """What a card says."""

    lines: tuple[Said, ...]
    title: str = ""


@dataclass(frozen=True)
class Frontend:
    """The second picture. FIREWALL is None where there is none, and so is all of it without a site."""

    firewall: Card | None
    edge: Card
    bucket: Card
    pipeline: Card
    by_hand: bool


@dataclass(frozen=True)
class Row:
    """What is live of a service, or of the site, in an environment; TONE is that of its color."""

    name: str
    release: str
    note: Said
    tone: str
    title: str


@dataclass(frozen=True)
class Stage:
    """An environment on the way of a release: GATE names the environment that has to prove it first."""

    name: str
    account: str
    rows: tuple[Row, ...]
    gate: str
    connected: bool
    about: str
    trust: str
    title: str


@dataclass(frozen=True)
class Delivery:
    """The third picture."""

    repositories: tuple[Said, ...]
    stages: tuple[Stage, ...]


def frontend(snapshot: Snapshot) -> Frontend | None:
    """What the picture of the frontend says; None without a site."""
    site = snapshot.get("site")
    if not site:
        return None
    name = site.get("firewall")
    ci = snapshot.get("ci") or {}
    return Frontend(
        firewall=Card(((str(name), DIM),)) if name else None,
        edge=_edge(site),
        bucket=_bucket(site, _site_release(snapshot, site.get("release") or {})),
        pipeline=Card(
            repositories([ci]) if ci.get("repositories") else ((NOT_READ if unread(snapshot, "roles") else HAND, DIM),),
            titled({"roles": ", ".join(ci.get("roles") or [])}),
        ),
        by_hand=not ci.get("repositories") and not unread(snapshot, "roles"),
    )


def _edge(site: Snapshot) -> Card:
    aliases = [str(alias) for alias in site.get("aliases") or []]
    lines = [(aliases[0] + (f" and {len(aliases) - 1} more" if len(aliases) > 1 else ""), INK)] if aliases else []
    lines.append((str(site.get("domain_name") or "no distribution"), DIM))
    running = site.get("invalidations_in_progress") or 0
    if running:
        lines.append((f"{counted(running, 'invalidation')} running", INK))
    elif site.get("status"):
        lines.append(("deployed", DIM) if site["status"] == "Deployed" else ("change in progress", INK))
    title = titled({"distribution": site.get("distribution_id"), "aliases": ", ".join(aliases)})
    return Card(tuple(lines), title)


def _site_release(snapshot: Snapshot, release: Snapshot) -> str:
    """The name of what the site serves."""
    named = released(release.get("git_sha"), release.get("id"))
    return named or (NOT_READ if unread(snapshot, "current") else "no release")


def _bucket(site: Snapshot, named: str) -> Card:
    release = site.get("release") or {}
    lines = [(f"release {named}" if release else named, INK if release else DIM), (str(site.get("bucket")), DIM)]
    if moment(release.get("at")):
        lines.append((f"since {moment(release['at'])}", DIM))
    return Card(tuple(lines), titled({"bucket": site.get("bucket"), "release": release.get("id")}))


def repositories(parts: Sequence[Snapshot]) -> tuple[Said, ...]:
    """The repositories that may deploy, in few lines."""
    names = sorted({str(name) for part in parts for name in part.get("repositories") or []})
    if len(names) > NAMED:
        return ((names[0], DIM), (f"and {len(names) - 1} more", DIM))
    return tuple((name, DIM) for name in names) or (("none may deploy", DIM),)


def delivery(snapshots: Sequence[Snapshot]) -> Delivery:
    """What the picture of CI/CD says; environments that need a proof come after those that give it."""
    by_name = {str(each.get("name")): each for each in snapshots}
    ordered = sorted(snapshots, key=lambda each: bool(_gate(each)))
    return Delivery(
        repositories([each.get("ci") or {} for each in snapshots]),
        tuple(_stage(each, by_name.get(_gate(each))) for each in ordered),
    )


def _gate(snapshot: Snapshot) -> str:
    return str(((snapshot.get("ci") or {}).get("gate") or {}).get("from") or "")


def _stage(snapshot: Snapshot, proof: Snapshot | None) -> Stage:
    ci = snapshot.get("ci") or {}
    rows = [
        _service(snapshot, row, _live_digest(proof, row.get("name")), _gate(snapshot))
        for row in snapshot.get("services") or []
    ]
    site = snapshot.get("site")
    if site:
        rows.append(_site(snapshot, site, ((proof or {}).get("site") or {}).get("release"), _gate(snapshot)))
    return Stage(
        name=str(snapshot.get("name")),
        account=f"{snapshot.get('account_id') or 'unknown account'} · {snapshot.get('region') or 'unknown region'}",
        rows=tuple(rows),
        gate=_gate(snapshot),
        connected=bool(ci.get("repositories")),
        about=_about(snapshot, ci),
        trust="OIDC, no stored key" if ci.get("oidc_provider") else "",
        title=titled({"roles": ", ".join(ci.get("roles") or [])}),
    )


def _about(snapshot: Snapshot, ci: Snapshot) -> str:
    if ci.get("repositories"):
        return "live now"
    return NOT_READ if unread(snapshot, "roles") else "no repository may deploy here"


def live(service: Snapshot) -> Mapping[str, Any]:
    """The color that has the traffic, or most of it; nothing where none has any. Tasks without a color are live."""
    colors = service.get("colors") or []
    named = [color for color in colors if color.get("color") in (service.get("live_color"), "-")]
    serving = sorted((color for color in colors if color.get("weight")), key=lambda color: -color["weight"])
    return next(iter([*named, *serving]), {})


def _live_digest(snapshot: Snapshot | None, name: Any) -> tuple[Any, str]:
    """Digest and short name of what serves there."""
    found = [row for row in (snapshot or {}).get("services") or [] if row.get("name") == name]
    color = live(found[0]) if found else {}
    return color.get("digest"), released(color.get("git_sha"), color.get("digest"))


def _service(snapshot: Snapshot, row: Snapshot, proven: tuple[Any, str], gate: str) -> Row:
    color = live(row)
    tone = str(color.get("color"))
    return Row(
        name=str(row.get("name")),
        release=released_in(snapshot, color),
        note=_note(color.get("digest"), proven, gate, row.get("last_release") or {}),
        tone=tone if tone in ("blue", "green") else "plain",
        title=titled({"digest": color.get("digest"), "image": color.get("image")}),
    )


def _site(snapshot: Snapshot, site: Snapshot, proven: Snapshot | None, gate: str) -> Row:
    release, proven = site.get("release") or {}, proven or {}
    return Row(
        name=SITE,
        release=_site_release(snapshot, release),
        note=_note(
            release.get("id"), (proven.get("id"), released(proven.get("git_sha"), proven.get("id"))), gate, release
        ),
        tone="plain",
        title=titled({"release": release.get("id"), "bucket": site.get("bucket")}),
    )


def _note(digest: Any, proven: tuple[Any, str], gate: str, last: Snapshot) -> Said:
    """Behind a gate, whether it is what was proven; elsewhere how the last release ended."""
    if gate and proven[0]:
        return (f"same as {gate}", GOOD) if proven[0] == digest else (f"{gate} has {proven[1]}", INK)
    outcome = str(last.get("outcome") or "")
    return outcome.replace("_", " "), DIM if outcome in WELL or not outcome else BAD
