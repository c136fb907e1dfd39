# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a file of a bundle is: its class, and the headers that it is served with. Pure.

A path whose name has a content hash, in a folder where build tools put those, never changes: browsers may keep it for a
year. Everything else is asked for anew each time (no-cache), so that even an invalidation that got lost strands nobody.

Variants that the bundle ships compressed (x.js.br, x.js.gz beside x.js) keep a key of their own and get the type of
what
they hold, with Content-Encoding. Under x.js itself they must not lie: S3 cannot choose by Accept-Encoding, and whoever
does not take Brotli would get it all the same. CloudFront compresses objects of 1,000 to 10,000,000 bytes by itself; a
viewer-request function that appends .br serves the variants, also of what is larger.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from typing import Protocol

from .model_plan import INDEX, File, Manifest

# CloudFront marks what it caches with the tags in this header where the distribution opted in (CacheTagConfig).
TAG = "slipway-site"
TAG_HEADER = "X-Amz-Meta-Cache-Tag"
FOR_EVER = "public, max-age=31536000, immutable"
REVALIDATED = "no-cache"
CONFIG_HEADERS = {"Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store", TAG_HEADER: TAG}

_HASHED_FOLDERS = ("assets/", "static/", "_astro/", "_next/static/", "_app/immutable/")
# Vite: name-BsK3x9_d.js, webpack: main.3f2a1b9c.chunk.js, with .map, .br and .gz behind.
_HASH = re.compile(r"(?:^|[.\-_])([A-Za-z0-9_\-]{8,64})(?=\.)")
_DIGIT = re.compile("[0-9]")
_CAPITAL = re.compile(r"(?:^|[_\-])[A-Z]")
_WORKERS = frozenset({"sw.js", "service-worker.js", "serviceworker.js", "ngsw-worker.js", "firebase-messaging-sw.js"})
_MAP = re.compile(r"\.(?:[mc]?js|css)\.map$")
_ENCODINGS = {".br": "br", ".gz": "gzip"}

_TEXT = {
    "css": "text/css",
    "csv": "text/csv",
    "htm": "text/html",
    "html": "text/html",
    "cjs": "text/javascript",
    "js": "text/javascript",
    "mjs": "text/javascript",
    "ics": "text/calendar",
    "json": "application/json",
    "json5": "application/json5",
    "jsonld": "application/ld+json",
    "geojson": "application/geo+json",
    "map": "application/json",
    "md": "text/markdown",
    "rss": "application/rss+xml",
    "atom": "application/atom+xml",
    "svg": "image/svg+xml",
    "txt": "text/plain",
    "vtt": "text/vtt",
    "webmanifest": "application/manifest+json",
    "xhtml": "application/xhtml+xml",
    "xml": "application/xml",
    "xsl": "application/xslt+xml",
    "yaml": "application/yaml",
    "yml": "application/yaml",
}
_BINARY = {
    "aac": "audio/aac",
    "avif": "image/avif",
    "bmp": "image/bmp",
    "eot": "application/vnd.ms-fontobject",
    "flac": "audio/flac",
    "gif": "image/gif",
    "glb": "model/gltf-binary",
    "gltf": "model/gltf+json",
    "gz": "application/gzip",
    "heic": "image/heic",
    "ico": "image/vnd.microsoft.icon",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "jxl": "image/jxl",
    "m4a": "audio/mp4",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "oga": "audio/ogg",
    "ogg": "audio/ogg",
    "ogv": "video/ogg",
    "opus": "audio/ogg",
    "otf": "font/otf",
    "pdf": "application/pdf",
    "png": "image/png",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "ttf": "font/ttf",
    "wasm": "application/wasm",
    "wav": "audio/wav",
    "webm": "video/webm",
    "webp": "image/webp",
    "woff": "font/woff",
    "woff2": "font/woff2",
    "zip": "application/zip",
}


class Measured(Protocol):
    """What reading a file has shown. sha256, md5: in hex. size: bytes."""

    @property
    def sha256(self) -> str: ...

    @property
    def md5(self) -> str: ...

    @property
    def size(self) -> int: ...


def content_type(path: str) -> str:
    """By the ending; what nobody knows is a download."""
    ending = path.rpartition("/")[2].rpartition(".")[2].lower()
    if path.endswith("apple-app-site-association"):
        return "application/json; charset=utf-8"
    if ending in _TEXT:
        return f"{_TEXT[ending]}; charset=utf-8"
    return _BINARY.get(ending, "application/octet-stream")


def hashed(path: str) -> bool:
    """Whether the name has a content hash, in a folder for such names.

    Letters of one case alone are a word (logo-important.png). A hash that looks like one only makes a file revalidated
    that need not be.
    """
    if not path.startswith(_HASHED_FOLDERS):
        return False
    return any(_random(found) for found in _HASH.findall(path.rpartition("/")[2]))


def _random(text: str) -> bool:
    """Digits, or letters of both cases that are not just Words In Capitals."""
    if _DIGIT.search(text):
        return True
    inner = _CAPITAL.sub("", text)
    return inner != inner.lower() and text != text.upper()


def kind_of(path: str) -> str:
    return _kind(path, fixed=hashed(path))


def _kind(path: str, *, fixed: bool) -> str:
    if path.endswith(".map") and _MAP.search(path):
        return "map"
    if fixed:
        return "immutable"
    name = path.rpartition("/")[2]
    if name in _WORKERS:
        return "worker"
    return "document" if name.lower().endswith((".html", ".htm")) else "file"


def headers_of(path: str, names: Container[str]) -> dict[str, str]:
    """names: all paths of the bundle, which tell a variant from a file that is compressed by nature."""
    stem, encoding = _variant(path, names)
    return _headers(content_type(stem), encoding, fixed=hashed(stem))


def _headers(kind: str, encoding: str, *, fixed: bool) -> dict[str, str]:
    headers = {"Content-Type": kind, "Cache-Control": FOR_EVER if fixed else REVALIDATED}
    if encoding:
        headers["Content-Encoding"] = encoding
    return headers if fixed else {**headers, TAG_HEADER: TAG}


def _variant(path: str, names: Container[str]) -> tuple[str, str]:
    """What the path is compressed of, and how; the path itself and nothing for what is no variant."""
    if path.endswith(".svgz"):
        return f"{path[:-1]}", "gzip"
    stem, ending = path[:-3], path[-3:]
    return (stem, _ENCODINGS[ending]) if ending in _ENCODINGS and stem in names else (path, "")


def manifest_of(files: Mapping[str, Measured]) -> Manifest:
    described = {}
    for path in sorted(files):
        found = files[path]
        stem, encoding = _variant(path, files)
        fixed = hashed(stem)
        headers = _headers(content_type(stem), encoding, fixed=fixed)
        described[path] = File(found.sha256, found.md5, found.size, _kind(stem, fixed=fixed), headers)
    return Manifest(described)


def manifest_problems(files: Mapping[str, Measured]) -> list[str]:
    """What a bundle lacks or must not have."""
    if not files:
        return ["the bundle is empty"]
    if INDEX not in files:
        elsewhere = sorted((path for path in files if path.endswith("/" + INDEX)), key=lambda path: path.count("/"))
        hint = f"; it has {elsewhere[0]!a}: give that folder's content" if elsewhere else ""
        return [f"the bundle has no {INDEX} at its top{hint}"]
    found = []
    if files[INDEX].size == 0:
        found.append(f"{INDEX} is empty")
    if "config.json" in files:
        found.append(
            "the bundle has config.json at its top, which is rendered for each environment apart: take it out and"
            " give config"
        )
    return found
