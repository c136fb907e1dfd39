# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers to viewers: an object, a part of it, that the viewer has it already, or an error of CloudFront's own."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping

from aiohttp import web

from localcloud.alb.exchange import write
from localcloud.alb.proxy import done
from localcloud.edge import answers, function_event, response_headers
from localcloud.edge.context import Asked, State
from localcloud.edge.functions import FunctionError
from localcloud.edge.store import Entry

FUNCTION_FAILED = "The CloudFront function associated with the CloudFront distribution is invalid or could not run."


class Sender:
    """Writes the answers of one distribution."""

    def __init__(self, state: State) -> None:
        self._state = state

    def serve(self, asked: Asked, entry: Entry, x_cache: str) -> web.StreamResponse:
        """Send an object: whole, a part of it, or that the viewer has it already."""
        wants = asked.before.headers
        behavior = asked.behavior
        if (
            entry.status == 200
            and ("if-none-match" in wants or "if-modified-since" in wants)
            and answers.not_modified(entry.headers.get("etag", ""), entry.headers.get("last-modified", ""), wants)
        ):
            headers = self.final_headers(asked, answers.headers_of_304(entry.headers))
            return self.send(asked, 304, headers, b"", x_cache, age=self._age(entry, x_cache))
        if entry.status == 200 and "range" in wants:
            part = self._part(asked, entry, x_cache)
            if part is not None:
                return part
        if behavior.viewer_response is not None and entry.status < 400:
            return self._through_function(asked, entry, x_cache, behavior.viewer_response)
        if response_headers.varies_by_origin(behavior.response) and "origin" in wants:
            headers = self.final_headers(asked, entry.headers)
            return self.send(
                asked, entry.status, headers, entry.body, x_cache, entry.cookies, age=self._age(entry, x_cache)
            )
        head = entry.rendered
        if head is None or head[0] is not behavior.response:
            rendered = answers.static_head(entry.status, self.final_headers(asked, entry.headers), entry.cookies)
            head = entry.rendered = (behavior.response, rendered)
        return self._write(asked, entry.status, head[1], entry.body, x_cache, self._age(entry, x_cache))

    def _age(self, entry: Entry, x_cache: str) -> int | None:
        return int(time.monotonic() - entry.stored + entry.age) if x_cache is answers.HIT else None

    def final_headers(self, asked: Asked, headers: dict[str, str]) -> dict[str, str]:
        """An origin's headers under the behavior's response headers policy."""
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
            return self.send(asked, 416, headers, b"", answers.ERROR)
        if span is None:
            return None
        first, last = span
        headers = self.final_headers(asked, entry.headers) | {
            "content-range": f"bytes {first}-{last}/{size}",
            "content-length": str(last - first + 1),
        }
        return self.send(asked, 206, headers, entry.body[first : last + 1], x_cache, age=self._age(entry, x_cache))

    def _through_function(self, asked: Asked, entry: Entry, x_cache: str, arn: str) -> web.StreamResponse:
        """viewer-response: may change status and headers; is not called when the origin's status is 400 or more."""
        headers = self.final_headers(asked, entry.headers)
        event = function_event.event(
            "viewer-response", self._state.site.domain, self._state.site.id, asked.ip, asked.trace, asked.parts
        )
        event["response"] = function_event.response_part(entry.status, headers)
        try:
            made = function_event.generated(json.loads(self._state.runner(arn).run(json.dumps(event))))
        except FunctionError as error:
            self._state.function_failed(arn, error)
            return self.error(asked.request, 503, FUNCTION_FAILED, asked.trace)
        changed = made.headers | {"content-length": str(len(entry.body))}
        cookies = (*entry.cookies, *made.cookies)
        return self.send(asked, made.status, changed, entry.body, x_cache, cookies, age=self._age(entry, x_cache))

    def error(self, request: web.BaseRequest, status: int, message: str, trace: str = "") -> web.StreamResponse:
        """One of CloudFront's own errors; after 400 the connection closes."""
        body = answers.error_body(status, message, trace)
        alive = request.keep_alive and status != 400
        head = answers.static_head(status, answers.error_headers(body))
        head += answers.own_head(answers.ERROR, self._state.site.domain, trace, keep_alive=alive)
        write(request, head + (b"" if request.method == "HEAD" else body))
        if self._state.site.logging:
            self._state.journal.add(request, status, len(head) + len(body), answers.ERROR, trace, 0.0, "text/html")
        return done(alive)

    def send(
        self,
        asked: Asked,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        x_cache: str,
        cookies: tuple[str, ...] = (),
        age: int | None = None,
    ) -> web.StreamResponse:
        """Send a head and a body; headers have lower-case names and say how long the body is."""
        return self._write(asked, status, answers.static_head(status, headers, cookies), body, x_cache, age)

    def _write(
        self, asked: Asked, status: int, head: bytes, body: bytes, x_cache: str, age: int | None
    ) -> web.StreamResponse:
        request = asked.request
        alive = request.keep_alive
        head += answers.own_head(x_cache, self._state.site.domain, asked.trace, keep_alive=alive, age=age)
        write(request, head if request.method == "HEAD" else head + body)
        if self._state.site.logging:
            self.record(asked, status, len(head) + len(body), x_cache)
        return done(alive)

    def record(self, asked: Asked, status: int, size: int, x_cache: str) -> None:
        """Put an answer into the access log; size in bytes."""
        self._state.journal.add(asked.request, status, size, x_cache, asked.trace, time.monotonic() - asked.started, "")
