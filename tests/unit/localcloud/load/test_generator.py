# SPDX-License-Identifier: GPL-3.0-or-later
"""The generator against real servers on loopback: it keeps its schedule, and every failure has its kind."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from localcloud.load.__main__ import main, target
from localcloud.load.generator import Run, Wanted

BODY = b'{"version": "1", "color": "blue"}'
HEAD = "HTTP/1.1 {status} X\r\nX-Slipway-Color: blue\r\nX-Slipway-Version: 1\r\nContent-Length: {length}\r\n\r\n"


def answer(status=200, body=BODY):
    return HEAD.format(status=status, length=len(body)).encode() + body


class Server:
    """Answers each request on its own connections with `reply()`, and counts both."""

    def __init__(self, reply):
        self.reply, self.connections, self.requests = reply, 0, []

    async def serve(self, reader, writer):
        self.connections += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                self.requests.append(await reader.readuntil(b"\r\n\r\n"))
                data = await self.reply()
                if data is None:
                    break
                writer.write(data)
        writer.close()

    @contextlib.asynccontextmanager
    async def running(self):
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()


def load(reply, **changed):
    """(summary, lines, server) of a short run against a server that replies so."""

    async def scenario():
        server, lines = Server(reply), []
        async with server.running() as port:
            wanted = {"host": "127.0.0.1", "port": port, "path": "/version", "rate": 200.0, "seconds": 0.5} | changed
            summary = await Run(Wanted(**wanted), lines.append).run()
        return summary, lines, server

    return asyncio.run(scenario())


def replying(data):
    async def reply():
        return data

    return reply


def test_the_schedule_is_kept_and_connections_are_mixed():
    summary, lines, server = load(replying(answer()), rate=100.0, seconds=1.0)
    assert (summary["requests"], summary["ended"], summary["failed"]) == (100, 100, 0)
    assert summary["colors"] == {"blue": 100}
    assert sum(line["ended"] for line in lines) == 100
    fresh = [request for request in server.requests if b"Connection: close" in request]
    assert len(fresh) == 10
    assert 10 < server.connections < 100
    assert b"Host: 127.0.0.1:" in server.requests[0]


def test_the_host_header_can_be_another():
    _, _, server = load(replying(answer()), host_header="api.example.com", seconds=0.1)
    assert all(b"Host: api.example.com\r\n" in request for request in server.requests)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (answer(503, b""), "status 503"),
        (answer(200, b"{}"), "wrong body"),
        (None, "closed without an answer"),
        (b"HTTP/1.1 what\r\n\r\n", "malformed answer: status line 'HTTP/1.1 what'"),
    ],
)
def test_every_failure_is_counted_by_kind(data, kind):
    summary, _, _ = load(replying(data), seconds=0.1)
    assert (summary["requests"], summary["failed"]) == (20, 20)
    assert summary["errors"] == {kind: 20}
    assert len(summary["samples"][kind]) == 3


def test_a_refused_connection_is_a_failure():
    async def scenario():
        wanted = Wanted("127.0.0.1", 1, "/", 100.0, 0.1)
        return await Run(wanted, lambda _: None).run()

    assert asyncio.run(scenario())["errors"] == {"connection refused": 10}


def test_no_answer_in_time_is_a_failure():
    async def never():
        await asyncio.sleep(3600)

    summary, _, _ = load(never, seconds=0.1, timeout=0.2)
    assert summary["errors"] == {"timeout": 20}


def test_too_many_in_flight_is_a_failure_and_not_a_pause():
    async def never():
        await asyncio.sleep(3600)

    summary, _, _ = load(never, seconds=0.1, timeout=0.5, most=5)
    assert summary["errors"] == {"timeout": 5, "too many requests in flight": 15}


def test_a_stall_of_the_server_does_not_slow_the_schedule():
    """All requests that were due during a stall count with the time they waited: no coordinated omission."""

    async def scenario():
        stalled = asyncio.Event()

        async def reply():
            if len(server.requests) == 100:
                stalled.set()
            await stalled.wait()
            return answer()

        server = Server(reply)
        async with server.running() as port:
            return await Run(Wanted("127.0.0.1", port, "/", 200.0, 0.5), lambda _: None).run()

    summary = asyncio.run(scenario())
    assert (summary["requests"], summary["failed"]) == (100, 0)
    assert summary["max_ms"] > summary["p50_ms"] > 200


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8080/version", ("127.0.0.1", 8080, "/version")),
        ("http://127.9.1.1", ("127.9.1.1", 80, "/")),
        ("http://[::1]:1/a?b=c", ("::1", 1, "/a?b=c")),
    ],
)
def test_targets(url, expected):
    assert target(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.1/",
        "http://localhost.example.com/",
        "http://localhost/",
        "http://192.168.1.1:80/",
        "http://0.0.0.0/",
        "http://u@127.0.0.1/",
        "https://127.0.0.1/",
        "127.0.0.1",
    ],
)
def test_load_goes_to_loopback_only(url, capsys):
    assert main([url, "--seconds", "1"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("arguments", [["--seconds", "901"], ["--seconds", "1", "--rate", "2001"], []])
def test_a_run_has_bounds(arguments):
    with pytest.raises(SystemExit) as refused:
        main(["http://127.0.0.1/", *arguments])
    assert refused.value.code == 2


def wait_for_text(path):
    while not path.exists() or not path.read_text():
        time.sleep(0.05)


def test_the_program_ends_early_on_sigterm_with_its_summary(tmp_path: Path):
    async def scenario():
        async with Server(replying(answer())).running() as port:
            command = ["-m", "localcloud.load", f"http://127.0.0.1:{port}/", "--rate", "100", "--seconds", "60"]
            files = ["--out", str(tmp_path / "out"), "--lines", str(tmp_path / "lines")]
            process = await asyncio.create_subprocess_exec(sys.executable, *command, *files, stdout=subprocess.PIPE)
            await asyncio.to_thread(wait_for_text, tmp_path / "lines")
            process.send_signal(signal.SIGTERM)
            return await process.wait()

    assert asyncio.run(scenario()) == 0
    summary = json.loads((tmp_path / "out").read_text())
    lines = [json.loads(line) for line in (tmp_path / "lines").read_text().splitlines()]
    assert 0 < summary["requests"] == summary["ended"] < 6000
    assert sum(line["ended"] for line in lines) == summary["ended"]


def test_the_program_prints_its_summary_and_fails_with_a_failed_request(capsys):
    assert main(["http://127.0.0.1:1/", "--rate", "50", "--seconds", "0.1"]) == 1
    assert json.loads(capsys.readouterr().out)["errors"] == {"connection refused": 5}
