# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A line of status, and what more than one part of it says alike. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .promotion_plan import short

Entry = Mapping[str, Any]

BAD, WATCH, DIM = "bad", "watch", "dim"


@dataclass(frozen=True, slots=True)
class Line:
    """tone: bad needs somebody, watch wants a look, dim says that there is nothing. title: the whole of what is
    shortened. weights: color -> share, to be drawn."""

    text: str
    tone: str = ""
    title: str = ""
    weights: tuple[tuple[str, int], ...] = ()


Say = Callable[[Any], Iterator[Line]]


def moment(text: str | None) -> str:
    """An ISO time for people, to the minute."""
    return f"{str(text)[:10]} {str(text)[11:16]} UTC" if text else ""


def artifact(digest: str | None, git_sha: str | None) -> Iterator[Line]:
    """Commit and digest, a line each."""
    if git_sha:
        yield Line(f"commit {git_sha[:7]}", title=git_sha)
    yield Line(short(digest), DIM if git_sha else "", title=str(digest))
