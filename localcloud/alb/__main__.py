# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m localcloud.alb`: JSON lines in on stdin, JSON lines out on stdout, until stdin ends.

In: {"type": "config", ...}, the whole configuration each time it changes (config.parse_config). A line that cannot be
used is reported and changes nothing.
Out: {"type": "listening", "listener", "host", "port", "protocol"} for each opened listener;
{"type": "health", "target_groups": {ARN: [{"id", "port", "state", "reason", "description"}]}}, always all groups,
whenever anything in it changed; {"type": "metrics", "second", "target_groups", "load_balancers"} each second
(metrics.py); {"type": "error", "message"} for a line that cannot be used or a port that cannot be bound.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Mapping
from typing import Any

from localcloud.alb.config import ConfigError, parse_config
from localcloud.alb.plane import DataPlane

MAX_LINE = 64 * 1024 * 1024  # bytes of one configuration


def emit(message: Mapping[str, Any]) -> None:
    """Write one output line."""
    sys.stdout.write(json.dumps(message, separators=(",", ":")) + "\n")
    sys.stdout.flush()


async def read_configurations(plane: DataPlane) -> None:
    """Apply configurations from stdin until it ends."""
    reader = asyncio.StreamReader(limit=MAX_LINE)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        try:
            await plane.apply(parse_config(json.loads(line)))
        except (ConfigError, json.JSONDecodeError) as error:
            emit({"type": "error", "message": f"configuration ignored: {error}"})


async def main() -> None:
    """Run until stdin ends or a termination signal comes."""
    loop = asyncio.get_running_loop()
    plane = DataPlane(emit)
    work = asyncio.ensure_future(read_configurations(plane))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, work.cancel)
    metrics = asyncio.ensure_future(plane.report_metrics())
    try:
        await work
    except asyncio.CancelledError:
        pass
    finally:
        metrics.cancel()
        await plane.close()


if __name__ == "__main__":
    asyncio.run(main())
