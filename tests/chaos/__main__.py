# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tests.chaos [--seed N --calls N] [--full|--short] [--only N,...]`: play the cases, tell what came of them.

Prints the seed, a line for each case and the table; writes build/chaos.json and build/chaos.html. Exit status 0 if
everything was as expected and no request failed by our doing, else 1.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.chaos import plan, report
from tests.chaos.lanes import Lane, Work
from tests.chaos.runs import ROOT

#: Lanes and requests a second on each of them: what the generators and the load balancers keep up with on two cores.
FORMS = {"short": (3, 60.0), "full": (4, 140.0)}
PAGE = ROOT / "build" / "chaos.html"


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--seed", type=int, help="where chance comes from (default: another each time; it is printed)")
    parser.add_argument("--calls", type=int, help="AWS calls of a deployment, as printed (default: what they are now)")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--full", dest="form", action="store_const", const="full", default="short")
    form.add_argument("--short", dest="form", action="store_const", const="short")
    parser.add_argument("--only", help="numbers of the cases to play, as they were printed, by comma")
    parser.add_argument("--scenario", help="only cases whose scenario's name has this in it")
    parser.add_argument("--lanes", type=int, help="stages side by side")
    parser.add_argument("--rate", type=float, help="requests a second on each")
    parser.add_argument("--minutes", type=float, help="begin no case after so long")
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    """Play the suite."""
    given = _arguments(argv)
    seed = random.SystemRandom().randrange(10**6) if given.seed is None else given.seed
    lanes, rate = FORMS[given.form]
    lanes, rate = given.lanes or lanes, given.rate or rate
    print(f"chaos: seed {seed}, {given.form} form, {lanes} lanes, {rate:g} requests a second on each", flush=True)
    only = {int(number) for number in given.only.split(",")} if given.only else None

    def cases(calls: int) -> list[plan.Spec]:
        calls = given.calls or calls
        print(
            f"chaos: a deployment makes {calls} calls; to see a case again: --seed {seed} --calls {calls} --only NUMBER"
        )
        made = (plan.full if given.form == "full" else plan.short)(seed, calls)
        chosen = [spec for spec in made if (only is None or spec.number in only)]
        return [spec for spec in chosen if not given.scenario or given.scenario in spec.scenario]

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    began = time.time()
    deadline = began + given.minutes * 60 if given.minutes else float("inf")
    work = Work(cases, lambda line: print(f"[{time.time() - began:6.0f} s] {line}", flush=True), deadline)
    with tempfile.TemporaryDirectory(prefix="slipway-chaos-") as folder:
        running = [Lane(work, Path(folder) / f"lane-{n}", rate, n % 2 == 0) for n in range(lanes)]
        try:
            for lane in running:
                lane.start()
            for lane in running:
                lane.join()
        finally:
            for lane in running:
                lane.strike()
    return _tell(work, {"seed": seed, "form": given.form, "seconds": round(time.time() - began, 1)})


def _tell(work: Work, about: dict[str, Any]) -> int:
    table = report.rows([case for _, case in work.done], work.between) if work.done else []
    good = bool(table) and report.good(table) and not work.broken and not (work.waiting or [])
    cases = [
        {
            "number": spec.number,
            "scenario": case.scenario,
            "name": case.name,
            "warm": spec.warm,
            "outcomes": [run.outcome for run in case.runs],
            "requests": case.count.requests,
            "failed": case.count.failed,
            "excused": case.count.excused,
            "seconds": round(case.window.end - case.window.start, 1),
            "problems": case.problems,
            "notes": case.notes,
        }
        for spec, case in sorted(work.done, key=lambda pair: pair[0].number)
    ]
    result = {**about, "good": good, "looks": work.looks, "table": table, "cases": cases, "broken": work.broken}
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
    PAGE.write_text(report.page(result))
    print(report.text(table) if table else "no case was played")
    for line in work.broken:
        print(f"broken: {line}")
    if work.waiting:
        print(f"not played: {len(work.waiting)} cases")
    print(f"chaos: {'all as expected' if good else 'NOT as expected'}; seed {about['seed']}; {PAGE.relative_to(ROOT)}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
