# SPDX-License-Identifier: GPL-3.0-or-later
"""The schedule: which request leaves when, over which connection, and when it is given up."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from typing import TYPE_CHECKING, Any

from localcloud.load import tally
from localcloud.load.client import Answer, Connection, Pool

if TYPE_CHECKING:
    from collections.abc import Callable

# Requests leave in ticks: those due since the last one go out together, so a latency has
# up to one tick of the generator's own in it.
TICK = 0.002


@dataclasses.dataclass(frozen=True)
class Wanted:
    """A run: GET http://host:port/path at RATE requests a second for at most SECONDS.

    Every FRESHth request opens a connection of its own and closes it afterwards; the others share kept-alive ones.
    A request without an answer after TIMEOUT seconds is an error, and so is one that would be the MOSTth in flight.
    """

    host: str
    port: int
    path: str
    rate: float
    seconds: float
    host_header: str | None = None
    fresh: int = 10
    timeout: float = 10.0
    most: int = 2000


class Run:
    """One run of the generator. `stop()` ends the schedule early; what is in flight is still waited for."""

    def __init__(self, wanted: Wanted, each_second: Callable[[dict[str, Any]], None]) -> None:
        self._wanted, self._each_second = wanted, each_second
        self._tally = tally.Tally()
        self._pool = Pool(wanted.host, wanted.port)
        self._flying: set[asyncio.Task[None]] = set()
        self._in_flight = 0
        self._sent = 0
        self._stop = asyncio.Event()
        self._all_landed = asyncio.Event()
        name = wanted.host_header or f"{wanted.host}:{wanted.port}"
        head = f"GET {wanted.path} HTTP/1.1\r\nHost: {name}\r\nUser-Agent: slipway-load\r\n"
        self._kept = f"{head}\r\n".encode("ascii")
        self._closed = f"{head}Connection: close\r\n\r\n".encode("ascii")

    def stop(self) -> None:
        """Send no further request."""
        self._stop.set()

    async def run(self) -> dict[str, Any]:
        """Keep to the schedule until it ends, wait for the answers, and return the summary."""
        started, cpu = time.time(), time.process_time()
        reporter = asyncio.create_task(self._report())
        await self._send_all()
        self._all_landed.clear()
        took = time.time() - started
        if self._in_flight:
            await self._all_landed.wait()
        reporter.cancel()
        await asyncio.gather(reporter, return_exceptions=True)
        self._each_second({"t": round(time.time(), 3), "partial": True, **self._tally.turn()})
        self._pool.close()
        total = self._tally.total.as_json()
        return {
            "url": f"http://{self._wanted.host}:{self._wanted.port}{self._wanted.path}",
            "started": round(started, 3),
            "seconds": round(took, 3),
            "requests": self._sent,
            "failed": sum(total["errors"].values()),
            "rate": round(self._sent / took, 1) if took else 0.0,
            **total,
            "samples": self._tally.samples,
            "cpu_share": round((time.process_time() - cpu) / (time.time() - started), 3),
        }

    async def _send_all(self) -> None:
        """Send each request at its moment: number i is due at i/rate, whatever became of those before it."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        last = int(self._wanted.rate * self._wanted.seconds)
        while self._sent < last and not self._stop.is_set():
            due = min(last, int((loop.time() - start) * self._wanted.rate) + 1)
            while self._sent < due:
                self._send(start + self._sent / self._wanted.rate)
                self._sent += 1
            await asyncio.sleep(TICK)

    def _send(self, due: float) -> None:
        """Send one request; DUE is the loop time that its latency counts from."""
        if self._in_flight >= self._wanted.most:
            self._end(due, "too many requests in flight")
            return
        self._in_flight += 1
        fresh = self._sent % self._wanted.fresh == 0
        connection = None if fresh else self._pool.take()
        if connection is not None:
            self._ask(connection, self._kept, due)
            return
        task = asyncio.create_task(self._connect(due, self._closed if fresh else self._kept))
        self._flying.add(task)
        task.add_done_callback(self._flying.discard)

    async def _connect(self, due: float, request: bytes) -> None:
        try:
            connection = await asyncio.wait_for(self._pool.open(), self._wanted.timeout)
        except TimeoutError:
            self._landed(due, "connect timeout")
        except ConnectionRefusedError:
            self._landed(due, "connection refused")
        except OSError as error:
            self._landed(due, f"connect: {error.strerror or type(error).__name__}")
        else:
            if connection.usable:
                self._ask(connection, request, due)
            else:
                self._landed(due, "closed without an answer")

    def _ask(self, connection: Connection, request: bytes, due: float) -> None:
        loop = asyncio.get_running_loop()
        limit = loop.call_at(due + self._wanted.timeout, self._late, connection, due)

        def done(connection: Connection, result: Answer | str) -> None:
            limit.cancel()
            if connection.usable and request is self._kept:
                self._pool.give(connection)
            else:
                connection.close()
            self._landed(due, result)

        connection.ask(request, done)

    def _late(self, connection: Connection, due: float) -> None:
        connection.close()
        self._landed(due, "timeout")

    def _landed(self, due: float, result: Answer | str) -> None:
        self._in_flight -= 1
        if not self._in_flight:
            self._all_landed.set()
        self._end(due, result)

    def _end(self, due: float, result: Answer | str) -> None:
        latency = asyncio.get_running_loop().time() - due
        if isinstance(result, str):
            self._tally.add(time.time(), None, result, latency)
        else:
            self._tally.add(time.time(), result, tally.verdict(result), latency)

    async def _report(self) -> None:
        """Hand out the counts of each second as it ends."""
        while True:
            await asyncio.sleep(1.0 - time.time() % 1.0)
            self._each_second({"t": round(time.time(), 3), "in_flight": self._in_flight, **self._tally.turn()})
