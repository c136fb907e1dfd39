# SPDX-License-Identifier: GPL-3.0-or-later
"""Listening sockets of sites, and the viewers' side of the connections.

"Quotas" of CloudFront: a request with its headers and query string is at most 32,768 bytes, a URL 8,192.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging

from aiohttp import web
from aiohttp.http_exceptions import LineTooLong
from aiohttp.web_protocol import RequestHandler

from localcloud.alb.proxy import done
from localcloud.edge.site import SiteProxy
from localcloud.guest import turned_away

MAX_LINE = 8 * 1024
MAX_FIELD = 20 * 1024
BACKLOG = 1024
KEEPALIVE = 60.0  # seconds
SHUTDOWN_TIMEOUT = 0.05  # seconds for requests in flight when a distribution is deleted

logger = logging.getLogger("localcloud.edge")


class _ViewerConnection(RequestHandler):
    """aiohttp's server protocol with CloudFront's answers to what it could not parse or what failed inside."""

    def __init__(self, server: Listener, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            server,
            loop=loop,
            keepalive_timeout=KEEPALIVE,
            access_log=None,  # type: ignore[arg-type]  # None is documented; aiohttp's annotation lacks it
            max_line_size=MAX_LINE,
            max_field_size=MAX_FIELD,
            max_headers=1000,
            auto_decompress=False,
            logger=logger,
        )
        self._listener = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Serve this machine only."""
        if not turned_away(transport):
            super().connection_made(transport)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - aiohttp's signature; its text is not CloudFront's
    ) -> web.StreamResponse:
        """Answer what aiohttp could not hand to the site (400, 414), or what failed there (500)."""
        if isinstance(exc, LineTooLong) and exc.args[1] == MAX_LINE:
            status = 414
        if status >= 500:
            logger.error("request failed inside the edge", exc_info=exc)
        with contextlib.suppress(ConnectionError):
            self._listener.proxy.error(request, status, "Bad request.")
        return done(keep_alive=False)


class Listener(web.Server):
    """One listening socket and its site."""

    def __init__(self, proxy: SiteProxy) -> None:
        super().__init__(proxy, handler_cancellation=True)
        self.proxy = proxy
        self._socket: asyncio.Server | None = None

    def __call__(self) -> RequestHandler:
        """A protocol for a new connection."""
        return _ViewerConnection(self, self._loop)

    async def open(self) -> None:
        """Bind and listen. Raises OSError."""
        site = self.proxy.site
        self._socket = await self._loop.create_server(self, site.host, site.port, backlog=BACKLOG, reuse_address=True)

    async def close(self) -> None:
        """Stop listening and cut every connection."""
        if self._socket is not None:
            self._socket.close()
        await self.shutdown(timeout=SHUTDOWN_TIMEOUT)
