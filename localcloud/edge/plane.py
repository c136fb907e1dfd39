# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge: keeps sites and their listeners equal to the last configuration, and carries out invalidations."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from localcloud.alb.upstream import target_tls
from localcloud.edge.config import Config, Site
from localcloud.edge.context import Emit, Shared
from localcloud.edge.origins import Pools
from localcloud.edge.server import Listener
from localcloud.edge.site import SiteProxy

_INTERVAL = 2.0  # seconds between two reports of access logs, and two looks at idle connections to origins
_IDLE = 30.0  # seconds; "Keep-alive timeout (custom and VPC origins only)" is 5 by default, and 60 at most


class Edge:
    """All sites of one process. Use from one event loop."""

    def __init__(self, emit: Emit) -> None:
        """emit takes output messages."""
        self._emit = emit
        self._loop = asyncio.get_running_loop()
        self._shared = Shared(Pools(), Config(), target_tls(), emit)
        self._listeners: dict[str, Listener] = {}

    async def apply(self, config: Config) -> None:
        """Take over a configuration. A distribution that stays keeps what it has cached."""
        for problem in config.problems:
            if problem not in self._shared.config.problems:
                self._emit({"type": "error", "message": problem})
        self._shared.config = config
        for site_id in [
            key for key, item in self._listeners.items() if _reopens(item.proxy.site, config.sites.get(key))
        ]:
            await self._listeners.pop(site_id).close()
        for site_id, site in config.sites.items():
            if site_id in self._listeners:
                self._listeners[site_id].proxy.change(site)
            else:
                await self._open(site)

    async def _open(self, site: Site) -> None:
        listener = Listener(SiteProxy(site, self._shared))
        try:
            await listener.open()
        except OSError as error:
            self._emit({"type": "error", "message": f"distribution {site.id}: {site.host}:{site.port}: {error}"})
            return
        self._listeners[site.id] = listener
        self._emit({"type": "listening", "distribution": site.id, "host": site.host, "port": site.port})

    def invalidate(self, message: Mapping[str, Any]) -> None:
        """Drop what an invalidation names, and say so."""
        listener = self._listeners.get(message["distribution"])
        dropped = listener.proxy.invalidate(message["paths"]) if listener else 0
        self._emit(
            {"type": "invalidated", "id": message["id"], "distribution": message["distribution"], "dropped": dropped}
        )

    async def upkeep(self) -> None:
        """Report access logs and close idle connections to origins now and then; runs until cancelled."""
        while True:
            await asyncio.sleep(_INTERVAL)
            self._shared.pools.prune(self._loop.time() - _IDLE)
            self.report()

    def report(self) -> None:
        """Hand on the records since the last report, of access logs and web ACLs."""
        for site_id, listener in self._listeners.items():
            journal = listener.proxy.state.journal
            for kind, records in (("access", journal.take()), ("waf", journal.take_judged())):
                if records:
                    self._emit({"type": kind, "distribution": site_id, "records": records})

    async def close(self) -> None:
        """Close everything at once."""
        self.report()
        await asyncio.gather(*(listener.close() for listener in self._listeners.values()))
        self._shared.pools.close()


def _reopens(site: Site, wanted: Site | None) -> bool:
    return wanted is None or (wanted.host, wanted.port) != (site.host, site.port)
