# SPDX-License-Identifier: GPL-3.0-or-later
"""What an edge does with a viewer's request to one distribution.

In CloudFront's order: web ACL, country, behavior by path, viewer protocol, method, viewer-request function, cache,
origin, custom error page, compression, response headers policy, viewer-response function.

The listener speaks plain HTTP and stands for HTTPS, as loopback stands for TLS in all of the local cloud: a request is
taken for one that came by HTTPS, so that `redirect-to-https` and `https-only` leave the site reachable. A viewer that
says `X-Forwarded-Proto: http` is treated as one that came by HTTP.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import time
from collections.abc import Iterable

from aiohttp import web

from localcloud.alb.proxy import done
from localcloud.edge import answers, function_event
from localcloud.edge.asking import Asker
from localcloud.edge.cache_key import Key, Parts, key_of, parse_cookies
from localcloud.edge.config import Site
from localcloud.edge.context import Asked, Shared, State
from localcloud.edge.function_event import Generated
from localcloud.edge.functions import FunctionError
from localcloud.edge.lifetime import lifetime
from localcloud.edge.sending import FUNCTION_FAILED, Sender
from localcloud.edge.store import Entry, Store
from localcloud.edge.waf import Verdict, WebAcl

_BLOCKED = "Request blocked."
_NO_METHOD = "This distribution is not configured to allow the HTTP request method that was used for this request."
_NO_COUNTRY = "The Amazon CloudFront distribution is configured to block access from your country."
_DISABLED = "The distribution is disabled."


class SiteProxy:
    """The handler of one distribution."""

    def __init__(self, site: Site, shared: Shared) -> None:
        self.store = Store()
        self.state = State(site, shared)
        self._sender = Sender(self.state)
        self._asker = Asker(self.state, self._sender)
        self._flights: dict[Key, asyncio.Future[Entry | None]] = {}
        self._asking: set[asyncio.Task[tuple[Entry, str]]] = set()
        self._acl = WebAcl(site.web_acl) if site.web_acl else None

    @property
    def site(self) -> Site:
        """The configuration in force."""
        return self.state.site

    def change(self, site: Site) -> None:
        """Take over a configuration; what is kept stays, rates of an unchanged web ACL too."""
        before = self.site
        self.state.change(site)
        if site.web_acl != before.web_acl:
            self._acl = WebAcl(site.web_acl) if site.web_acl else None
        if site.behaviors != before.behaviors:
            self.store.forget_rendered()

    def invalidate(self, paths: Iterable[str]) -> int:
        """Drop objects; who comes from now on does not wait for what was asked for before. The number dropped."""
        self._flights.clear()
        return self.store.invalidate(paths)

    def error(self, request: web.BaseRequest, status: int, message: str) -> web.StreamResponse:
        """The answer to a request that could not be read."""
        return self._sender.error(request, status, message)

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        try:
            return await self._respond(request)
        except ConnectionError:
            return done(keep_alive=False)

    async def _respond(self, request: web.BaseRequest) -> web.StreamResponse:
        trace, parts = answers.request_id(), _parts(request)
        ip = request.remote or "0.0.0.0"  # noqa: S104 - a client gone already has no address
        behavior = self.site.behavior(parts.path)
        asked = Asked(request, ip, trace, behavior, parts, parts, time.monotonic())
        refused = self._refused(asked)
        if refused is not None:
            return refused
        arn = behavior.viewer_request
        if arn is not None:
            try:
                changed = self._call_request_function(arn, asked)
            except FunctionError as error:
                return self._function_failed(asked, arn, error)
            if isinstance(changed, Generated):
                return self._generated(asked, changed)
            asked = dataclasses.replace(asked, parts=changed)
        if parts.method in behavior.cached and behavior.cache.caches:
            return await self._cached(asked)
        return await self._asker.pass_on(asked)

    def _refused(self, asked: Asked) -> web.StreamResponse | None:
        """The answer to a request that gets no further; None for others."""
        parts, behavior = asked.parts, asked.behavior
        if not self.site.enabled:
            return self._sender.error(asked.request, 403, _DISABLED, asked.trace)
        if self._acl is not None:
            verdict = self._acl.verdict(asked.ip, parts, time.monotonic())
            if self.site.waf_logging and (verdict.counted or verdict.rule != "Default_Action"):
                self.state.journal.judge(asked.request, verdict.blocked, verdict.rule, verdict.counted, asked.trace)
            if verdict.blocked:
                return self._blocked(asked, verdict)
        if self.site.geo.behavior != "all" and not self.site.geo.takes(
            parts.headers.get("cloudfront-viewer-country", "").upper()
        ):
            return self._sender.error(asked.request, 403, _NO_COUNTRY, asked.trace)
        if parts.headers.get("x-forwarded-proto") == "http" and behavior.viewer_protocol != "allow-all":
            return self._by_http(asked)
        if parts.method not in behavior.allowed:
            return self._sender.error(asked.request, 403, _NO_METHOD, asked.trace)
        return None

    def _by_http(self, asked: Asked) -> web.StreamResponse:
        """The answer to a viewer who should have come by HTTPS."""
        if asked.behavior.viewer_protocol == "https-only":
            return self._sender.error(asked.request, 403, "Bad request.", asked.trace)
        target = f"https://{asked.parts.headers.get('host', self.site.domain)}{asked.request.raw_path}"
        status = 301 if asked.parts.method in ("GET", "HEAD") else 307
        body = answers.error_body(status, "Moved.", asked.trace)
        headers = answers.error_headers(body) | {"location": target}
        return self._sender.send(asked, status, headers, body, answers.REDIRECT)

    def _call_request_function(self, arn: str, asked: Asked) -> Parts | Generated:
        event = function_event.event(
            "viewer-request", self.site.domain, self.site.id, asked.ip, asked.trace, asked.parts
        )
        return function_event.request_of(self.state.runner(arn).run(json.dumps(event)), asked.parts)

    def _function_failed(self, asked: Asked, arn: str, error: FunctionError) -> web.StreamResponse:
        """A function that cannot be run or throws is a 503 ("Troubleshooting error responses", 503)."""
        self.state.function_failed(arn, error)
        return self._sender.error(asked.request, 503, FUNCTION_FAILED, asked.trace)

    def _generated(self, asked: Asked, made: Generated) -> web.StreamResponse:
        headers = {"content-length": str(len(made.body)), **made.headers}
        headers = self._sender.final_headers(asked, headers)
        return self._sender.send(asked, made.status, headers, made.body, answers.GENERATED, made.cookies)

    async def _cached(self, asked: Asked) -> web.StreamResponse:
        key = key_of(asked.parts, asked.behavior.cache)
        now = time.monotonic()
        entry = self.store.get(key)
        if entry is not None and entry.fresh(now):
            return self._sender.serve(asked, entry, answers.HIT if entry.status < 400 else answers.ERROR)
        if entry is not None and entry.status < 400 and entry.over(now) < entry.life.revalidated:
            self._begin(key, asked, entry)
            return self._sender.serve(asked, entry, answers.HIT)
        flight = self._flights.get(key)
        if flight is not None:
            # Request collapsing: one request to the origin at a time for one object.
            shared = await asyncio.shield(flight)
            if shared is not None:
                return self._sender.serve(asked, shared, answers.HIT if shared.status < 400 else answers.ERROR)
            entry = self.store.get(key)
        return await self._fly(key, asked, entry)

    async def _fly(self, key: Key, asked: Asked, stale: Entry | None) -> web.StreamResponse:
        """Ask the origin, and answer with what comes."""
        entry, x_cache = await asyncio.shield(self._begin(key, asked, stale))
        return self._sender.serve(asked, entry, x_cache)

    def _begin(self, key: Key, asked: Asked, stale: Entry | None) -> asyncio.Task[tuple[Entry, str]]:
        """Start asking the origin, in a task of its own: the object is fetched even if its first viewer leaves."""
        flight: asyncio.Future[Entry | None] = asyncio.get_running_loop().create_future()
        self._flights.setdefault(key, flight)
        task = asyncio.create_task(self._ask(key, asked, stale))
        self._asking.add(task)

        def landed(done_task: asyncio.Task[tuple[Entry, str]]) -> None:
            self._asking.discard(done_task)
            if self._flights.get(key) is flight:
                del self._flights[key]
            failed = done_task.cancelled() or done_task.exception() is not None
            flight.set_result(None if failed or not done_task.result()[0].life.keep else done_task.result()[0])

        task.add_done_callback(landed)
        return task

    async def _ask(self, key: Key, asked: Asked, stale: Entry | None) -> tuple[Entry, str]:
        epoch = self.store.epoch
        fetched = await self._asker.fetch(asked, stale)
        now = time.monotonic()
        if stale is not None and fetched.status == 304:
            entry = self._refreshed(asked, stale, fetched.headers, now)
            self._keep(key, entry, epoch)
            return entry, answers.REFRESH
        if stale is not None and stale.status < 400 and fetched.status >= 500 and stale.over(now) < stale.life.on_error:
            return stale, answers.HIT
        entry = self._asker.entry(asked, key, fetched, now)
        if fetched.status >= 400:
            entry = await self._asker.error_page(asked, entry)
        self._keep(key, entry, epoch)
        return entry, answers.MISS if entry.status < 400 and fetched.status < 400 else answers.ERROR

    def _refreshed(self, asked: Asked, stale: Entry, told: dict[str, str], now: float) -> Entry:
        """The object with what a 304 says about it (RFC 9111, section 4.3.4)."""
        news = {name: value for name, value in told.items() if not name.startswith("content-") and name != "etag"}
        headers = stale.headers | news
        life = lifetime(stale.status, headers, asked.behavior.cache, self.site.errors, time.time())
        return Entry(stale.status, headers, stale.body, life, now, tags=stale.tags, cookies=stale.cookies)

    def _keep(self, key: Key, entry: Entry, epoch: int) -> None:
        if entry.life.keep:
            self.store.put(key, entry, epoch)
        elif epoch == self.store.epoch:
            self.store.drop(key)

    # Answers

    def _blocked(self, asked: Asked, verdict: Verdict) -> web.StreamResponse:
        body = verdict.body
        if body is None:
            body = answers.error_body(verdict.status, _BLOCKED, asked.trace)
        headers = answers.error_headers(body) | {"content-type": verdict.content_type, **dict(verdict.headers)}
        return self._sender.send(asked, verdict.status, headers, body, answers.ERROR)


def _parts(request: web.BaseRequest) -> Parts:
    target = request.raw_path
    if not target.startswith("/") and "://" in target:
        target = "/" + target.partition("://")[2].partition("/")[2]
    path, _, query = target.partition("#")[0].partition("?")
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        lower = name.lower()
        headers[lower] = f"{headers[lower]}, {value}" if lower in headers else value
    return Parts(request.method, path, query, headers, parse_cookies(headers.get("cookie", "")))
