# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof at the edge, against a real HTTP server that serves a site well or badly."""

from __future__ import annotations

import gzip
import hashlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.invalidation import proof as proving
from ansible_collections.slipway.ops.plugins.module_utils.invalidation.invalidation import Pace
from ansible_collections.slipway.ops.plugins.module_utils.invalidation.proof import (
    SCOPE,
    ProofError,
    prove,
    url_problem,
)
from ansible_collections.slipway.ops.plugins.module_utils.invalidation.proof_plan import (
    ABSENT,
    DEEP_LINK,
    Wanted,
    first_checks,
)

INDEX = b"""<!doctype html><html><head>
<link rel="stylesheet" href="/assets/app-C1.css"><link rel="canonical" href="/elsewhere">
<script type="module" src="/assets/app-A1.js"></script></head>
<body><img src="data:image/png;base64,AA"><img src="https://other.invalid/x.png"><img src="logo%20%2B.png"></body>
</html>"""
JS, CSS, PNG, CONFIG = b"console.log(1)", b"body{}", b"png", b'{"api":"/api"}'
HTML, SCRIPT = "text/html; charset=utf-8", "text/javascript; charset=utf-8"


def sha(body):
    return hashlib.sha256(body).hexdigest()


class Site:
    """A site. files: path -> (status, type, body); compressed: the index document as a browser gets it, with its
    Content-Encoding and ETag; asked: paths in the order of the requests."""

    def __init__(self):
        self.files = {
            "/": (200, HTML, INDEX),
            "/index.html": (200, HTML, INDEX),
            DEEP_LINK: (200, HTML, INDEX),
            "/config.json": (200, "application/json", CONFIG),
            "/assets/app-A1.js": (200, SCRIPT, JS),
            "/assets/app-C1.css": (200, "text/css", CSS),
            "/logo%20%2B.png": (200, "image/png", PNG),
        }
        self.headers = {"X-Content-Type-Options": "nosniff", "X-Cache": "Hit from cloudfront", "X-Amz-Cf-Pop": "FRA1"}
        self.compressed = ("gzip", 'W/"index"', gzip.compress(INDEX))
        self.asked = []
        self.agents = set()
        self.connections = 0
        self.closes, self.lacking = False, 0
        self.on_request = lambda path: None

    def answer(self, path, accepted):
        """(status, headers, body)"""
        self.asked.append(path)
        self.on_request(path)
        status, kind, body = self.files.get(path, (404, "application/xml", b"<Error/>"))
        headers = {"Content-Type": kind, "ETag": '"index"', **self.headers}
        if path == "/" and "br" in accepted and status == 200 and self.compressed:
            headers["Content-Encoding"], headers["ETag"], body = self.compressed
        return status, headers, body


@pytest.fixture
def site():
    found = Site()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self):
            super().setup()
            found.connections += 1

        def do_GET(self):
            found.agents.add(self.headers["User-Agent"])
            status, headers, body = found.answer(self.path, self.headers.get("Accept-Encoding", ""))
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body) + found.lacking)}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = found.closes

        def log_message(self, *_arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}"
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


def wanted(**more):
    documents = {"/": sha(INDEX), "/index.html": sha(INDEX), "/config.json": sha(CONFIG)}
    assets = {"/assets/app-A1.js": sha(JS), "/assets/app-C1.css": sha(CSS)}
    return Wanted(**{"documents": documents, "assets": assets, **more})


class Patience:
    """A pace of so many seconds, which pass by its pauses only."""

    def __init__(self, seconds=0.0, on_pause=lambda: None):
        self.lines, self.now, self._on_pause = [], 0.0, on_pause
        self.pace = Pace(self.lines.append, seconds, "run it again", pause=self._pause, clock=lambda: self.now)

    def _pause(self, seconds):
        self.now += seconds
        self._on_pause()


def test_a_site_as_it_should_be_is_proven_in_one_round(site):
    patience = Patience()
    proof = prove(site.url + "/", wanted(headers={"X-Content-Type-Options": "nosniff", "x-cache": "*"}), patience.pace)
    shown = proof.shown()
    assert (shown["proven"], shown["rounds"], shown["scope"], shown["url"]) == (True, 1, SCOPE, site.url)
    assert [(check["path"], check["what"], check["status"]) for check in shown["checks"]] == [
        ("/", "start", 200),
        ("/config.json", "document", 200),
        ("/index.html", "document", 200),
        (DEEP_LINK, "deep link", 200),
        (ABSENT, "absent", 404),
        ("/", "compressed", 200),
        ("/assets/app-C1.css", "asset", 200),
        ("/assets/app-A1.js", "asset", 200),
        ("/logo%20%2B.png", "asset", 200),
    ]
    assert {check["cache"] for check in shown["checks"]} == {"Hit from cloudfront"}
    assert {check["edge"] for check in shown["checks"]} == {"FRA1"}
    assert "serves the release: 9 checks passed; proves the edge near this run" in patience.lines[-1]
    # No cache buster, and nothing of others.
    assert not [path for path in site.asked if "?" in path or "other" in path or "elsewhere" in path]


def fault(site, **more):
    """What the proof says is wrong."""
    with pytest.raises(ProofError) as caught:
        prove(site.url, wanted(**more), Patience().pace)
    assert not caught.value.proof.shown()["proven"]
    return str(caught.value)


@pytest.mark.parametrize(
    ("path", "answer", "part"),
    [
        ("/", (200, HTML, b"<html>old</html>"), "/ (start): another document"),
        ("/", (503, HTML, INDEX), "/ (start): 503 instead of 200"),
        ("/config.json", (200, HTML, INDEX), "/config.json (document): another document"),
        ("/config.json", (404, HTML, b""), "/config.json (document): 404 instead of 200"),
        (DEEP_LINK, (404, HTML, b""), f"{DEEP_LINK} (deep link): 404 instead of 200"),
        (ABSENT, (200, HTML, INDEX), f"{ABSENT} (absent): 200 instead of 404"),
        (ABSENT, (403, HTML, b""), f"{ABSENT} (absent): 403 instead of 404"),
        ("/assets/app-A1.js", (404, HTML, b""), "/assets/app-A1.js (asset): 404 instead of 200"),
        ("/assets/app-A1.js", (200, HTML, INDEX), "/assets/app-A1.js (asset): content type text/html"),
        ("/assets/app-A1.js", (200, "text/plain", JS), "(asset): content type text/plain"),
        ("/assets/app-A1.js", (200, SCRIPT, b"other"), "(asset): another document"),
        ("/assets/app-C1.css", (200, SCRIPT, CSS), "(asset): content type text/javascript"),
        ("/logo%20%2B.png", (200, HTML, PNG), "/logo%20%2B.png (asset): content type text/html"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(site, path, answer, part):
    site.files[path] = answer
    told = fault(site)
    assert part in told
    assert f"{site.url} does not serve the release" in told
    assert "That is what visitors of this edge get now; run it again" in told


@pytest.mark.parametrize(
    ("headers", "part"),
    [
        ({"Content-Security-Policy": "*"}, "/ (start): no header Content-Security-Policy"),
        ({"X-Content-Type-Options": "sniff"}, "header X-Content-Type-Options is 'nosniff' instead of 'sniff'"),
    ],
)
def test_required_headers_are_required(site, headers, part):
    assert part in fault(site, headers=headers)


@pytest.mark.parametrize(
    ("compressed", "part"),
    [
        (("gzip", 'W/"index"', gzip.compress(b"old")), "/ (compressed): another document, compressed"),
        (("gzip", 'W/"index"', b"no gzip"), "/ (compressed): another document, compressed"),
        (("br", 'W/"old"', b"brotli"), "/ (compressed): another document, as br"),
    ],
)
def test_an_old_document_that_browsers_alone_would_get_is_told(site, compressed, part):
    """CloudFront keeps compressed answers apart: the plain one may be fresh and theirs stale."""
    site.compressed = compressed
    assert part in fault(site)


@pytest.mark.parametrize(
    "compressed", [("br", 'W/"index"', b"brotli"), None], ids=["brotli, by its tag", "not compressed"]
)
def test_other_encodings_are_judged_too(site, compressed):
    site.compressed = compressed
    assert prove(site.url, wanted(), Patience().pace).shown()["proven"]


def test_a_brotli_answer_cannot_be_judged_without_a_right_plain_one(site):
    site.compressed = ("br", 'W/"index"', b"brotli")
    site.files["/"] = (200, HTML, b"old")
    told = fault(site)
    assert "/ (start): another document; / (compressed): another document, as br" in told


def test_what_comes_true_in_time_is_proven_and_what_was_right_is_not_asked_again(site):
    site.files["/"] = (200, HTML, b"old")
    site.compressed = None

    def refresh():
        if patience.now > 6:
            site.files["/"] = (200, HTML, INDEX)

    patience = Patience(60, refresh)
    proof = prove(site.url, wanted(), patience.pace)
    assert (proof.rounds, patience.now, proof.seconds) == (4, 7, 7)
    assert site.asked.count("/config.json") == 1
    assert site.asked.count("/assets/app-A1.js") == 1
    assert patience.lines[0].startswith("not yet: / (start): another document; / (compressed): another document")


def test_a_missing_asset_is_waited_for(site):
    missing = site.files.pop("/assets/app-A1.js")
    patience = Patience(60, lambda: site.files.update({"/assets/app-A1.js": missing}))
    assert prove(site.url, wanted(), patience.pace).rounds == 2


@pytest.mark.parametrize(("start", "known"), [(INDEX, True), (b"another document", False)])
def test_what_the_start_document_names_is_asked_for_with_it_where_that_is_known(site, start, known):
    asked = wanted(start=start)
    assert (len(first_checks(asked)) == 9) == known
    assert len(prove(site.url, asked, Patience().pace).results) == 9
    site.files.pop("/assets/app-A1.js")
    with pytest.raises(ProofError, match=re.escape("/assets/app-A1.js (asset): 404 instead of 200")):
        prove(site.url, asked, Patience().pace)


def pages(site, count):
    """So many documents on the site, and what is wanted of them."""
    site.files.update({f"/p/{number}.html": (200, HTML, b"page") for number in range(count)})
    return wanted(documents={"/": sha(INDEX)} | {f"/p/{number}.html": sha(b"page") for number in range(count)})


def test_many_documents_take_few_connections_and_are_not_all_shown(site):
    patience = Patience()
    shown = prove(site.url, pages(site, 450), patience.pace).shown()
    assert (shown["proven"], shown["count"], len(shown["checks"])) == (True, 457, 50)
    assert site.connections < 60
    assert "200 of 454 files asked for" in patience.lines[0]


def test_a_connection_that_the_site_closes_is_no_fault(site):
    site.closes = True
    assert prove(site.url, pages(site, 100), Patience().pace).shown()["proven"]


def test_faults_are_shown_before_the_rest_and_no_more_is_asked_when_the_time_is_over(site):
    asked = pages(site, 900)
    site.files["/p/7.html"] = (200, HTML, b"old")
    with pytest.raises(ProofError) as caught:
        prove(site.url, asked, Patience().pace)
    shown = caught.value.proof.shown()
    assert shown["checks"][0]["fault"]
    assert "not asked any more" in {check["fault"] for check in shown["checks"]}
    assert len(site.asked) < 900


def test_an_answer_that_breaks_off_is_told(site):
    site.closes, site.lacking = True, 5
    assert "no answer: the answer ended 5 bytes early" in fault(site)


def test_a_body_that_trickles_in_is_given_up(site, monkeypatch):
    monkeypatch.setattr(proving, "_LONGEST", -1.0)
    assert "no answer: no whole answer within -1 s" in fault(site)


def test_a_large_asset_is_proven_without_being_kept(site, monkeypatch):
    monkeypatch.setattr(proving, "_KEPT", len(INDEX))
    large = b"x" * 3_000_000
    site.files["/logo%20%2B.png"] = (200, "image/png", large)
    asked = wanted(assets={"/logo%20%2B.png": sha(large)})
    assert prove(site.url, asked, Patience().pace).shown()["proven"]


def test_a_visitor_has_a_name(site):
    """AWS WAF's core rule set blocks requests without a User-Agent (NoUserAgent_HEADER)."""
    prove(site.url, wanted(), Patience().pace)
    assert site.agents == {proving.USER_AGENT}


def test_many_faults_are_told_in_one_line(site):
    site.files.clear()
    told = fault(site)
    assert "and 2 more" in told
    assert "\n" not in told


def test_a_site_that_does_not_answer_is_told(site):
    with pytest.raises(ProofError, match="no answer"):
        prove("http://127.0.0.1:9", wanted(), Patience().pace)


def test_what_is_not_asked_for_is_not_proven(site):
    del site.files[DEEP_LINK]
    site.files[ABSENT] = (200, HTML, INDEX)
    few = Wanted({"/config.json": sha(CONFIG)}, deep_link="", absent=False)
    assert [check["path"] for check in prove(site.url, few, Patience().pace).shown()["checks"]] == ["/config.json"]
    none = prove(site.url, wanted(deep_link="", absent=False), Patience().pace)
    assert "deep link" not in [check["what"] for check in none.shown()["checks"]]
    own = wanted(deep_link="/orders", absent=False)
    assert "/orders (deep link): 404 instead of 200" in fault_of(site, own)


def fault_of(site, asked):
    with pytest.raises(ProofError) as caught:
        prove(site.url, asked, Patience().pace)
    return str(caught.value)


@pytest.mark.parametrize(
    ("url", "well"),
    [
        ("https://d111111abcdef8.cloudfront.net", True),
        ("http://127.0.0.1:8080/", True),
        ("ftp://x", False),
        ("www.example.com", False),
        ("https://x/path", False),
        ("https://x/?a=b", False),
    ],
)
def test_the_address_of_a_site_has_no_path(url, well):
    assert (url_problem(url) is None) is well
