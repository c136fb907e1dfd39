# SPDX-License-Identifier: GPL-3.0-or-later
"""Compression at the edge. Pure.

Source: "Serve compressed files", https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/ServingCompressedFiles.html
(conditions, list of types, conversion of a strong ETag into a weak one).
"""

from __future__ import annotations

import zlib

import brotli

MIN_SIZE, MAX_SIZE = 1_000, 10_000_000  # bytes
_STATUSES = frozenset((200, 403, 404))
_TYPES = frozenset(
    [
        "application/dash+xml",
        "application/eot",
        "application/font",
        "application/font-sfnt",
        "application/javascript",
        "application/json",
        "application/opentype",
        "application/otf",
        "application/pdf",
        "application/pkcs7-mime",
        "application/protobuf",
        "application/rss+xml",
        "application/truetype",
        "application/ttf",
        "application/vnd.apple.mpegurl",
        "application/vnd.mapbox-vector-tile",
        "application/vnd.ms-fontobject",
        "application/wasm",
        "application/xhtml+xml",
        "application/xml",
        "application/x-font-opentype",
        "application/x-font-truetype",
        "application/x-font-ttf",
        "application/x-httpd-cgi",
        "application/x-javascript",
        "application/x-mpegurl",
        "application/x-opentype",
        "application/x-otf",
        "application/x-perl",
        "application/x-ttf",
        "font/eot",
        "font/opentype",
        "font/otf",
        "font/ttf",
        "image/svg+xml",
        "text/css",
        "text/csv",
        "text/html",
        "text/javascript",
        "text/js",
        "text/plain",
        "text/richtext",
        "text/tab-separated-values",
        "text/xml",
        "text/x-component",
        "text/x-java-source",
        "text/x-script",
        "vnd.apple.mpegurl",
    ]
)


def compressed(status: int, headers: dict[str, str], body: bytes, accepted: str) -> tuple[dict[str, str], bytes]:
    """Headers and body, compressed if all conditions hold. accepted: the key's normalized Accept-Encoding.

    headers have lower-case names; what is given back may be the same dictionary.
    """
    if not accepted or not _compressible(status, headers, body):
        return headers, body
    if accepted.startswith("br"):
        encoding, packed = "br", brotli.compress(body, quality=4)
    else:
        packer = zlib.compressobj(6, zlib.DEFLATED, 31)
        encoding, packed = "gzip", packer.compress(body) + packer.flush()
    changed = headers | {"content-encoding": encoding, "content-length": str(len(packed))}
    changed["vary"] = f"{headers['vary']}, Accept-Encoding" if headers.get("vary") else "Accept-Encoding"
    etag = headers.get("etag", "")
    if etag and not etag.startswith("W/"):
        changed["etag"] = f"W/{etag}"
    return changed, packed


def _compressible(status: int, headers: dict[str, str], body: bytes) -> bool:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return (
        status in _STATUSES
        and kind in _TYPES
        and MIN_SIZE <= len(body) <= MAX_SIZE
        and not headers.get("content-encoding")
        and "no-transform" not in headers.get("cache-control", "").lower()
    )
