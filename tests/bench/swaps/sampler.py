# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks several services at a fixed rate which release answers: `python -m tests.bench.swaps.sampler FILE URL HOST...`.

One process watches all contenders, ten times a second each, every request over a new connection as a new user would
make it. Each answer is a JSON line {"t", "host", "version"} in FILE; an answer that is none has version "" and "error".
SIGTERM ends it.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from pathlib import Path
from typing import TextIO
from urllib.parse import urlsplit

PERIOD = 0.1
TIMEOUT = 5.0
VERSION = b"x-slipway-version:"


async def ask(address: str, port: int, path: str, host: str) -> str:
    """The release that answers one request; raises OSError, TimeoutError or ValueError."""
    reader, writer = await asyncio.open_connection(address, port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        head, _, _ = (await reader.read()).partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise ValueError(head.partition(b"\r\n")[0].decode("latin-1") or "no answer")
        found = [line for line in head.split(b"\r\n") if line.lower().startswith(VERSION)]
        if not found:
            raise ValueError("an answer without its release")
        return found[0].partition(b":")[2].strip().decode("latin-1")
    finally:
        writer.close()


async def sample(url: str, host: str, out: TextIO, slots: asyncio.Semaphore) -> None:
    """One request, and its line."""
    parts = urlsplit(url)
    sent = time.time()
    line: dict[str, object] = {"t": round(sent, 3), "host": host, "version": ""}
    async with slots:
        try:
            asked = ask(str(parts.hostname), parts.port or 80, parts.path or "/", host)
            line["version"] = await asyncio.wait_for(asked, TIMEOUT)
        except (OSError, TimeoutError, ValueError) as error:
            line["error"] = str(error) or type(error).__name__
    out.write(json.dumps(line) + "\n")
    out.flush()


async def main(file: str, url: str, hosts: list[str]) -> None:
    """Sample until told to stop. The hosts are asked one after the other within each period, not all at once."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    slots, running, clock = asyncio.Semaphore(64), set(), asyncio.get_running_loop().time
    turn, begun = 0, clock()
    with Path(file).open("w", encoding="utf-8") as out:  # noqa: ASYNC230 - a line takes microseconds
        while not stop.is_set():
            task = asyncio.create_task(sample(url, hosts[turn % len(hosts)], out, slots))
            running.add(task)
            task.add_done_callback(running.discard)
            turn += 1
            await asyncio.sleep(max(0.0, begun + turn * PERIOD / len(hosts) - clock()))
        await asyncio.gather(*running)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
