# SPDX-License-Identifier: GPL-3.0-or-later
"""The log of the AWS calls, and the faults that strike them: stands between the HTTP server and the API."""

from __future__ import annotations

import asyncio
import collections
import dataclasses
import itertools
import json
import re
import time
from typing import TYPE_CHECKING, Any

from aiohttp import web

from localcloud.control.callee import Callee, callee_of
from localcloud.control.faults import Faults, Rule, parse
from localcloud.control.lock import MOTO
from localcloud.control.named import named
from localcloud.control.refusals import refusal
from localcloud.iam.guard import ASKED

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.control.access import Keys
    from localcloud.control.server import Handler

#: Calls that the log keeps.
_KEPT = 100_000
#: Seconds between two looks at a call that is held.
_LOOK = 0.01
_APP_ID = re.compile(r"\bapp/(\S+)")


@dataclasses.dataclass(slots=True)
class Call:
    """status: HTTP status of the answer; None while there is none, and for good if none was given.

    named: what the request names, as far as the log keeps it (control/named.py). asked: what IAM was asked, if it was.
    """

    n: int
    time: float
    account: str
    access_key: str
    service: str
    operation: str
    app: str
    named: dict[str, str] = dataclasses.field(default_factory=dict)
    status: int | None = None
    fault: str | None = None
    asked: list[dict[str, Any]] = dataclasses.field(default_factory=list)


class Calls:
    """Answers requests, through the faults, and remembers them."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._faults = Faults()
        self._log: collections.deque[Call] = collections.deque(maxlen=_KEPT)
        self._numbers = itertools.count(1)
        self._held: dict[int, Call] = {}

    @property
    def routes(self) -> dict[tuple[str, str], Handler]:
        """The handlers of the admin API by method and path."""
        return {
            ("GET", "/_localcloud/faults"): self._get_faults,
            ("PUT", "/_localcloud/faults"): self._put_faults,
            ("DELETE", "/_localcloud/faults"): self._delete_faults,
            ("GET", "/_localcloud/calls"): self._get_calls,
            ("DELETE", "/_localcloud/calls"): self._delete_calls,
        }

    async def answer(
        self, request: web.Request, environ: dict[str, Any], body: bytes, work: Callable[[], web.Response]
    ) -> web.StreamResponse:
        """Answer one request by work(), unless a fault has it otherwise."""
        callee = callee_of(environ, body)
        if callee is None:
            return work()
        call, rule = self._register(callee, environ, body)
        if rule is None:
            response = work()
        else:
            call.fault = rule.kind
            response = await self._strike(request, callee, call, rule, work)
        call.asked = environ.get(ASKED, [])
        if request.transport is not None:
            call.status = response.status
        return response

    def _register(self, callee: Callee, environ: dict[str, Any], body: bytes) -> tuple[Call, Rule | None]:
        user_agent = environ.get("HTTP_USER_AGENT", "")
        with MOTO:
            account = self._keys.account_of(callee.access_key) or ""
        app = _APP_ID.search(user_agent)
        call = Call(
            n=next(self._numbers),
            time=round(time.time(), 3),
            account=account,
            access_key=callee.access_key,
            service=callee.service,
            operation=callee.operation,
            app=app[1] if app else "",
            named=named(callee.protocol, environ, body),
        )
        self._log.append(call)
        return call, self._faults.next(callee, account, user_agent)

    async def _strike(
        self, request: web.Request, callee: Callee, call: Call, rule: Rule, work: Callable[[], web.Response]
    ) -> web.Response:
        if rule.kind in ("throttle", "error"):
            return refusal(rule.kind, callee)
        if rule.kind == "hold":
            return work() if await self._released(request, call) else hang_up(request)
        if rule.kind in ("timeout", "slow"):
            await asyncio.sleep(rule.seconds)
        if rule.kind == "slow":
            return work()
        if rule.kind == "lost":
            work()
        return hang_up(request)

    async def _released(self, request: web.Request, call: Call) -> bool:
        """Wait for the end of the hold; False if the caller has gone before it."""
        self._held[call.n] = call
        try:
            while call.n in self._held:
                if request.transport is None or request.transport.is_closing():
                    return False
                await asyncio.sleep(_LOOK)
            return True
        finally:
            self._held.pop(call.n, None)

    async def _get_faults(self, request: web.Request) -> web.Response:  # noqa: ARG002
        rules = [dataclasses.asdict(rule) for rule in self._faults.rules]
        return web.json_response({"rules": rules, "held": [dataclasses.asdict(call) for call in self._held.values()]})

    async def _put_faults(self, request: web.Request) -> web.Response:
        try:
            rules = parse(json.loads(await request.text()))
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)
        self._faults.rules = rules
        return await self._get_faults(request)

    async def _delete_faults(self, request: web.Request) -> web.Response:
        self._faults.rules = []
        self._held.clear()
        return await self._get_faults(request)

    async def _get_calls(self, request: web.Request) -> web.Response:
        since = request.query.get("since", "0")
        if not since.isdecimal():
            return web.json_response({"error": "since must be the number of a call"}, status=400)
        return web.json_response([dataclasses.asdict(call) for call in self._log if call.n > int(since)])

    async def _delete_calls(self, request: web.Request) -> web.Response:  # noqa: ARG002
        self._log.clear()
        return web.json_response([])


def hang_up(request: web.Request) -> web.Response:
    """Close the connection; the response is nobody's."""
    if request.transport is not None:
        request.transport.close()
    return web.Response(status=500)
