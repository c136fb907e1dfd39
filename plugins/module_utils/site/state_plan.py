# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The site's state as state/current.json has it: what is live, what was about to be, and what is kept. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from .model_plan import CURRENT, UnreadableError, Wanted

ACTIVATING, INVALIDATING, VERIFYING, ACTIVE = "activating", "invalidating", "verifying", "active"
STATES = (ACTIVATING, INVALIDATING, VERIFYING, ACTIVE)
VERSION = 1


@dataclass(frozen=True, slots=True)
class Kept:
    """A release whose objects are in the bucket. seq: its last activation. Times are ISO 8601 in UTC; deactivated is
    empty for the one that was activated last."""

    release: str
    seq: int
    activated: str
    deactivated: str = ""


@dataclass(frozen=True, slots=True)
class Current:
    """seq: grows with every activation. previous: the release that was live before. action: what activated it.

    over: the releases whose documents may have been live when it began: one, or more after runs that were killed.
    paths, caller_reference: the activation's invalidation, the same for every run that carries on with it.
    config: the text of /config.json, None when it was never rendered. maps: whether its source maps are served;
    maps_over: whether those of the releases in over may have been.
    index_etag: of the index document, as last switched. pruning: releases that are being removed.
    """

    state: str
    seq: int
    release: str
    previous: str
    action: str
    distribution_id: str
    activated: str
    run_id: str
    over: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    caller_reference: str = ""
    invalidation_id: str = ""
    config: str | None = None
    maps: bool = False
    maps_over: bool = False
    index_etag: str = ""
    kept: tuple[Kept, ...] = ()
    pruning: tuple[str, ...] = ()
    by: str = ""
    run_url: str = ""
    git_sha: str = ""

    @property
    def active(self) -> bool:
        return self.state == ACTIVE

    @property
    def last_active(self) -> str:
        """The release that was proven last; empty for none."""
        return self.release if self.active else self.previous

    @property
    def kept_releases(self) -> tuple[str, ...]:
        return tuple(kept.release for kept in self.kept)

    @property
    def text(self) -> str:
        return json.dumps({"version": VERSION, **asdict(self)}, indent=1, sort_keys=True) + "\n"


def current_from(text: bytes) -> Current:
    """What Current.text wrote. Raises UnreadableError for anything else: what cannot be read is never absent."""
    try:
        parsed: dict[str, Any] = json.loads(text)
        if parsed["version"] != VERSION:
            raise ValueError(f"version {parsed['version']}, and this is for version {VERSION}")
        values = {item.name: parsed[item.name] for item in fields(Current)}
        values["kept"] = tuple(Kept(**kept) for kept in parsed["kept"])
        for name in ("over", "paths", "pruning"):
            values[name] = tuple(parsed[name])
        current = Current(**values)
        if current.state not in STATES:
            raise ValueError(f"state {current.state!r}")
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableError(f"{CURRENT} is not what Slipway writes: {error!r}") from error
    return current


def history_text(current: Current) -> str:
    """What is kept of an activation for ever."""
    names = ("seq", "release", "previous", "action", "activated", "paths", "caller_reference", "invalidation_id")
    told: Mapping[str, Any] = {name: getattr(current, name) for name in (*names, "by", "run_url", "git_sha")}
    return json.dumps({"version": VERSION, **told}, indent=1, sort_keys=True) + "\n"


def bases(current: Current | None) -> tuple[str, ...]:
    """The releases whose documents may be live, the proven one first."""
    if current is None:
        return ()
    if current.active:
        return (current.release,)
    return tuple(dict.fromkeys((*current.over, current.release)))


def maps_served(current: Current | None) -> bool:
    """Whether source maps of the releases that bases() names may be served."""
    return current is not None and (current.maps or (not current.active and current.maps_over))


def activated(current: Current | None, wanted: Wanted, paths: tuple[str, ...], reference: str) -> Current:
    """The state that begins a new activation, before anything that visitors see is written."""
    release = wanted.release
    seq = current.seq + 1 if current else 1
    others = [kept for kept in current.kept if kept.release != release] if current else []
    kept = [replace(one, deactivated=one.deactivated or wanted.now) for one in others]
    again = current is not None and current.release == release
    return Current(
        state=ACTIVATING,
        seq=seq,
        release=release,
        previous=_previous(current, release),
        action=current.action if current is not None and again else wanted.action,
        distribution_id=wanted.distribution_id,
        activated=wanted.now,
        run_id=wanted.run_id,
        over=bases(current),
        paths=paths,
        caller_reference=reference,
        config=wanted.config if wanted.config is not None else current.config if current else None,
        maps=wanted.maps,
        maps_over=maps_served(current),
        index_etag=current.index_etag if current else "",
        kept=(Kept(release, seq, wanted.now), *kept),
        pruning=tuple(one for one in current.pruning if one != release) if current else (),
        by=wanted.by,
        run_url=wanted.run_url,
        git_sha=wanted.git_sha,
    )


def _previous(current: Current | None, release: str) -> str:
    """The release that was proven before, other than this one; after killed runs too."""
    if current is None:
        return ""
    if current.release == release:
        return current.previous
    if current.last_active != release:
        return current.last_active
    others = [kept for kept in current.kept if kept.release not in (release, current.release)]
    return max(others, key=lambda kept: kept.seq).release if others else ""
