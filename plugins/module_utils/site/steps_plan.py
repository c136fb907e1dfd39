# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The steps of a plan, and the plan itself. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Union

from .state_plan import Current


@dataclass(frozen=True, slots=True)
class Upload:
    """Writes what no visitor is sent to yet: new assets under site/, and under releases/ID/ what a rollback needs.

    manifest: whether that of the release, too.
    """

    assets: tuple[str, ...]
    entries: tuple[str, ...]
    maps: tuple[str, ...]
    manifest: bool
    title: str
    stage: str = "upload"


@dataclass(frozen=True, slots=True)
class Barrier:
    """Proves that every path is there with the right bytes, before anything refers to it."""

    paths: tuple[str, ...]
    title: str = "prove that everything is there"
    stage: str = "barrier"


@dataclass(frozen=True, slots=True)
class Activate:
    """Writes the state that says what is about to happen; from here on only forward."""

    title: str = "announce the switch"
    stage: str = "switch"


@dataclass(frozen=True, slots=True)
class WriteFiles:
    """Everything mutable but documents and workers, and assets that were damaged (heals) or need headers (copies).

    config: the text of /config.json, None to leave it.
    """

    paths: tuple[str, ...]
    heals: tuple[str, ...]
    copies: tuple[str, ...]
    config: str | None
    title: str
    stage: str = "switch"


@dataclass(frozen=True, slots=True)
class WriteDocuments:
    """Every document but the index."""

    paths: tuple[str, ...]
    title: str
    stage: str = "switch"


@dataclass(frozen=True, slots=True)
class SwitchIndex:
    """One conditional write. expected: the ETag that is replaced, empty for none. known: hashes of index documents that
    Slipway may have left there."""

    expected: str
    known: frozenset[str]
    title: str = "switch index.html"
    stage: str = "switch"


@dataclass(frozen=True, slots=True)
class Remove:
    """Deletes what must not be served any more. paths: under site/."""

    paths: tuple[str, ...]
    title: str
    stage: str = "switch"


@dataclass(frozen=True, slots=True)
class Invalidate:
    """Tells the edge. items: as CloudFront counts them."""

    items: tuple[str, ...]
    reference: str
    title: str
    stage: str = "invalidate"


@dataclass(frozen=True, slots=True)
class Wait:
    """Until the invalidation is completed."""

    title: str = "wait for the invalidation"
    stage: str = "invalidate"


@dataclass(frozen=True, slots=True)
class WriteWorkers:
    """Service workers, last: what they precache must not come from an edge that still has the old documents."""

    paths: tuple[str, ...]
    title: str
    stage: str = "switch"


@dataclass(frozen=True, slots=True)
class Prove:
    """Asks the edge as visitors do. paths: what must have the release's bytes."""

    paths: tuple[str, ...]
    title: str = "prove the release at the edge"
    stage: str = "prove"


@dataclass(frozen=True, slots=True)
class Finish:
    """Writes that the release is live and proven, and the activation's record. pruning: releases that go now."""

    pruning: tuple[str, ...] = ()
    title: str = "record the release as live"
    stage: str = "finish"


@dataclass(frozen=True, slots=True)
class Prune:
    """Deletes what no kept release needs. releases: the ones that go. keys: of the bucket."""

    releases: tuple[str, ...]
    keys: tuple[str, ...]
    title: str
    stage: str = "prune"


# Union, because ansible-test's pylint takes `|` between classes for a mistake.
Step = Union[  # noqa: UP007
    Upload,
    Barrier,
    Activate,
    WriteFiles,
    WriteDocuments,
    SwitchIndex,
    Remove,
    Invalidate,
    Wait,
    WriteWorkers,
    Prove,
    Finish,
    Prune,
]


@dataclass(frozen=True, slots=True)
class Counts:
    """Paths by what happens to them."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """after: the state that the switch begins with, or the one that is carried on with; None when nothing is switched.

    price: most that the invalidation costs, in USD. blocked: all that forbids it, one text each.
    """

    steps: tuple[Step, ...] = ()
    after: Current | None = None
    counts: Counts = field(default_factory=Counts)
    kinds: Mapping[str, str] = field(default_factory=dict)
    bytes: int = 0
    items: tuple[str, ...] = ()
    reference: str = ""
    price: float = 0.0
    price_text: str = ""
    blocked: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    diff: Mapping[str, Any] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        return bool(self.steps)
