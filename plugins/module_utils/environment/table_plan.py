# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The status of environments side by side, as text for a terminal. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Any

from .facts_plan import Row, attention, rows
from .lines_plan import BAD, Line
from .promotion_plan import promotions, sentence

LABEL = 16
# Marks a line that needs somebody.
MARK = "! "
NARROWEST = 24


def table(snapshots: Sequence[Mapping[str, Any]], width: int = 100) -> list[str]:
    """The lines, none longer than width as far as words can be broken."""
    found = rows(snapshots)
    column = max(NARROWEST, (width - LABEL) // max(1, len(snapshots)) - 2)
    heads = tuple((Line(f"{each['name'].upper()}, {each['read_at'][11:16]} UTC"),) for each in snapshots)
    lines = list(_line("", heads, column))
    section = ""
    for row in found:
        if row.section != section:
            section = row.section
            lines += ["", section]
        lines += _line(f"  {row.label}", row.cells, column)
    return [*lines, "", *_conclusions(snapshots, found, width)]


def _line(label: str, cells: Sequence[Sequence[Line]], column: int) -> Iterator[str]:
    """A row, as many lines as its highest cell has."""
    columns = [_wrapped(cell, column) for cell in cells]
    for number in range(max(map(len, columns), default=0)):
        shown = [lines[number] if number < len(lines) else "" for lines in columns]
        head = label if number == 0 else ""
        yield "  ".join([head.ljust(LABEL - 2), *(text.ljust(column) for text in shown)]).rstrip()


def _wrapped(cell: Sequence[Line], column: int) -> list[str]:
    found: list[str] = []
    for line in cell:
        mark = MARK if line.tone == BAD else ""
        text = plain(mark + line.text)
        found += wrap(text, column, subsequent_indent="  ", break_on_hyphens=False)
    return found


def plain(text: str) -> str:
    """Without what would move a terminal's cursor or color it: texts come from AWS and from who deploys."""
    return "".join(character if character.isprintable() else " " for character in text)


def _conclusions(snapshots: Sequence[Mapping[str, Any]], found: Sequence[Row], width: int) -> Iterator[str]:
    for promotion in promotions(snapshots):
        yield from wrap(plain(sentence(promotion)), width, subsequent_indent="  ", break_on_hyphens=False)
        notes = [f"{each.name}: {each.note}" for each in promotion.changes if each.note and each.after.digest]
        for note in notes:
            yield from wrap(plain(f"  but {note}"), width, subsequent_indent="    ", break_on_hyphens=False)
    for column, snapshot in enumerate(snapshots):
        told = attention(found, column)
        if told:
            yield f"{snapshot['name']} needs a look:"
            for text in told:
                yield from wrap(plain(f"{MARK}{text}"), width, subsequent_indent="  ", break_on_hyphens=False)
        else:
            yield f"{snapshot['name']}: nothing needs a look"
