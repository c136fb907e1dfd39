# SPDX-License-Identifier: GPL-3.0-or-later
"""What a data plane's process is: JSON lines in on stdin, JSON lines out on stdout, until stdin ends."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

MAX_LINE = 64 * 1024 * 1024  # bytes of one configuration


class Plane(Protocol):
    """What runs in such a process."""

    async def close(self) -> None:
        """Let go of everything."""


def emit(message: Mapping[str, Any]) -> None:
    """Write one output line."""
    sys.stdout.write(json.dumps(message, separators=(",", ":")) + "\n")
    sys.stdout.flush()


async def serve(plane: Plane, take: Callable[[bytes], Awaitable[None]], upkeep: Awaitable[None]) -> None:
    """Hand each line to `take`, beside `upkeep`, until stdin ends or a termination signal comes."""
    loop = asyncio.get_running_loop()
    work = asyncio.ensure_future(_read(take))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, work.cancel)
    beside = asyncio.ensure_future(upkeep)
    try:
        await work
    except asyncio.CancelledError:
        pass
    finally:
        beside.cancel()
        await plane.close()


async def _read(take: Callable[[bytes], Awaitable[None]]) -> None:
    reader = asyncio.StreamReader(limit=MAX_LINE)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        await take(line)
