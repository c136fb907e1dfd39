# SPDX-License-Identifier: GPL-3.0-or-later
"""Visitors of real HTTP servers: those of the shipped releases are happy, every way to break a site is told apart."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from localcloud import images
from localcloud.load import visitors

BUILT = images.ROOT / "examples" / "web" / "releases"
OLD, NEW = (visitors.Release.of(version, BUILT / version) for version in ("1.0.0", "2.0.0"))
TYPES = {"html": "text/html", "json": "application/json"}


class Site:
    """A web server for a dictionary of paths and contents, which a test may change while visitors are there."""

    def __init__(self, version):
        self.files = content(version) | {"config.json": b"{}"}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                path = self.path.strip("/")
                path = path if "." in path else "index.html"
                found = outer.files.get(path)
                body = b"none" if found is None else found
                self.send_response(404 if found is None else 200)
                self.send_header("Content-Type", TYPES.get(path.rpartition(".")[2], "text/plain"))
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                """Silence."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def content(version):
    folder = BUILT / version
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def site():
    made = Site("1.0.0")
    yield made
    made.close()


def visit(site, during=None, **changed):
    """The summary and the lines of some visits; DURING is called once the first visitors have read the page."""
    lines = []

    async def run():
        port = site.server.server_port
        wanted = {"rate": 20.0, "seconds": 0.3, "stay": 0.0, "paths": ("/", "/launches/aurora"), **changed}
        going = asyncio.create_task(
            visitors.Run(visitors.Wanted("127.0.0.1", port, (OLD, NEW), **wanted), lines.append).run()
        )
        if during:
            await asyncio.sleep(0.5)
            during()
        return await going

    return asyncio.run(run()), lines


def test_what_a_browser_would_load_is_known():
    index = (BUILT / "1.0.0" / "index.html").read_bytes()
    named = visitors.named_in(index)
    assert [name.partition("-")[0] for name in named] == ["assets/icon", "assets/index", "assets/react", "assets/index"]
    scripts = [(BUILT / "1.0.0" / name).read_bytes() for name in named]
    lazy = visitors.lazily_named_in(scripts)
    assert {name.partition("-")[0] for name in lazy} >= {"assets/tides", "assets/harbor"}
    assert lazy <= set(OLD.files)


def test_visitors_of_a_whole_release_are_happy(site):
    counted, lines = visit(site)
    assert counted["failed"] == counted["mixed"] == 0, counted
    assert counted["by_release"] == {"1.0.0": counted["visits"]}
    assert counted["requests"] >= 8 * counted["visits"]
    assert sum(line["colors"].get("blue", 0) for line in lines) == counted["requests"] - counted["visits"]
    assert sum(line["documents"].get("1.0.0", 0) for line in lines) == counted["visits"]


def drop(*words):
    def change(files):
        for path in [path for path in files if any(word in path for word in words)]:
            del files[path]

    return change


def mix(files):
    files.update({path: b"of another" for path in files if "icon" in path or "react" in path})


BROKEN = {
    "asset": (drop("index-"), "a file of 1.0.0: status 404", False),
    "later": (drop("tides-"), "a file of 1.0.0: status 404", False),
    "document": (drop("index.html"), "document: status 404", False),
    "config": (drop("config"), "config.json: status 404", False),
    "unknown": (lambda files: files.update({"index.html": b"<html>"}), "document: of no known release", False),
    "mixed": (mix, "a file of 1.0.0: other content", True),
}


@pytest.mark.parametrize(("change", "kind", "mixed"), BROKEN.values(), ids=BROKEN)
def test_a_broken_site_is_told(site, change, kind, mixed):
    change(site.files)
    counted, _ = visit(site)
    assert counted["errors"] == {kind: counted["visits"]}
    assert (counted["mixed"], counted["failed"]) == ((counted["visits"], 0) if mixed else (0, counted["visits"]))
    assert kind in counted["samples"][0]


def test_a_release_that_takes_the_old_assets_away_breaks_open_pages(site):
    def publish():
        site.files = content("2.0.0") | {"config.json": b"{}"}

    counted, _ = visit(site, publish, stay=4.0)
    assert counted["errors"].get("a file of 1.0.0: status 404"), counted


def test_nobody_answers():
    gone = Site("1.0.0")
    gone.close()
    counted, _ = visit(gone)
    assert counted["errors"] == {"no answer: ConnectionRefusedError": counted["visits"]}


def test_the_program(site, tmp_path):
    url = f"http://127.0.0.1:{site.server.server_port}"
    command = [sys.executable, "-m", "localcloud.load.visit", url, "--seconds", "0.3", "--stay", "0"]
    for release in ("1.0.0", "2.0.0"):
        command += ["--release", f"{release}={BUILT / release}"]
    command += ["--out", str(tmp_path / "out"), "--lines", str(tmp_path / "lines")]
    assert subprocess.run(command, cwd=images.ROOT).returncode == 0
    assert json.loads((tmp_path / "out").read_text())["by_release"].keys() == {"1.0.0"}
    elsewhere = [*command[:3], "http://192.0.2.1:80", *command[4:]]
    assert subprocess.run(elsewhere, cwd=images.ROOT, capture_output=True).returncode == 2
