# SPDX-License-Identifier: GPL-3.0-or-later
"""site.yml by stock Ansible and by the warm process, side by side: `python -m tests.bench.converge [--minutes M]`.

A local cloud for each of the two, and a round for each environment: the first converge and two that have nothing to do,
by the one and then by the other; then the same with 80 ms added to each AWS call, the floor (one process that reads the
same state), the growth with services and environments, and how long each playbook takes to begin. Prints Markdown
tables, writes build/bench-converge.json and .svg, and fails if the two did not do the same. Figures of the local cloud;
they say nothing about AWS's own speed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from localcloud import images
from localcloud.demo import run
from tests.bench.converges import plot, tables
from tests.bench.converges.runs import AGAIN, EXECUTORS, FIRST, Came, Place, Run, converge, floor, until_first_task

BUILD = images.ROOT / "build"
ENVIRONMENTS = ("local", "staging", "production")
RUNS = (FIRST, AGAIN, AGAIN)
# Seconds that an API call takes from far away.
FAR = 0.08
# Services of the environments that show the growth, each environment in an account of its own.
SIZES = {"local": 1, "staging": 5, "production": 20}
WHOLE = ("make demo", "make test")


def service(number: int) -> dict[str, Any]:
    """One of many services, none like another."""
    name = f"s{number}"
    paths, health = [f"/{name}/*"], "/healthz"
    return {"name": name, "port": 8080, "priority": 100 + number, "paths": paths, "health_check_path": health}


def in_parallel(came: list[Came]) -> list[Came]:
    """The tasks in an order that does not depend on which host was faster."""
    return sorted(came, key=lambda each: each[0])


def same(done: dict[str, tuple[Run, list[Came]]]) -> None:
    """Raises SystemExit if the executors did not do the same, host by host and task by task."""
    one, other = (in_parallel(came) for _run, came in done.values())
    if one != other:
        differing = [pair for pair in zip(one, other, strict=False) if pair[0] != pair[1]]
        raise SystemExit(f"the two did not do the same: {differing[:3] or (len(one), len(other))}")


def round_of(states: dict[str, Path], environment: str, delay: float, kinds: tuple[str, ...]) -> list[Run]:
    """The runs of one environment, by the one and by the other, and the floor of what they have made."""
    runs: list[Run] = []
    for kind in kinds:
        places = {executor: Place(state, environment, delay) for executor, state in states.items()}
        done = {executor: converge(place, executor, kind) for executor, place in places.items()}
        same(done)
        runs += [each for each, _came in done.values()]
        said(f"  {environment}, {kind}, {delay * 1000:g} ms a call: {', '.join(each.told() for each in runs[-2:])}")
    runs += [floor(Place(states["fast"], environment, delay)) for _ in range(2)]
    said(f"  {environment}, {delay * 1000:g} ms a call: {runs[-1].told()}")
    return runs


def rounds(states: dict[str, Path], minutes: float) -> list[Run]:
    """All that there is time for, a whole environment at a time; the last account is kept for what is far away."""
    runs: list[Run] = []
    began = time.monotonic()
    for number, environment in enumerate(ENVIRONMENTS[:2]):
        if number and (time.monotonic() - began) * (number + 1) / number > minutes * 60:
            said(f"no time for {environment}")
            break
        runs += round_of(states, environment, 0.0, RUNS)
    return runs + round_of(states, ENVIRONMENTS[2], FAR, (FIRST, AGAIN))


def growth(state: Path) -> list[Run]:
    """First converge and nothing to do with more and more services, and then all environments at once."""
    runs: list[Run] = []
    many = {name: [service(number) for number in range(size)] for name, size in SIZES.items()}
    for environment, services in many.items():
        for kind in (FIRST, AGAIN):
            runs.append(converge(Place(state, environment), "fast", kind, services=services)[0])
            said(f"  {len(services)} services, {kind}: {runs[-1].told()}")
    with ThreadPoolExecutor() as pool:
        once = many["local"]
        # All have what they need for one service; the others of theirs are not touched.
        waiting = [
            pool.submit(converge, Place(state, name), "fast", AGAIN, services=once, beside=len(SIZES) - 1)
            for name in SIZES
        ]
        runs += [each.result()[0] for each in waiting]
    said(f"  {len(SIZES)} environments at once: {', '.join(each.told() for each in runs[-len(SIZES) :])}")
    return runs


def starts(state: Path) -> dict[str, dict[str, float]]:
    """Playbook -> executor -> seconds until its first task, the shorter of two."""
    place = Place(state, "local")
    names = sorted(path.stem for path in (images.ROOT / "playbooks").glob("*.yml"))
    return {
        name: {executor: min(until_first_task(place, name, executor) for _ in range(2)) for executor in EXECUTORS}
        for name in names
    }


def whole() -> dict[str, float]:
    """Command -> seconds; a command that fails is not measured, and says so."""
    found = {}
    for command in WHOLE:
        began = time.monotonic()
        done = subprocess.run(command.split(), cwd=images.ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        if done.returncode:
            raise SystemExit(f"{command} failed")
        found[command] = time.monotonic() - began
        said(f"  {command}: {found[command]:.0f} s")
    subprocess.run(["make", "local-down"], cwd=images.ROOT, stdout=subprocess.DEVNULL, check=True)
    return found


def said(text: str) -> None:
    """Show at once."""
    print(text, flush=True)


def measured(folder: Path, minutes: float) -> tuple[list[Run], dict[str, dict[str, float]]]:
    """Everything but whole commands, on clouds of its own."""
    states = {executor: folder / executor for executor in EXECUTORS}
    grown = folder / "growth"
    try:
        for state in (*states.values(), grown):
            run.cloud(state, "up")
        runs = rounds(states, minutes)
        return [*runs, *growth(grown)], starts(states["fast"])
    finally:
        for state in (*states.values(), grown):
            run.cloud(state, "down")


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.converge")
    parser.add_argument(
        "--minutes", type=float, default=8, help="a second environment only if it would end within them"
    )
    parser.add_argument("--whole", action="store_true", help="`make demo` and `make test` too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as folder:
        runs, begun = measured(Path(folder), options.minutes)
    commands = whole() if options.whole else {}
    load = os.getloadavg()[2]
    machine = f"{os.cpu_count()} cores, load average {load:.1f} over 15 minutes, Python {platform.python_version()}"
    said(f"\nMeasured on the local cloud; {machine}\n")
    for text in (tables.ratios(runs), tables.calls(runs), tables.growth(runs), tables.starts(begun)):
        said(f"{text}\n")
    if commands:
        said(f"{tables.whole(commands)}\n")
    BUILD.mkdir(exist_ok=True)
    report = {"machine": machine, "runs": [asdict(each) for each in runs], "starts": begun, "whole": commands}
    (BUILD / "bench-converge.json").write_text(json.dumps(report, indent=1))
    (BUILD / "bench-converge.svg").write_text(plot.svg(runs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
