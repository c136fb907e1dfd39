# SPDX-License-Identifier: GPL-3.0-or-later
"""The blocks of code in a Markdown page, each with the comment before it that says what runs it."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMANDS = "bash"
# What a shell's block could be called instead, by which it would go unchecked.
SHELLS = frozenset({"sh", "shell", "console", "zsh", "shell-session", "terminal"})
# The mark of a block that is run as it stands.
LITERAL = "tests/docs/test_pages.py::test_blocks"
# The mark of a block whose playbooks run so in one that is run as it stands, with another inventory or other values.
ELSEWHERE = "tests/docs/test_pages.py::test_elsewhere"
_FENCE = re.compile(r"^( *)(`{3,})\s*([\w+.-]*)")
_MARK = re.compile(r"^ *<!-- (tested by|not tested): (.+?) -->$")
_ITEM = re.compile(r"^ *([-*+]|\d+\.) ")
# Code that is indented in a list item is further in than the item's own text.
_INDENTED, _INDENTED_IN_LIST = 4, 8


@dataclass(frozen=True)
class Mark:
    """What the comment says: the tests that run the block, or why none does."""

    tests: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Block:
    """A block of code: its first line, counted from 1, and its language, None where it is merely indented."""

    page: str
    line: int
    language: str | None
    text: str
    mark: Mark | None = None
    indent: int = 0

    @property
    def place(self) -> str:
        """Where it stands, as editors understand it."""
        return f"{self.page}:{self.line}"


def mark_of(line: str) -> Mark | None:
    """What a line says as a mark; None if it is none."""
    found = _MARK.match(line)
    if not found:
        return None
    if found[1] == "not tested":
        return Mark(reason=found[2].strip())
    return Mark(tests=tuple(test.strip() for test in found[2].split(",")))


def without_marks(text: str) -> str:
    """The page as readers see it."""
    return "".join(line for line in text.splitlines(keepends=True) if not _MARK.match(line.rstrip("\n")))


def blocks(page: str, text: str) -> list[Block]:
    """All blocks of PAGE, whose Markdown is TEXT, in their order."""
    return list(_blocks(page, text.split("\n")))


def _blocks(page: str, lines: list[str]) -> Iterator[Block]:
    at, in_list = 0, False
    while at < len(lines):
        line, before = lines[at], lines[at - 1] if at else ""
        fence = _FENCE.match(line)
        if fence:
            end = _end_of_fence(lines, at + 1, fence[2])
            body = textwrap.dedent("\n".join(lines[at + 1 : end]))
            yield Block(page, at + 1, fence[3], f"{body}\n", mark_of(before), len(fence[1]))
            at = end + 1
            continue
        if line.strip():
            begins = _ITEM.match(line) and (in_list or not line.startswith(" " * _INDENTED))
            in_list = bool(begins) or (in_list and line.startswith(" "))
        if _is_indented(line, before, in_list=in_list):
            end = _end_of_indented(lines, at)
            yield Block(page, at + 1, None, "\n".join(lines[at:end]), mark_of(before))
            at = end
            continue
        at += 1


def _end_of_fence(lines: list[str], at: int, fence: str) -> int:
    return next((end for end in range(at, len(lines)) if lines[end].strip() == fence), len(lines))


def _is_indented(line: str, before: str, *, in_list: bool) -> bool:
    by = " " * (_INDENTED_IN_LIST if in_list else _INDENTED)
    begins = not before.strip() or before.startswith("#") or mark_of(before) is not None
    return line.startswith(by) and bool(line.strip()) and begins


def _end_of_indented(lines: list[str], at: int) -> int:
    while at < len(lines) and (not lines[at].strip() or lines[at].startswith(" " * _INDENTED)):
        at += 1
    return at
