# SPDX-License-Identifier: GPL-3.0-or-later
"""One request at one target: send it, stream both bodies, and turn failures into ALB's statuses.

"Troubleshoot your Application Load Balancers": 502 for a connection that the target refuses, resets or closes, and for
a malformed response; 504 when it does not accept a connection in 10 s or stays silent for the idle timeout; 408 when
the client stops sending its body for that long; 400 for a malformed body. A failed request never goes to another
target; upstream.py says when it is repeated at the same one.

Bodies are never held as a whole: each side is read only as fast as the other takes it. Once the response head has gone
out, a failure can only cut the client's connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import ClientError, web
from aiohttp.http import HttpVersion11
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.http_parser import RawResponseMessage
from aiohttp.streams import StreamReader

from localcloud.alb import upstream
from localcloud.alb.headers import RawHeaders, response_head
from localcloud.alb.upstream import ConnectFailedError, Connection, ConnectTimeoutError, Pool

_BODYLESS = frozenset((204, 304))
_REPEATABLE = frozenset(("GET", "HEAD", "OPTIONS"))


class TargetError(Exception):
    """No response from the target; `status` is what the client gets."""

    def __init__(self, status: int, *, connecting: bool = False) -> None:
        super().__init__(status)
        self.status = status
        self.connecting = connecting


class TruncatedError(Exception):
    """The target's response broke off after its head had gone to the client."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The response head, and how long the target took for it (seconds)."""

    message: RawResponseMessage
    payload: StreamReader
    seconds: float


class Exchange:
    """One request; call `send`, then `relay`; `abort` in any other case."""

    def __init__(self, request: web.BaseRequest, head: bytes, pool: Pool, idle_timeout: float) -> None:
        """`head` is the request head for the target; times in seconds."""
        self._request = request
        self._head = head
        self._pool = pool
        self._idle_timeout = idle_timeout
        self._connection: Connection | None = None
        self._upload: asyncio.Task[None] | None = None
        self._client_fault: int | None = None
        self._started = 0.0

    async def send(self) -> Answer:
        """Send the request and wait for the response's head. Raises TargetError."""
        try:
            return await self._attempt(fresh=False)
        except TargetError:
            if not self._may_repeat():
                raise
        return await self._attempt(fresh=True)

    def _may_repeat(self) -> bool:
        connection = self._connection
        return (
            connection is not None
            and connection.reused
            and connection.lost_silently
            and asyncio.get_running_loop().time() - self._started <= upstream.STALE_WINDOW
            and not self._pool.closed
            and self._request.method in _REPEATABLE
            and not self._request.body_exists
        )

    async def _attempt(self, *, fresh: bool) -> Answer:
        loop = asyncio.get_running_loop()
        self._connection = None
        try:
            connection = self._connection = await self._pool.acquire(fresh=fresh)
        except ConnectTimeoutError as error:
            raise TargetError(504, connecting=True) from error
        except ConnectFailedError as error:
            raise TargetError(502, connecting=True) from error
        connection.expect_response(head=self._request.method == "HEAD", read_timeout=self._idle_timeout)
        self._started = loop.time()
        try:
            self._start_upload(connection)
            message, payload = await connection.response()
        except TimeoutError as error:
            self.abort()
            raise TargetError(self._client_fault or 504) from error
        except (OSError, ClientError, HttpProcessingError) as error:
            self.abort()
            raise TargetError(self._client_fault or 502) from error
        return Answer(message, payload, loop.time() - self._started)

    def _start_upload(self, connection: Connection) -> None:
        connection.write(self._head)
        if not self._request.body_exists:
            connection.start_timeout()
            return
        # Beside the response: a target may answer before it has read everything.
        self._upload = asyncio.create_task(self._send_body(connection))
        self._upload.add_done_callback(_retrieve)

    async def _send_body(self, connection: Connection) -> None:
        content = self._request.content
        frame = _chunk if "Content-Length" not in self._request.headers else _plain
        try:
            while chunk := await self._read_client(content):
                connection.write(frame(chunk))
                await connection.drain()
        except TargetError as failure:
            self._client_fault = failure.status
            connection.abort()
            raise
        connection.write(frame(b""))
        connection.start_timeout()

    async def _read_client(self, content: StreamReader) -> bytes:
        try:
            async with asyncio.timeout(self._idle_timeout):
                return await content.readany()
        except TimeoutError as error:
            raise TargetError(408) from error
        except (HttpProcessingError, web.RequestPayloadError) as error:
            raise TargetError(400) from error

    async def relay(self, answer: Answer, extra: list[tuple[str, str]], headers: RawHeaders | None = None) -> bool:
        """Pass the response on; True if the client's connection can go on. Raises TruncatedError, ConnectionError.

        headers: in the place of the response's own; those that say how long the body is must stay.
        """
        request, message, payload = self._request, answer.message, answer.payload
        empty = request.method == "HEAD" or message.code in _BODYLESS
        framed = empty or "Content-Length" in message.headers
        chunked = not framed and request.version >= HttpVersion11
        keep_alive = request.keep_alive and (framed or chunked) and (self._upload is None or self._upload.done())
        head = response_head(
            message.code,
            message.reason,
            message.raw_headers if headers is None else headers,
            extra,
            chunked=chunked,
            keep_alive=keep_alive,
        )
        frame = _chunk if chunked else _plain
        if payload.is_eof() and payload.exception() is None:
            body = b"" if empty else payload.read_nowait()
            write(request, head + (frame(body) if body else b"") + (frame(b"") if chunked else b""))
            await request.writer.drain()
        else:
            await self._stream(payload, head, frame)
        self._finish()
        return keep_alive

    async def _stream(self, payload: StreamReader, head: bytes, frame: Callable[[bytes], bytes]) -> None:
        write(self._request, head)
        try:
            while chunk := await payload.readany():
                write(self._request, frame(chunk))
                async with asyncio.timeout(self._idle_timeout):
                    await self._request.writer.drain()
        except (TimeoutError, ClientError, HttpProcessingError) as error:
            raise TruncatedError from error
        write(self._request, frame(b""))

    def _finish(self) -> None:
        """Both directions are complete, or the rest of the upload is of no use to anyone."""
        connection = self._connection
        if connection is None:
            return
        if self._upload is not None and not (self._upload.done() and self._upload.exception() is None):
            self.abort()
        else:
            connection.release()
        self._connection = None

    def abort(self) -> None:
        """Drop the connection to the target, if the exchange is not complete."""
        if self._upload is not None:
            self._upload.cancel()
        if self._connection is not None:
            self._connection.abort()


def write(request: web.BaseRequest, data: bytes) -> None:
    """Write to the client without waiting; raises ConnectionResetError when it has gone."""
    transport = request.transport
    if transport is None or transport.is_closing():
        raise ConnectionResetError("the client closed the connection")
    if data:
        transport.write(data)


def _plain(chunk: bytes) -> bytes:
    return chunk


def _chunk(chunk: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(chunk), chunk)


def _retrieve(task: asyncio.Task[None]) -> None:
    """Mark an upload's failure as seen: what the client gets is decided by the response."""
    if not task.cancelled():
        task.exception()
