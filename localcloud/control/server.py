# SPDX-License-Identifier: GPL-3.0-or-later
"""Serves a WSGI application over keep-alive HTTP/1.1.

moto's own server (werkzeug's) closes the connection after each answer, which costs a converge of hundreds of calls a
connection and a thread each. aiohttp does the HTTP.
"""

from __future__ import annotations

import asyncio
import io
import logging
import re
import sys
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from aiohttp import web
from moto.core.request import (
    PRESERVED_HEADER_NAMES_ENVIRON_KEY,
    environ_key_for_header,
    should_preserve_original_header_name,
)
from multidict import CIMultiDict

from localcloud.guest import turned_away

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from localcloud.control.calls import Calls

log = logging.getLogger(__name__)

#: S3 objects come through here.
_BODY_LIMIT = 1 << 30

#: The Host headers that are answered.
_LOOPBACK = re.compile(r"(127(\.\d{1,3}){3}|localhost)(:\d+)?")

type WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """A WSGI application at an address, in a thread of its own, with native handlers for some paths."""

    def __init__(
        self,
        host: str,
        port: int,
        app: WsgiApp,
        routes: Mapping[tuple[str, str], Handler],
        calls: Calls | None = None,
    ) -> None:
        self._host, self._port, self._app, self._routes, self._calls = host, port, app, routes, calls
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._started = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)

    def start(self) -> None:
        """Listen; raises OSError when the address cannot be had."""
        self._thread.start()
        self._started.wait()
        if self._error:
            raise self._error

    def stop(self) -> None:
        """Stop listening and drop what is in work."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(2)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        application = web.Application(client_max_size=_BODY_LIMIT, middlewares=[_only_by_address])
        for (method, path), handler in self._routes.items():
            application.router.add_route(method, path, handler)
        application.router.add_route("*", "/{path:.*}", self._handle)
        # auto_decompress off: moto undoes what a client compressed, and S3 stores the bytes as they come.
        runner = web.AppRunner(
            application, access_log=None, auto_decompress=False, handler_cancellation=False, shutdown_timeout=0.2
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
        except OSError as error:
            self._error = error
            return
        finally:
            self._started.set()
        await self._stop.wait()
        await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        # In the loop itself: requests run one at a time anyway (lock.py), and a hand-over to a thread and back costs
        # more than most of them when the machine is busy.
        body = await request.read()
        environ = make_environ(request, body)
        if self._calls is None:
            return call(self._app, environ)
        return await self._calls.answer(request, environ, body, lambda: call(self._app, environ))


@web.middleware
async def _only_by_address(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse requests that name another host than this address, and peers that are elsewhere.

    A web page could have its own name resolve to loopback and call this API from the browser as its own site.
    """
    if turned_away(request.transport):
        raise web.HTTPForbidden
    if not _LOOPBACK.fullmatch(request.host):
        return web.Response(status=403, text="the local cloud answers by its loopback address only\n")
    return await handler(request)


def call(app: WsgiApp, environ: dict[str, Any]) -> web.Response:
    """Run the application for one request and gather its answer."""
    head: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:  # noqa: ARG001
        head[:] = [status, headers]

    chunks = app(environ, start_response)
    try:
        body = b"".join(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close:
            close()
    status, headers = head
    # HEAD on an S3 object tells the length of what is not sent; all other lengths are those of the body.
    skip = {"connection", "transfer-encoding"} | ({"content-length"} if environ["REQUEST_METHOD"] != "HEAD" else set())
    answer_headers = CIMultiDict((name, value) for name, value in headers if name.lower() not in skip)
    return web.Response(status=int(status.split(" ", 1)[0]), body=body, headers=answer_headers)


def make_environ(request: web.Request, body: bytes) -> dict[str, Any]:
    """The WSGI environment (PEP 3333) of a request, in the form that moto's Flask applications expect."""
    path, _, query = request.raw_path.partition("?")
    host, port = request.transport.get_extra_info("sockname") if request.transport else ("", 0)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        # The path before decoding, which S3 keys with %2F need; both are what werkzeug's server sets.
        "REQUEST_URI": request.raw_path,
        "RAW_URI": request.raw_path,
        "REMOTE_ADDR": request.remote or "",
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    _add_headers(environ, request)
    return environ


def _add_headers(environ: dict[str, Any], request: web.Request) -> None:
    names: dict[str, str] = {}
    for name, value in request.headers.items():
        lower = name.lower()
        if lower in ("content-length", "transfer-encoding"):
            continue  # the body was read whole
        if lower == "content-type":
            environ["CONTENT_TYPE"] = value
            continue
        key = environ_key_for_header(name) if "_" in name else f"HTTP_{name.upper().replace('-', '_')}"
        if should_preserve_original_header_name(name):
            names.setdefault(key, name)
        elif "_" in name:
            continue  # WSGI cannot tell X_Foo from X-Foo: only what moto asks for is let through
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    environ[PRESERVED_HEADER_NAMES_ENVIRON_KEY] = names
