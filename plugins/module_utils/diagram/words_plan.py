# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Words that all pictures use: moments, counts, short names of releases, and what could not be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Snapshot = Mapping[str, Any]
# A line of text and its tone.
Said = tuple[str, str]

DIM, INK, BAD, GOOD = "dim", "ink", "bad", "good"
# In place of what could not be read.
NOT_READ = "not read"


def account(snapshot: Snapshot) -> str:
    """The account and the region, as the title of AWS's frame."""
    return f"AWS account {snapshot.get('account_id') or 'unknown'} · {snapshot.get('region') or 'unknown region'}"


def read_at(snapshots: Sequence[Snapshot]) -> str:
    """When it was so."""
    moments = sorted({moment(each.get("read_at")) for each in snapshots} - {""})
    return f"read {moments[-1]} UTC" if moments else ""


def problems(snapshot: Snapshot) -> list[str]:
    """What could not be read, a line each."""
    name = snapshot.get("name")
    return [
        f"Not read in {name}, so not drawn: {row.get('part')} ({' '.join(str(row.get('message')).split())})"
        for row in snapshot.get("problems") or []
    ]


def unread(snapshot: Snapshot, *parts: str) -> bool:
    """Whether any of these parts, or the whole environment, could not be read."""
    failed = {str(row.get("part")) for row in snapshot.get("problems") or []}
    return bool(failed & {"environment", *parts})


def moment(written: Any) -> str:
    """`2026-11-24 19:30` of an ISO 8601 moment; empty without one."""
    return str(written or "")[:16].replace("T", " ")


def counted(number: int, one: str, many: str = "") -> str:
    """`1 task`, `2 tasks`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def released(git_sha: Any, digest: Any) -> str:
    """The shortest name of what was built: the commit if it is known, else the beginning of the digest."""
    if git_sha:
        return str(git_sha)[:7]
    return str(digest)[:14] if digest else ""


def shared(weight: int, total: int) -> int:
    """The per cent that WEIGHT is of TOTAL; 0 and 100 are said of nothing and of all alone."""
    if not weight:
        return 0
    return 100 if weight == total else min(99, max(1, round(100 * weight / total)))


def titled(pairs: Mapping[str, Any]) -> str:
    """A title: a line each for what is known."""
    return "\n".join(f"{name}: {value}" for name, value in pairs.items() if value not in (None, "", []))
