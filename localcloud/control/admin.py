# SPDX-License-Identifier: GPL-3.0-or-later
"""The admin API of the local cloud, under /_localcloud/ of the AWS endpoint; no part of AWS."""

from __future__ import annotations

import asyncio
import json
import math
from typing import TYPE_CHECKING, Any

from aiohttp import web

from localcloud.control.edge_board import EDGE
from localcloud.ecs.native.clock import CLOCK

if TYPE_CHECKING:
    from localcloud.control.bridge import Bridge
    from localcloud.control.edge_bridge import EdgeBridge
    from localcloud.control.server import Handler
    from localcloud.ecs.controller import Controller
    from localcloud.settings import Settings


#: Each setting's least value in seconds.
_SETTINGS = {"weight_delay": 0.0, "invalidation_delay": 0.0, "minute": 0.01}


class Admin:
    """Handlers for status and the settings that can change at run time."""

    def __init__(self, settings: Settings, bridge: Bridge, edge: EdgeBridge, controller: Controller) -> None:
        self._settings, self._bridge, self._edge, self._controller = settings, bridge, edge, controller

    @property
    def routes(self) -> dict[tuple[str, str], Handler]:
        """The handlers by method and path."""
        return {
            ("GET", "/_localcloud/status"): self._status,
            ("GET", "/_localcloud/traffic"): self._traffic,
            ("GET", "/_localcloud/settings"): self._get_settings,
            ("PUT", "/_localcloud/settings"): self._put_settings,
        }

    async def _status(self, request: web.Request) -> web.Response:  # noqa: ARG002
        return web.json_response(await asyncio.to_thread(self._gather))

    def _gather(self) -> dict[str, Any]:
        return {
            "network": self._settings.network,
            "accounts": [{"name": item.name, "id": item.id} for item in self._settings.accounts],
            "listeners": self._bridge.listeners(),
            "sites": self._edge.sites(),
            "ecs": self._controller.status(),
        }

    async def _traffic(self, request: web.Request) -> web.Response:  # noqa: ARG002
        return web.json_response(await asyncio.to_thread(self._bridge.traffic))

    async def _get_settings(self, request: web.Request) -> web.Response:  # noqa: ARG002
        return web.json_response(
            {
                "weight_delay": self._bridge.weight_delay,
                "invalidation_delay": EDGE.invalidation_delay,
                "minute": CLOCK.minute,
            }
        )

    async def _put_settings(self, request: web.Request) -> web.Response:
        try:
            wanted = _parse_settings(await request.text())
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)
        if "weight_delay" in wanted:
            self._bridge.set_weight_delay(wanted["weight_delay"])
        if "invalidation_delay" in wanted:
            EDGE.invalidation_delay = wanted["invalidation_delay"]
        if "minute" in wanted:
            CLOCK.minute = wanted["minute"]
        return await self._get_settings(request)


def _is_seconds(value: Any, least: float) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and least <= value <= 3600


def _parse_settings(text: str) -> dict[str, float]:
    """The wanted settings of a PUT; ValueError says in one line what is wrong."""
    wanted = json.loads(text)
    if not isinstance(wanted, dict):
        raise ValueError('the body must be an object such as {"weight_delay": 5}')
    if unknown := set(wanted) - set(_SETTINGS):
        raise ValueError(f"unknown setting {min(unknown)!r}; there is {' and '.join(_SETTINGS)}")
    for name, delay in wanted.items():
        if not _is_seconds(delay, _SETTINGS[name]):
            raise ValueError(f"{name} must be {_SETTINGS[name]:g} to 3600 seconds")
    return {name: float(value) for name, value in wanted.items()}
