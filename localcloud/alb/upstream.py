# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP/1.1 connections to targets: open, exchange, keep alive. Built on aiohttp's client protocol and parser.

Below aiohttp's session, because a load balancer must know which bytes it sent and whether a connection was reused:
that decides whether a failure may be repeated. The rules, in order:

1. A pooled connection on which the target has sent anything, its end (FIN) or an error while idle is thrown away
   before a byte of the next request is written. That is always safe, for any method: the kernel is asked just before
   the write, so that on loopback nearly no stale connection gets past it.
2. What remains is the race in which the target closes while the request is on its way. RFC 9110 section 9.2.2 lets a
   client repeat an idempotent request whose connection closed before any response. Here only safe methods without a
   body (GET, HEAD, OPTIONS), only on a reused connection, only once, only to the same target, on a fresh connection,
   and only if the connection was lost within STALE_WINDOW: a target that worked on the request for longer had it.
   Everything else fails as on AWS, with 502: the target may have executed it.
"""

from __future__ import annotations

import asyncio
import select
import ssl
from collections import deque
from dataclasses import dataclass, field

from aiohttp import ServerDisconnectedError
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import StreamWriter
from aiohttp.http_parser import RawResponseMessage
from aiohttp.streams import StreamReader

STALE_WINDOW = 1.0  # seconds from writing a request in which a stale connection shows itself
CONNECT_TIMEOUT = 10.0  # seconds; "Troubleshoot your Application Load Balancers", HTTP 504
MAX_HEADER_SIZE = 32 * 1024  # "Quotas for your Application Load Balancers": entire response header 32 K


class ConnectTimeoutError(Exception):
    """The target did not accept a connection in time."""


class ConnectFailedError(Exception):
    """The target refused the connection, or cannot be reached."""


class Connection:
    """One connection to a target.

    `reused` is true from its second request on, `lost_silently` once it was lost before any response.
    """

    __slots__ = ("_poller", "_writer", "idle_since", "lost_silently", "pool", "protocol", "reused")

    def __init__(self, protocol: ResponseHandler, pool: Pool) -> None:
        self.protocol = protocol
        self.pool = pool
        self.reused = False
        self.lost_silently = False
        self.idle_since = 0.0
        self._writer = StreamWriter(protocol, asyncio.get_running_loop())
        self._poller = select.poll()
        if protocol.transport is not None:
            self._poller.register(protocol.transport.get_extra_info("socket").fileno(), select.POLLIN)

    def is_stale(self) -> bool:
        """Whether the target has closed, or sent something unasked, while the connection was idle."""
        return not self.protocol.is_connected() or self.protocol.should_close or bool(self._poller.poll(0))

    def expect_response(self, *, head: bool, read_timeout: float) -> None:
        """Get ready for one response; `read_timeout` is the longest silence of the target in seconds."""
        self.protocol.set_response_params(
            skip_payload=head,
            read_until_eof=True,
            auto_decompress=False,
            read_timeout=read_timeout,
            max_line_size=MAX_HEADER_SIZE,
            max_field_size=MAX_HEADER_SIZE,
        )

    def write(self, data: bytes) -> None:
        """Write without waiting; raises ConnectionResetError when the connection is gone."""
        transport = self.protocol.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the target closed the connection")
        transport.write(data)

    async def drain(self) -> None:
        """Wait until the target takes more (aiohttp's flow control)."""
        await self._writer.drain()

    def start_timeout(self) -> None:
        """The request is sent: from now on the target's silence counts."""
        self.protocol.start_timeout()

    async def response(self) -> tuple[RawResponseMessage, StreamReader]:
        """The final response's head and body; interim ones (1xx) are left out."""
        try:
            while True:
                message, payload = await self.protocol.read()
                if message.code >= 200:
                    return message, payload
        except (OSError, ServerDisconnectedError) as error:
            # A timeout is an OSError too, but not a lost connection.
            self.lost_silently = not isinstance(error, TimeoutError)
            raise

    def release(self) -> None:
        """Give the connection back; it is kept if both sides can go on with it."""
        self.pool.release(self)

    def abort(self) -> None:
        """Give the connection up: its exchange is not complete."""
        self.pool.forget(self)
        # Not protocol.abort(): that one forgets the body being read, whose reader would then wait for ever.
        if self.protocol.transport is not None:
            self.protocol.transport.abort()


@dataclass(slots=True)
class Pool:
    """The connections to one target."""

    host: str
    port: int
    tls: ssl.SSLContext | None
    idle: deque[Connection] = field(default_factory=deque)
    active: set[Connection] = field(default_factory=set)
    closed: bool = False

    async def acquire(self, *, fresh: bool = False) -> Connection:
        """A live idle connection, the one used last first, or a new one (always, with `fresh`).

        Raises ConnectTimeoutError or ConnectFailedError.
        """
        while self.idle and not fresh:
            connection = self.idle.pop()
            if not connection.is_stale():
                connection.reused = True
                self.active.add(connection)
                return connection
            connection.protocol.close()
        connection = Connection(await self._connect(), self)
        self.active.add(connection)
        return connection

    async def _connect(self) -> ResponseHandler:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                _, protocol = await loop.create_connection(
                    lambda: ResponseHandler(loop), self.host, self.port, ssl=self.tls
                )
        except TimeoutError as error:
            raise ConnectTimeoutError(f"{self.host}:{self.port}") from error
        except OSError as error:
            raise ConnectFailedError(f"{self.host}:{self.port}: {error}") from error
        return protocol

    def release(self, connection: Connection) -> None:
        """Take a connection back after a complete exchange."""
        self.active.discard(connection)
        if self.closed or connection.protocol.should_close or not connection.protocol.is_connected():
            connection.protocol.close()
            return
        connection.idle_since = asyncio.get_running_loop().time()
        self.idle.append(connection)

    def forget(self, connection: Connection) -> None:
        """The connection is no longer the pool's."""
        self.active.discard(connection)

    def prune(self, older_than: float) -> None:
        """Close idle connections that nobody used since `older_than` (loop time), or that the target closed."""
        for connection in list(self.idle):
            if connection.idle_since < older_than or not connection.protocol.is_connected():
                self.idle.remove(connection)
                connection.protocol.close()

    def close(self, *, abort_active: bool = False) -> None:
        """Close idle connections now and others after their exchange, or at once with `abort_active`."""
        self.closed = True
        while self.idle:
            self.idle.pop().protocol.close()
        if abort_active:
            for connection in list(self.active):
                connection.abort()


def target_tls() -> ssl.SSLContext:
    """TLS to targets: like an ALB, which does not validate their certificates ("Target groups", routing config)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
