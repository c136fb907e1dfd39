# SPDX-License-Identifier: GPL-3.0-or-later
"""The LLM proxy: it reaches nothing but its providers, keeps the key, and streams. Real servers on loopback."""

from __future__ import annotations

import asyncio
import contextlib

import aiohttp
import pytest
from aiohttp import web as aio
from aiohttp.test_utils import TestServer
from service import llm, settings, web
from yarl import URL

KEY = "k-very-secret"


def provider(base="https://api.example.com/v1"):
    return settings.Provider(name="a", base_url=URL(base), api_key=KEY)


@pytest.mark.parametrize(
    ("base", "path", "query", "leads_to"),
    [
        ("https://api.example.com/v1", "chat/completions", "", "https://api.example.com/v1/chat/completions"),
        ("https://api.example.com/v1/", "models", "a=1&b=2", "https://api.example.com/v1/models?a=1&b=2"),
        ("https://api.example.com", "v1/models/x:y", "", "https://api.example.com/v1/models/x:y"),
    ],
)
def test_target(base, path, query, leads_to):
    assert str(llm.target(provider(base), path, query)) == leads_to


@pytest.mark.parametrize(
    "path",
    [
        "..",
        "../x",
        "a/../../x",
        ".",
        "a//b",
        "/etc",
        "",
        "a%2fb",
        "a\\b",
        "@evil.example",
        "a b",
        "a?b",
        "a#b",
        "é",
        "a/",
    ],
)
def test_no_way_out_of_the_base(path):
    with pytest.raises(ValueError, match="unsupported path"):
        llm.target(provider(), path, "")


@contextlib.asynccontextmanager
async def proxied(handler):
    """(client session, URL of the service, the requests that the provider saw) with a provider that answers so."""
    seen = []

    async def upstream(request):
        seen.append((request.method, request.path_qs, dict(request.headers), await request.read()))
        return await handler(request)

    provider_app = aio.Application()
    provider_app.router.add_route("*", "/{any:.*}", upstream)
    async with TestServer(provider_app) as server:
        given = settings.Settings(providers={"a": provider(str(server.make_url("/v1")))})
        async with TestServer(web.build("9.9.9", given)) as service, aiohttp.ClientSession() as client:
            yield client, service.make_url("/"), seen


def test_the_key_goes_out_and_the_caller_does_not():
    async def answer(_):
        return aio.json_response({"ok": 1}, headers={"Set-Cookie": "s=1", "X-Request-Id": "r-1", "X-Internal": "i"})

    async def scenario():
        async with proxied(answer) as (client, url, seen):
            sent = {"Authorization": "Bearer theirs", "Cookie": "c=1", "X-Forwarded-For": "1.2.3.4"}
            got = await client.post(url / "llm/a/chat", json={"q": 1}, headers=sent)
            return got.status, got.headers, await got.text(), seen

    status, headers, body, [(method, path, out, sent_body)] = asyncio.run(scenario())
    assert (status, method, path, sent_body) == (200, "POST", "/v1/chat", b'{"q": 1}')
    assert out["Authorization"] == f"Bearer {KEY}"
    assert not {"Cookie", "X-Forwarded-For"} & set(out)
    assert headers["X-Request-Id"] == "r-1"
    assert headers["X-Slipway-Version"] == "9.9.9"
    assert not {"Set-Cookie", "X-Internal", "Authorization"} & set(headers)
    assert KEY not in body + str(headers)


def test_streams_as_it_comes():
    """The first token reaches the client while the provider still holds back the second."""

    async def scenario():
        go_on = asyncio.Event()

        async def answer(request):
            response = aio.StreamResponse(headers={"Content-Type": "text/event-stream"})
            await response.prepare(request)
            await response.write(b"data: one\n\n")
            await go_on.wait()
            await response.write(b"data: two\n\n")
            return response

        async with proxied(answer) as (client, url, _), client.get(url / "llm/a/stream") as got:
            first = await got.content.readany()
            go_on.set()
            return first, await got.content.read(), got.headers["Content-Type"]

    assert asyncio.run(scenario()) == (b"data: one\n\n", b"data: two\n\n", "text/event-stream")


def test_a_break_in_the_middle_is_no_whole_answer():
    async def answer(request):
        response = aio.StreamResponse()
        await response.prepare(request)
        await response.write(b"half")
        request.transport.abort()
        return response

    async def scenario():
        async with proxied(answer) as (client, url, _), client.get(url / "llm/a/x") as got:
            await got.read()

    with pytest.raises(aiohttp.ClientError):
        asyncio.run(scenario())


@pytest.mark.parametrize(
    ("answered", "expected", "said"),
    [
        (lambda: aio.Response(status=302, headers={"Location": "http://169.254.169.254/"}), 502, "redirects"),
        (lambda: aio.Response(status=429, text="slow down", headers={"Retry-After": "7"}), 429, "slow down"),
    ],
)
def test_the_providers_refusals(answered, expected, said):
    async def answer(_):
        return answered()

    async def scenario():
        async with proxied(answer) as (client, url, seen):
            got = await client.get(url / "llm/a/x")
            return got.status, await got.text(), len(seen)

    status, text, asked = asyncio.run(scenario())
    assert (status, asked) == (expected, 1)
    assert said in text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/llm/b/x", 404),
        ("/llm/a/%2e%2e/x", 400),
        ("/llm/a/x%2f..%2fy", 400),
        ("/llm/a//x", 400),
        ("/llm/a/", 404),
    ],
)
def test_what_never_leaves(path, status):
    async def answer(_):
        return aio.Response()

    async def scenario():
        async with proxied(answer) as (client, url, seen):
            got = await client.get(URL(str(url.origin()) + path, encoded=True))
            return got.status, seen

    assert asyncio.run(scenario()) == (status, [])


def test_an_unreachable_provider():
    async def scenario():
        given = settings.Settings(providers={"a": provider("http://127.0.0.1:1/v1")})
        async with TestServer(web.build("9.9.9", given)) as service, aiohttp.ClientSession() as client:
            got = await client.get(service.make_url("/llm/a/x"))
            listed = await client.get(service.make_url("/llm"))
            return got.status, await got.json(), await listed.json()

    assert asyncio.run(scenario()) == (502, {"error": "the provider cannot be reached"}, {"providers": ["a"]})


@contextlib.asynccontextmanager
async def with_fallback(own):
    """(client session, URL of the service, who was asked with which authorization): OWN answers first, then another."""
    asked = []

    def app(name, handler):
        async def upstream(request):
            asked.append((name, request.headers.get("Authorization"), await request.read()))
            return await handler(request)

        made = aio.Application()
        made.router.add_route("*", "/{any:.*}", upstream)
        return made

    async def theirs(_):
        return aio.Response(text="theirs")

    async with TestServer(app("own", own)) as first, TestServer(app("theirs", theirs)) as second:
        providers = {
            "own": settings.Provider("own", first.make_url("/v1"), "", fallback="theirs"),
            "theirs": settings.Provider("theirs", second.make_url("/v1"), KEY),
            "gone": settings.Provider("gone", URL("http://127.0.0.1:1"), "", fallback="theirs"),
        }
        given = settings.Settings(providers=providers)
        async with TestServer(web.build("9.9.9", given)) as service, aiohttp.ClientSession() as client:
            yield client, service.make_url("/"), asked


@pytest.mark.parametrize(
    ("status", "path", "answered", "text", "asked"),
    [
        (200, "own", "own", "", ["own"]),
        (429, "own", "own", "", ["own"]),
        (503, "own", "theirs", "theirs", ["own", "theirs"]),
        (502, "own", "theirs", "theirs", ["own", "theirs"]),
        (200, "gone", "theirs", "theirs", ["theirs"]),
    ],
)
def test_a_third_party_takes_over_when_the_own_model_is_away(status, path, answered, text, asked):
    async def own(_):
        return aio.Response(status=status)

    async def scenario():
        async with with_fallback(own) as (client, url, seen):
            got = await client.post(url / f"llm/{path}/chat", data=b"question")
            return got.headers["X-Llm-Provider"], await got.text(), seen

    name, body, seen = asyncio.run(scenario())
    assert (name, body, [who for who, _, _ in seen]) == (answered, text, asked)
    assert {who: key for who, key, _ in seen} == {who: f"Bearer {KEY}" if who == "theirs" else None for who in asked}
    assert {sent for _, _, sent in seen} == {b"question"}


def test_once_an_answer_has_begun_nobody_takes_over():
    async def own(request):
        response = aio.StreamResponse()
        await response.prepare(request)
        await response.write(b"half")
        request.transport.abort()
        return response

    async def scenario():
        async with with_fallback(own) as (client, url, seen), client.get(url / "llm/own/x") as got:
            with contextlib.suppress(aiohttp.ClientError):
                await got.read()
            return [who for who, _, _ in seen]

    assert asyncio.run(scenario()) == ["own"]
