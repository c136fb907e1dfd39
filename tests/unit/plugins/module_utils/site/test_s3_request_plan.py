# SPDX-License-Identifier: GPL-3.0-or-later
"""Signatures and escapes, against botocore's own."""

from __future__ import annotations

import datetime
import hashlib

import botocore.auth
import pytest
from ansible_collections.slipway.ops.plugins.module_utils.site.s3_request_plan import (
    Credentials,
    Scope,
    Unsigned,
    checksum,
    escape,
    head_of,
    query_string,
    signed_headers,
    stamp,
)
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials

NOW = datetime.datetime(2026, 2, 28, 23, 59, 59, tzinfo=datetime.UTC)
HARD_KEYS = [
    "plain.js",
    "site/with space.js",
    "site/ünïcode/日本語.html",
    "emoji-😀.svg",
    "a+b.js",
    "100%.js",
    "already%20escaped.js",
    "hash#mark.js",
    "question?mark=1&b=2.js",
    "a//b",
    "./dot/../up",
    "trailing/",
    "~tilde~",
    "quote'\"<>.js",
    "semi;comma,colon:at@.js",
    "[brackets]{braces}|pipe\\back^caret`tick",
    "star*dollar$bang!(paren)=eq",
    "tab\there",
]


@pytest.fixture(autouse=True)
def _midnight(monkeypatch):
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda remove_tzinfo=True: NOW)


def botocores(method, url, headers, body, token):
    request = AWSRequest(method=method, url=url, headers=headers, data=body)
    credentials = BotocoreCredentials("AKIA", "se/cr+et", token or None)
    botocore.auth.S3SigV4Auth(credentials, "s3", "eu-central-1").add_auth(request)
    return request.headers["Authorization"]


def ours(method, path, query, headers, body, token):
    unsigned = Unsigned(method, path, query, {"host": "b.localhost:4566", **headers}, hashlib.sha256(body).hexdigest())
    signed = signed_headers(
        unsigned, Credentials("AKIA", "se/cr+et", token), Scope("eu-central-1"), stamp(NOW.timestamp())
    )
    return signed["authorization"]


@pytest.mark.parametrize("token", ["", "temporary//token=="])
@pytest.mark.parametrize("key", HARD_KEYS)
def test_a_put_is_signed_as_botocore_signs_it(key, token):
    headers = {
        "content-type": "text/html; charset=utf-8",
        "cache-control": "  public,   max-age=1 ",
        "x-amz-meta-cache-tag": "site,  entry",
        "if-none-match": "*",
        "x-amz-checksum-sha256": "abc=",
    }
    url = f"http://b.localhost:4566/bucket/{escape(key)}"
    wanted = botocores("PUT", url, headers, b"body", token)
    assert ours("PUT", f"/bucket/{escape(key)}", "", headers, b"body", token) == wanted


@pytest.mark.parametrize("prefix", ["", "site/", "a b+ü&=%?/~"])
def test_a_list_is_signed_as_botocore_signs_it(prefix):
    query = query_string({"list-type": "2", "prefix": prefix, "encoding-type": "url", "continuation-token": "1/a+b=="})
    wanted = botocores("GET", f"http://b.localhost:4566/?{query}", {}, b"", "")
    assert ours("GET", "/", query, {}, b"", "") == wanted


def test_a_key_without_a_value_is_signed_as_botocore_signs_it():
    wanted = botocores("POST", "http://b.localhost:4566/?delete=", {}, b"<Delete/>", "")
    assert ours("POST", "/", query_string({"delete": ""}), {}, b"<Delete/>", "") == wanted


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        ("a b", "a%20b"),
        ("a+b", "a%2Bb"),
        ("100%", "100%25"),
        ("#?", "%23%3F"),
        ("a//b/../c", "a//b/../c"),
        ("~-_.", "~-_."),
        ("é", "%C3%A9"),
    ],
)
def test_keys_are_escaped_once(key, wanted):
    assert escape(key) == wanted


def test_the_query_is_sorted_by_what_is_sent():
    assert query_string({"b": "2", "a": "x y", "A": "", "ä": "~"}) == "%C3%A4=~&A=&a=x%20y&b=2"


def test_the_checksum_is_the_hash_in_base64():
    assert checksum("00ff" * 16) == "AP8A/wD/AP8A/wD/AP8A/wD/AP8A/wD/AP8A/wD/AP8="


def test_the_head_of_a_request():
    unsigned = Unsigned("GET", "/b", "x=1", {}, "")
    assert head_of(unsigned, {"host": "h", "accept": "a"}) == b"GET /b?x=1 HTTP/1.1\r\nhost: h\r\naccept: a\r\n\r\n"
    assert head_of(Unsigned("GET", "/b", "", {}, ""), {}) == b"GET /b HTTP/1.1\r\n\r\n"


@pytest.mark.parametrize("value", ["a\r\nx-evil: 1", "a\nb", "a\rb", "ünicode"])
def test_a_header_cannot_break_out(value):
    with pytest.raises(ValueError, match=r"line break|ascii"):
        head_of(Unsigned("PUT", "/", "", {}, ""), {"cache-control": value})
