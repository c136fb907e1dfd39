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
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from localcloud.alb.exchange import Exchange, TargetError, TruncatedError, write
from localcloud.alb.proxy import done
from localcloud.edge import answers, function_event, origins, response_headers
from localcloud.edge.cache_key import (
    Key,
    Parts,
    forwards_host,
    key_of,
    origin_cookies,
    origin_headers,
    origin_query,
    parse_cookies,
)
from localcloud.edge.compression import compressed
from localcloud.edge.config import Behavior, Config, Site
from localcloud.edge.function_event import Generated
from localcloud.edge.functions import FunctionError, Runner
from localcloud.edge.lifetime import lifetime
from localcloud.edge.origins import Fetched, OriginError, Place, Pools
from localcloud.edge.store import Entry, Store
from localcloud.edge.waf import Verdict, WebAcl

type Emit = Callable[[Mapping[str, Any]], None]

_BLOCKED = "Request blocked."
_NO_METHOD = "This distribution is not configured to allow the HTTP request method that was used for this request."
_NO_COUNTRY = "The Amazon CloudFront distribution is configured to block access from your country."
_NO_ORIGIN = "CloudFront wasn't able to connect to the origin."
_FUNCTION = "The CloudFront function associated with the CloudFront distribution is invalid or could not run."
_DISABLED = "The distribution is disabled."


@dataclass(slots=True)
class Shared:
    """What sites share: connections, the configuration, output."""

    pools: Pools
    config: Config
    tls: object
    emit: Emit


@dataclass(frozen=True, slots=True)
class Asked:
    """A request under way. before: as the viewer sent it; parts: as the function left it."""

    request: web.BaseRequest
    ip: str
    trace: str
    behavior: Behavior
    before: Parts
    parts: Parts


class SiteProxy:
    """The handler of one distribution."""

    def __init__(self, site: Site, shared: Shared) -> None:
        self.site = site
        self.store = Store()
        self._shared = shared
        self._flights: dict[Key, asyncio.Future[Entry | None]] = {}
        self._asking: set[asyncio.Task[tuple[Entry, str]]] = set()
        self._runners: dict[str, Runner | FunctionError] = {}
        self._acl = WebAcl(site.web_acl) if site.web_acl else None
        self.requests = 0

    def change(self, site: Site) -> None:
        """Take over a configuration; what is kept stays, rates of an unchanged web ACL too."""
        before, self.site = self.site, site
        if site.functions != before.functions:
            self._runners.clear()
        if site.web_acl != before.web_acl:
            self._acl = WebAcl(site.web_acl) if site.web_acl else None
        if site.behaviors != before.behaviors:
            self.store.forget_rendered()

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        try:
            return await self._respond(request)
        except ConnectionError:
            return done(keep_alive=False)

    async def _respond(self, request: web.BaseRequest) -> web.StreamResponse:
        self.requests += 1
        trace, parts = answers.request_id(), _parts(request)
        ip = request.remote or "0.0.0.0"  # noqa: S104 - a client gone already has no address
        behavior = self.site.behavior(parts.path)
        asked = Asked(request, ip, trace, behavior, parts, parts)
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
            asked = Asked(request, ip, trace, behavior, parts, changed)
        if parts.method in behavior.cached and behavior.cache.caches:
            return await self._cached(asked)
        return await self._passed(asked)

    def _refused(self, asked: Asked) -> web.StreamResponse | None:
        """The answer to a request that gets no further; None for others."""
        parts, behavior = asked.parts, asked.behavior
        if not self.site.enabled:
            return self.error(asked.request, 403, _DISABLED, asked.trace)
        if self._acl is not None:
            verdict = self._acl.verdict(asked.ip, parts, time.monotonic())
            if verdict.blocked:
                return self._blocked(asked, verdict)
        if self.site.geo.behavior != "all" and not self.site.geo.takes(
            parts.headers.get("cloudfront-viewer-country", "").upper()
        ):
            return self.error(asked.request, 403, _NO_COUNTRY, asked.trace)
        if parts.headers.get("x-forwarded-proto") == "http" and behavior.viewer_protocol != "allow-all":
            if behavior.viewer_protocol == "https-only":
                return self.error(asked.request, 403, "Bad request.", asked.trace)
            target = f"https://{parts.headers.get('host', self.site.domain)}{asked.request.raw_path}"
            status = 301 if parts.method in ("GET", "HEAD") else 307
            body = answers.error_body(status, "Moved.", asked.trace)
            headers = answers.error_headers(body) | {"location": target}
            return self._send(asked, status, headers, body, answers.REDIRECT)
        if parts.method not in behavior.allowed:
            return self.error(asked.request, 403, _NO_METHOD, asked.trace)
        return None

    # Functions

    def _runner(self, arn: str) -> Runner:
        found = self._runners.get(arn)
        if found is None:
            function = self.site.functions.get(arn)
            try:
                if function is None:
                    raise FunctionError("the function is not published")
                found = Runner(function.code, function.runtime)
            except FunctionError as error:
                found = error
            self._runners[arn] = found
        if isinstance(found, FunctionError):
            raise found
        return found

    def _call_request_function(self, arn: str, asked: Asked) -> Parts | Generated:
        event = function_event.event(
            "viewer-request", self.site.domain, self.site.id, asked.ip, asked.trace, asked.parts
        )
        return function_event.request_of(self._runner(arn).run(json.dumps(event)), asked.parts)

    def _function_failed(self, asked: Asked, arn: str, error: FunctionError) -> web.StreamResponse:
        """A function that cannot be run or throws is a 503 ("Troubleshooting error responses", 503)."""
        self._shared.emit({"type": "error", "message": f"{self.site.id}: function {arn}: {error}"})
        return self.error(asked.request, 503, _FUNCTION, asked.trace)

    def _generated(self, asked: Asked, made: Generated) -> web.StreamResponse:
        headers = {"content-length": str(len(made.body)), **made.headers}
        headers = response_headers.apply(asked.behavior.response, headers, asked.before.headers.get("origin", ""))
        return self._send(asked, made.status, headers, made.body, answers.GENERATED, made.cookies)

    # The cache

    async def _cached(self, asked: Asked) -> web.StreamResponse:
        key = key_of(asked.parts, asked.behavior.cache)
        now = time.monotonic()
        entry = self.store.get(key)
        if entry is not None and entry.fresh(now):
            return self._serve(asked, entry, answers.HIT if entry.status < 400 else answers.ERROR)
        if entry is not None and entry.status < 400 and entry.over(now) < entry.life.revalidated:
            self._begin(key, asked, entry)
            return self._serve(asked, entry, answers.HIT)
        flight = self._flights.get(key)
        if flight is not None:
            # Request collapsing: one request to the origin at a time for one object.
            shared = await asyncio.shield(flight)
            if shared is not None:
                return self._serve(asked, shared, answers.HIT if shared.status < 400 else answers.ERROR)
            entry = self.store.get(key)
        return await self._fly(key, asked, entry)

    async def _fly(self, key: Key, asked: Asked, stale: Entry | None) -> web.StreamResponse:
        """Ask the origin, and answer with what comes."""
        entry, x_cache = await asyncio.shield(self._begin(key, asked, stale))
        return self._serve(asked, entry, x_cache)

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
        fetched = await self._fetch(asked, stale)
        now = time.monotonic()
        if stale is not None and fetched.status == 304:
            # What a 304 says about the object holds from now on (RFC 9111, section 4.3.4).
            told = {
                name: value
                for name, value in fetched.headers.items()
                if not name.startswith("content-") and name != "etag"
            }
            headers = stale.headers | told
            life = lifetime(stale.status, headers, asked.behavior.cache, self.site.errors, time.time())
            entry = Entry(stale.status, headers, stale.body, life, now, tags=stale.tags)
            self._keep(key, entry, epoch)
            return entry, answers.REFRESH
        if stale is not None and stale.status < 400 and fetched.status >= 500 and stale.over(now) < stale.life.on_error:
            return stale, answers.HIT
        entry = self._entry(asked, key, fetched, now)
        if fetched.status >= 400:
            entry = await self._error_page(asked, entry)
        self._keep(key, entry, epoch)
        return entry, answers.MISS if entry.status < 400 and fetched.status < 400 else answers.ERROR

    def _keep(self, key: Key, entry: Entry, epoch: int) -> None:
        if entry.life.keep:
            self.store.put(key, entry, epoch)
        elif epoch == self.store.epoch:
            self.store.drop(key)

    def _entry(self, asked: Asked, key: Key, fetched: Fetched, now: float) -> Entry:
        headers, body = fetched.headers, fetched.body
        headers.setdefault("content-length", str(len(body)))
        life = lifetime(fetched.status, headers, asked.behavior.cache, self.site.errors, time.time())
        if asked.behavior.compress:
            headers, body = compressed(fetched.status, headers, body, key.encoding)
        age = headers.get("age", "")
        tags = headers.get(self.site.tag_header.lower(), "") if self.site.tag_header else ""
        return Entry(
            fetched.status,
            headers,
            body,
            life,
            now,
            float(age) if age.isdecimal() else 0.0,
            frozenset(tag.strip().lower() for tag in tags.split(",") if tag.strip()),
            fetched.cookies,
        )

    async def _fetch(self, asked: Asked, stale: Entry | None) -> Fetched:
        """The origin's answer, or CloudFront's own error in its place."""
        place = self._place(asked.behavior)
        if place is None:
            return self._own_error(502, _NO_ORIGIN, asked.trace)
        if asked.behavior.origin.bucket and forwards_host(asked.behavior):
            return _foreign_host()
        conditions = []
        if stale is not None and stale.status < 400:
            if stale.headers.get("etag"):
                conditions.append(("if-none-match", stale.headers["etag"].removeprefix("W/")))
            elif stale.headers.get("last-modified"):
                conditions.append(("if-modified-since", stale.headers["last-modified"]))
        method = "OPTIONS" if asked.parts.method == "OPTIONS" else "GET"
        head = self._origin_head(asked, place, method, conditions)
        try:
            return await origins.fetch(place, method, head)
        except OriginError as error:
            return self._own_error(error.status, _NO_ORIGIN, asked.trace)

    def _own_error(self, status: int, message: str, trace: str) -> Fetched:
        body = answers.error_body(status, message, trace)
        return Fetched(status, answers.error_headers(body), (), body)

    async def _error_page(self, asked: Asked, entry: Entry) -> Entry:
        """The custom error page for this status, by its own behavior's origin; the error itself if that fails too."""
        page = self.site.errors.get(entry.status)
        if page is None or not page.path:
            return entry
        behavior = self.site.behavior(page.path)
        parts = Parts("GET", page.path, "", {}, ())
        inner = Asked(asked.request, asked.ip, asked.trace, behavior, parts, parts)
        key = key_of(Parts("GET", page.path, "", asked.parts.headers, ()), behavior.cache)
        fetched = await self._fetch(inner, None)
        if fetched.status >= 400:
            return entry
        found = self._entry(inner, key, fetched, entry.stored)
        found.status, found.life = int(page.status or entry.status), entry.life
        return found

    # The origin

    def _place(self, behavior: Behavior) -> Place | None:
        shared = self._shared
        return shared.pools.place(behavior.origin, self.site.arn, self.site.account, shared.config, shared.tls)

    def _origin_head(self, asked: Asked, place: Place, method: str, more: list[tuple[str, str]]) -> bytes:
        parts, behavior = asked.parts, asked.behavior
        path = f"/{self.site.root}" if parts.path == "/" and self.site.root else parts.path
        query = origin_query(parts, behavior)
        own = [*behavior.origin.headers, ("x-amz-cf-id", asked.trace), ("via", f"1.1 {self.site.domain} (CloudFront)")]
        own += [("user-agent", "Amazon CloudFront")] if not _takes(behavior, "user-agent") else []
        forwarded = asked.before.headers.get("x-forwarded-for")
        own.append(("x-forwarded-for", f"{forwarded}, {asked.ip}" if forwarded else asked.ip))
        own += [(name, value) for name, value in _cloudfront_headers(asked).items() if _takes(behavior, name)]
        cookies = origin_cookies(parts, behavior)
        own += [("cookie", cookies)] if cookies else []
        encoding = key_of(parts, behavior.cache).encoding
        own += [("accept-encoding", encoding)] if encoding else []
        headers = [*origin_headers(parts, behavior, own), *place.fixed, *more]
        host = (
            parts.headers.get("host", place.host)
            if forwards_host(behavior) and not behavior.origin.bucket
            else place.host
        )
        return origins.request_head(method, f"{place.prefix}{path}{'?' + query if query else ''}", host, headers)

    async def _passed(self, asked: Asked) -> web.StreamResponse:
        """Pass a request on whose answer is not kept, and its answer back, both as they come."""
        request, place = asked.request, self._place(asked.behavior)
        if place is None:
            return self.error(request, 502, _NO_ORIGIN, asked.trace)
        more = [
            (name, asked.before.headers[name])
            for name in ("range", "if-none-match", "if-modified-since", "if-match", "content-length")
            if name in asked.before.headers
        ]
        if request.body_exists and "content-length" not in asked.before.headers:
            more.append(("transfer-encoding", "chunked"))
        head = self._origin_head(asked, place, request.method, more)
        if request.headers.get("Expect", "").lower() == "100-continue":
            write(request, b"HTTP/1.1 100 Continue\r\n\r\n")
        exchange = Exchange(request, head, place.pool, place.timeout)
        try:
            answer = await exchange.send()
            if answer.message.code in self.site.errors and self.site.errors[answer.message.code].path:
                return await self._passed_error(
                    asked, answer.message.code, origins.plain_headers(answer.message.raw_headers)[0]
                )
            headers, cookies = origins.plain_headers(answer.message.raw_headers)
            headers = response_headers.apply(asked.behavior.response, headers, asked.before.headers.get("origin", ""))
            x_cache = answers.MISS if answer.message.code < 400 else answers.ERROR
            headers |= {"x-cache": x_cache, "via": f"1.1 {self.site.domain} (CloudFront)", "x-amz-cf-id": asked.trace}
            pairs = [*headers.items(), *(("set-cookie", cookie) for cookie in cookies)]
            raw = tuple((name.encode("latin-1"), value.encode("utf-8", "surrogateescape")) for name, value in pairs)
            return done(await exchange.relay(answer, [], raw))
        except TargetError as failure:
            status = failure.status if failure.status in (400, 408, 504) else 502
            return self.error(request, status, _NO_ORIGIN, asked.trace)
        except TruncatedError:
            if request.transport is not None:
                request.transport.abort()
            return done(keep_alive=False)
        finally:
            exchange.abort()

    async def _passed_error(self, asked: Asked, status: int, headers: dict[str, str]) -> web.StreamResponse:
        policy = asked.behavior.cache
        life = lifetime(status, headers, policy, self.site.errors, time.time())
        body = answers.error_body(status, answers.reason(status), asked.trace)
        bare = Entry(status, answers.error_headers(body), body, life, time.monotonic())
        return self._serve(asked, await self._error_page(asked, bare), answers.ERROR)

    # Answers

    def _serve(self, asked: Asked, entry: Entry, x_cache: str) -> web.StreamResponse:
        """Send an object: whole, a part of it, or that the viewer has it already."""
        wants = asked.before.headers
        behavior = asked.behavior
        if (
            entry.status == 200
            and ("if-none-match" in wants or "if-modified-since" in wants)
            and answers.not_modified(entry.headers.get("etag", ""), entry.headers.get("last-modified", ""), wants)
        ):
            headers = self._final_headers(asked, answers.headers_of_304(entry.headers))
            return self._send(asked, 304, headers, b"", x_cache, age=self._age(entry, x_cache))
        if entry.status == 200 and "range" in wants:
            part = self._part(asked, entry, x_cache)
            if part is not None:
                return part
        if behavior.viewer_response is not None and entry.status < 400:
            return self._through_function(asked, entry, x_cache, behavior.viewer_response)
        if response_headers.varies_by_origin(behavior.response) and "origin" in wants:
            headers = self._final_headers(asked, entry.headers)
            return self._send(
                asked, entry.status, headers, entry.body, x_cache, entry.cookies, age=self._age(entry, x_cache)
            )
        head = entry.rendered
        if head is None or head[0] is not behavior.response:
            rendered = answers.static_head(entry.status, self._final_headers(asked, entry.headers), entry.cookies)
            head = entry.rendered = (behavior.response, rendered)
        return self._write(asked, head[1], entry.body, x_cache, self._age(entry, x_cache))

    def _age(self, entry: Entry, x_cache: str) -> int | None:
        return int(time.monotonic() - entry.stored + entry.age) if x_cache is answers.HIT else None

    def _final_headers(self, asked: Asked, headers: dict[str, str]) -> dict[str, str]:
        return response_headers.apply(asked.behavior.response, headers, asked.before.headers.get("origin", ""))

    def _part(self, asked: Asked, entry: Entry, x_cache: str) -> web.StreamResponse | None:
        condition = asked.before.headers.get("if-range")
        if condition and condition not in (entry.headers.get("etag"), entry.headers.get("last-modified")):
            return None
        size = len(entry.body)
        try:
            span = answers.byte_range(asked.before.headers["range"], size)
        except ValueError:
            headers = {"content-range": f"bytes */{size}", "content-length": "0"}
            return self._send(asked, 416, headers, b"", answers.ERROR)
        if span is None:
            return None
        first, last = span
        headers = self._final_headers(asked, entry.headers) | {
            "content-range": f"bytes {first}-{last}/{size}",
            "content-length": str(last - first + 1),
        }
        return self._send(asked, 206, headers, entry.body[first : last + 1], x_cache, age=self._age(entry, x_cache))

    def _through_function(self, asked: Asked, entry: Entry, x_cache: str, arn: str) -> web.StreamResponse:
        """viewer-response: may change status and headers; is not called when the origin's status is 400 or more."""
        headers = self._final_headers(asked, entry.headers)
        event = function_event.event(
            "viewer-response", self.site.domain, self.site.id, asked.ip, asked.trace, asked.parts
        )
        event["response"] = function_event.response_part(entry.status, headers)
        try:
            made = function_event.generated(json.loads(self._runner(arn).run(json.dumps(event))))
        except FunctionError as error:
            return self._function_failed(asked, arn, error)
        changed = made.headers | {"content-length": str(len(entry.body))}
        cookies = (*entry.cookies, *made.cookies)
        return self._send(asked, made.status, changed, entry.body, x_cache, cookies, age=self._age(entry, x_cache))

    def _blocked(self, asked: Asked, verdict: Verdict) -> web.StreamResponse:
        body = verdict.body
        if body is None:
            body = answers.error_body(verdict.status, _BLOCKED, asked.trace)
        headers = answers.error_headers(body) | {"content-type": verdict.content_type, **dict(verdict.headers)}
        return self._send(asked, verdict.status, headers, body, answers.ERROR)

    def error(self, request: web.BaseRequest, status: int, message: str, trace: str = "") -> web.StreamResponse:
        """One of CloudFront's own errors; after 400 the connection closes."""
        body = answers.error_body(status, message, trace)
        alive = request.keep_alive and status != 400
        head = answers.static_head(status, answers.error_headers(body))
        head += answers.own_head(answers.ERROR, self.site.domain, trace, keep_alive=alive)
        write(request, head + (b"" if request.method == "HEAD" else body))
        return done(alive)

    def _send(
        self,
        asked: Asked,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        x_cache: str,
        cookies: tuple[str, ...] = (),
        age: int | None = None,
    ) -> web.StreamResponse:
        return self._write(asked, answers.static_head(status, headers, cookies), body, x_cache, age)

    def _write(self, asked: Asked, head: bytes, body: bytes, x_cache: str, age: int | None) -> web.StreamResponse:
        request = asked.request
        alive = request.keep_alive
        head += answers.own_head(x_cache, self.site.domain, asked.trace, keep_alive=alive, age=age)
        write(request, head if request.method == "HEAD" else head + body)
        return done(alive)


def _foreign_host() -> Fetched:
    """S3's answer when a policy sends the viewer's Host along: it is not the host that was signed."""
    body = b"<Error><Code>SignatureDoesNotMatch</Code><Message>The request signature does not match.</Message></Error>"
    return Fetched(403, {"content-type": "application/xml", "content-length": str(len(body))}, (), body)


def _takes(behavior: Behavior, name: str) -> bool:
    return behavior.cache.headers.takes(name) or behavior.request.headers.takes(name)


def _cloudfront_headers(asked: Asked) -> dict[str, str]:
    """Headers that CloudFront adds where a policy names them ("Add CloudFront request headers")."""
    return {
        "cloudfront-forwarded-proto": "https",
        "cloudfront-viewer-address": f"{asked.ip}:0",
        "cloudfront-is-mobile-viewer": "false",
        "cloudfront-is-desktop-viewer": "true",
        "cloudfront-viewer-http-version": "1.1",
    }


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
