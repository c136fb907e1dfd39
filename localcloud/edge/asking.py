# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to the origin of a behavior: what is fetched to be kept, and what is passed on as it comes."""

from __future__ import annotations

import dataclasses
import time

from aiohttp import web

from localcloud.alb.exchange import Answer, Exchange, TargetError, TruncatedError, write
from localcloud.alb.proxy import done
from localcloud.edge import answers, origins
from localcloud.edge.cache_key import (
    Key,
    Parts,
    forwards_host,
    key_of,
    origin_cookies,
    origin_headers,
    origin_query,
)
from localcloud.edge.compression import compressed
from localcloud.edge.config import Behavior
from localcloud.edge.context import Asked, State
from localcloud.edge.lifetime import lifetime
from localcloud.edge.origins import Fetched, OriginError, Place
from localcloud.edge.sending import Sender
from localcloud.edge.store import Entry

NO_ORIGIN = "CloudFront wasn't able to connect to the origin."
_PASSED = ("range", "if-none-match", "if-modified-since", "if-match", "content-length")


class Asker:
    """Asks the origins of one distribution."""

    def __init__(self, state: State, sender: Sender) -> None:
        self._state, self._sender = state, sender

    async def fetch(self, asked: Asked, stale: Entry | None) -> Fetched:
        """The origin's answer, or CloudFront's own error in its place."""
        place = self._place(asked.behavior)
        if place is None:
            return self._own_error(502, NO_ORIGIN, asked.trace)
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
            return self._own_error(error.status, NO_ORIGIN, asked.trace)

    def _own_error(self, status: int, message: str, trace: str) -> Fetched:
        body = answers.error_body(status, message, trace)
        return Fetched(status, answers.error_headers(body), (), body)

    def entry(self, asked: Asked, key: Key, fetched: Fetched, now: float) -> Entry:
        """What was fetched as an object of the cache, compressed if it can be."""
        headers, body = fetched.headers, fetched.body
        headers.setdefault("content-length", str(len(body)))
        life = lifetime(fetched.status, headers, asked.behavior.cache, self._state.site.errors, time.time())
        if asked.behavior.compress:
            headers, body = compressed(fetched.status, headers, body, key.encoding)
        age = headers.get("age", "")
        tags = headers.get(self._state.site.tag_header.lower(), "") if self._state.site.tag_header else ""
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

    async def error_page(self, asked: Asked, entry: Entry) -> Entry:
        """The custom error page for this status, by its own behavior's origin; the error itself if that fails too."""
        page = self._state.site.errors.get(entry.status)
        if page is None or not page.path:
            return entry
        behavior = self._state.site.behavior(page.path)
        parts = Parts("GET", page.path, "", {}, ())
        inner = dataclasses.replace(asked, behavior=behavior, before=parts, parts=parts)
        key = key_of(Parts("GET", page.path, "", asked.parts.headers, ()), behavior.cache)
        fetched = await self.fetch(inner, None)
        if fetched.status >= 400:
            return entry
        found = self.entry(inner, key, fetched, entry.stored)
        found.status, found.life = int(page.status or entry.status), entry.life
        return found

    def _place(self, behavior: Behavior) -> Place | None:
        shared = self._state.shared
        return shared.pools.place(
            behavior.origin, self._state.site.arn, self._state.site.account, shared.config, shared.tls
        )

    def _origin_head(self, asked: Asked, place: Place, method: str, more: list[tuple[str, str]]) -> bytes:
        parts, behavior = asked.parts, asked.behavior
        path = f"/{self._state.site.root}" if parts.path == "/" and self._state.site.root else parts.path
        query = origin_query(parts, behavior)
        own = [
            *behavior.origin.headers,
            ("x-amz-cf-id", asked.trace),
            ("via", f"1.1 {self._state.site.domain} (CloudFront)"),
        ]
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

    async def pass_on(self, asked: Asked) -> web.StreamResponse:
        """Pass a request on whose answer is not kept, and its answer back, both as they come."""
        request, place = asked.request, self._place(asked.behavior)
        if place is None:
            return self._sender.error(request, 502, NO_ORIGIN, asked.trace)
        more = [(name, asked.before.headers[name]) for name in _PASSED if name in asked.before.headers]
        if request.body_exists and "content-length" not in asked.before.headers:
            more.append(("transfer-encoding", "chunked"))
        head = self._origin_head(asked, place, request.method, more)
        if request.headers.get("Expect", "").lower() == "100-continue":
            write(request, b"HTTP/1.1 100 Continue\r\n\r\n")
        exchange = Exchange(request, head, place.pool, place.timeout)
        try:
            answer = await exchange.send()
            page = self._state.site.errors.get(answer.message.code)
            if page is not None and page.path:
                return await self._page_instead(asked, answer)
            return await self._relay(asked, exchange, answer)
        except TargetError as failure:
            status = failure.status if failure.status in (400, 408, 504) else 502
            return self._sender.error(request, status, NO_ORIGIN, asked.trace)
        except TruncatedError:
            if request.transport is not None:
                request.transport.abort()
            return done(keep_alive=False)
        finally:
            exchange.abort()

    async def _relay(self, asked: Asked, exchange: Exchange, answer: Answer) -> web.StreamResponse:
        site, status = self._state.site, answer.message.code
        plain, cookies = origins.plain_headers(answer.message.raw_headers)
        x_cache = answers.MISS if status < 400 else answers.ERROR
        headers = self._sender.final_headers(asked, plain) | {
            "x-cache": x_cache,
            "via": f"1.1 {site.domain} (CloudFront)",
            "x-amz-cf-id": asked.trace,
        }
        pairs = [*headers.items(), *(("set-cookie", cookie) for cookie in cookies)]
        raw = tuple((name.encode("latin-1"), value.encode("utf-8", "surrogateescape")) for name, value in pairs)
        alive = await exchange.relay(answer, [], raw)
        if site.logging:
            length = headers.get("content-length", "")
            self._sender.record(asked, status, int(length) if length.isdecimal() else 0, x_cache)
        return done(alive)

    async def _page_instead(self, asked: Asked, answer: Answer) -> web.StreamResponse:
        """The custom error page in the place of an answer that would be passed on."""
        status = answer.message.code
        headers, _ = origins.plain_headers(answer.message.raw_headers)
        life = lifetime(status, headers, asked.behavior.cache, self._state.site.errors, time.time())
        body = answers.error_body(status, answers.reason(status), asked.trace)
        bare = Entry(status, answers.error_headers(body), body, life, time.monotonic())
        return self._sender.serve(asked, await self.error_page(asked, bare), answers.ERROR)


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
