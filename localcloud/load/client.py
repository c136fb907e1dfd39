# SPDX-License-Identifier: GPL-3.0-or-later
"""A small HTTP/1.1 client on asyncio protocols: GET only, one request at a time per connection.

It exists for its cost: some 0.1 ms of CPU a request, where a general client takes several times that and would
compete with the servers under test for two cores.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# A connection that was idle for longer is not used again. It stays below every common server's keep-alive timeout
# (60 s at an ALB), so that a request is never sent into a connection that the server is just closing.
IDLE_SECONDS = 5.0


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """One complete HTTP answer; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class MalformedError(Exception):
    """The bytes that came are no HTTP answer that this client reads."""


class _Reader:
    """Turns bytes into one Answer. With neither length nor chunks the body ends with the connection."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._head: tuple[int, dict[str, str], int] | None = None

    @property
    def begun(self) -> bool:
        """Whether any byte of the answer has come."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> Answer | None:
        """The answer, once it is complete."""
        self._buffer += data
        if self._head is None:
            self._head = self._read_head()
        if self._head is None:
            return None
        status, headers, start = self._head
        body = self._body(headers, start)
        return None if body is None else Answer(status, headers, body)

    def end(self) -> Answer | None:
        """The answer, if the end of the connection completes it."""
        if self._head is None:
            return None
        status, headers, start = self._head
        if "content-length" in headers or "transfer-encoding" in headers:
            return None
        return Answer(status, headers, bytes(self._buffer[start:]))

    def _read_head(self) -> tuple[int, dict[str, str], int] | None:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > 65536:
                raise MalformedError("a head of more than 64 KiB")
            return None
        lines = self._buffer[:end].decode("latin-1").split("\r\n")
        parts = lines[0].split(" ", 2)
        if len(parts) < 2 or not parts[0].startswith("HTTP/1.") or not parts[1].isdigit():
            raise MalformedError(f"status line {lines[0][:60]!r}")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return int(parts[1]), headers, end + 4

    def _body(self, headers: dict[str, str], start: int) -> bytes | None:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return self._chunks(start)
        if "content-length" not in headers:
            return None
        try:
            end = start + int(headers["content-length"])
        except ValueError as error:
            raise MalformedError("content-length") from error
        return bytes(self._buffer[start:end]) if len(self._buffer) >= end else None

    def _chunks(self, at: int) -> bytes | None:
        """The joined chunks, once the last has come. Read from the start each time: answers here are small."""
        body = bytearray()
        while True:
            line_end = self._buffer.find(b"\r\n", at)
            if line_end < 0:
                return None
            try:
                size = int(bytes(self._buffer[at:line_end]).split(b";")[0], 16)
            except ValueError as error:
                raise MalformedError("chunk size") from error
            at = line_end + 2
            if len(self._buffer) < at + size + 2:
                return None
            if size == 0:
                return bytes(body)
            body += self._buffer[at : at + size]
            at += size + 2


class Connection(asyncio.Protocol):
    """One TCP connection. `ask` sends a request; then `done` is called once, with an Answer or an error's kind."""

    def __init__(self) -> None:
        self.idle_since = 0.0
        self._transport: asyncio.Transport | None = None
        self._reader = _Reader()
        self._done: Callable[[Connection, Answer | str], None] | None = None
        self._gone = False

    @property
    def usable(self) -> bool:
        """Whether another request may be sent."""
        return not self._gone and self._done is None

    def ask(self, request: bytes, done: Callable[[Connection, Answer | str], None]) -> None:
        """Send the bytes of one request."""
        assert self._transport is not None
        assert self.usable
        self._reader, self._done = _Reader(), done
        self._transport.write(request)

    def close(self) -> None:
        """Close; a request in flight never hears of it again."""
        self._done, self._gone = None, True
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: the connection is open."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """asyncio: bytes have come."""
        if self._done is None:
            return
        try:
            answer = self._reader.feed(data)
        except MalformedError as error:
            self._finish(f"malformed answer: {error}")
            self.close()
            return
        if answer is not None:
            self._gone = answer.headers.get("connection", "").lower() == "close"
            self._finish(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio: the connection is gone; the server closed it, or it broke."""
        self._gone = True
        if self._done is None:
            return
        answer = self._reader.end()
        if answer is not None:
            self._finish(answer)
        elif self._reader.begun:
            self._finish("closed in the middle of an answer")
        else:
            self._finish("connection reset" if exc else "closed without an answer")

    def _finish(self, result: Answer | str) -> None:
        done, self._done = self._done, None
        if done is not None:
            done(self, result)


class Pool:
    """Connections to one address that are open and idle. The longest idle goes first: all of them stay in use, so
    that a change behind them (a weight, a drained target) meets many old connections, as it does in life."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._idle: deque[Connection] = deque()

    def take(self) -> Connection | None:
        """An idle connection that is still good, or None."""
        now = asyncio.get_running_loop().time()
        while self._idle:
            connection = self._idle.popleft()
            if connection.usable and now - connection.idle_since < IDLE_SECONDS:
                return connection
            connection.close()
        return None

    def give(self, connection: Connection) -> None:
        """Hand a connection back after its answer."""
        connection.idle_since = asyncio.get_running_loop().time()
        self._idle.append(connection)

    async def open(self) -> Connection:
        """A new connection; raises OSError."""
        _, connection = await asyncio.get_running_loop().create_connection(Connection, self._host, self._port)
        return connection

    def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            self._idle.popleft().close()
