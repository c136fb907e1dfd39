# SPDX-License-Identifier: GPL-3.0-or-later
"""An edge in this process with one site, a tiny real origin, and a client, for the tests beside it."""

from __future__ import annotations

import asyncio
import contextlib
import copy
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, web
from yarl import URL

from localcloud.edge.config import parse_config
from localcloud.edge.plane import Edge
from tests.unit.localcloud.alb.harness import HOST, free_port

NOTHING = {
    "HeadersConfig": {"HeaderBehavior": "none"},
    "CookiesConfig": {"CookieBehavior": "none"},
    "QueryStringsConfig": {"QueryStringBehavior": "none"},
}


def cache_policy(least=0, default=86400, most=31536000, **parts):
    """A cache policy; parts are members of its key."""
    key = {"EnableAcceptEncodingGzip": True, "EnableAcceptEncodingBrotli": True, **NOTHING, **parts}
    return {"MinTTL": least, "DefaultTTL": default, "MaxTTL": most, "ParametersInCacheKeyAndForwardedToOrigin": key}


DISABLED = cache_policy(0, 0, 0, EnableAcceptEncodingGzip=False, EnableAcceptEncodingBrotli=False)
ALL_VIEWER = {
    "HeadersConfig": {"HeaderBehavior": "allExcept", "Headers": {"Items": ["host"]}},
    "CookiesConfig": {"CookieBehavior": "all"},
    "QueryStringsConfig": {"QueryStringBehavior": "all"},
}


def behavior(cache="docs", **members):
    """A cache behavior of the custom origin."""
    return {"TargetOriginId": "app", "ViewerProtocolPolicy": "redirect-to-https", "CachePolicyId": cache, **members}


@dataclass
class Origin:
    """A real HTTP server: answers what `pages` has for a path, and remembers what it was asked."""

    pages: dict[str, Any] = field(default_factory=dict)
    seen: list[web.BaseRequest] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    gate: asyncio.Event | None = None
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.seen.append(request)
        self.asked.set()
        self.bodies.append(await request.read())
        if self.gate is not None:
            await self.gate.wait()
        page = self.pages.get(request.path)
        if page is None:
            return web.Response(status=404, text="not here")
        if callable(page):
            return page(request)
        body, headers = page
        if headers.get("ETag") and request.headers.get("If-None-Match") == headers["ETag"]:
            return web.Response(status=304, headers=headers)
        return web.Response(body=body.encode(), headers=headers)

    async def until(self, count: int) -> None:
        """Wait until it was asked so many times."""
        while len(self.seen) < count:
            self.asked.clear()
            await self.asked.wait()

    @property
    def paths(self) -> list[str]:
        return [request.raw_path for request in self.seen]


@dataclass
class Answer:
    """What a viewer gets."""

    status: int
    headers: Any
    body: bytes

    @property
    def cache(self) -> str:
        return self.headers["x-cache"].removesuffix(" from cloudfront")

    @property
    def text(self) -> str:
        return self.body.decode()


class Site:
    """The edge with one distribution."""

    def __init__(self, origin: Origin, session: ClientSession) -> None:
        self.origin, self._session = origin, session
        self.port = free_port()
        self.lines: list[dict[str, Any]] = []
        self.edge = Edge(self.lines.append)
        self.policies = {"docs": cache_policy(), "off": DISABLED}
        self.request_policies = {"all": ALL_VIEWER}
        self.response_policies: dict[str, Any] = {}
        self.functions: dict[str, str] = {}
        self.web_acl: dict[str, Any] | None = None
        self.access_controls = {"oac": {"SigningBehavior": "always"}}
        self.token = "token"
        self.logging = False
        self.app = {
            "Id": "app",
            "DomainName": "app.example",
            "CustomOriginConfig": {"OriginProtocolPolicy": "http-only", "HTTPPort": 80, "OriginReadTimeout": 5},
        }
        self.s3 = {
            "Id": "s3",
            "DomainName": "bucket.s3.us-east-1.amazonaws.com",
            "OriginPath": "/site",
            "OriginAccessControlId": "oac",
            "S3OriginConfig": {"OriginAccessIdentity": ""},
        }

    async def apply(self, *behaviors: dict[str, Any], **config: Any) -> None:
        """Send a configuration; the first behavior is the default one."""
        raw = {
            "id": "E1",
            "arn": "arn:aws:cloudfront::111111111111:distribution/E1",
            "account": "111111111111",
            "host": HOST,
            "port": self.port,
            "domain_name": "d.cloudfront.net",
            "config": {
                "Enabled": True,
                "Origins": {"Items": [self.app, self.s3]},
                "DefaultCacheBehavior": behaviors[0] if behaviors else behavior(),
                "CacheBehaviors": {"Items": list(behaviors[1:])},
                **config,
            },
            "policies": {
                "CachePolicyConfig": self.policies,
                "OriginRequestPolicyConfig": self.request_policies,
                "ResponseHeadersPolicyConfig": self.response_policies,
            },
            "access_controls": self.access_controls,
            "functions": {arn: {"code": code, "runtime": "cloudfront-js-2.0"} for arn, code in self.functions.items()},
            "addresses": {"app.example": {"80": {"host": HOST, "port": self.origin.port, "tls": False}}},
            "logging": self.logging,
            "web_acl": copy.deepcopy(self.web_acl),
        }
        endpoint = f"{HOST}:{self.origin.port}"
        await self.edge.apply(parse_config({"endpoint": endpoint, "token": self.token, "sites": [raw]}))

    async def get(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
        """One request; header names with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        url = URL(f"http://{HOST}:{self.port}{path}", encoded=True)
        async with self._session.request(method, url, headers=named, data=body, allow_redirects=False) as response:
            return Answer(response.status, response.headers, await response.read())

    def invalidate(self, *paths: str) -> int:
        """Carry out an invalidation; the number of dropped objects."""
        self.edge.invalidate({"id": "I1", "distribution": "E1", "paths": list(paths)})
        return int(self.lines[-1]["dropped"])


@contextlib.asynccontextmanager
async def site() -> AsyncIterator[Site]:
    """A site and its origin; `apply` opens it."""
    origin = Origin()
    server = web.Server(origin.handle, access_log=None)
    listening = await asyncio.get_running_loop().create_server(server, HOST, 0)
    origin.port = listening.sockets[0].getsockname()[1]
    session = ClientSession(
        auto_decompress=False,
        cookie_jar=DummyCookieJar(),
        timeout=ClientTimeout(10),
        skip_auto_headers=("Accept-Encoding", "User-Agent", "Accept"),
    )
    made = Site(origin, session)
    try:
        yield made
    finally:
        await session.close()
        await made.edge.close()
        listening.close()
        await server.shutdown(timeout=0.01)


def served(scenario: Callable[[Site], Any]) -> Callable[[], None]:
    """A test whose coroutine gets a site."""

    def test() -> None:
        async def bounded() -> None:
            async with asyncio.timeout(20), site() as made:
                await scenario(made)

        asyncio.run(bounded())

    test.__name__, test.__doc__ = scenario.__name__, scenario.__doc__
    return test
