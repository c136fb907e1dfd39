# SPDX-License-Identifier: GPL-3.0-or-later
"""What a listener does with a request: match a rule, then answer, redirect or forward it.

Order of decisions, as on AWS ("Action types for listener rules", "Target groups"): the rule, then the target group by
weight (a group stickiness cookie wins), then a target inside that group. There is no second choice: an empty group
answers 503 however many healthy targets the other group has.

`Expect: 100-continue` is answered at once and not passed on ("How Elastic Load Balancing works"); TRACE gets 405.

Not modelled: WebSockets and any other upgrade (the Upgrade header is dropped, so the target answers as to a plain
request), HTTP/2 and gRPC, authentication actions, Lambda targets, mutual TLS, WAF, access logs, slow start, zones.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from aiohttp import web

from localcloud.alb.config import FixedResponse, Forward, ListenerConfig, Redirect, TargetKey
from localcloud.alb.cookies import GROUP_COOKIE, TARGET_COOKIE, read_cookie, set_cookies
from localcloud.alb.exchange import Exchange, TargetError, TruncatedError, write
from localcloud.alb.headers import Hop, request_head
from localcloud.alb.metrics import Metrics
from localcloud.alb.responses import html_body, response
from localcloud.alb.routing import Facts, Headers, RuleSchedule, choose_group, redirect_location
from localcloud.alb.targets import Group, Target
from localcloud.alb.upstream import Pool


class Done:
    """What a handler returns to aiohttp's server once it has written the response itself."""

    def __init__(self, keep_alive: bool) -> None:
        self.keep_alive = keep_alive

    async def prepare(self, request: web.BaseRequest) -> None:
        """Nothing left to prepare."""

    async def write_eof(self) -> None:
        """Nothing left to write."""


def done(keep_alive: bool) -> web.StreamResponse:
    """`Done` under the type that aiohttp's server asks for; it uses no more of it than `Done` has."""
    return cast(web.StreamResponse, Done(keep_alive))


@dataclass(frozen=True, slots=True)
class Backends:
    """What listeners share: target groups by ARN, connections, counters, and a source of numbers in [0, 1)."""

    groups: Mapping[str, Group]
    pool: Callable[[Target], Pool]
    metrics: Metrics
    random: Callable[[], float]


class ListenerProxy:
    """The handler of one listener."""

    def __init__(self, config: ListenerConfig, schedule: RuleSchedule, backends: Backends) -> None:
        """`schedule` holds the rules in force; `config.rules` may not be yet."""
        self.config = config
        self.schedule = schedule
        self._backends = backends

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request; a client that leaves early is counted (460 in AWS's access log)."""
        try:
            return await self._respond(request)
        except asyncio.CancelledError:
            self._count("client_closed")
            raise
        except ConnectionError:
            self._count("client_closed")
            return done(keep_alive=False)

    async def _respond(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.method == "TRACE":
            return self.error(request, 405)
        facts = self._facts(request)
        if request.headers.get("Expect", "").lower() == "100-continue":
            write(request, b"HTTP/1.1 100 Continue\r\n\r\n")
        rule = self.schedule.active.match(facts)
        if rule is None:
            return self.error(request, 503)
        action = rule.action
        if isinstance(action, Forward):
            return await self._forward(request, facts, action)
        if isinstance(action, FixedResponse):
            return self._fixed(request, action)
        return self._redirect(request, facts, action)

    def _facts(self, request: web.BaseRequest) -> Facts:
        target = request.raw_path
        if not target.startswith("/") and "://" in target:
            # Absolute form, as a client sends it to a proxy: the rest after the authority counts.
            target = "/" + target.partition("://")[2].partition("/")[2]
        path, _, query = target.partition("#")[0].partition("?")
        return Facts(
            method=request.method,
            host=request.headers.get("Host", ""),
            path=path,
            query=query,
            source_ip=request.remote or "0.0.0.0",  # noqa: S104 - a client gone already has no address
            headers=cast(Headers, request.headers),
        )

    def _fixed(self, request: web.BaseRequest, action: FixedResponse) -> web.StreamResponse:
        self._count("fixed_responses")
        return self._own(request, action.status, action.body.encode(), content_type=action.content_type)

    def _redirect(self, request: web.BaseRequest, facts: Facts, action: Redirect) -> web.StreamResponse:
        self._count("redirects")
        location = redirect_location(action, protocol=self.config.protocol, port=self.config.port, facts=facts)
        return self._own(request, action.status, html_body(action.status), headers=[("Location", location)])

    def error(self, request: web.BaseRequest, status: int, group: str | None = None) -> web.StreamResponse:
        """Answer with one of ALB's own errors, and count it; after 400, 408 and 414 the connection closes."""
        self._backends.metrics.elb_response(self.config.load_balancer.arn, group, status)
        return self._own(request, status, html_body(status), keep_alive=status not in (400, 408, 414))

    def _own(
        self,
        request: web.BaseRequest,
        status: int,
        body: bytes,
        *,
        content_type: str = "text/html",
        headers: list[tuple[str, str]] | None = None,
        keep_alive: bool = True,
    ) -> web.StreamResponse:
        alive = keep_alive and request.keep_alive
        head = request.method == "HEAD"
        write(
            request,
            response(status, body, content_type=content_type, headers=headers or (), keep_alive=alive, head=head),
        )
        return done(alive)

    async def _forward(self, request: web.BaseRequest, facts: Facts, action: Forward) -> web.StreamResponse:
        now = time.time()
        arn = choose_group(action, self._backends.random, _bound_group(facts, action, now))
        group = self._backends.groups.get(arn) if arn is not None else None
        target = group.pick(_bound_target(facts, group, now)) if group is not None else None
        if group is None or target is None:
            return self.error(request, 503, arn)
        cookies: list[tuple[str, str]] = []
        if action.sticky_seconds is not None:
            cookies += set_cookies(GROUP_COOKIE, [group.config.arn], action.sticky_seconds, now)
        if group.config.sticky:
            cookies += set_cookies(TARGET_COOKIE, target.key, group.config.cookie_seconds, now)
        target.in_flight += 1
        try:
            return await self._exchange(request, facts, target, cookies, now)
        finally:
            target.in_flight -= 1

    async def _exchange(
        self, request: web.BaseRequest, facts: Facts, target: Target, cookies: list[tuple[str, str]], now: float
    ) -> web.StreamResponse:
        metrics, balancer = self._backends.metrics, self.config.load_balancer
        metrics.target_chosen(balancer.arn, target.group)
        head = request_head(
            request.method,
            f"{facts.path}?{facts.query}" if facts.query else facts.path,
            request.raw_headers,
            Hop(facts.source_ip, self.config.protocol.lower(), self.config.port),
            now=now,
            drop_invalid=balancer.drop_invalid_headers,
            chunked=request.body_exists and "Content-Length" not in request.headers,
        )
        exchange = Exchange(request, head, self._backends.pool(target), balancer.idle_timeout)
        try:
            answer = await exchange.send()
            metrics.target_response(balancer.arn, target.group, answer.message.code, answer.seconds)
            return done(await exchange.relay(answer, cookies))
        except TargetError as failure:
            if failure.connecting:
                metrics.connection_error(balancer.arn, target.group)
            return self.error(request, failure.status, target.group)
        except TruncatedError:
            if request.transport is not None:
                request.transport.abort()
            return done(keep_alive=False)
        finally:
            exchange.abort()

    def _count(self, name: str) -> None:
        self._backends.metrics.balancers[self.config.load_balancer.arn][name] += 1


def _bound_group(facts: Facts, action: Forward, now: float) -> str | None:
    """The group that a valid stickiness cookie names, if the rule is sticky."""
    if action.sticky_seconds is None:
        return None
    values = read_cookie(GROUP_COOKIE, facts.headers.getall("Cookie", []), now)
    return str(values[0]) if values else None


def _bound_target(facts: Facts, group: Group, now: float) -> TargetKey | None:
    """The target that a valid stickiness cookie names, if the group is sticky."""
    if not group.config.sticky:
        return None
    values = read_cookie(TARGET_COOKIE, facts.headers.getall("Cookie", []), now)
    return TargetKey(str(values[0]), int(values[1])) if values and len(values) == 2 else None
