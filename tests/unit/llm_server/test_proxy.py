# SPDX-License-Identifier: GPL-3.0-or-later
"""The proxy as a process, before an engine that speaks OpenAI's API: what passes, how it streams, how it ends."""

from __future__ import annotations

import dataclasses
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import slipway_llm

HOST = Path(slipway_llm.__file__).parents[1]
CHAT = json.dumps({"model": "llama", "messages": [{"role": "user", "content": "hello"}], "stream": True}).encode()
EVENTS = [b'data: {"choices": [{"delta": {"content": "%d"}}]}\n\n' % number for number in range(3)] + [
    b"data: [DONE]\n\n"
]


class Proxy:
    """A running one. engine: what it stands before."""

    def __init__(self, engine, made, folder):
        self.engine, self.port = engine, made.port
        config = folder / "config.json"
        config.write_text(json.dumps(dataclasses.asdict(made)))
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-m", "slipway_llm.proxy", "--config", str(config)],
            env={**os.environ, "PYTHONPATH": str(HOST)},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout.readline().startswith("listening")

    def ask(self, method, path, body=None, headers=None):
        """Status and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def raw(self, *pieces):
        """All that comes back for bytes on a connection of their own."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            for piece in pieces:
                connection.sendall(piece)
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
            return answer

    def stop(self):
        self.process.terminate()
        return self.process.wait(10)


@pytest.fixture
def proxy(engine, settings, tmp_path):
    found = Proxy(engine, settings(engine_port=engine.port), tmp_path)
    yield found
    found.process.kill()
    found.process.communicate()


def stream(until=None, seen=None):
    """An answer in events, each as it is made; after the first it waits for `until`, and sets `seen` when it broke."""

    def answer(handler):
        handler.send_response(200)
        handler.send_header("content-type", "text/event-stream")
        handler.send_header("transfer-encoding", "chunked")
        handler.end_headers()
        try:
            for event in EVENTS:
                handler.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
                if until and not until.wait(0.05 if seen else 10):
                    continue
            handler.wfile.write(b"0\r\n\r\n")
            while seen and not until.is_set():
                handler.wfile.write(b"1\r\n \r\n")
                time.sleep(0.02)
        except OSError:
            seen.set()
        handler.close_connection = True

    return answer


def test_only_what_is_listed_reaches_the_engine(proxy):
    for method, path in [
        ("GET", "/metrics"),
        ("POST", "/tokenize"),
        ("POST", "/pause"),
        ("GET", "/docs"),
        ("PUT", "/x"),
    ]:
        assert proxy.ask(method, path, b"{}")[0] == 404
    assert proxy.ask("DELETE", "/v1/models")[0] == 405
    assert proxy.ask("GET", "/v1/models") == (200, proxy.engine.answers["GET", "/v1/models"][1])
    assert [(method, path) for method, path, *_rest in proxy.engine.asked] == [("GET", "/v1/models")]


def test_a_request_is_written_anew_for_the_engine(proxy):
    proxy.engine.answers["POST", "/v1/completions"] = (200, b'{"id": "1"}')
    headers = {"Content-Type": "application/json", "Authorization": "Bearer secret", "X-Forwarded-For": "1.2.3.4"}
    assert proxy.ask("POST", "/v1/completions?debug=1", b"{}", headers) == (200, b'{"id": "1"}')
    ((_method, path, got, body),) = proxy.engine.asked
    assert (path, body) == ("/v1/completions", b"{}")
    assert {name.lower() for name in got} == {"host", "connection", "content-type", "content-length"}


def test_a_request_in_chunks_arrives_whole(proxy):
    proxy.engine.answers["POST", "/v1/completions"] = (200, b"{}")
    assert proxy.ask("POST", "/v1/completions", iter([b'{"a":', b" 1}"]))[0] == 200
    assert proxy.engine.asked[0][3] == b'{"a": 1}'


def test_an_answer_streams_as_it_is_made(proxy):
    proxy.engine.answers["POST", "/v1/chat/completions"] = stream(until=(first := threading.Event()))
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=10)
    connection.request("POST", "/v1/chat/completions", CHAT, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    assert answer.readline() + answer.readline() == EVENTS[0]
    # Had the proxy waited for the end, the engine would still wait for this.
    first.set()
    assert answer.read() == b"".join(EVENTS[1:])
    connection.close()


def test_a_client_that_goes_away_takes_its_request_with_it(proxy):
    seen = threading.Event()
    proxy.engine.answers["POST", "/v1/chat/completions"] = stream(until=threading.Event(), seen=seen)
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as connection:
        head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(CHAT)
        connection.sendall(head + CHAT)
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
    assert seen.wait(10)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ([b"GET /v1/models HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"], 400),
        ([b"POST /v1/completions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n"], 400),
        ([b"POST /v1/completions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc"], 400),
        ([b"POST /v1/completions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1000001\r\n"], 413),
        ([b"POST /v1/completions HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n"], 413),
        ([b"GET /v1/models HTTP/1.1\r\nx: ", b"y" * 70_000], 431),
    ],
    ids=["two lengths", "no chunk", "a long chunk", "large chunks", "large", "a long head"],
)
def test_bad_requests_end_at_the_proxy(proxy, sent, status):
    assert proxy.raw(*sent).startswith(b"HTTP/1.1 %d " % status)
    assert proxy.engine.asked == []


def test_a_second_request_behind_the_first_reaches_nobody(proxy):
    answer = proxy.raw(b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\nPOST /v1/completions HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert len(proxy.engine.asked) == 1


def test_a_client_may_wait_for_its_turn_to_send(proxy):
    proxy.engine.answers["POST", "/v1/completions"] = (200, b"{}")
    head = b"POST /v1/completions HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
    assert proxy.raw(head, b"{}").startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 ")


def test_health_is_the_models_and_not_the_proxys(proxy):
    assert proxy.ask("GET", "/health") == (200, b'{"ready": true, "reason": ""}')
    proxy.engine.answers["GET", "/health"] = (500, b"")
    time.sleep(1.1)  # one look a second
    assert proxy.ask("GET", "/health")[0] == 503


def test_without_an_engine_clients_are_told_to_come_back(settings, tmp_path, engine):
    alone = Proxy(engine, settings(engine_port=9), tmp_path)
    try:
        status, body = alone.ask("GET", "/health")
        assert (status, "does not answer" in json.loads(body)["reason"]) == (503, True)
        assert alone.ask("POST", "/v1/completions", b"{}")[0] == 503
        assert b"retry-after: 5" in alone.raw(b"GET /v1/models HTTP/1.1\r\n\r\n")
    finally:
        assert alone.stop() == 0


def test_an_engine_that_breaks_is_a_bad_gateway(proxy):
    def breaks(handler):
        handler.close_connection = True

    proxy.engine.answers["POST", "/v1/completions"] = breaks
    assert proxy.ask("POST", "/v1/completions", b"{}")[0] == 502


def test_at_its_end_what_is_under_way_ends_and_nobody_else_comes(proxy):
    proxy.engine.answers["POST", "/v1/chat/completions"] = stream(until=(rest := threading.Event()))
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=10)
    connection.request("POST", "/v1/chat/completions", CHAT)
    answer = connection.getresponse()
    answer.readline()
    proxy.process.send_signal(signal.SIGTERM)
    assert proxy.process.stdout.readline() == "stopping; 1 requests may end\n"
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", proxy.port), timeout=1)
    rest.set()
    assert answer.read().endswith(EVENTS[-1])
    connection.close()
    assert proxy.process.wait(10) == 0


def test_its_log_tells_requests_without_what_was_asked(proxy):
    proxy.engine.answers["POST", "/v1/completions"] = (200, b"{}")
    proxy.ask("POST", "/v1/completions", b'{"prompt": "a secret"}')
    assert proxy.process.stdout.readline().startswith("POST /v1/completions 200 0.")
