# SPDX-License-Identifier: GPL-3.0-or-later
"""When the edge compresses, and what becomes of the headers."""

from __future__ import annotations

import gzip

import brotli
import pytest

from localcloud.edge.compression import MAX_SIZE, compressed

BODY = b"console.log(1);" * 100
HEADERS = {"content-type": "text/javascript; charset=utf-8", "etag": '"e"', "content-length": str(len(BODY))}


@pytest.mark.parametrize(
    ("accepted", "encoding", "undo"), [("br,gzip", "br", brotli.decompress), ("gzip", "gzip", gzip.decompress)]
)
def test_a_text_is_compressed(accepted, encoding, undo):
    headers, body = compressed(200, HEADERS, BODY, accepted)
    assert undo(body) == BODY
    assert headers["content-encoding"] == encoding
    assert headers["content-length"] == str(len(body))
    assert headers["etag"] == 'W/"e"'
    assert headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    ("status", "changed", "body", "accepted"),
    [
        (200, {}, BODY, ""),
        (206, {}, BODY, "br"),
        (500, {}, BODY, "br"),
        (200, {}, BODY[:999], "br"),
        (200, {}, memoryview(bytearray(MAX_SIZE + 1)), "br"),
        (200, {"content-type": "image/png"}, BODY, "br"),
        (200, {"content-encoding": "gzip"}, BODY, "br"),
        (200, {"cache-control": "no-transform"}, BODY, "br"),
    ],
)
def test_others_are_not(status, changed, body, accepted):
    headers = HEADERS | changed
    assert compressed(status, headers, body, accepted) == (headers, body)


def test_a_vary_of_the_origin_stays_and_a_weak_etag_is_weak_enough():
    headers, _ = compressed(404, HEADERS | {"vary": "Origin", "etag": 'W/"e"'}, BODY, "gzip")
    assert (headers["vary"], headers["etag"]) == ("Origin, Accept-Encoding", 'W/"e"')
