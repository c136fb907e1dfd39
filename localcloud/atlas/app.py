# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP side: fault, caller, version, rate limit, contract, operation, contract, in that order."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import logging
import time
from typing import TYPE_CHECKING, Any

from aiohttp import web
from werkzeug.datastructures import Headers

from localcloud.atlas import operations, versions
from localcloud.atlas.auth import READ_ONLY, Authenticator
from localcloud.atlas.contract import Contract, Operation, Response
from localcloud.atlas.faults import Fault, Faults
from localcloud.atlas.limits import Limiter
from localcloud.atlas.problems import ApiError
from localcloud.atlas.store import Delays, Project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from localcloud.atlas.auth import Principal

_LOG = logging.getLogger(__name__)
_PLAIN = "application/json"
#: What Atlas tells to owners of the project only (Administration API, "Return One Project Service Account").
_OWNERS = ("getServiceAccount", "listApiKeys")


@dataclasses.dataclass(slots=True)
class Atlas:
    """All of one local Atlas. clock: seconds, monotonic."""

    projects: dict[str, Project]
    auth: Authenticator
    limiter: Limiter
    delays: Delays = dataclasses.field(default_factory=Delays)
    contract: Contract = dataclasses.field(default_factory=Contract)
    faults: Faults = dataclasses.field(default_factory=Faults)
    deprecations: dict[str, versions.Deprecation] = dataclasses.field(default_factory=dict)
    clock: Callable[[], float] = time.monotonic

    @classmethod
    def build(cls, projects: Iterable[str], principals: Iterable[Principal]) -> Atlas:
        """An empty Atlas with these projects and credentials."""
        made = {project: Project(project) for project in projects}
        return cls(made, Authenticator(principals, time.monotonic), Limiter(time.monotonic))


@dataclasses.dataclass(frozen=True, slots=True)
class _Reply:
    """What goes out. body None: no body."""

    status: int
    body: Any = None
    kind: str = _PLAIN
    headers: dict[str, str] = dataclasses.field(default_factory=dict)

    def data(self) -> bytes:
        return b"" if self.body is None else json.dumps(self.body).encode()


class Api:
    """The one handler behind every path of the API."""

    def __init__(self, atlas: Atlas) -> None:
        self._atlas = atlas

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request. The body is read first: who answers without reading it hangs the client."""
        body = await request.read()
        found = self._atlas.contract.find(request.method, request.rel_url.raw_path)
        if found is None:
            problem = ApiError("RESOURCE_NOT_FOUND", f"{request.method} {request.path} is not here.")
            self._atlas.contract.note("request", "none", problem.detail)
            return _send(_refuse(problem))
        operation, path = found
        fault = self._atlas.faults.next(operation.id)
        if fault and fault.kind == "delay":
            await asyncio.sleep(fault.seconds)
        if fault and fault.kind == "drop":
            return _hang_up(request)
        reply = await self._reply(request, operation, path, body, fault)
        self._check_reply(request, operation, path, body, reply)
        if fault and fault.kind == "lost":
            return _hang_up(request)
        return _send(reply)

    async def _reply(
        self, request: web.Request, operation: Operation, path: dict[str, str], body: bytes, fault: Fault | None
    ) -> _Reply:
        headers: dict[str, str] = {}
        try:
            if fault and fault.kind == "error":
                raise ApiError(fault.code, "A fault was asked for.", status=fault.status, headers=dict(fault.headers))
            if operation.id == "createToken":
                return self._token(request, operation, body)
            project = self._project(request, operation, path)
            version = ""
            if operation.versioned:
                deprecation = self._atlas.deprecations.get(operation.id)
                version, warnings = versions.negotiate(operation.id, request.headers.get("Accept", ""), deprecation)
                headers |= warnings
            headers |= self._atlas.limiter.take(operation.template, project.id)
            status, answer = self._run(request, operation, project, path, body)
        except ApiError as problem:
            return _refuse(problem, headers)
        kind = f"application/vnd.atlas.{version}+json" if version else _PLAIN
        return _Reply(status, answer, kind, headers)

    def _token(self, request: web.Request, operation: Operation, body: bytes) -> _Reply:
        self._check_request(request, operation, {}, body)
        token, seconds = self._atlas.auth.mint(request.headers.get("Authorization", ""))
        return _Reply(200, {"access_token": token, "token_type": "Bearer", "expires_in": int(seconds)})

    def _project(self, request: web.Request, operation: Operation, path: dict[str, str]) -> Project:
        uri = request.rel_url.raw_path_qs
        principal = self._atlas.auth.identify(request.method, uri, request.headers.get("Authorization", ""))
        project = self._atlas.projects.get(path["groupId"])
        if project is None:
            raise ApiError("GROUP_NOT_FOUND", f"No project with id {path['groupId']} exists.")
        if principal.project != project.id:
            raise ApiError("USER_UNAUTHORIZED", f"These credentials have no role in project {project.id}.")
        if principal.role == READ_ONLY and request.method != "GET":
            raise ApiError("USER_UNAUTHORIZED", f"Role {principal.role} may only read.")
        if principal.role == READ_ONLY and operation.id in _OWNERS:
            raise ApiError("USER_UNAUTHORIZED", f"Role {principal.role} may not see who else has a role.")
        return project

    def _run(
        self, request: web.Request, operation: Operation, project: Project, path: dict[str, str], body: bytes
    ) -> operations.Answer:
        self._check_request(request, operation, path, body)
        given = json.loads(body) if body else None
        atlas = self._atlas
        accounts, keys = (atlas.auth.of_project(kind, project.id) for kind in ("oauth", "digest"))
        call = operations.Call(project, path, request.query, given, atlas.clock(), atlas.delays, accounts, keys)
        return operations.run(operation.id, call)

    def _check_request(self, request: web.Request, operation: Operation, path: dict[str, str], body: bytes) -> None:
        contract = self._atlas.contract
        asked = contract.request(operation, path, request.query, request.content_type, body)
        problem = contract.check_request(operation, asked)
        if problem:
            raise ApiError("INVALID_ATTRIBUTE", problem)

    def _check_reply(
        self, request: web.Request, operation: Operation, path: dict[str, str], body: bytes, reply: _Reply
    ) -> None:
        if reply.status in (202, 204):
            return
        contract = self._atlas.contract
        asked = contract.request(operation, path, request.query, request.content_type, body)
        answered = Response(reply.status, reply.kind, reply.data(), Headers(reply.headers))
        problem = contract.check_response(operation, asked, answered)
        if problem:
            _LOG.error("%s: the response breaks the contract: %s", operation.id, problem)


def _refuse(problem: ApiError, headers: dict[str, str] | None = None) -> _Reply:
    return _Reply(problem.status, problem.body(), _PLAIN, (headers or {}) | problem.headers)


def _send(reply: _Reply) -> web.Response:
    headers = reply.headers | ({} if reply.body is None else {"Content-Type": reply.kind})
    return web.Response(status=reply.status, body=reply.data(), headers=headers)


def _hang_up(request: web.Request) -> web.StreamResponse:
    """Close the connection without an answer."""
    if request.transport is not None:
        request.transport.close()
    return web.Response(status=500)
