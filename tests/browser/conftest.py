# SPDX-License-Identifier: GPL-3.0-or-later
"""One real Chromium for all tests here, which only run where there is one (tests/gates/web.py says so elsewhere)."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from localcloud.demo.browser import Browser, find

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "examples" / "web" / "releases"
TYPES = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
    "json": "application/json",
}
# The text of a page that is too faint to be read (WCAG 2.2, 1.4.3: 4.5, or 3 where it is large), as a script.
FAINT = """(() => {
  const light = (color) => {
    const [r, g, b] = color.match(/[\\d.]+/g).slice(0, 3).map(Number)
      .map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const clear = (color) => /, 0\\)$/.test(color) || color === 'transparent';
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const color = getComputedStyle(e).backgroundColor;
      if (!clear(color)) return color;
    }
    return 'rgb(255, 255, 255)';
  };
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const e = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !e.getClientRects().length) continue;
    if (e.closest('svg, script, style, noscript')) continue;
    const style = getComputedStyle(e);
    const size = parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.6 && style.fontWeight >= 700) ? 3 : 4.5;
    const [a, b] = [light(style.color), light(behind(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < least) found.push(`${texts.currentNode.data.trim().slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  return found;
})()"""


@cache
def policy() -> str:
    """The content security policy that role cloudfront_site sends unless it is told otherwise."""
    return yaml.safe_load((ROOT / "roles/cloudfront_site/defaults/main.yml").read_text())["cloudfront_site_csp"].strip()


class Site:
    """A release as the distribution serves it: deep links, what is missing is missing, and the security policy."""

    def __init__(self, version: str) -> None:
        folder = BUILT / version
        self.files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.*")}
        self.files["config.json"] = b'{"environment": "staging", "apiBase": "/api"}'
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer.answer(self)

            def log_message(self, *_: object) -> None:
                """Silence."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one GET."""
        path = request.path.strip("/")
        if path == "api/version":
            body, kind = b'{"version": "1.4.2"}', "json"
        else:
            path = path if re.search(r"\.[a-z]+$", path) else "index.html"
            body, kind = self.files.get(path), path.rpartition(".")[2]
        request.send_response(404 if body is None else 200)
        request.send_header("Content-Type", TYPES.get(kind, "text/plain"))
        request.send_header("Content-Security-Policy", policy())
        request.send_header("Content-Length", str(len(body or b"")))
        request.end_headers()
        request.wfile.write(body or b"")

    def close(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = find()
    if path is None:
        pytest.skip("no Chromium on this machine")
    with Browser(path) as started:
        yield started


@pytest.fixture
def site(request) -> Iterator[Site]:
    """The release of the test's parameter, 2.0.0 without one."""
    made = Site(getattr(request, "param", "2.0.0"))
    yield made
    made.close()
