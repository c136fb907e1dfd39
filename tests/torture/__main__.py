# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases of a site, tortured: `python -m tests.torture [--seed N] [--full|--short] [--only SCENARIO] [--paths N]`.

They are killed at every call and at random moments, raced, rolled back, damaged and healed, while visitors come and go
at the edge. Prints a line for each case and the table, writes build/torture.json. Exit status 0 if all was as expected
and no visitor got a mixture of releases or missed a file, else 1.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests.torture import cases
from tests.torture.cases import Case, Stage
from tests.torture.site import ROOT, Site
from tests.torture.visitors import Noticed, Visitors

MOMENTS = 30
RACES = 9
#: Calls more than an undisturbed release made: one that comes after the end kills nothing.
MORE_CALLS = 2
SCENARIOS = ("calls", "moments", "races", "rollback", "damage", "paths")
OUT = ROOT / "build" / "torture.json"


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.torture")
    parser.add_argument("--seed", type=int, default=1, help="where chance comes from (default 1)")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--full", dest="full", action="store_true")
    form.add_argument("--short", dest="full", action="store_false")
    parser.add_argument("--only", choices=SCENARIOS, action="append", help="only these scenarios")
    parser.add_argument("--rate", type=float, default=10.0, help="visitors a second")
    parser.add_argument("--paths", type=int, help="files that change in place at once (default 2,000, --short: 60)")
    return parser.parse_args(argv)


def under_load(stage: Stage, rng: random.Random, only: Sequence[str], *, full: bool) -> list[Iterator[Case]]:
    """The cases that visitors must not notice; between the parts of a long run the last of them leave."""
    last = stage.calls + MORE_CALLS
    numbers = range(1, last + 1) if full else sorted(rng.sample(range(12, stage.calls - 2), 2))
    moments = [rng.random() for _moment in range(MOMENTS if full else 1)]
    parts = {
        "calls": (cases.killed_at_call(stage, rng, number) for number in numbers),
        "moments": (cases.killed_at_moment(stage, rng, moment) for moment in moments),
        "races": (cases.two_at_once(stage, rng) for _race in range(RACES if full else 1)),
        "rollback": (cases.rolled_back(stage) for _once in range(1)),
    }
    chosen = [part for name, part in parts.items() if name in only]
    return chosen if full or not chosen else [itertools.chain(*chosen)]


def table(done: list[Case], noticed: Noticed) -> str:
    """For people."""
    lines = [f"{'scenario':28}{'cases':>7}{'runs':>7}{'as expected':>14}"]
    for scenario in dict.fromkeys(case.scenario for case in done):
        of = [case for case in done if case.scenario == scenario]
        well = sum(not case.problems for case in of)
        lines.append(f"{scenario:28}{len(of):>7}{sum(len(case.outcomes) for case in of):>7}{well:>10} of {len(of)}")
    got = ", ".join(f"{name}: {count:,}" for name, count in sorted(noticed.by_release.items()))
    lines.append(
        f"visitors: {noticed.visits:,} with {noticed.requests:,} requests ({got}); "
        f"{noticed.mixed} mixed pages, {noticed.failed} missing or failed"
    )
    return "\n".join(lines)


def _play(given: argparse.Namespace, note: Callable[[Case], None], folder: Path) -> Noticed:
    """All cases, of which note hears; what visitors noticed."""
    rng = random.Random(given.seed)
    site = Site(folder)
    visitors = Visitors(site.url, folder, given.rate, 4.0)
    try:
        site.provision()
        stage = Stage(site, folder)
        stage.prepare()
        print(f"an undisturbed release makes {stage.calls} calls and takes {stage.seconds:.1f} s", flush=True)
        noticed = Noticed()
        only = given.only or SCENARIOS
        for part in under_load(stage, rng, only, full=given.full):
            visitors.start()
            try:
                for case in part:
                    note(case)
                noticed += visitors.stop()
            finally:
                visitors.kill()
        if "damage" in only:
            note(cases.damaged(stage))
        if "paths" in only:
            note(cases.many_paths(stage, given.paths or (2_000 if given.full else 60)))
    finally:
        site.close()
    return noticed


def main(argv: list[str]) -> int:
    """Play the suite."""
    given = _arguments(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    began = time.monotonic()
    done: list[Case] = []

    def note(case: Case) -> None:
        done.append(case)
        told = "as expected" if not case.problems else f"NOT AS EXPECTED: {'; '.join(case.problems)}"
        about = f"{case.scenario}: {case.name} ({', '.join(case.outcomes)}; {case.note})"
        print(f"[{time.monotonic() - began:6.1f} s] {about}: {told}", flush=True)

    with tempfile.TemporaryDirectory(prefix="slipway-torture-") as place:
        noticed = _play(given, note, Path(place))
    good = not any(case.problems for case in done) and not noticed.mixed and not noticed.failed
    print(table(done, noticed))
    for sample in noticed.samples:
        print(f"a visitor: {sample}")
    seconds = round(time.monotonic() - began, 1)
    result = {"seed": given.seed, "full": given.full, "seconds": seconds, "good": good}
    OUT.parent.mkdir(exist_ok=True)
    found = {**result, "visitors": vars(noticed), "cases": [dataclasses.asdict(case) for case in done]}
    OUT.write_text(json.dumps(found, indent=1) + "\n")
    print(f"torture: {'all as expected' if good else 'NOT as expected'}; seed {given.seed}; {seconds} s")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
