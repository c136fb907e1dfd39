# SPDX-License-Identifier: GPL-3.0-or-later
"""Release 1.0.0: items can be stored and read, / says hello in plain text."""

from __future__ import annotations

import sys

from aiohttp import web
from service import web as service

VERSION = "1.0.0"


async def _home(request: web.Request) -> web.Response:
    about = service.describe(request)
    return web.Response(text=f"Hello from {VERSION} ({about['color']}) at {about['address']}.\n")


def extend(app: web.Application) -> None:
    """Add what is this release's own."""
    app.router.add_get("/", _home)


if __name__ == "__main__":
    sys.exit(service.main(VERSION, extend))
