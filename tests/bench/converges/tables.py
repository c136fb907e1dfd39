# SPDX-License-Identifier: GPL-3.0-or-later
"""What was measured, as Markdown tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from tests.bench.converges.runs import AGAIN, FIRST, Run

KINDS = (FIRST, AGAIN)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table whose first column is text."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def alike(runs: Iterable[Run]) -> list[Run]:
    """The runs that compare executors: the inventory's services, one environment at a time."""
    return [each for each in runs if each.services == 1 and not each.beside]


def ratios(runs: Sequence[Run]) -> str:
    """Stock beside fast beside the floor, for each delay and kind of run."""
    head = ("site.yml", "stock", "fast", "ratio", "floor", "CPU, stock", "CPU, fast", "ratio", "AWS calls")
    rows = []
    for delay in sorted({each.delay for each in alike(runs)}):
        for kind in KINDS:
            some = [each for each in alike(runs) if (each.delay, each.kind) == (delay, kind)]
            rows.append([f"{kind}{f', {delay * 1000:g} ms a call' if delay else ''}", *_compared(some)])
    return table(head, rows)


def _compared(some: Sequence[Run]) -> list[str]:
    by = {name: [each for each in some if each.executor == name] for name in ("stock", "fast", "floor")}
    cells = []
    for figure in ("seconds", "cpu"):
        stock, fast = (median(getattr(each, figure) for each in by[name]) for name in ("stock", "fast"))
        cells += [f"{stock:.1f} s", f"{fast:.1f} s", f"{stock / fast:.1f}"]
        if figure == "seconds":
            cells.append(f"{median(each.seconds for each in by['floor']):.1f} s" if by["floor"] else "")
    return [*cells, f"{median(sum(each.calls.values()) for each in by['fast']):.0f}"]


def calls(runs: Sequence[Run]) -> str:
    """AWS calls by service, of the last run of each kind."""
    last = {kind: each.calls for kind in KINDS for each in alike(runs) if (each.executor, each.kind) == ("fast", kind)}
    names = sorted({name for found in last.values() for name in found}, key=lambda name: -last[AGAIN].get(name, 0))
    rows = [[name, *(str(last[kind].get(name, 0)) for kind in KINDS)] for name in names]
    return table(("AWS calls", *KINDS), [*rows, ["all", *(str(sum(last[kind].values())) for kind in KINDS)]])


def growth(runs: Sequence[Run]) -> str:
    """How the fast run grows with services, and with environments at the same time."""
    alone = [each for each in runs if (each.executor, each.beside, each.delay) == ("fast", 0, 0)]
    sizes, others = sorted({each.services for each in runs}), sorted({each.beside for each in runs if each.beside})
    rows = [
        _row(f"{size} service{'s' if size > 1 else ''}", [each for each in alone if each.services == size])
        for size in sizes
    ]
    rows += [
        _row(f"{beside + 1} environments at once", [each for each in runs if each.beside == beside])
        for beside in others
    ]
    return table(("fast", *(f"{kind}{what}" for kind in KINDS for what in ("", ", CPU"))), rows)


def _row(name: str, some: Sequence[Run]) -> list[str]:
    """Of runs at the same time, the time of the last one to end and the processor time of all."""
    cells = [name]
    for kind in KINDS:
        found = [each for each in some if each.kind == kind]
        if not found:
            cells += ["", ""]
        elif found[0].beside:
            cells += [f"{max(each.seconds for each in found):.1f} s", f"{sum(each.cpu for each in found):.1f} s"]
        else:
            cells += [f"{median(each.seconds for each in found):.1f} s", f"{median(each.cpu for each in found):.1f} s"]
    return cells


def starts(found: Mapping[str, Mapping[str, float]]) -> str:
    """Playbook -> executor -> seconds until its first task."""
    rows = [
        [f"{name}.yml", *(f"{seconds[which]:.2f} s" for which in ("stock", "fast"))] for name, seconds in found.items()
    ]
    return table(("until the first task", "stock", "fast"), rows)


def whole(found: Mapping[str, float]) -> str:
    """Command -> seconds."""
    return table(("command", "wall time"), [[f"`{name}`", f"{seconds:.0f} s"] for name, seconds in found.items()])
