# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes against real servers on loopback."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.blue_green import http_request as module
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.plan_model import Probe
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.probe import Prober, url_problem


@contextmanager
def server(address="127.0.0.1", status=200, color="green", port=0):
    seen = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            seen.append((self.path, self.headers["Host"], self.client_address))
            self.send_response(status)
            if color:
                self.send_header("X-Slipway-Color", color)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            """Silence."""

    made = ThreadingHTTPServer((address, port), Handler)
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield made.server_port, seen
    finally:
        made.shutdown()
        thread.join()
        made.server_close()


def probing(port, path="/version?x=1"):
    return Probe(f"http://127.0.0.1:{port}{path}", None, "X-Slipway-Color", 3, 5)


def test_every_probe_is_a_connection_of_its_own():
    with server() as (port, seen):
        prober = Prober(probing(port))
        assert [prober.ask().color for _ in range(3)] == ["green"] * 3
    assert len({client for _path, _host, client in seen}) == 3
    assert {(path, host) for path, host, _client in seen} == {("/version?x=1", f"127.0.0.1:{port}")}


def test_the_host_header_can_be_given():
    with server() as (port, seen):
        assert Prober(replace(probing(port, ""), host="api.example.com")).ask().text == "200 green"
    assert seen[0][:2] == ("/", "api.example.com")


@pytest.mark.parametrize(
    ("status", "color", "text"),
    [(503, "green", "503 green"), (200, "", "200 without color"), (404, "blue", "404 blue")],
)
def test_what_counts_as_an_answer_of_a_color(status, color, text):
    with server(status=status, color=color) as (port, _seen):
        answer = Prober(probing(port)).ask()
    assert answer.text == text
    assert answer.color == (color if status < 500 else "")


def test_no_answer_is_an_answer_too():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        answer = Prober(probing(taken.getsockname()[1])).ask()
    assert answer.color == ""
    assert answer.text.startswith("no answer: ")


def test_all_addresses_of_the_name_take_turns(monkeypatch):
    with server("127.0.0.1") as (port, first), server("127.0.0.2", port=port) as (_port, second):
        answers = [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in ("127.0.0.2", "127.0.0.1")
        ]
        real = socket.getaddrinfo
        monkeypatch.setattr(
            module.socket,
            "getaddrinfo",
            lambda host, *rest, **named: answers if host == "api.test" else real(host, *rest, **named),
        )
        prober = Prober(replace(probing(port), url=f"http://api.test:{port}/"))
        assert prober.addresses() == 2
        for _ in range(4):
            prober.ask()
    assert (len(first), len(second)) == (2, 2)


def test_a_name_that_does_not_resolve(monkeypatch):
    def fail(*_args, **_named):
        raise socket.gaierror("unknown name")

    monkeypatch.setattr(module.socket, "getaddrinfo", fail)
    prober = Prober(replace(probing(1), url="http://nowhere.test/"))
    assert prober.addresses() == 1
    assert prober.ask().text == "no answer: unknown name"


def test_https_needs_a_certificate_of_the_name():
    with server() as (port, _seen):
        for validate in (True, False):
            prober = Prober(replace(probing(port), url=f"https://127.0.0.1:{port}/"), validate)
            assert prober.ask().text.startswith("no answer: ")


@pytest.mark.parametrize(
    ("url", "good"),
    [("http://a/", True), ("https://a:8443/x", True), ("ftp://a/", False), ("a/b", False), ("http:///x", False)],
)
def test_urls(url, good):
    assert (url_problem(url) is None) is good
