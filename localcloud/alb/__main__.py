# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m localcloud.alb`: JSON lines in on stdin, JSON lines out on stdout, until stdin ends.

In: {"type": "config", ...}, the whole configuration each time it changes (config.parse_config). A line that cannot be
used is reported and changes nothing.
Out: {"type": "listening", "listener", "host", "port", "protocol"} for each opened listener;
{"type": "health", "target_groups": {ARN: [{"id", "port", "state", "reason", "description"}]}}, always all groups,
whenever anything in it changed; {"type": "metrics", "second", "target_groups", "load_balancers"} each second
(metrics.py); {"type": "error", "message"} for a line that cannot be used or a port that cannot be bound.
"""

from __future__ import annotations

import asyncio
import json

from localcloud.alb.config import ConfigError, parse_config
from localcloud.alb.plane import DataPlane
from localcloud.pipes import emit, serve


async def main() -> None:
    """Run until stdin ends or a termination signal comes."""
    plane = DataPlane(emit)

    async def take(line: bytes) -> None:
        try:
            await plane.apply(parse_config(json.loads(line)))
        except (ConfigError, json.JSONDecodeError) as error:
            emit({"type": "error", "message": f"configuration ignored: {error}"})

    await serve(plane, take, plane.report_metrics())


if __name__ == "__main__":
    asyncio.run(main())
