# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark's table, in Markdown, from what was measured round by round."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HEAD = (
    "contender",
    "full traffic",
    "command ends",
    "rolled back",
    "rollback ends",
    "failed of 100,000",
    "AWS calls, deploy",
    "AWS calls, rollback",
    "overhead, deploy",
    "overhead, rollback",
)


def row(title: str, rounds: Sequence[Mapping[str, Any]]) -> list[str]:
    """One contender's cells: medians over the rounds, but for the failed requests, which are counted over all."""
    ways = {way: [each[way] for each in rounds] for way in ("deploy", "back")}

    def middle(way: str, figure: str) -> float:
        return float(median(each[figure] for each in ways[way]))

    both = [*ways["deploy"], *ways["back"]]
    failed, requests = (sum(each[figure] for each in both) for figure in ("failed", "requests"))
    return [
        title,
        *(f"{middle(way, figure):.1f} s" for way in ("deploy", "back") for figure in ("full", "end")),
        f"{failed * 100_000 / requests:.0f} ({failed:,} of {requests:,})",
        *(f"{middle(way, 'calls'):.0f}" for way in ("deploy", "back")),
        *(f"{middle(way, 'overhead'):.1f} s" for way in ("deploy", "back")),
    ]


def own(rounds: Sequence[Mapping[str, Any]]) -> list[str]:
    """Where Slipway's own seconds go: medians of its overhead and of each stage, for a swap and for a warm rollback."""
    lines = ["| | overhead | stages |", "| --- | --- | --- |"]
    for way, name in (("deploy", "swap"), ("back", "warm rollback")):
        figures = [each[way] for each in rounds]
        stages = {
            stage: median(each["stages"].get(stage, 0.0) for each in figures)
            for stage in dict.fromkeys(stage for each in figures for stage in each["stages"])
        }
        shown = ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in stages.items())
        lines.append(f"| {name} | {median(each['overhead'] for each in figures):.1f} s | {shown} |")
    return lines


def markdown(measured: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """The table. MEASURED: title -> rounds, each {"deploy": Measured.shown(), "back": ...}; Slipway's comes first."""
    lines = [f"| {' | '.join(HEAD)} |", f"| {' | '.join(['---', *['---:'] * (len(HEAD) - 1)])} |"]
    lines += [f"| {' | '.join(row(title, rounds))} |" for title, rounds in measured.items()]
    slipway = next(iter(measured.values()))
    if all(each[way]["stages"] is not None for each in slipway for way in ("deploy", "back")):
        lines += ["", *own(slipway)]
    return "\n".join(lines)
