# SPDX-License-Identifier: GPL-3.0-or-later
"""Release 2.0.0: items can be listed, and / is a page in the color that answers."""

from __future__ import annotations

import html
import sys

from aiohttp import web
from service import storage
from service import web as service

VERSION = "2.0.0"
LISTED = 100
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>api {version}</title>
<style>body{{margin:0;min-height:100vh;display:grid;place-content:center;font:1.1rem/1.6 system-ui,sans-serif;
color:#fff;background:{background}}}h1{{font-size:4rem;margin:0}}code{{opacity:.85;overflow-wrap:anywhere}}</style>
<h1>{version}</h1><p>The <b>{color}</b> color answers, from {address}.<p><code>{digest}</code>
</html>
"""
_BACKGROUNDS = {"blue": "#1d5fa8", "green": "#1f7a4d"}


async def _home(request: web.Request) -> web.Response:
    about = {name: html.escape(value) for name, value in service.describe(request).items()}
    page = _PAGE.format(**about, background=_BACKGROUNDS.get(about["color"], "#444"))
    return web.Response(text=page, content_type="text/html")


async def _items(request: web.Request) -> web.Response:
    return web.json_response({"items": await storage.of(request).names(LISTED)})


def extend(app: web.Application) -> None:
    """Add what is this release's own."""
    app.router.add_get("/", _home)
    app.router.add_get("/items", _items)


if __name__ == "__main__":
    sys.exit(service.main(VERSION, extend))
