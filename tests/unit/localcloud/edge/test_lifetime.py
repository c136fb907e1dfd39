# SPDX-License-Identifier: GPL-3.0-or-later
"""How long an answer is kept: the tables of the CloudFront Developer Guide, as tables."""

from __future__ import annotations

import math
from email.utils import formatdate

import pytest

from localcloud.edge.config import CachePolicy, ErrorPage
from localcloud.edge.lifetime import NOT_KEPT, directives, lifetime

NOW = 1_800_000_000.0
DOCUMENTS = CachePolicy(min_ttl=0, default_ttl=86400, max_ttl=31536000)
OPTIMIZED = CachePolicy(min_ttl=1, default_ttl=86400, max_ttl=31536000)
SHORT = CachePolicy(min_ttl=10, default_ttl=60, max_ttl=100)
DISABLED = CachePolicy(min_ttl=0, default_ttl=0, max_ttl=0)
ORIGIN_ONLY = CachePolicy(min_ttl=0, default_ttl=0, max_ttl=31536000)


def expires(seconds):
    return {"expires": formatdate(NOW + seconds, usegmt=True)}


def control(value):
    return {"cache-control": value}


@pytest.mark.parametrize(
    ("policy", "headers", "seconds"),
    [
        (DOCUMENTS, {}, 86400),
        (DOCUMENTS, control("max-age=5"), 5),
        (DOCUMENTS, control("max-age=5, s-maxage=7"), 7),
        (DOCUMENTS, control("public, max-age=31536000, immutable"), 31536000),
        (DOCUMENTS, control("max-age=99999999999"), 31536000),
        (DOCUMENTS, control("no-cache"), 0),
        (DOCUMENTS, control("max-age=0"), 0),
        (DOCUMENTS, control("no-cache, max-age=60"), 0),
        (DOCUMENTS, control("max-age=oops"), 0),
        (DOCUMENTS, expires(30), 30),
        (DOCUMENTS, expires(-30), 0),
        (DOCUMENTS, {"expires": "0"}, 0),
        (DOCUMENTS, expires(30) | control("max-age=5"), 5),
        (OPTIMIZED, control("no-cache"), 1),
        (OPTIMIZED, control("no-store"), 1),
        (OPTIMIZED, control("private"), 1),
        (OPTIMIZED, control("max-age=0"), 1),
        (SHORT, {}, 60),
        (SHORT, control("max-age=1"), 10),
        (SHORT, control("max-age=1000"), 100),
        (SHORT, expires(1), 10),
        (ORIGIN_ONLY, {}, 0),
        (ORIGIN_ONLY, control("max-age=9"), 9),
    ],
)
def test_an_object_is_fresh_for(policy, headers, seconds):
    found = lifetime(200, headers, policy, {}, NOW)
    assert (found.keep, found.fresh) == (True, seconds)


@pytest.mark.parametrize(
    ("policy", "status", "headers"),
    [
        (DISABLED, 200, control("max-age=60")),
        (DOCUMENTS, 200, control("no-store")),
        (DOCUMENTS, 200, control("private, max-age=60")),
        (DOCUMENTS, 102, {}),
        (ORIGIN_ONLY, 302, {}),
        (DOCUMENTS, 403, {}),
        (DOCUMENTS, 418, {}),
        (DOCUMENTS, 400, control("no-cache")),
    ],
)
def test_an_answer_is_not_kept(policy, status, headers):
    assert lifetime(status, headers, policy, {}, NOW) == NOT_KEPT


@pytest.mark.parametrize(
    ("status", "headers", "errors", "seconds"),
    [
        (404, {}, {}, 10),
        (503, {}, {}, 10),
        (404, control("max-age=60"), {}, 60),
        (404, control("max-age=3"), {}, 10),
        (404, control("no-store"), {}, 10),
        (404, {}, {404: ErrorPage("", "", 300)}, 300),
        (403, {}, {403: ErrorPage("/403.html", "403", 5)}, 5),
        (403, control("max-age=20"), {}, 20),
        (404, expires(50), {}, 50),
    ],
)
def test_an_error_is_kept_for(status, headers, errors, seconds):
    found = lifetime(status, headers, DOCUMENTS, errors, NOW)
    assert (found.keep, found.fresh, found.on_error) == (True, seconds, 0)


def test_an_error_with_a_ttl_of_none_is_not_kept():
    assert not lifetime(404, {}, DOCUMENTS, {404: ErrorPage("", "", 0)}, NOW).keep


@pytest.mark.parametrize(
    ("value", "revalidated", "on_error"),
    [
        ("max-age=1", 0, math.inf),
        ("max-age=1, stale-while-revalidate=30", 30, math.inf),
        ("max-age=1, stale-if-error=60", 0, 60),
        ("max-age=1, must-revalidate", 0, 0),
        ("no-cache", 0, 0),
    ],
)
def test_a_stale_object_is_served_for(value, revalidated, on_error):
    found = lifetime(200, control(value), DOCUMENTS, {}, NOW)
    assert (found.revalidated, found.on_error) == (revalidated, on_error)


def test_directives_are_read_whatever_their_case_and_quotes():
    assert directives('Public, MAX-AGE="60" , no-cache') == {"public": "", "max-age": "60", "no-cache": ""}
    assert directives("") == {}
