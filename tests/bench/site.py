# SPDX-License-Identifier: GPL-3.0-or-later
"""A site published by Slipway and by its peers, side by side: `python -m tests.bench.site [--rounds N] [--files N]`.

2,000 files, 61 MB, into an S3 in memory that is nobody's bottleneck, with 0 and with 30 ms added to each answer: the
first publication, the same files after a fresh checkout (all of them written anew), and 30 changed objects. Peers are
installed from PyPI under build/bench. Prints medians as Markdown tables and writes build/bench-site.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.sites import bundle, table
from tests.bench.sites.contenders import CONTENDERS, TOOLS, Contender, Target
from tests.bench.sites.measure import UVLOOP, CommandFailedError, Measured, Server, measure


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.site")
    parser.add_argument("--rounds", type=int, default=3, help="of which the medians are shown")
    parser.add_argument("--files", type=int, default=bundle.FILES, help="of the bundle, for a quick look")
    parser.add_argument("--delay", type=float, action="append", help="milliseconds added to each answer; repeatable")
    names = [contender.name for contender in CONTENDERS]
    parser.add_argument("--only", action="append", choices=names, help="a contender; may be given again")
    return parser.parse_args()


def said(text: str) -> None:
    print(text, flush=True)


def play(contender: Contender, server: Server, bundles: Path) -> dict[str, Measured]:
    """The three publications of one contender, into an empty bucket at first."""
    server.control("reset?empty=1")
    found = {}
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as work:
        target = Target(server.url, server.edge, Path(work))
        for way, release in (("first", "1"), ("no-op", "1"), ("delta", "2")):
            folder = bundles / release
            if way == "no-op":
                bundle.touch(folder)
            if way == "delta":
                contender.command(target, folder)
                bundle.age(folder)
            found[way] = measure(server, contender, target, folder)
    return found


def line(found: dict[str, Measured]) -> str:
    """One round, for whoever watches."""
    return ", ".join(
        f"{way} {each.seconds:.2f} s (CPU {each.cpu:.2f}, server {each.server:.2f})" for way, each in found.items()
    )


def run(delay: float, given: argparse.Namespace, chosen: list[Contender], bundles: Path, measured: dict) -> None:
    """All rounds with one delay, the contenders one after the other in each; adds to measured, title -> rounds."""
    for number in range(1, given.rounds + 1):
        said(f"{delay:g} ms, round {number} of {given.rounds}, load average {os.getloadavg()[0]:.1f}")
        for contender in chosen:
            if contender.slow and number > 1:
                continue
            with Server(delay / 1000) as server:
                found = play(contender, server, bundles)
            measured.setdefault(contender.title, []).append({way: each.shown() for way, each in found.items()})
            said(f"  {contender.title}: {line(found)}")


def prepare(given: argparse.Namespace) -> tuple[list[Contender], dict[str, str]]:
    """Whoever can be measured, and why the others cannot."""
    Contender("uvloop", "", UVLOOP).install()
    chosen, missing = [], {}
    for contender in CONTENDERS:
        if given.only and contender.name not in given.only:
            continue
        why = contender.install()
        if why:
            missing[contender.title] = why
        else:
            chosen.append(contender)
    return chosen, missing


def main() -> int:
    """Measure, print, write; the exit status."""
    given = arguments()
    TOOLS.mkdir(parents=True, exist_ok=True)
    chosen, missing = prepare(given)
    bundles = TOOLS / "bundles"
    bundle.make(bundles, given.files)
    about = f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, Python {platform.python_version()}"
    results: dict[str, dict] = {f"{delay:g}": {} for delay in given.delay or (0.0, 30.0)}
    try:
        for delay, measured in results.items():
            run(float(delay), given, chosen, bundles, measured)
    finally:
        # What was measured until an interruption is kept.
        shutil.rmtree(bundles)
        out = TOOLS.parent / "bench-site.json"
        out.write_text(json.dumps({"about": about, "files": given.files, "measured": results}, indent=2) + "\n")
    said(f"\n{about}, {given.files} files, medians of {given.rounds}")
    for delay, measured in results.items():
        said(f"\n{delay} ms added to each answer\n\n{table.markdown(measured, missing)}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CommandFailedError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
