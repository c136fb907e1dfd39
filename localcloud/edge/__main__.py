# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m localcloud.edge`: JSON lines in on stdin, JSON lines out on stdout, until stdin ends.

In: {"type": "config", ...}, the whole configuration each time it changes (config.parse_config);
{"type": "invalidate", "id", "distribution", "paths"}, which drops objects at once. A line that cannot be used is
reported and changes nothing.
Out: {"type": "listening", "distribution", "host", "port"} for each opened listener; {"type": "invalidated", "id",
"distribution", "dropped"}; {"type": "access" or "waf", "distribution", "records"} with the log of the last seconds
(journal.py) where a distribution or its web ACL has one; {"type": "error", "message"}.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Mapping
from typing import Any

from localcloud.edge.config import ConfigError, parse_config
from localcloud.edge.plane import Edge

MAX_LINE = 64 * 1024 * 1024  # bytes of one configuration


def emit(message: Mapping[str, Any]) -> None:
    """Write one output line."""
    sys.stdout.write(json.dumps(message, separators=(",", ":")) + "\n")
    sys.stdout.flush()


async def read_messages(edge: Edge) -> None:
    """Carry out what stdin says until it ends."""
    reader = asyncio.StreamReader(limit=MAX_LINE)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        try:
            message = json.loads(line)
            if message["type"] == "invalidate":
                edge.invalidate(message)
            else:
                await edge.apply(parse_config(message))
        except (ConfigError, json.JSONDecodeError, KeyError, TypeError) as error:
            emit({"type": "error", "message": f"line ignored: {error}"})


async def main() -> None:
    """Run until stdin ends or a termination signal comes."""
    loop = asyncio.get_running_loop()
    edge = Edge(emit)
    work = asyncio.ensure_future(read_messages(edge))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, work.cancel)
    upkeep = asyncio.ensure_future(edge.upkeep())
    try:
        await work
    except asyncio.CancelledError:
        pass
    finally:
        upkeep.cancel()
        await edge.close()


if __name__ == "__main__":
    asyncio.run(main())
