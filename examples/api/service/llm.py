# SPDX-License-Identifier: GPL-3.0-or-later
"""/llm/<provider>/<path>: a proxy to LLM APIs that keeps the keys on the server.

Only the providers in the settings exist, and a request can't leave the origin and base path of the one it names: the
target is built from the provider's own URL, redirects are not followed, and nothing that identifies the caller
(cookies, authorization) goes out or comes back. Answers stream through as they come.

A provider may have another one as its fallback, such as a third party for a model of one's own: it is asked when the
first cannot be reached, or its load balancer says that nobody is there, as long as nothing of an answer has come.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping

import aiohttp
from aiohttp import web
from yarl import URL

from service.settings import Provider

PROVIDERS: web.AppKey[dict[str, Provider]] = web.AppKey("providers", dict)
SESSION = web.AppKey("session", aiohttp.ClientSession)
_SEGMENT = re.compile(r"[A-Za-z0-9._:-]{1,128}")
# What may pass, by name; the rest is dropped. Both lists hold what such APIs document for callers.
_SENT = ("Content-Type", "Accept", "Anthropic-Version", "Anthropic-Beta", "Idempotency-Key")
_RETURNED = ("Content-Type", "Retry-After", "X-Request-Id", "Request-Id")
# What a load balancer says when no host behind it can answer.
_AWAY = (502, 503, 504)
# A model may think for minutes before the first token, but it doesn't stay silent in the middle of an answer.
_TIMEOUT = aiohttp.ClientTimeout(total=600, sock_connect=5, sock_read=120)


def attach(app: web.Application, providers: Mapping[str, Provider]) -> None:
    """Add the proxy routes for PROVIDERS to APP."""
    app[PROVIDERS] = dict(providers)
    app.cleanup_ctx.append(_session)
    app.router.add_get("/llm", _list)
    app.router.add_route("GET", "/llm/{provider}/{path:.+}", _forward)
    app.router.add_route("POST", "/llm/{provider}/{path:.+}", _forward)


async def _session(app: web.Application) -> AsyncIterator[None]:
    # trust_env off: a proxy variable in the environment must not redirect a request that carries a key.
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(
        timeout=_TIMEOUT, cookie_jar=jar, trust_env=False, auto_decompress=False
    ) as session:
        app[SESSION] = session
        yield


async def _list(request: web.Request) -> web.Response:
    return web.json_response({"providers": sorted(request.app[PROVIDERS])})


def target(provider: Provider, path: str, query: str) -> URL:
    """Where PATH (already decoded once) leads under the provider's base URL; raises ValueError for any way out of it.

    Segments are letters, digits and a few marks, so that neither an encoded slash nor a dot segment exists.
    """
    segments = path.split("/")
    if any(not _SEGMENT.fullmatch(segment) or set(segment) == {"."} for segment in segments):
        raise ValueError("unsupported path")
    base = provider.base_url.raw_path.rstrip("/")
    return provider.base_url.with_path(f"{base}/{'/'.join(segments)}", encoded=True).with_query(query or None)


async def _forward(request: web.Request) -> web.StreamResponse:
    providers = request.app[PROVIDERS]
    provider = providers.get(request.match_info["provider"])
    if provider is None:
        raise web.HTTPNotFound(text="no such provider")
    if provider.fallback:
        answered = await _ask(request, provider, last=False)
        if answered is not None:
            return answered
        provider = providers[provider.fallback]
    answered = await _ask(request, provider, last=True)
    if answered is None:
        raise web.HTTPBadGateway(text="the provider cannot be reached")
    return answered


async def _ask(request: web.Request, provider: Provider, *, last: bool) -> web.StreamResponse | None:
    """The provider's answer, passed on; None when it gave none. Unless it is the last, being away is no answer."""
    try:
        url = target(provider, request.match_info["path"], request.query_string)
    except ValueError as error:
        raise web.HTTPBadRequest(text=str(error)) from error
    headers = {name: request.headers[name] for name in _SENT if name in request.headers}
    if provider.api_key:
        headers["Authorization"] = f"Bearer {provider.api_key}"
    # Compressed, a stream of tokens would arrive in lumps.
    headers["Accept-Encoding"] = "identity"
    body = await request.read()
    try:
        async with request.app[SESSION].request(
            request.method, url, headers=headers, data=body or None, allow_redirects=False
        ) as answer:
            if not last and answer.status in _AWAY:
                print(f"llm {provider.name}: {answer.status}, asking its fallback", flush=True)
                return None
            return await _stream(request, answer, provider.name)
    except (aiohttp.ClientError, TimeoutError) as error:
        # The exception's text may hold the URL; its kind is enough to see what happened.
        print(f"llm {provider.name}: {type(error).__name__}", flush=True)
        return None


async def _stream(request: web.Request, answer: aiohttp.ClientResponse, name: str) -> web.StreamResponse:
    """Pass the answer on as it comes. Once it has begun, a break of the provider must break the client's answer too:
    a quiet end would look like a whole one, so the connection is cut."""
    if 300 <= answer.status < 400:
        raise web.HTTPBadGateway(text="the provider redirects; its base URL is wrong")
    response = web.StreamResponse(status=answer.status, headers={"X-Llm-Provider": name})
    for header in _RETURNED:
        if header in answer.headers:
            response.headers[header] = answer.headers[header]
    await response.prepare(request)
    try:
        async for chunk in answer.content.iter_any():
            await response.write(chunk)
    except (aiohttp.ClientError, TimeoutError):
        if request.transport is not None:
            request.transport.abort()
        return response
    await response.write_eof()
    return response
