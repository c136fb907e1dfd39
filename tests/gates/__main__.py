# SPDX-License-Identifier: GPL-3.0-or-later
"""Run gates in the order given, show what they print, and close with one line: `N passed, N failed`.

Usage: `python -m tests.gates lint+unit+molecule,e2e`. A plus joins gates that run one after the other, a comma such
rows that run side by side. Every gate runs even if one before it failed, so that one run tells everything. Exit status
0 if nothing failed, 1 if something did, 2 for a gate that does not exist.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor

from tests.gates import docs, lint, molecule, sanity, suites, web, workflows
from tests.gates.run import Outcome

GATES = {
    "lint": lint.run,
    "unit": suites.unit,
    "sanity": sanity.run,
    "molecule": molecule.run,
    "e2e": suites.e2e,
    "web": web.run,
    "workflows": workflows.run,
    "docs": docs.run,
}


def main(stages: list[str]) -> int:
    """Run the stages, each of one or more rows of gates; returns the exit status."""
    rows = [[row.split("+") for row in stage.split(",")] for stage in stages]
    unknown = [name for stage in rows for row in stage for name in row if name not in GATES]
    if unknown or not stages:
        print(f"usage: python -m tests.gates {{{','.join(GATES)}}}...  (no such gate: {', '.join(unknown) or 'none'})")
        return 2
    outcomes: list[Outcome] = []
    for stage in rows:
        with ThreadPoolExecutor() as pool:
            for found in pool.map(in_turn, stage):
                outcomes += found
    return close(outcomes)


def in_turn(names: list[str]) -> list[Outcome]:
    """Run gates one after the other."""
    return [outcome for name in names for outcome in run(name)]


def run(name: str) -> list[Outcome]:
    """Run one gate and say how it ended."""
    started = time.monotonic()
    found = GATES[name]()
    failed = sum(outcome.failed for outcome in found)
    print(f"== gate {name}: {'FAILED' if failed else 'ok'} in {time.monotonic() - started:.0f} s\n", flush=True)
    return found


def close(outcomes: list[Outcome]) -> int:
    """Print the table of `outcomes` and the closing line; returns the exit status."""
    width = max(len(outcome.name) for outcome in outcomes)
    for outcome in outcomes:
        state = "FAILED" if outcome.failed else "ok" if outcome.passed else "-"
        print(
            f"{outcome.name:<{width}}  {state:<6}  {outcome.passed:>5} passed {outcome.failed:>3} failed"
            f"  {outcome.seconds:>6.1f} s  {outcome.log}"
        )
    passed, failed = sum(o.passed for o in outcomes), sum(o.failed for o in outcomes)
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
