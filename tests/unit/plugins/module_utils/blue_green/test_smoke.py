# SPDX-License-Identifier: GPL-3.0-or-later
"""Smoke checks against real servers on loopback."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.observe import Clients, Scope
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.plan_model import Probe, Smoke, Snapshot
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.progress import Progress
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.run import Run, StepFailedError
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.smoke import check_smoke
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.steps_plan import CheckSmoke
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Preview:
    """What the preview route answers: answers[path] -> (status, headers, body), or a function of how often it came."""

    def __init__(self):
        self.seen = []
        self.answers = {"/version": (200, {"X-Slipway-Color": "green"}, b"2.0.0")}
        self.trickle = 0.0

    def answer(self, path):
        found = self.answers.get(path, (404, {}, b"not here"))
        return found(sum(1 for asked, _host, _peer in self.seen if asked == path)) if callable(found) else found


@contextmanager
def serving(preview, certificate=None):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            preview.seen.append((self.path, self.headers["Host"], self.client_address))
            status, headers, body = preview.answer(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self._send(body)

        do_HEAD = do_GET  # noqa: N815

        def _send(self, body):
            for byte in [body] if not preview.trickle else [body[i : i + 1] for i in range(len(body))]:
                time.sleep(preview.trickle)
                try:
                    self.wfile.write(byte)
                except OSError:
                    return

        def log_message(self, *_):
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def preview():
    return Preview()


@pytest.fixture
def url(preview):
    with serving(preview) as base:
        yield base


def run_of(**members):
    """A run whose pauses take no time."""
    scope = Scope("api", "c", "lb")
    return Run(Clients(dict), scope, Progress(), Snapshot("api", "c", {}), {}, sleep=lambda _seconds: None, **members)


def step(*checks, probe=None):
    return CheckSmoke("green", checks, 0.0, probe)


def probe(url, timeout=5.0):
    """As it asks the production route, at the same path."""
    return Probe("http://production.test/version", None, "X-Slipway-Color", 3, timeout)


def test_all_checks_pass(url, preview):
    preview.answers["/a"] = (200, {"Content-Type": "application/json"}, b'{"ok": true}')
    run = run_of()
    check = Smoke(f"{url}/a", host="api.test", contains='"ok": true', headers={"content-type": "json"})
    check_smoke(run, step(check, Smoke(f"{url}/a", method="HEAD")))
    assert [result["passed"] for result in run.smoke] == [True, True]
    assert [host for _path, host, _peer in preview.seen] == ["api.test", url.removeprefix("http://")]
    assert len({peer for _path, _host, peer in preview.seen}) == 2, "a connection for each"


def test_all_failures_are_told_at_once_and_stay_in_the_result(url, preview):
    preview.answers["/broken"] = (503, {}, b'no database, password="hunter2"')
    run = run_of()
    checks = [Smoke(f"{url}/broken", attempts=2), Smoke(f"{url}/version"), Smoke(f"{url}/nowhere", attempts=1)]
    with pytest.raises(StepFailedError) as failed:
        check_smoke(run, step(*checks))
    text = str(failed.value)
    assert text.startswith("2 of 3 smoke checks of green failed: ")
    assert "/broken: status 503 instead of 200" in text
    assert "attempt 2 of 2); the body says 'no database, password=***'" in text
    assert "/nowhere: status 404 instead of 200" in text
    assert [(result["status"], result["passed"]) for result in run.smoke] == [(503, False), (200, True), (404, False)]


def test_a_check_may_pass_at_a_later_attempt(url, preview):
    preview.answers["/warm"] = lambda times: (200 if times >= 3 else 503, {}, b"")
    run = run_of()
    check_smoke(run, step(Smoke(f"{url}/warm", attempts=3)))
    assert run.smoke[0]["detail"].endswith("attempt 3 of 3")


def test_redirects_are_not_followed(url, preview):
    preview.answers["/old"] = (302, {"Location": "/version"}, b"")
    check_smoke(run_of(), step(Smoke(f"{url}/old", status=302, headers={"Location": "/version"})))
    assert [path for path, _host, _peer in preview.seen] == ["/old"]


def test_an_answer_that_trickles_is_cut_off(url, preview):
    """Each byte comes well within the time; the whole answer does not."""
    preview.trickle = 0.05
    preview.answers["/slow"] = (200, {}, b"x" * 200)
    run = run_of()
    with pytest.raises(StepFailedError, match=r"no answer: no whole answer within 0\.3 s"):
        check_smoke(run, step(Smoke(f"{url}/slow", seconds=0.3, attempts=1)))
    assert run.smoke[0]["status"] is None
    assert run.smoke[0]["seconds"] < 5


def test_nobody_listens():
    with pytest.raises(StepFailedError, match=r"no answer: .*refused"):
        check_smoke(run_of(), step(Smoke("http://127.0.0.1:9/", attempts=1)))


def test_the_checks_wait_until_the_route_shows_the_color(url, preview):
    """The old color passes every check; it takes a while until the new one answers, and flickers on the way."""
    colors = ["blue", "blue", "green", "blue", "green", "green", "green"]
    preview.answers["/version"] = lambda times: (200, {"X-Slipway-Color": colors[min(times, 7) - 1]}, b"")
    preview.answers["/a"] = (200, {}, b"")
    check_smoke(run_of(), step(Smoke(f"{url}/a"), probe=probe(url)))
    assert [path for path, _host, _peer in preview.seen] == ["/version"] * 7 + ["/a"]


def test_no_check_is_made_on_a_route_that_stays_with_the_old_color(url, preview):
    preview.answers["/version"] = (200, {"X-Slipway-Color": "blue"}, b"")
    run = run_of()
    with pytest.raises(StepFailedError, match=r"did not answer from green 3 times in a row within 0 s, so no smoke"):
        check_smoke(run, step(Smoke(f"{url}/version"), probe=probe(url, timeout=0)))
    assert run.smoke == []


def test_an_answer_of_the_old_color_does_not_pass(url, preview):
    preview.answers["/a"] = (200, {"X-Slipway-Color": "blue"}, b"")
    with pytest.raises(StepFailedError, match="it came from blue, not from green"):
        check_smoke(run_of(), step(Smoke(f"{url}/a", attempts=1), probe=probe(url)))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Signed by itself, for api.test."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "api.test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("api.test")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


def test_certificates_count_unless_told_otherwise(preview, certificate, monkeypatch):
    with serving(preview, certificate) as url:
        mine = Smoke(f"{url}/version", host="api.test", attempts=1)
        with pytest.raises(StepFailedError, match="CERTIFICATE_VERIFY_FAILED"):
            check_smoke(run_of(), step(mine))
        check_smoke(run_of(validate_certs=False), step(mine))
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        check_smoke(run_of(), step(mine))
        with pytest.raises(StepFailedError, match="CERTIFICATE_VERIFY_FAILED"):
            check_smoke(run_of(), step(Smoke(f"{url}/version", host="other.test", attempts=1)))


def test_a_handshake_that_does_not_come_is_cut_off():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(StepFailedError, match=r"no answer: .*(timed out|within 0\.2 s)"):
            check_smoke(run_of(), step(Smoke(url, seconds=0.2, attempts=1)))
