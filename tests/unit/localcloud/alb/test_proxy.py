# SPDX-License-Identifier: GPL-3.0-or-later
"""What the proxy does to requests, responses and failures, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import web

from localcloud.alb import upstream
from tests.unit.localcloud.alb.harness import (
    FAST,
    HOST,
    Client,
    cloud,
    fixed,
    forward,
    free_port,
    group,
    ok,
    raw_target,
    rule,
    run,
    serving,
    targets,
)


def balancer_counts(local: Any) -> dict[str, int]:
    counts: dict[str, int] = local.metrics()["load_balancers"]["alb"]
    return {name: value for name, value in counts.items() if value and name != "response_seconds_sum"}


async def read_request(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


# Actions -------------------------------------------------------------------------------------------------------------


def test_fixed_response_and_default_rule() -> None:
    async def scenario() -> None:
        async with cloud() as local:
            await local.apply([rule(fixed(418, "teapot"), {"Field": "path-pattern", "Values": ["/tea"]})])
            reply = await local.get("/tea")
            assert (reply.status, reply.body, reply.header("Content-Type")) == (418, b"teapot", "text/plain")
            assert (await local.get("/coffee")).body == b"default"
            head = await local.get("/tea", method="HEAD")
            assert (head.header("Content-Length"), head.body) == ("6", b"")
            assert balancer_counts(local)["fixed_responses"] == 3

    run(scenario())


def test_redirect() -> None:
    async def scenario() -> None:
        async with cloud() as local:
            to_https = {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
            await local.apply([rule({"Type": "redirect", "RedirectConfig": to_https})])
            reply = await local.get("/a%20b?x=1&y")
            assert (reply.status, reply.header("Location")) == (301, "https://api.example:443/a%20b?x=1&y")

    run(scenario())


# Requests and responses ----------------------------------------------------------------------------------------------


def test_request_reaches_the_target_as_sent_with_forwarded_headers() -> None:
    async def scenario() -> None:
        async with targets("blue") as (blue,), serving(blue.port) as local, local.connect() as client:
            reply = await client.request("/a%2Fb//c?q=%41&r", "a_b: 1", method="PATCH", body=b"")
            assert reply.status == 200
            (seen,) = blue.seen
            assert (seen.method, seen.target) == ("PATCH", "/a%2Fb//c?q=%41&r")
            assert seen.headers["Host"] == "api.example"
            assert seen.headers["X-Forwarded-For"] == HOST
            assert (seen.headers["X-Forwarded-Proto"], seen.headers["X-Forwarded-Port"]) == ("http", str(local.port))
            assert seen.headers["X-Amzn-Trace-Id"].startswith("Root=1-")
            assert seen.headers["a_b"] == "1"

    run(scenario())


def test_drop_invalid_header_fields_is_honored() -> None:
    async def scenario() -> None:
        options = {"routing__http__drop_invalid_header_fields__enabled": "true"}
        async with targets("blue") as (blue,), serving(blue.port, **options) as local:
            await local.get("/", "a_b: 1", "a-b: 2")
            assert {"a_b", "a-b"} & set(blue.seen[0].headers) == {"a-b"}

    run(scenario())


@pytest.mark.parametrize("size", [1, 3_000_000])
def test_bodies_with_length_pass_both_ways(size: int) -> None:
    async def echo(request: web.BaseRequest) -> web.Response:
        return web.Response(body=b"".join([chunk async for chunk in request.content.iter_any()]))

    async def scenario() -> None:
        async with targets("blue") as (blue,), serving(blue.port) as local, local.connect() as client:
            blue.answer = echo
            body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
            for _ in range(2):
                reply = await client.request("/", f"Content-Length: {size}", method="POST", body=body)
                assert (reply.status, reply.body == body) == (200, True)

    run(scenario())


def test_bodies_stream_both_ways_without_waiting_for_their_end() -> None:
    """Each side goes on only after the other has seen the chunk before: a proxy that buffers would hang."""

    async def duplex(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        async for chunk in request.content.iter_any():
            await response.write(b"got " + chunk)
        return response

    async def scenario() -> None:
        async with targets("blue") as (blue,), serving(blue.port) as local, local.connect() as client:
            blue.answer = duplex
            client.send("/", "Transfer-Encoding: chunked", method="POST")
            for word in (b"one", b"two"):
                client.writer.write(b"3\r\n" + word + b"\r\n")
                if word == b"one":
                    assert (await client.head()).header("Transfer-Encoding") == "chunked"
                assert await client.chunk() == b"got " + word
            client.writer.write(b"0\r\n\r\n")
            assert await client.chunk() == b""

    run(scenario())


def test_target_that_answers_before_the_upload_ends_is_heard() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()

    async def scenario() -> None:
        async with raw_target(refuse) as port, serving(port) as local, local.connect() as client:
            client.send("/", "Content-Length: 1000000", method="POST")
            reply = await client.reply()
            assert (reply.status, reply.header("Connection")) == (413, "close")

    run(scenario())


def test_expect_continue_is_answered_at_once_and_not_passed_on() -> None:
    async def scenario() -> None:
        async with targets("blue") as (blue,), serving(blue.port) as local, local.connect() as client:
            client.send("/", "Expect: 100-continue", "Content-Length: 4", method="PUT")
            assert (await client.head()).status == 100
            client.writer.write(b"body")
            assert (await client.reply()).status == 200
            assert (blue.seen[0].body, "Expect" in blue.seen[0].headers) == (b"body", False)

    run(scenario())


@pytest.mark.parametrize(
    ("method", "answer", "status", "body"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", 200, b""),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", 304, b""),
        ("GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 200, b"abc"),
        ("GET", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ok("abc"), 200, b"abc"),
        ("GET", b"HTTP/1.1 299 Odd Reason\r\nContent-Length: 0\r\n\r\n", 299, b""),
    ],
)
def test_framing_of_responses_and_the_connection_lives_on(method: str, answer: bytes, status: int, body: bytes) -> None:
    connections = []

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        while True:
            asked = await read_request(reader)
            writer.write(ok("health") if asked.startswith(b"GET /health") else answer)

    async def scenario() -> None:
        async with raw_target(respond) as port, serving(port) as local, local.connect() as client:
            await local.until(lambda: local.states("blue") == ["healthy"])
            connections.clear()
            for _ in range(2):
                reply = await client.request("/", method=method)
                assert (reply.status, reply.body, reply.header("Connection")) == (status, body, "keep-alive")
            assert len(connections) == 1

    run(scenario())


def test_response_that_ends_with_its_connection_is_chunked_for_the_client() -> None:
    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.0 200 OK\r\n\r\nold style")

    async def scenario() -> None:
        async with raw_target(respond) as port, serving(port) as local, local.connect() as client:
            for _ in range(2):
                assert (await client.request()).body == b"old style"

    run(scenario())


def test_http_1_0_client_gets_no_chunks_and_a_closed_connection() -> None:
    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")

    async def scenario() -> None:
        async with raw_target(respond) as port, serving(port) as local, local.connect() as client:
            client.writer.write(b"GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n")
            head, _, body = (await client.reader.read()).partition(b"\r\n\r\n")
            assert body == b"abc"
            assert b"chunked" not in head

    run(scenario())


def test_upgrade_is_not_passed_on() -> None:
    async def scenario() -> None:
        async with targets("blue") as (blue,), serving(blue.port) as local, local.connect() as client:
            reply = await client.request("/", "Connection: Upgrade", "Upgrade: websocket")
            assert reply.status == 200
            assert "Upgrade" not in blue.seen[0].headers

    run(scenario())


# Failures ------------------------------------------------------------------------------------------------------------


def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()


def reset(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


def talk_nonsense(writer: asyncio.StreamWriter) -> None:
    writer.write(b"nonsense\r\n\r\n")


@pytest.mark.parametrize("behave", [hang_up, reset, talk_nonsense])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_target_that_does_not_answer_properly_is_502_after_one_attempt(behave: Any, method: str) -> None:
    attempts = []

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not (await read_request(reader)).startswith(b"GET /health"):
            attempts.append(writer)
        behave(writer)

    async def scenario() -> None:
        async with raw_target(respond) as port, serving(port) as local, local.connect() as client:
            reply = await client.request(method=method)
            assert (reply.status, reply.header("Server"), len(attempts)) == (502, "awselb/2.0", 1)
            assert balancer_counts(local)["elb_502"] == 1
            assert (await client.request(method=method)).status == 502  # the client's connection lives on

    run(scenario())


def test_refused_connection_is_502_and_counted() -> None:
    async def scenario() -> None:
        async with serving(free_port()) as local:
            assert (await local.get()).status == 502
            counts = local.metrics()["target_groups"]["blue"]
            assert (counts["requests"], counts["elb_5xx"], counts["connection_errors"]) == (1, 1, 1)

    run(scenario())


def test_failed_request_is_not_sent_to_another_target() -> None:
    async def scenario() -> None:
        async with targets("alive") as (alive,), cloud() as local:
            alive.health_status = 500  # both unhealthy: the group fails open
            await local.apply([rule(forward(("blue", 1)))], group("blue", alive.port, free_port(), check=FAST))
            await local.until(lambda: local.states("blue") == ["unhealthy", "unhealthy"])
            assert sorted([(await local.get()).status for _ in range(4)]) == [200, 200, 502, 502]

    run(scenario())


@pytest.mark.parametrize("body", [b"", b"body"])
def test_silent_target_is_504_after_the_idle_timeout(body: bytes) -> None:
    async def scenario() -> None:
        options = {"idle_timeout__timeout_seconds": "0.1"}
        async with targets("blue") as (blue,), serving(blue.port, **options) as local, local.connect() as client:
            reply = await client.request("/slow", f"Content-Length: {len(body)}", method="POST", body=body)
            assert (reply.status, blue.seen[0].body) == (504, body)
            assert balancer_counts(local)["elb_504"] == 1

    run(scenario())


@contextlib.contextmanager
def full_backlog() -> Iterator[int]:
    """A port whose listener accepts nothing and whose queue is full: the kernel drops further connections."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((HOST, 0))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def test_target_that_accepts_no_connection_is_504(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream, "CONNECT_TIMEOUT", 0.1)

    async def scenario() -> None:
        with full_backlog() as port:
            async with serving(port) as local:
                assert (await local.get()).status == 504

    run(scenario())


def test_client_that_stops_sending_its_body_is_408() -> None:
    async def scenario() -> None:
        options = {"idle_timeout__timeout_seconds": "0.1"}
        async with targets("blue") as (blue,), serving(blue.port, **options) as local, local.connect() as client:
            client.send("/", "Content-Length: 10", method="POST", body=b"half")
            reply = await client.reply()
            assert (reply.status, reply.header("Connection")) == (408, "close")

    run(scenario())


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"NONSENSE\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"GET /" + b"a" * 17000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + b"a" * 17000 + b"\r\n\r\n", 400),
        (b"GET /" + b"a" * 16000 + b" HTTP/1.1\r\nHost: a\r\nX-Long: " + b"a" * 16000 + b"\r\n\r\n", 404),
        (b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 405),
    ],
)
def test_bad_requests(request_bytes: bytes, status: int) -> None:
    async def scenario() -> None:
        async with targets("blue") as (blue,), cloud() as local:
            await local.apply(
                [rule(forward(("blue", 1)), {"Field": "path-pattern", "Values": ["/"]})], group("blue", blue.port)
            )
            async with local.connect() as client:
                client.writer.write(request_bytes)
                reply = await client.reply()
                assert (reply.status, reply.header("Server")) == (status, "awselb/2.0")

    run(scenario())


def test_client_that_leaves_is_counted_and_its_target_told() -> None:
    async def scenario() -> None:
        async with targets("blue") as (blue,), serving(blue.port) as local:
            async with local.connect() as client:
                client.send("/slow")
                await blue.entered.wait()
            await blue.left.wait()
            assert balancer_counts(local) == {"requests": 1, "client_closed": 1, "new_connections": 1}

    run(scenario())


def test_response_that_breaks_off_cuts_the_client_connection() -> None:
    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        await writer.drain()

    async def scenario() -> None:
        async with raw_target(respond) as port, serving(port) as local, local.connect() as client:
            client.send()
            assert (await client.head()).status == 200
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await client.reader.readexactly(100)

    run(scenario())


# Keep-alive to targets -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_connection_that_the_target_closed_while_idle_is_not_used(method: str) -> None:
    async def one_answer_each(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(ok())

    async def scenario() -> None:
        async with raw_target(one_answer_each) as port, serving(port) as local, local.connect() as client:
            assert [(await client.request(method=method)).status for _ in range(20)] == [200] * 20

    run(scenario())


@pytest.mark.parametrize(
    ("method", "window", "status", "connections"),
    [("GET", 60.0, 200, 2), ("HEAD", 60.0, 200, 2), ("POST", 60.0, 502, 1), ("GET", 0.0, 502, 1)],
)
def test_connection_lost_under_a_request_is_tried_anew_only_if_that_can_do_no_harm(
    method: str, window: float, status: int, connections: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The target closes when it reads a second request: what it did with that one, the load balancer cannot know."""
    monkeypatch.setattr(upstream, "STALE_WINDOW", window)
    opened = []

    async def second_request_kills(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await read_request(reader)
        if not asked.startswith(b"GET /health"):
            opened.append(writer)
        writer.write(ok(""))
        await read_request(reader)

    async def scenario() -> None:
        async with raw_target(second_request_kills) as port, serving(port) as local, local.connect() as client:
            assert (await client.request("/first")).status == 200
            assert (await client.request("/second", method=method)).status == status
            assert len(opened) == connections

    run(scenario())


def test_connection_is_stale_as_soon_as_the_kernel_knows_of_its_end() -> None:
    """Nothing is awaited after the target's close: the event loop cannot have seen it."""

    async def scenario() -> None:
        with socket.create_server((HOST, 0)) as listener:
            pool = upstream.Pool(HOST, listener.getsockname()[1], None)
            connection = await pool.acquire()
            accepted, _ = listener.accept()
            connection.release()
            assert not connection.is_stale()
            accepted.close()
            assert connection.is_stale()
            pool.close()

    run(scenario())


def test_metrics_by_group_and_load_balancer() -> None:
    async def status(request: web.BaseRequest) -> web.Response:
        return web.Response(status=int(request.path.strip("/")))

    async def scenario() -> None:
        async with targets("blue") as (blue,), serving(blue.port) as local, local.connect() as client:
            blue.answer = status
            for code in (200, 201, 302, 404, 500, 503):
                await client.request(f"/{code}")
            line = local.metrics()
            counts = line["target_groups"]["blue"]
            expected = {"requests": 6, "target_2xx": 2, "target_3xx": 1, "target_4xx": 1, "target_5xx": 2, "elb_5xx": 0}
            assert {name: counts[name] for name in expected} == expected
            assert counts["response_seconds_sum"] > 0
            assert line["load_balancers"]["alb"]["new_connections"] == 1
            assert local.metrics()["load_balancers"] == {}  # each line starts over
            json.dumps(line)

    run(scenario())


def test_pipelined_requests_are_answered_in_order() -> None:
    async def path(request: web.BaseRequest) -> web.Response:
        return web.Response(text=request.path)

    async def scenario() -> None:
        async with targets("blue") as (blue,), serving(blue.port) as local, local.connect() as client:
            blue.answer = path
            for number in range(5):
                client.send(f"/{number}")
            assert [(await _reply(client)) for _ in range(5)] == [b"/0", b"/1", b"/2", b"/3", b"/4"]

    run(scenario())


async def _reply(client: Client) -> bytes:
    return (await client.reply()).body


def test_request_in_absolute_form_is_matched_and_sent_in_origin_form() -> None:
    async def scenario() -> None:
        async with targets("blue") as (blue,), cloud() as local:
            await local.apply(
                [rule(forward(("blue", 1)), {"Field": "path-pattern", "Values": ["/a"]})], group("blue", blue.port)
            )
            assert (await local.get("http://other.example/a?b")).body == b"blue"
            assert blue.seen[0].target == "/a?b"

    run(scenario())


def test_target_that_stops_in_mid_body_cuts_the_client_connection_after_the_idle_timeout() -> None:
    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        await reader.read()

    async def scenario() -> None:
        options = {"idle_timeout__timeout_seconds": "0.1"}
        async with raw_target(respond) as port, serving(port, **options) as local, local.connect() as client:
            client.send()
            assert (await client.head()).status == 200
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await client.reader.readexactly(100)

    run(scenario())


def test_slow_upload_is_not_taken_for_a_silent_target() -> None:
    """The target's silence counts from the end of the request, not from its start."""

    async def scenario() -> None:
        options = {"idle_timeout__timeout_seconds": "1"}
        async with targets("blue") as (blue,), serving(blue.port, **options) as local, local.connect() as client:
            client.send("/", "Content-Length: 3", method="POST")
            for _ in range(3):
                await asyncio.sleep(0.4)
                client.writer.write(b"x")
            assert (await client.reply()).body == b"blue"
            assert blue.seen[0].body == b"xxx"

    run(scenario())


def test_body_that_becomes_malformed_on_its_way_is_400() -> None:
    started = asyncio.Event()

    async def read_all(request: web.BaseRequest) -> web.Response:
        await request.content.readany()
        started.set()
        await request.read()
        return web.Response()

    async def scenario() -> None:
        async with targets("blue") as (blue,), serving(blue.port) as local, local.connect() as client:
            blue.answer = read_all
            client.send("/", "Transfer-Encoding: chunked", method="POST", body=b"3\r\nabc\r\n")
            await started.wait()
            client.writer.write(b"zz\r\n")
            reply = await client.reply()
            assert (reply.status, reply.header("Connection")) == (400, "close")

    run(scenario())
