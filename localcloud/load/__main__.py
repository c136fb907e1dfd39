# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m localcloud.load URL --rate R --seconds S [--out FILE] [--lines FILE]`.

Writes the summary as JSON to FILE (or stdout) and a JSON line each second to the other file. SIGTERM and SIGINT end
the schedule early. Exit status: 0 all requests answered well, 1 some failed, 2 unusable arguments.
"""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import json
import signal
import sys
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import urlsplit

from localcloud.load.generator import Run, Wanted

# The bounds of every run: load is for servers of one's own, and it stops by itself.
MOST_RATE, MOST_SECONDS = 2000.0, 900.0


def target(url: str) -> tuple[str, int, str]:
    """(host, port, path) of an http URL on a loopback address; raises ValueError for any other, names included."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname or parts.username:
        raise ValueError(f"{url!r} is not http://ADDRESS[:PORT]/PATH")
    try:
        loopback = ipaddress.ip_address(parts.hostname).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise ValueError(f"{parts.hostname} is not a loopback address; load goes to loopback only")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return parts.hostname, parts.port or 80, path


def bounded(low: float, high: float) -> Any:
    """An argument's type: a number from LOW to HIGH."""

    def number(text: str) -> float:
        value = float(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"must be from {low:g} to {high:g}")
        return value

    return number


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m localcloud.load", description="Open-loop load on loopback.")
    parser.add_argument("url", help="http://127.x.y.z:PORT/PATH that answers as the example's /version")
    parser.add_argument("--rate", type=bounded(1, MOST_RATE), default=250.0, help="requests a second")
    parser.add_argument("--seconds", type=bounded(0.1, MOST_SECONDS), required=True, help="when to stop at the latest")
    parser.add_argument("--timeout", type=bounded(0.1, 60), default=10.0, help="seconds that an answer may take")
    parser.add_argument("--host", help="the Host header, where a rule looks at it")
    parser.add_argument("--out", type=Path, help="file of the summary (default: stdout)")
    parser.add_argument("--lines", type=Path, help="file of one JSON line each second")
    return parser.parse_args(argv)


async def _run(wanted: Wanted, lines: TextIO | None) -> dict[str, Any]:
    def each_second(counts: dict[str, Any]) -> None:
        if lines is not None:
            lines.write(json.dumps(counts) + "\n")
            lines.flush()

    run = Run(wanted, each_second)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, run.stop)
    return await run.run()


def main(argv: list[str]) -> int:
    """Run the generator as the arguments say."""
    given = _arguments(argv)
    try:
        host, port, path = target(given.url)
    except ValueError as error:
        print(f"localcloud.load: {error}", file=sys.stderr)
        return 2
    wanted = Wanted(host, port, path, given.rate, given.seconds, host_header=given.host, timeout=given.timeout)
    if given.lines is None:
        summary = asyncio.run(_run(wanted, None))
    else:
        with given.lines.open("w") as lines:
            summary = asyncio.run(_run(wanted, lines))
    text = json.dumps(summary, indent=2) + "\n"
    if given.out is None:
        sys.stdout.write(text)
    else:
        given.out.write_text(text)
    return 1 if summary["failed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
