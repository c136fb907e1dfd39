# SPDX-License-Identifier: GPL-3.0-or-later
"""What was measured, as one SVG: bars of each way, and the growth with services."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from statistics import median

from tests.bench.converges.runs import Run
from tests.bench.converges.tables import KINDS, alike

WIDTH, LEFT, RIGHT, ROW, GAP = 760, 210, 70, 18, 14
COLORS = {"stock": "#8a8f98", "fast": "#1f6feb", "floor": "#2da44e"}
STYLE = "text{font:12px sans-serif;fill:#57606a}"


def svg(runs: Sequence[Run]) -> str:
    """The picture, readable on a light and on a dark page."""
    groups = [*_ways(runs), *_sizes(runs)]
    longest = max(seconds for _name, bars in groups for _which, seconds in bars)
    parts: list[str] = []
    y = GAP
    for name, bars in groups:
        parts.append(f'<text x="{LEFT - 10}" y="{y + 13}" text-anchor="end">{escape(name)}</text>')
        for which, seconds in bars:
            length = seconds / longest * (WIDTH - LEFT - RIGHT)
            parts.append(f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{ROW - 4}" fill="{COLORS[which]}"/>')
            parts.append(f'<text x="{LEFT + length + 6:.1f}" y="{y + 12}">{which} {seconds:.1f} s</text>')
            y += ROW
        y += GAP
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" viewBox="0 0 {WIDTH} {y}" role="img">'
    title = "<title>Seconds that site.yml takes on the local cloud</title>"
    return "\n".join([head, title, f"<style>{STYLE}</style>", *parts, "</svg>", ""])


def _ways(runs: Sequence[Run]) -> list[tuple[str, list[tuple[str, float]]]]:
    groups = []
    for delay in sorted({each.delay for each in alike(runs)}):
        for kind in KINDS:
            some = [each for each in alike(runs) if (each.delay, each.kind) == (delay, kind)]
            bars = {which: [each.seconds for each in some if each.executor == which] for which in COLORS}
            name = f"{kind}{f', {delay * 1000:g} ms a call' if delay else ''}"
            groups.append((name, [(which, median(found)) for which, found in bars.items() if found]))
    return groups


def _sizes(runs: Sequence[Run]) -> list[tuple[str, list[tuple[str, float]]]]:
    groups = []
    for size in sorted({each.services for each in runs if each.services > 1}):
        for kind in KINDS:
            found = [each.seconds for each in runs if (each.services, each.kind) == (size, kind)]
            groups.append((f"{kind}, {size} services", [("fast", median(found))]))
    return groups
