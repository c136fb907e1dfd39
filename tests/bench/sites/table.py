# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark's tables, in Markdown, from what was measured round by round."""

from __future__ import annotations

from statistics import median

WAYS = ("first", "no-op", "delta")
LETTERS = {"list": "L", "put": "P", "head": "H", "copy": "C", "get": "G", "delete": "D"}
HEAD = (
    "contender",
    *(f"{way}, s" for way in WAYS),
    "ratios",
    "CPU, s",
    "requests: first / no-op / delta",
    "memory, MB",
)


def requests_text(counts):
    """1L + 2000P; what is no S3 object request, such as CloudFront's, comes last and by name."""
    known = [f"{counts[kind]:,}{letter}" for kind, letter in LETTERS.items() if counts.get(kind)]
    others = sum(number for kind, number in counts.items() if kind not in LETTERS)
    return " + ".join([*known, *([f"{others} other"] if others else [])]) or "0"


def middle(rounds, way, figure):
    return float(median(each[way][figure] for each in rounds))


def row(title, rounds, best):
    """One contender's cells. best: way -> seconds of the contender that the others are compared with."""
    seconds = {way: middle(rounds, way, "seconds") for way in WAYS}
    stale = sorted({name for each in rounds for name in each["delta"]["stale"]})
    mark = f" (**stale**: {', '.join(stale)})" if stale else ""
    return [
        title + mark,
        *(f"{seconds[way]:.2f}" for way in WAYS),
        " / ".join(f"{seconds[way] / best[way]:.1f}" for way in WAYS),
        " / ".join(f"{middle(rounds, way, 'cpu'):.2f}" for way in WAYS),
        " / ".join(requests_text(rounds[-1][way]["requests"]) for way in WAYS),
        f"{max(each[way]['memory'] for each in rounds for way in WAYS):.0f}",
    ]


def own_row(title, rounds, best):
    """The cells of the seconds that a contender counts as its work; None where it does not tell."""
    if any(each[way]["own"] is None for each in rounds for way in WAYS):
        return None
    seconds = {way: middle(rounds, way, "own") for way in WAYS}
    ratios = " / ".join(f"{seconds[way] / best[way]:.1f}" for way in WAYS)
    return [f"{title}: of which its work", *(f"{seconds[way]:.2f}" for way in WAYS), ratios, "", "", ""]


def markdown(measured, missing):
    """The table. measured: title -> rounds; the first contender is what the others are compared with.

    missing: title -> why it was not measured.
    """
    first = next(iter(measured.values()))
    best = {way: middle(first, way, "seconds") for way in WAYS}
    lines = [f"| {' | '.join(HEAD)} |", "| --- " + "| ---: " * (len(HEAD) - 1) + "|"]
    for title, rounds in measured.items():
        rows = row(title, rounds, best), own_row(title, rounds, best)
        lines += [f"| {' | '.join(cells)} |" for cells in rows if cells]
    lines += [f"| {title} | not measured: {why} {'| ' * (len(HEAD) - 2)}|" for title, why in missing.items()]
    return "\n".join(lines)
