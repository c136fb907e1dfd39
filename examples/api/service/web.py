# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP server: routes that every release has, the headers on each answer, and a stop that drops nobody.

Behind an ALB the order of a stop is: ECS deregisters the target, the load balancer stops choosing it and lets the
requests in flight end (deregistration delay), and only then ECS sends SIGTERM
(docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html, DEACTIVATING before STOPPING).
So /healthz stays 200 until the end: the load balancer no longer asks, and failing it earlier would only make a task
that is merely stopping look broken. What is left to do at SIGTERM is to close kept-alive connections politely.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable

from aiohttp import web

from service import jobs, llm, settings, storage

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
SETTINGS = web.AppKey("settings", settings.Settings)
VERSION = web.AppKey("version", str)
# How long a stopping server still answers on open connections, each answer saying that the connection closes, before
# it closes the idle ones itself. A client that is about to reuse a connection hears "close" instead of a reset.
QUIET_SECONDS = 1.0


class Life:
    """Whether the process is stopping."""

    stopping = False


LIFE = web.AppKey("life", Life)


def build(version: str, given: settings.Settings) -> web.Application:
    """The application of release VERSION with the routes that all releases share."""
    app = web.Application(middlewares=[_identify], client_max_size=1024 * 1024)
    app[SETTINGS], app[VERSION], app[LIFE] = given, version, Life()
    app.on_response_prepare.append(_head)
    app.router.add_get("/healthz", _health)
    app.router.add_get("/version", _version)
    # As the application in the browser asks: the distribution hands /api/* on as it is.
    app.router.add_get("/api/version", _version)
    storage.attach(app, given.bucket)
    llm.attach(app, given.providers)
    return app


def describe(request: web.Request) -> dict[str, str]:
    """Which release answers, in which color, from which image and task address."""
    return {
        "version": request.app[VERSION],
        "color": request.app[SETTINGS].color,
        "digest": request.app[SETTINGS].digest,
        "address": _own_address(request),
    }


def _own_address(request: web.Request) -> str:
    """The address that this connection came in on: the task's own, whatever the server listens on."""
    name = request.transport.get_extra_info("sockname") if request.transport else None
    return f"{name[0]}:{name[1]}" if name else "unknown"


async def _health(_: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


async def _version(request: web.Request) -> web.Response:
    return web.json_response(describe(request))


async def _head(request: web.Request, response: web.StreamResponse) -> None:
    response.headers["X-Slipway-Color"] = request.app[SETTINGS].color
    response.headers["X-Slipway-Version"] = request.app[VERSION]
    if request.app[LIFE].stopping:
        response.force_close()
        response.headers["Connection"] = "close"


@web.middleware
async def _identify(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Errors as JSON, so that every answer of the service has one shape; what went wrong inside goes to the log."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        kept = {name: value for name, value in error.headers.items() if name == "Allow"}
        return web.json_response({"error": error.text or error.reason}, status=error.status, headers=kept)
    except storage.StorageError as error:
        return web.json_response({"error": str(error)}, status=error.status)


def main(version: str, extend: Callable[[web.Application], None]) -> int:
    """Run release VERSION until SIGTERM or SIGINT; EXTEND adds what is its own. Exit status 0, or 2 if unstartable.

    With an argument, the job of that name runs instead.
    """
    if sys.argv[1:]:
        return jobs.main(version, sys.argv[1])
    try:
        given = settings.read(os.environ)
    except settings.SettingsError as error:
        print(f"api {version}: {error}", file=sys.stderr)
        return 2
    app = build(version, given)
    extend(app)
    try:
        asyncio.run(_serve(app, given))
    except OSError as error:
        print(f"api {version}: cannot listen on {given.host}:{given.port}: {error.strerror}", file=sys.stderr)
        return 2
    return 0


async def _serve(app: web.Application, given: settings.Settings) -> None:
    """Listen until told to stop, then go quietly: answer with Connection: close, then finish what is in flight."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    # Longer than the load balancer's idle timeout (60 s): the side that reuses connections must be the one to close
    # them, or it would now and then send a request into a connection that has just gone.
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=75.0, shutdown_timeout=given.grace)
    await runner.setup()
    try:
        await web.TCPSite(runner, given.host, given.port, backlog=1024).start()
        print(f"api {app[VERSION]} ({given.color}) listens on {given.host}:{given.port}", flush=True)
        await stop.wait()
        app[LIFE].stopping = True
        print("stopping: finishing the requests in flight", flush=True)
        await asyncio.sleep(QUIET_SECONDS)
    finally:
        await runner.cleanup()
    print("stopped", flush=True)
