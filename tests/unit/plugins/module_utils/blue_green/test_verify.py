# SPDX-License-Identifier: GPL-3.0-or-later
"""An image's configuration lies behind an address of its own; whoever cannot read it is told so, and goes on."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from ansible_collections.slipway.ops.plugins.module_utils import ecr
from ansible_collections.slipway.ops.plugins.module_utils.blue_green import verify
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.image_plan import reference

DIGEST = f"sha256:{'a' * 64}"
IMAGE = reference(f"111111111111.dkr.ecr.us-east-1.amazonaws.com/api@{DIGEST}")
MANIFEST = json.dumps({"config": {"digest": "sha256:c"}})


@pytest.fixture(scope="module")
def blobs():
    """A server of blobs by path; the answer is its address."""
    contents = {
        "/arm": json.dumps({"os": "linux", "architecture": "arm64"}).encode(),
        "/bare": b"{}",
        "/text": b"\xff\xfe",
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            content = contents.get(self.path.partition("?")[0])
            self.send_response(200 if content is not None else 403)
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_):
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("manifest", "path", "expected"),
    [
        (None, "/arm", (False, (), "")),
        ("{}", "/arm", (True, (), "its manifest names neither a platform nor a configuration")),
        (MANIFEST, "/arm", (True, ("linux/arm64",), "")),
        (MANIFEST, "/bare", (True, (), "its configuration names no platform")),
        (MANIFEST, None, (True, (), "its configuration sha256:c cannot be had with ecr:GetDownloadUrlForLayer")),
    ],
)
def test_the_platform_of_an_image(blobs, monkeypatch, manifest, path, expected):
    monkeypatch.setattr(ecr, "get_manifest", lambda *_: manifest)
    monkeypatch.setattr(ecr, "get_layer_url", lambda *_: path and f"{blobs}{path}?signature=x")
    assert verify._image(None, IMAGE) == expected


def test_an_image_without_a_digest_is_not_there():
    assert verify._image(None, reference(IMAGE.uri)) == (False, (), "")


@pytest.mark.parametrize("path", ["/secret?signature=x", "/text?signature=x"])
def test_a_configuration_that_cannot_be_read(blobs, path):
    platforms, why = verify._platform_at(f"{blobs}{path}")
    assert platforms == ()
    assert why.startswith(f"its configuration cannot be read from {blobs}{path.partition('?')[0]}: ")
    assert "signature" not in why


def test_nobody_answers():
    platforms, why = verify._platform_at("http://127.0.0.1:9/x")
    assert platforms == ()
    assert "cannot be read from http://127.0.0.1:9/x: " in why
