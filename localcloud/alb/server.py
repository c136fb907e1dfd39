# SPDX-License-Identifier: GPL-3.0-or-later
"""Listening sockets, and the client's side of the connections: limits, errors, keep-alive.

"Quotas for your Application Load Balancers": request line 16 K, single header 16 K. Over the first AWS answers 414 when
the URL is what is too long, over the second 400 ("Troubleshoot your Application Load Balancers").
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
import tempfile
from pathlib import Path

from aiohttp import web
from aiohttp.http_exceptions import LineTooLong
from aiohttp.web_protocol import RequestHandler, _ErrInfo

from localcloud.alb.config import ListenerConfig
from localcloud.alb.metrics import Metrics
from localcloud.alb.proxy import ListenerProxy, done
from localcloud.guest import turned_away

MAX_LINE = 16 * 1024
MAX_FIELD = MAX_LINE - 1  # differs from MAX_LINE, so that the parser's error tells which of the two was exceeded
BACKLOG = 1024
SHUTDOWN_TIMEOUT = 0.05  # seconds for requests in flight when a listener is deleted; 0 means no limit to aiohttp

logger = logging.getLogger("localcloud.alb")


class _ClientConnection(RequestHandler):
    """aiohttp's server protocol with ALB's answers to requests that it could not parse or that failed inside."""

    def __init__(self, server: Listener, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            server,
            loop=loop,
            keepalive_timeout=server.proxy.config.load_balancer.idle_timeout,
            access_log=None,  # type: ignore[arg-type]  # None is documented; aiohttp's annotation lacks it
            max_line_size=MAX_LINE,
            max_field_size=MAX_FIELD,
            max_headers=1000,
            auto_decompress=False,
            logger=logger,
        )
        self._listener = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count it."""
        if turned_away(transport):
            return
        super().connection_made(transport)
        self._listener.count_connection()

    def data_received(self, data: bytes) -> None:
        """Also tell a request whose body just turned out malformed; aiohttp would leave it waiting for the rest."""
        super().data_received(data)
        request = self._current_request
        if request is not None and self._messages and not request.content.is_eof():
            last = self._messages[-1][0]
            if isinstance(last, _ErrInfo):
                request.content.set_exception(web.RequestPayloadError(str(last.exc)))

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - aiohttp's signature; its text is not ALB's
    ) -> web.StreamResponse:
        """Answer what aiohttp could not hand to the proxy (400, 414), or what failed there (500)."""
        if isinstance(exc, LineTooLong) and exc.args[1] == MAX_LINE:
            status = 414
        if status >= 500:
            logger.error("request failed inside the load balancer", exc_info=exc)
        with contextlib.suppress(ConnectionError):
            self._listener.proxy.error(request, status)
        return done(keep_alive=False)


class Listener(web.Server):
    """One listening socket and its proxy."""

    def __init__(self, proxy: ListenerProxy, metrics: Metrics) -> None:
        super().__init__(proxy, handler_cancellation=True)
        self.proxy = proxy
        self._metrics = metrics
        self._socket: asyncio.Server | None = None

    def __call__(self) -> RequestHandler:
        """A protocol for a new connection."""
        return _ClientConnection(self, self._loop)

    def count_connection(self) -> None:
        """One more client connection."""
        self._metrics.balancers[self.proxy.config.load_balancer.arn]["new_connections"] += 1

    async def open(self) -> None:
        """Bind and listen. Raises OSError (port taken) or ssl.SSLError (certificate unusable)."""
        config = self.proxy.config
        self._socket = await self._loop.create_server(
            self, config.host, config.port, ssl=_tls(config), backlog=BACKLOG, reuse_address=True
        )

    async def close(self) -> None:
        """Stop listening and cut every client connection."""
        if self._socket is not None:
            self._socket.close()
        await self.shutdown(timeout=SHUTDOWN_TIMEOUT)


def _tls(config: ListenerConfig) -> ssl.SSLContext | None:
    """TLS 1.2 or newer with the listener's certificate; OpenSSL reads it from a file only, which lives for a moment."""
    if config.protocol != "HTTPS" or config.certificate_pem is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    with tempfile.NamedTemporaryFile("w", suffix=".pem", delete=False) as file:
        file.write(config.certificate_pem)
    try:
        context.load_cert_chain(file.name)
    finally:
        Path(file.name).unlink()
    return context
