# SPDX-License-Identifier: GPL-3.0-or-later
"""What the proxy reads out of a request, and what it refuses."""

from __future__ import annotations

import pytest

from slipway_llm.proxy_plan import LARGEST_BODY, Head, RefusedError, check, chunk_size, head


def raw(line="POST /v1/chat/completions HTTP/1.1", *headers):
    return "\r\n".join([line, *headers, "", ""]).encode("latin-1")


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (raw("GET /v1/models HTTP/1.1"), Head("GET", "/v1/models", (), 0, False)),
        (raw("GET /v1/models?x=%0d HTTP/1.0"), Head("GET", "/v1/models", (), 0, False)),
        (
            raw(headers := "POST /v1/completions HTTP/1.1", "Content-Length: 12", "Expect: 100-Continue"),
            Head("POST", "/v1/completions", (), 12, True),
        ),
        (
            raw(headers, "Transfer-Encoding:chunked", "Content-Type: application/json ", "Authorization: Bearer x"),
            Head("POST", "/v1/completions", (("content-type", "application/json"),), None, False),
        ),
    ],
    ids=["get", "query", "length", "chunked"],
)
def test_a_head(given, wanted):
    assert head(given) == wanted


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (raw("GET  /v1/models HTTP/1.1"), 400),
        (raw("GET http://other/v1/models HTTP/1.1"), 400),
        (raw("GET /v1/models HTTP/2"), 400),
        (raw("get /v1/models HTTP/1.1"), 400),
        (raw("GET /v1/mo\tdels HTTP/1.1"), 400),
        (b"GET /v1/models HTTP/1.1\nx: y\r\n\r\n", 400),
        (raw("GET / HTTP/1.1", "no colon"), 400),
        (raw("GET / HTTP/1.1", "space : x"), 400),
        (raw("GET / HTTP/1.1", "a: b", " folded"), 400),
        (raw("GET / HTTP/1.1", "a: b\nx: y"), 400),
        (raw("GET / HTTP/1.1", "content-length: 1", "Content-Length: 1"), 400),
        (raw("GET / HTTP/1.1", "content-length: 1", "transfer-encoding: chunked"), 400),
        (raw("GET / HTTP/1.1", "transfer-encoding: gzip, chunked"), 400),
        (raw("GET / HTTP/1.1", "transfer-encoding: chunked", "transfer-encoding: chunked"), 400),
        (raw("GET / HTTP/1.1", "content-length: +1"), 400),
        (raw("GET / HTTP/1.1", "content-length: 0x1"), 400),
        (raw("GET / HTTP/1.1", f"content-length: {LARGEST_BODY + 1}"), 413),
    ],
    ids=[
        "two spaces",
        "absolute",
        "version",
        "method",
        "control character",
        "bare line feed",
        "no colon",
        "space before the colon",
        "folded",
        "line feed in a value",
        "length twice",
        "length and chunks",
        "coding",
        "coding twice",
        "signed length",
        "hexadecimal length",
        "too large",
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(given, status):
    with pytest.raises(RefusedError) as refused:
        head(given)
    assert refused.value.status == status


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/models", None),
        ("POST", "/v1/chat/completions", None),
        ("POST", "/v1/completions", None),
        ("POST", "/v1/embeddings", None),
        ("GET", "/metrics", 404),
        ("POST", "/tokenize", 404),
        ("POST", "/pause", 404),
        ("POST", "/invocations", 404),
        ("GET", "/docs", 404),
        ("POST", "/v1/load_lora_adapter", 404),
        ("GET", "/v1/models/", 404),
        ("GET", "//v1/models", 404),
        ("GET", "/v1/../metrics", 404),
        ("GET", "/v1/%6dodels", 404),
        ("POST", "/generate", 404),
        ("DELETE", "/v1/models", 405),
        ("POST", "/health", 405),
        ("GET", "/v1/completions", 405),
    ],
)
def test_what_may_pass(method, path, status):
    request = head(raw(f"{method} {path} HTTP/1.1"))
    if status is None:
        check(request)
        return
    with pytest.raises(RefusedError) as refused:
        check(request)
    assert refused.value.status == status


@pytest.mark.parametrize(("line", "size"), [(b"0\r\n", 0), (b"1F;a=b\r\n", 31), (b"a \t;x\r\n", 10)])
def test_the_size_of_a_chunk(line, size):
    assert chunk_size(line) == size


@pytest.mark.parametrize("line", [b"\r\n", b"-1\r\n", b"0x1\r\n", b"1\n", b"123456789\r\n", b"1 2\r\n"])
def test_a_malformed_chunk_is_refused(line):
    with pytest.raises(RefusedError, match="malformed"):
        chunk_size(line)
