# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m localcloud.edge`: JSON lines in on stdin, JSON lines out on stdout, until stdin ends.

In: {"type": "config", ...}, the whole configuration each time it changes (config.parse_config);
{"type": "invalidate", "id", "distribution", "paths"}, which drops objects at once. A line that cannot be used is
reported and changes nothing.
Out: {"type": "listening", "distribution", "host", "port"} for each opened listener; {"type": "invalidated", "id",
"distribution", "dropped"}; {"type": "access" or "waf", "distribution", "records"} with the log of the last seconds
(journal.py) where a distribution or its web ACL has one; {"type": "error", "message"}.
"""

from __future__ import annotations

import asyncio
import json

from localcloud.edge.config import ConfigError, parse_config
from localcloud.edge.plane import Edge
from localcloud.pipes import emit, serve


async def main() -> None:
    """Run until stdin ends or a termination signal comes."""
    edge = Edge(emit)

    async def take(line: bytes) -> None:
        try:
            message = json.loads(line)
            if message["type"] == "invalidate":
                edge.invalidate(message)
            else:
                await edge.apply(parse_config(message))
        except (ConfigError, json.JSONDecodeError, KeyError, TypeError) as error:
            emit({"type": "error", "message": f"line ignored: {error}"})

    await serve(edge, take, edge.upkeep())


if __name__ == "__main__":
    asyncio.run(main())
