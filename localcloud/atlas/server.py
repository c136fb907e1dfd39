# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts a local Atlas together and serves it until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import os
import re
import signal
import sys
from typing import TYPE_CHECKING

from aiohttp import web

from localcloud.atlas import tls
from localcloud.atlas.admin import Admin
from localcloud.atlas.app import Api, Atlas
from localcloud.atlas.identities import Identity
from localcloud.atlas.lifecycle import Lifecycle
from localcloud.guest import turned_away

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
    from pathlib import Path

    from localcloud.atlas.aws import Aws

type _Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_LOOPBACK = re.compile(r"(127(\.\d{1,3}){3}|localhost)(:\d+)?")
_LOG = logging.getLogger(__name__)


def build(accounts: Iterable[str]) -> Atlas:
    """An empty Atlas with a project for each AWS account."""
    identities = [Identity.of(account) for account in accounts]
    principals = [principal for identity in identities for principal in identity.principals()]
    return Atlas.build([identity.project for identity in identities], principals)


def application(atlas: Atlas, aws: Aws) -> web.Application:
    """The web application; its lifecycle runs as long as it does."""
    app = web.Application(client_max_size=1 << 20, middlewares=[_only_by_address])
    app.add_routes(Admin(atlas).routes())
    app.router.add_route("*", "/{path:.*}", Api(atlas).handle)
    lifecycle = Lifecycle(atlas.projects.values(), aws, atlas.delays, atlas.clock)

    async def run_lifecycle(_app: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(lifecycle.run())
        task.add_done_callback(_die_with)
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    app.cleanup_ctx.append(run_lifecycle)
    return app


@web.middleware
async def _only_by_address(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """A web page that gets a name of its own to lead to loopback must not reach what has no authentication."""
    if turned_away(request.transport):
        raise web.HTTPForbidden
    if request.path.startswith("/_atlas/") and not _LOOPBACK.fullmatch(request.headers.get("Host", "")):
        raise web.HTTPForbidden(text="ask for it by its loopback address")
    return await handler(request)


def _die_with(task: asyncio.Task[None]) -> None:
    """A lifecycle that breaks is a bug: end the process, which the supervisor reports, instead of standing still."""
    if not task.cancelled() and task.exception() is not None:
        _LOG.critical("the lifecycle broke", exc_info=task.exception())
        os._exit(1)


def _watch_stdin(stopped: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        stopped.set()


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where to listen; port 0 picks one. with_stdin: stop when standard input ends. ready: a descriptor or -1.

    proxy_port: of the way to https://cloud.mongodb.com. folder: where its CA's certificate goes.
    """

    host: str
    port: int
    proxy_port: int
    folder: Path
    with_stdin: bool = False
    ready: int = -1


async def serve_tls(runner: web.AppRunner, place: Place) -> int:
    """Also serve as https://cloud.mongodb.com, behind a proxy; the proxy's port."""
    before = len(runner.addresses)
    await web.TCPSite(runner, place.host, 0, ssl_context=tls.make_context(place.folder)).start()
    proxy = tls.Proxy(place.host, runner.addresses[before][1])
    server = await asyncio.start_server(proxy.handle, place.host, place.proxy_port)
    port: int = server.sockets[0].getsockname()[1]
    return port


async def serve(atlas: Atlas, aws: Aws, place: Place) -> None:
    """Serve until SIGTERM or SIGINT, or until standard input ends."""
    runner = web.AppRunner(application(atlas, aws), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, place.host, place.port).start()
    url = "http://{}:{}".format(*runner.addresses[0][:2])
    await serve_tls(runner, place)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    if place.with_stdin:
        loop.add_reader(sys.stdin.fileno(), _watch_stdin, stopped)
    print(url, flush=True)
    if place.ready >= 0:
        os.write(place.ready, b"ready")
        os.close(place.ready)
    await stopped.wait()
    await runner.cleanup()
