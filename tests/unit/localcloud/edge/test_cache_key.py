# SPDX-License-Identifier: GPL-3.0-or-later
"""The cache key by policy, and what the origin gets."""

from __future__ import annotations

import dataclasses

import pytest

from localcloud.edge.cache_key import (
    Parts,
    forwards_host,
    key_of,
    normalized_encoding,
    origin_cookies,
    origin_headers,
    origin_query,
    parse_cookies,
)
from localcloud.edge.config import Behavior, CachePolicy, Origin, RequestPolicy, Selection

ALL = Selection("all")
PARTS = Parts(
    "GET",
    "/a",
    "b=2&a=1&c",
    {"host": "site", "accept-language": "de", "x-other": "1", "authorization": "secret", "range": "bytes=0-1"},
    [("session", "s"), ("theme", "dark")],
)


def behavior(cache=None, request=None):
    origin = Origin("o", "origin.example", "", "", "", None)
    methods = frozenset(("GET", "HEAD"))
    return Behavior(
        None,
        origin,
        "allow-all",
        methods,
        methods,
        compress=False,
        cache=cache or CachePolicy(),
        request=request or RequestPolicy(),
        response=None,
    )


@pytest.mark.parametrize(
    ("policy", "differs", "changed"),
    [
        (CachePolicy(), False, {"query": "b=3"}),
        (CachePolicy(queries=ALL), True, {"query": "b=3"}),
        (CachePolicy(queries=Selection("whitelist", frozenset("a"))), False, {"query": "b=3&a=1"}),
        (CachePolicy(queries=Selection("whitelist", frozenset("a"))), True, {"query": "b=2&a=2"}),
        (CachePolicy(queries=Selection("allExcept", frozenset("b"))), False, {"query": "b=9&a=1&c"}),
        (CachePolicy(queries=ALL), True, {"query": "a=1&b=2&c"}),
        (CachePolicy(), False, {"headers": {"accept-language": "fr"}}),
        (
            CachePolicy(headers=Selection("whitelist", frozenset(["accept-language"]))),
            True,
            {"headers": {"accept-language": "fr"}},
        ),
        (CachePolicy(), False, {"cookies": []}),
        (CachePolicy(cookies=ALL), True, {"cookies": []}),
        (CachePolicy(cookies=Selection("whitelist", frozenset(["theme"]))), False, {"cookies": [("theme", "dark")]}),
        (CachePolicy(), True, {"path": "/b"}),
        (CachePolicy(), False, {"method": "HEAD"}),
        (CachePolicy(), True, {"method": "OPTIONS"}),
    ],
)
def test_a_key_differs_by_what_the_policy_names(policy, differs, changed):
    assert (key_of(PARTS, policy) != key_of(PARTS._replace(**changed), policy)) is differs


@pytest.mark.parametrize(
    ("accepted", "gzip", "brotli", "normalized"),
    [
        ("gzip, deflate, br, zstd", True, True, "br,gzip"),
        ("gzip, deflate, br", True, False, "gzip"),
        ("br", False, True, "br"),
        ("GZIP;q=0.5", True, True, "gzip"),
        ("br;q=0, gzip", True, True, "gzip"),
        ("identity", True, True, ""),
        ("gzip", False, False, ""),
        ("", True, True, ""),
    ],
)
def test_accept_encoding_is_normalized(accepted, gzip, brotli, normalized):
    assert normalized_encoding(accepted, CachePolicy(gzip=gzip, brotli=brotli)) == normalized


def test_an_origin_gets_nothing_of_the_viewer_s_by_default():
    plain = behavior()
    assert origin_query(PARTS, plain) == ""
    assert origin_cookies(PARTS, plain) == ""
    assert origin_headers(PARTS, plain, [("via", "edge")]) == [("via", "edge")]
    assert not forwards_host(plain)


def test_an_origin_gets_what_either_policy_names():
    one = Selection("whitelist", frozenset(["a", "theme", "accept-language"]))
    two = Selection("whitelist", frozenset(["c", "session", "x-other"]))
    both = behavior(CachePolicy(queries=one, cookies=one, headers=one), RequestPolicy(two, two, two))
    assert origin_query(PARTS, both) == "a=1&c"
    assert origin_cookies(PARTS, both) == "session=s; theme=dark"
    assert origin_headers(PARTS, both, []) == [("accept-language", "de"), ("x-other", "1")]


def test_all_viewer_headers_go_on_but_for_those_of_the_connection():
    everything = behavior(request=RequestPolicy(headers=Selection("allViewer"), cookies=ALL, queries=ALL))
    assert forwards_host(everything)
    assert ("range", "bytes=0-1") not in origin_headers(PARTS, everything, [])
    assert ("authorization", "secret") in origin_headers(PARTS, everything, [])
    except_host = dataclasses.replace(
        everything, request=RequestPolicy(headers=Selection("allExcept", frozenset(["host"])))
    )
    assert not forwards_host(except_host)


def test_what_the_origin_s_settings_add_replaces_the_viewer_s():
    everything = behavior(request=RequestPolicy(headers=Selection("allViewer")))
    found = dict(origin_headers(PARTS, everything, [("X-Other", "own")]))
    assert found["X-Other"] == "own"
    assert "x-other" not in found


def test_cookies_are_read():
    assert parse_cookies("a=1; b=x=y; ; c") == [("a", "1"), ("b", "x=y"), ("c", "")]
    assert parse_cookies("") == []
