# SPDX-License-Identifier: GPL-3.0-or-later
"""The only way to the engine: an HTTP/1.1 proxy that lets a short list of requests through.

One request a connection, read whole before the engine hears of it and written anew for it: so the two cannot disagree
about where a request ends. The answer streams back as it comes. A client that goes away takes its request with it,
which frees the GPU. At SIGTERM nobody can connect any more, and what is under way may end.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from contextlib import suppress

from slipway_llm.proxy_plan import HEALTH, LARGEST_BODY, LARGEST_HEAD, Head, RefusedError, check, chunk_size, head
from slipway_llm.ready import why_not
from slipway_llm.settings import Settings, run

REASONS = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    413: "Content Too Large",
    431: "Request Header Fields Too Large",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}
CONNECTIONS = 1024
"""At most at a time; a request past them is told to come back, rather than to wait without end."""
READING = 30.0
"""Seconds that a client has for a whole request."""
SILENCE = 900.0
"""Seconds without a byte from the engine until it is given up: a long prompt in a long queue takes its time."""
DRAIN = 100.0
"""Seconds that requests under way have at a stop: within the two minutes of a spot instance's notice."""
HEALTH_AGE = 1.0


class Proxy:
    """One listener."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._open: set[asyncio.Task[None]] = set()
        self._health = ("nobody has looked yet", float("-inf"))
        self._looking = asyncio.Lock()

    async def serve(self) -> None:
        """Until SIGTERM, then until what is under way has ended, or DRAIN seconds have passed."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        server = await asyncio.start_server(
            self._connected, self._settings.bind, self._settings.port, limit=LARGEST_HEAD, backlog=512
        )
        print(f"listening on {self._settings.bind} port {self._settings.port}", flush=True)
        await stop.wait()
        server.close()
        if self._open:
            print(f"stopping; {len(self._open)} requests may end", flush=True)
            _done, late = await asyncio.wait(self._open, timeout=DRAIN)
            for task in late:
                task.cancel()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._open.add(task)
        try:
            await self._one(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError):
            pass  # the client is gone, or the engine fell silent in the middle
        finally:
            self._open.discard(task)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read, refuse or forward one request, and say so in one line of the log, without what was asked."""
        started, request, status = time.monotonic(), None, 0
        try:
            if len(self._open) > CONNECTIONS:
                raise RefusedError(503, "too many requests at a time; come back in a few seconds")
            async with _deadline(READING, RefusedError(408, f"the request took longer than {READING:g} s")):
                request = await _head(reader)
                if (request.method, request.path) == HEALTH:
                    status = await self._answer_health(writer)
                    return
                check(request)
                body = await _body(request, reader, writer)
            status = await self._forward(request, body, reader, writer)
        except RefusedError as refused:
            status = refused.status
            await _answer(writer, status, {"error": {"message": str(refused), "code": status}})
        finally:
            if request and (request.method, request.path) != HEALTH:
                took = time.monotonic() - started
                print(f"{request.method} {request.path} {status or 'gone'} {took:.3f} s", flush=True)

    async def _answer_health(self, writer: asyncio.StreamWriter) -> int:
        """200 if the engine serves the model, else 503 with the reason."""
        why = await self._why_not()
        status = 503 if why else 200
        await _answer(writer, status, {"ready": not why, "reason": why})
        return status

    async def _why_not(self) -> str:
        """Asked at most once a second, however many ask."""
        async with self._looking:
            why, at = self._health
            if time.monotonic() - at > HEALTH_AGE:
                why = await asyncio.to_thread(why_not, self._settings)
                self._health = (why, time.monotonic())
            return why

    async def _forward(
        self, request: Head, body: bytes, client: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> int:
        """Send the request to the engine and its answer to the client; the answer's status. Ends both if one ends."""
        try:
            reader, engine = await asyncio.open_connection("127.0.0.1", self._settings.engine_port, limit=LARGEST_HEAD)
        except OSError as error:
            raise RefusedError(503, "the model is not being served right now") from error
        try:
            passed = "".join(f"{name}: {value}\r\n" for name, value in request.passed)
            top = f"{request.method} {request.path} HTTP/1.1\r\nhost: engine\r\nconnection: close\r\n{passed}"
            engine.write(f"{top}content-length: {len(body)}\r\n\r\n".encode("latin-1") + body)
            await engine.drain()
            gone = asyncio.create_task(_gone(client))
            relay = asyncio.create_task(_relay(reader, writer))
            try:
                await asyncio.wait({gone, relay}, return_when=asyncio.FIRST_COMPLETED)
                return await relay if relay.done() else 0
            finally:
                for task in (gone, relay):
                    task.cancel()
        except ConnectionError as error:
            raise RefusedError(502, "the engine ended the connection") from error
        finally:
            engine.close()


async def _gone(client: asyncio.StreamReader) -> None:
    """Return when the client has closed; what else it sends is nobody's."""
    while await client.read(4096):
        pass


async def _relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
    """The engine's answer as it comes, up to its end; its status. Raises RefusedError if it never begins."""
    try:
        async with _deadline(SILENCE, RefusedError(504, "the engine does not answer")):
            raw = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise RefusedError(502, "the engine's answer is not HTTP") from error
    first, *lines = raw.removesuffix(b"\r\n\r\n").split(b"\r\n")
    kept = [line for line in lines if line.partition(b":")[0].lower() not in (b"connection", b"keep-alive", b"server")]
    writer.write(b"\r\n".join([first, *kept, b"connection: close", b"", b""]))
    while piece := await asyncio.wait_for(reader.read(65536), SILENCE):
        writer.write(piece)
        await writer.drain()
    with suppress(IndexError, ValueError):
        return int(first.split()[1])
    return 0


async def _head(reader: asyncio.StreamReader) -> Head:
    try:
        return head(await reader.readuntil(b"\r\n\r\n"))
    except asyncio.LimitOverrunError as error:
        raise RefusedError(431, f"the head of a request has at most {LARGEST_HEAD} bytes") from error


async def _body(request: Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """The whole body. Raises RefusedError if it is too large."""
    if request.continues and request.length != 0:
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if request.length is not None:
        return await reader.readexactly(request.length)
    pieces: list[bytes] = []
    total = 0
    while size := chunk_size(await reader.readuntil(b"\r\n")):
        total += size
        if total > LARGEST_BODY:
            raise RefusedError(413, f"a body has at most {LARGEST_BODY} bytes")
        pieces.append(await reader.readexactly(size))
        if await reader.readexactly(2) != b"\r\n":
            raise RefusedError(400, "a chunk is longer than it says")
    while await reader.readuntil(b"\r\n") != b"\r\n":
        pass  # trailers, which mean nothing here
    return b"".join(pieces)


async def _answer(writer: asyncio.StreamWriter, status: int, document: dict[str, object]) -> None:
    body = json.dumps(document).encode()
    top = f"HTTP/1.1 {status} {REASONS[status]}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
    retry = "retry-after: 5\r\n" if status == 503 else ""
    writer.write(f"{top}{retry}connection: close\r\n\r\n".encode() + body)
    await writer.drain()


class _deadline:  # noqa: N801 - a context manager is named like a function
    """Raise `error` if what is inside takes longer than `seconds`. asyncio.timeout came with Python 3.11."""

    def __init__(self, seconds: float, error: Exception) -> None:
        self._seconds, self._error = seconds, error
        self._late = False

    async def __aenter__(self) -> None:
        task = asyncio.current_task()
        assert task
        self._handle = asyncio.get_running_loop().call_later(self._seconds, self._expire, task)

    def _expire(self, task: asyncio.Task[object]) -> None:
        self._late = True
        task.cancel()

    async def __aexit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        self._handle.cancel()
        if self._late and kind is asyncio.CancelledError:
            raise self._error


def main(settings: Settings) -> None:
    """Serve until SIGTERM."""
    asyncio.run(Proxy(settings).serve())


if __name__ == "__main__":
    sys.exit(run("proxy", main))
