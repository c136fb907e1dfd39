# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The files of its own that a document names, so that none of them is missing when the document goes live. Pure."""

from __future__ import annotations

import base64
import hashlib
import posixpath
from collections.abc import Container, Iterable
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

from .names_plan import normal

# Of <link>, the relations that make a browser fetch a file at once. Others name pages, which a function may make up.
_FETCHED = frozenset({"stylesheet", "modulepreload", "preload", "icon", "manifest", "apple-touch-icon"})
_HASHES = {"sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512}


@dataclass(frozen=True, slots=True)
class Reference:
    """path: within the bundle. integrity: as the document has it, empty without."""

    path: str
    integrity: str = ""


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.base = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "base":
            self.base = self.base or given.get("href", "")
        elif tag == "link":
            if _FETCHED & set(given.get("rel", "").lower().split()):
                self._add(given.get("href", ""), given)
        elif tag in ("script", "img", "source", "video", "audio"):
            self._add(given.get("src", ""), given)

    def _add(self, url: str, given: dict[str, str]) -> None:
        if url:
            self.found.append((url, given.get("integrity", "")))


def references(document: str, text: str) -> list[Reference]:
    """document: its path. Only what the site itself would serve."""
    parser = _Parser()
    parser.feed(text)
    parser.close()
    start = f"/{posixpath.dirname(document)}/"
    if parser.base:
        if _foreign(parser.base):
            return []
        start = _absolute(parser.base, start).rpartition("/")[0] + "/"
    found = [
        Reference(_absolute(url, start).lstrip("/"), integrity)
        for url, integrity in parser.found
        if not _foreign(url) and urlsplit(url.strip()).path
    ]
    return list(dict.fromkeys(found))


def _foreign(url: str) -> bool:
    """Served by somebody else, or within the document itself; what cannot be read as a URL is nobody's."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return True
    return bool(parts.scheme or parts.netloc)


def _absolute(url: str, start: str) -> str:
    path = unquote(urlsplit(url.strip()).path)
    return normal(posixpath.normpath(posixpath.join(start, path)) + ("/" if path.endswith("/") else ""))


def missing(document: str, named: Iterable[Reference], names: Container[str]) -> list[str]:
    """/config.json is rendered apart, /api/ is another origin."""
    return [
        f"{document} names /{one.path}, which the bundle does not have"
        for one in named
        if one.path not in names and one.path != "config.json" and not one.path.startswith("api/")
    ]


def integrity_problem(document: str, one: Reference, content: bytes) -> str | None:
    """Of several hashes any may hold (W3C, Subresource Integrity); one of an unknown kind says nothing."""
    known = [token.partition("?")[0].partition("-") for token in one.integrity.split()]
    hashes = [(kind, value) for kind, _dash, value in known if kind in _HASHES]
    if not hashes or any(base64.b64encode(_HASHES[kind](content).digest()).decode() == value for kind, value in hashes):
        return None
    return f"{document} names /{one.path} with integrity {one.integrity}, and the bundle's file has another hash"
