# SPDX-License-Identifier: GPL-3.0-or-later
"""A swap by Slipway and by its peers, side by side: `python -m tests.bench.swap [--rounds N] [--start SECONDS] ...`.

A local cloud of its own, one service a contender on the same load balancer, and rounds in which each contender deploys
the new release and goes back, one after the other and under load. Prints medians as a Markdown table and writes
build/bench-swap.json. Figures of the local cloud; they say nothing about AWS's own speed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localcloud import images
from localcloud.demo import run
from tests.bench.swaps import table
from tests.bench.swaps.cloud import NEW, OLD, WEIGHT_DELAY, Cloud
from tests.bench.swaps.contenders import CONTENDERS, Contender
from tests.bench.swaps.measure import Measured, Sampler, measure

if TYPE_CHECKING:
    from collections.abc import Iterator

BUILD = images.ROOT / "build"


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.swap")
    parser.add_argument("--rounds", type=int, default=5, help="of which the medians are shown")
    parser.add_argument("--rate", type=float, default=150.0, help="requests a second on the service that is deployed")
    parser.add_argument(
        "--start", type=int, default=0, help="seconds before a task's program begins (Fargate: 30 to 60)"
    )
    parser.add_argument("--minutes", type=float, default=20, help="no round begins that would not end within them")
    names = [contender.name for contender in CONTENDERS]
    parser.add_argument("--only", action="append", choices=names, help="a contender; may be given again")
    return parser.parse_args()


def said(text: str) -> None:
    print(text, flush=True)


def play(cloud: Cloud, sampler: Sampler, contender: Contender, rate: float) -> dict[str, dict[str, Any]]:
    """One round of one contender: to the new release, back, and to the state from which the next round begins."""
    contender.note(cloud)
    deploy = measure(cloud, sampler, contender.name, contender.deploy(cloud), NEW, rate)
    back = measure(cloud, sampler, contender.name, contender.back(cloud), OLD, rate)
    contender.reset(cloud)
    for way, figures in (("deploy", deploy), ("back", back)):
        said(f"  {contender.name} {way}: {line(figures)}")
    return {"deploy": deploy.shown(), "back": back.shown()}


def line(figures: Measured) -> str:
    """One measurement, for whoever watches."""
    return (
        f"full traffic {figures.full:.1f} s, end {figures.end:.1f} s, {figures.failed} of {figures.requests} failed, "
        f"{figures.calls} calls, overhead {figures.overhead:.1f} s"
    )


def rounds_within(rounds: int, end: float) -> Iterator[int]:
    """Numbers from 1, as long as one more round of the longest yet would be over at END, in monotonic seconds."""
    longest = 0.0
    for number in range(1, rounds + 1):
        began = time.monotonic()
        if number > 1 and began + longest > end:
            said(f"no time for round {number}")
            return
        yield number
        longest = max(longest, time.monotonic() - began)


def main() -> int:
    """Measure, print, write; the exit status."""
    begun = time.monotonic()
    given = arguments()
    chosen = [each for each in CONTENDERS if not given.only or each.name in given.only]
    measured: dict[str, list[dict[str, Any]]] = {contender.title: [] for contender in chosen}
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as folder, Cloud(Path(folder), given.start) as cloud:
        said("provisioning")
        cloud.provision([each.name for each in CONTENDERS[1:] if each in chosen])
        with Sampler(cloud, [contender.name for contender in chosen]) as sampler:
            rounds = 0
            for number in rounds_within(given.rounds, begun + 60 * given.minutes):
                said(f"round {number} of {given.rounds}, load average {os.getloadavg()[0]:.1f}")
                for contender in chosen:
                    measured[contender.title].append(play(cloud, sampler, contender, given.rate))
                rounds = number
    about = {
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}",
        "rounds": rounds,
        "load_average": os.getloadavg()[0],
        "rate": given.rate,
        "weight_delay": WEIGHT_DELAY,
        "start": given.start,
    }
    BUILD.mkdir(exist_ok=True)
    out = BUILD / (f"bench-swap-start-{given.start}.json" if given.start else "bench-swap.json")
    out.write_text(json.dumps({**about, "measured": measured}, indent=2) + "\n")
    shown = table.markdown(measured)
    said(f"\n{about['date']}, {about['machine']}, medians of {rounds} on the local cloud\n\n{shown}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except run.StepFailedError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
