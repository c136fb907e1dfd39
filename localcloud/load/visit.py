# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m localcloud.load.visit URL --release NAME=FOLDER... --rate R --seconds S [--out FILE] [--lines FILE]`.

Visitors of a site on loopback (localcloud.load.visitors). Files, signals and exit status as of `python -m
localcloud.load`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any, TextIO

from localcloud.load.__main__ import MOST_SECONDS, bounded, target
from localcloud.load.visitors import Release, Run, Wanted

MOST_RATE = 200.0


def _release(text: str) -> Release:
    name, _, folder = text.partition("=")
    if not (Path(folder) / "index.html").is_file():
        raise argparse.ArgumentTypeError(f"{text}: NAME=FOLDER with an index.html in it")
    return Release.of(name, Path(folder))


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m localcloud.load.visit", description="Visitors of a site.")
    parser.add_argument("url", help="http://127.x.y.z:PORT where the site is")
    parser.add_argument("--release", type=_release, action="append", required=True, help="NAME=FOLDER, old one first")
    parser.add_argument("--path", action="append", help="where visitors come in, in turns (default: /)")
    parser.add_argument("--rate", type=bounded(0.1, MOST_RATE), default=10.0, help="visitors a second")
    parser.add_argument("--seconds", type=bounded(0.1, MOST_SECONDS), required=True, help="when to stop at the latest")
    parser.add_argument("--stay", type=bounded(0, 60), default=5.0, help="seconds that one stays at most")
    parser.add_argument("--out", type=Path, required=True, help="file of the summary")
    parser.add_argument("--lines", type=Path, required=True, help="file of one JSON line each second")
    return parser.parse_args(argv)


async def _run(wanted: Wanted, lines: TextIO) -> dict[str, Any]:
    def each_second(counts: dict[str, Any]) -> None:
        lines.write(json.dumps(counts) + "\n")
        lines.flush()

    run = Run(wanted, each_second)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, run.stop)
    return await run.run()


def main(argv: list[str]) -> int:
    """Let the visitors in as the arguments say."""
    given = _arguments(argv)
    try:
        host, port, _path = target(given.url)
    except ValueError as error:
        print(f"localcloud.load.visit: {error}", file=sys.stderr)
        return 2
    paths = tuple(given.path or ["/"])
    wanted = Wanted(host, port, given.release, given.rate, given.seconds, paths=paths, stay=given.stay)
    with given.lines.open("w") as lines:
        counted = asyncio.run(_run(wanted, lines))
    given.out.write_text(json.dumps(counted, indent=2) + "\n")
    return 1 if counted["failed"] or counted["mixed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
