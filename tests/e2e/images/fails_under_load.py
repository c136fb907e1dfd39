# SPDX-License-Identifier: GPL-3.0-or-later
"""The example's release 2.0.0 with a leak: healthy and right at first, from its --after N-th request on it answers 500.

Health checks do not count and never fail, so that nothing but real traffic shows what is wrong.
"""

from __future__ import annotations

import argparse
import itertools
import runpy
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "api"


def main(after: int) -> int:
    """Serve."""
    sys.path.insert(0, str(EXAMPLE))
    release = runpy.run_path(str(EXAMPLE / "releases" / "2.0.0" / "main.py"))
    count = itertools.count(1)

    @web.middleware
    async def leak(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path != "/healthz" and next(count) > after:
            return web.json_response({"error": "no connection left in the pool"}, status=500)
        return await handler(request)

    def extend(app: web.Application) -> None:
        release["extend"](app)
        app.middlewares.append(leak)

    return int(release["service"].main(release["VERSION"], extend))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--after", type=int, required=True)
    given = parser.parse_args()
    # The release takes what follows for a job of its own.
    del sys.argv[1:]
    sys.exit(main(given.after))
