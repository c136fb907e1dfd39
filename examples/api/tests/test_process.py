# SPDX-License-Identifier: GPL-3.0-or-later
"""The releases as processes: what each answers, how they start, and that a stop drops nobody."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from .conftest import FOLDER


def get(url):
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read().decode(), answer.headers


@pytest.mark.parametrize(
    ("version", "home", "content_type"),
    [("1.0.0", "Hello from 1.0.0 (green)", "text/plain"), ("2.0.0", "<h1>2.0.0</h1>", "text/html")],
)
def test_a_release_says_who_it_is(release, version, home, content_type):
    running = release(version, SLIPWAY_COLOR="green", SLIPWAY_IMAGE_DIGEST="sha256:12")
    text, headers = get(f"{running.url}/version")
    assert json.loads(text) == {
        "version": version,
        "color": "green",
        "digest": "sha256:12",
        "address": f"127.0.0.1:{running.port}",
    }
    assert (headers["X-Slipway-Color"], headers["X-Slipway-Version"]) == ("green", version)
    assert get(f"{running.url}/api/version")[0] == text
    text, headers = get(f"{running.url}/")
    assert home in text
    assert headers["Content-Type"].startswith(content_type)


def test_the_page_escapes_what_it_shows(release):
    text, _ = get(f"{release('2.0.0', SLIPWAY_IMAGE_DIGEST='<script>alert(1)</script>').url}/")
    assert "<script>" not in text


def test_errors_are_json_with_the_headers(release):
    connection = http.client.HTTPConnection("127.0.0.1", release("1.0.0").port, timeout=30)
    connection.request("GET", "/nothing")
    answer = connection.getresponse()
    assert (answer.status, answer.headers["X-Slipway-Version"]) == (404, "1.0.0")
    assert json.loads(answer.read())["error"]


class Slow(BaseHTTPRequestHandler):
    """A provider that takes its time."""

    asked = threading.Event()

    def do_GET(self):
        Slow.asked.set()
        time.sleep(2)
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"done")

    def log_message(self, *_):
        pass


def test_a_stop_finishes_what_is_in_flight(release):
    """SIGTERM while a request runs: it is answered, an idle connection hears `close`, and the exit status is 0."""
    slow = HTTPServer(("127.0.0.1", 0), Slow)
    threading.Thread(target=slow.serve_forever, daemon=True).start()
    running = release("2.0.0", A_BASE_URL=f"http://127.0.0.1:{slow.server_port}", A_API_KEY="k")
    idle = http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)
    idle.request("GET", "/version")
    assert idle.getresponse().read()
    answers = []
    asking = threading.Thread(target=lambda: answers.append(get(f"{running.url}/llm/a/x")[0]))
    asking.start()
    assert Slow.asked.wait(30)
    running.process.send_signal(signal.SIGTERM)
    # The line says that the service knows; from then on each answer closes its connection.
    while "stopping" not in running.process.stdout.readline():
        pass
    idle.request("GET", "/healthz")
    answer = idle.getresponse()
    assert (answer.status, answer.headers["Connection"]) == (200, "close")
    asking.join(30)
    slow.shutdown()
    slow.server_close()
    assert answers == ["done"]
    assert running.process.wait(30) == 0


def start_and_fail(**environ):
    base = {"PATH": os.environ["PATH"], "PYTHONPATH": ".", "HOST": "127.0.0.1"}
    return subprocess.run(
        [sys.executable, "releases/1.0.0/main.py"],
        cwd=FOLDER,
        env=base | environ,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_unstartable_for_a_wrong_setting():
    done = start_and_fail(PORT="0")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "api 1.0.0: PORT must be a whole number from 1 to 65535, got '0'\n"


def test_unstartable_for_a_taken_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = start_and_fail(PORT=str(taken.getsockname()[1]))
    assert done.returncode == 2
    assert "cannot listen on 127.0.0.1" in done.stderr
