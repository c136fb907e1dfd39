# SPDX-License-Identifier: GPL-3.0-or-later
"""Not Atlas: how tests and the curious look into the local Atlas and change how it behaves, under /_atlas/.

GET /_atlas/status                 calls by operation, contract violations, what each project holds
PUT /_atlas/delays                 {"request": s, ...}, as in store.Delays
PUT /_atlas/limits                 {"capacity": n, "refill": n per second, "retry_after": true}
PUT /_atlas/deprecations           {operationId: {"deprecated": date, "sunset": date, "gone": false}}
PUT /_atlas/faults                 [{"operation", "kind", "calls", "status", "code", "headers", "seconds"}]
POST /_atlas/forget-tokens         every token and nonce is over
PATCH /_atlas/peers/ID             {"statusName", "errorStateName"}: put a peer into a state
PATCH /_atlas/access/PROJECT       {"entry": ENTRY, "status": STATUS}: put an entry into a state
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from aiohttp import web

from localcloud.atlas import access
from localcloud.atlas.faults import Fault
from localcloud.atlas.versions import Deprecation

if TYPE_CHECKING:
    from localcloud.atlas.app import Atlas


class Admin:
    """The handlers under /_atlas/."""

    def __init__(self, atlas: Atlas) -> None:
        self._atlas = atlas

    def routes(self) -> list[web.RouteDef]:
        """For the application's router."""
        return [
            web.get("/_atlas/status", self._status),
            web.put("/_atlas/delays", self._delays),
            web.put("/_atlas/limits", self._limits),
            web.put("/_atlas/deprecations", self._deprecations),
            web.put("/_atlas/faults", self._faults),
            web.post("/_atlas/forget-tokens", self._forget),
            web.patch("/_atlas/peers/{peer}", self._peer),
            web.patch("/_atlas/access/{project}", self._access),
        ]

    async def _status(self, _request: web.Request) -> web.Response:
        atlas = self._atlas
        projects = {
            project.id: {
                "containers": [container.view() for container in project.containers.values()],
                "peers": [peer.view() for peer in project.peers.values()],
                "access": {key: entry.status for key, entry in project.access.items()},
                "clusters": {name: cluster.state for name, cluster in project.clusters.items()},
                "users": ["/".join(key) for key in project.users],
            }
            for project in atlas.projects.values()
        }
        violations = {"count": atlas.contract.count.total(), "last": list(atlas.contract.violations)}
        return web.json_response({"calls": atlas.faults.calls, "violations": violations, "projects": projects})

    async def _delays(self, request: web.Request) -> web.Response:
        given = await _object(request)
        names = {field.name for field in dataclasses.fields(self._atlas.delays)}
        if unknown := set(given) - names:
            raise web.HTTPBadRequest(text=f"unknown delay {min(unknown)}")
        for name, value in given.items():
            setattr(self._atlas.delays, name, float(value))
        return web.json_response(dataclasses.asdict(self._atlas.delays))

    async def _limits(self, request: web.Request) -> web.Response:
        given = await _object(request)
        self._atlas.limiter.configure(
            float(given["capacity"]), float(given["refill"]), retry_after=bool(given.get("retry_after", True))
        )
        return web.json_response({})

    async def _deprecations(self, request: web.Request) -> web.Response:
        given = await _object(request)
        self._atlas.deprecations = {operation: Deprecation(**value) for operation, value in given.items()}
        return web.json_response({})

    async def _faults(self, request: web.Request) -> web.Response:
        try:
            self._atlas.faults.set([Fault.parse(fault) for fault in await request.json()])
        except ValueError as error:
            raise web.HTTPBadRequest(text=str(error)) from error
        return web.json_response({})

    async def _forget(self, _request: web.Request) -> web.Response:
        self._atlas.auth.forget()
        return web.json_response({})

    async def _peer(self, request: web.Request) -> web.Response:
        given = await _object(request)
        for project in self._atlas.projects.values():
            peer = project.peers.get(request.match_info["peer"])
            if peer:
                peer.status = given.get("statusName", peer.status)
                peer.error = given.get("errorStateName", peer.error)
                return web.json_response(peer.view())
        raise web.HTTPNotFound(text="no such peer")

    async def _access(self, request: web.Request) -> web.Response:
        given = await _object(request)
        entry = access.find(self._atlas.projects[request.match_info["project"]], given["entry"])
        entry.status = given["status"]
        return web.json_response({entry.value: entry.status})


async def _object(request: web.Request) -> dict[str, Any]:
    given = await request.json()
    if not isinstance(given, dict):
        raise web.HTTPBadRequest(text="a JSON object is needed")
    return given
