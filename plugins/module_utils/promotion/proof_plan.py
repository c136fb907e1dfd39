# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Whether an environment's records prove an artifact: what left it serving, and what came after. Pure.

An artifact is its digest, sha256:HEX: an image's, or of a site's release the hash of its manifest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..release_record_plan import left_serving

Record = Mapping[str, Any]

# Runs that take the traffic away from what had it because somebody asked for that.
AWAY = ("rollback", "repair")
# Refused before its first change: says nothing about the artifact.
NEUTRAL = "blocked"
# The most by which controllers' clocks may differ: how much older than the answer records are still read.
CLOCKS_DIFFER_SECONDS = 86400.0

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_PREFIX = re.compile(r"[0-9a-f]{8,64}")


@dataclass(frozen=True, slots=True)
class Proof:
    """record: the newest one that says something about the artifact, None when nothing does."""

    digest: str
    proven: bool
    record: Record | None = None


def ordered(records: Iterable[Record]) -> list[Record]:
    """Newest first: by the lease's token, which grows whatever clocks say; a run without a lease stands by its time."""
    newest, placed = 0, []
    for record in sorted(records, key=lambda record: str(record["id"])):
        token = int(record.get("token") or 0)
        newest = max(newest, token)
        placed.append((token or newest, str(record["id"]), record))
    placed.sort(key=lambda item: item[:2], reverse=True)
    return [record for _token, _id, record in placed]


def judge(records: Sequence[Record], digest: str) -> Proof:
    """records: newest first. The first that is about the artifact decides."""
    for record in records:
        if record["outcome"] == NEUTRAL:
            continue
        if record.get("digest") == digest:
            return Proof(digest, left_serving(record), record)
        if moved_away(record, digest):
            return Proof(digest, False, record)
    return Proof(digest, False)


def moved_away(record: Record, digest: str) -> bool:
    """Whether the run took the traffic from the artifact, or was to: one that failed half-way trusted it no more."""
    return record["kind"] in AWAY and record.get("previous_digest") == digest


def serving(records: Sequence[Record]) -> str:
    """The digest that the newest of the records left serving, empty for none."""
    return next((str(record["digest"]) for record in records if left_serving(record)), "")


def decides(record: Record, digest: str) -> bool:
    """Whether no record that is more than CLOCKS_DIFFER_SECONDS older can change the answer; digest: empty for
    whatever serves."""
    if not digest:
        return left_serving(record)
    return record["outcome"] != NEUTRAL and (record.get("digest") == digest or moved_away(record, digest))


def needed(records: Iterable[Record], digest: str) -> list[Record]:
    """As many of the records, which come newest first by time, as the answer may depend on.

    digest: empty for whatever serves, whose own deployment is then needed, too: that is the record that decides.
    """
    found: list[Record] = []
    oldest: float | None = None
    for record in records:
        if oldest is not None and float(record["started"]) < oldest:
            break
        found.append(record)
        if oldest is None and decides(record, digest):
            oldest = float(record["started"]) - CLOCKS_DIFFER_SECONDS
    return found


def is_digest(text: str) -> bool:
    return _DIGEST.fullmatch(text) is not None


def digest_problem(text: str) -> str:
    """What is wrong with the name of an artifact: a digest, or of a release 8 hexadecimal digits or more."""
    if not text or is_digest(text) or _PREFIX.fullmatch(text):
        return ""
    return f"{text!r} names no artifact: sha256: and 64 hexadecimal digits, or of a release its first 8 or more"


def named(records: Iterable[Record], text: str) -> list[str]:
    """The digests that text can mean; a whole one means itself, known or not."""
    whole = text if text.startswith("sha256:") else f"sha256:{text}"
    if is_digest(whole):
        return [whole]
    known = {str(record.get("digest") or "") for record in records}
    return sorted(digest for digest in known if digest.startswith(whole))
