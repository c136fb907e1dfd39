# SPDX-License-Identifier: GPL-3.0-or-later
"""What the proxy lets through, and how it reads a request. Pure.

vLLM's own --api-key guards some paths only: /metrics, /tokenize, /pause, /invocations and others stay open beside it.
So there is a list of what may pass, and everything else does not exist.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

ALLOWED = frozenset(
    {
        ("GET", "/v1/models"),
        ("POST", "/v1/chat/completions"),
        ("POST", "/v1/completions"),
        ("POST", "/v1/embeddings"),
    }
)
HEALTH = ("GET", "/health")
LARGEST_HEAD = 32 * 1024
LARGEST_BODY = 16 * 1024 * 1024
"""Bytes. A context of 128k tokens is well below 1 MB; pictures in a request are what needs room."""

_LINE = re.compile(rb"([A-Z]+) (/[!-~]*) HTTP/1\.[01]")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~\x80-\xff]*?)[ \t]*")
_PASSED = ("accept", "content-type", "x-request-id")
"""Request headers that reach the engine. No credentials do: it asks for none."""


class RefusedError(Exception):
    """status: of HTTP. The text is the answer's message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Head:
    """length: of the body in bytes, None if it comes in chunks. continues: the client waits for 100 Continue."""

    method: str
    path: str
    passed: tuple[tuple[str, str], ...]
    length: int | None
    continues: bool

    @property
    def allowed(self) -> bool:
        """Whether it may reach the engine."""
        return (self.method, self.path) in ALLOWED


def head(raw: bytes) -> Head:
    """The head of a request, with its empty line. Raises RefusedError for whatever could be read in two ways."""
    first, *lines = raw.removesuffix(b"\r\n\r\n").split(b"\r\n")
    found = _LINE.fullmatch(first)
    if not found:
        raise RefusedError(400, "the request line is not METHOD /PATH HTTP/1.1")
    headers: dict[str, str] = {}
    for line in lines:
        pair = _HEADER.fullmatch(line)
        if not pair:
            raise RefusedError(400, "a header is malformed")
        name = pair[1].decode().lower()
        if name in headers and name in ("content-length", "transfer-encoding", "host"):
            raise RefusedError(400, f"{name} is given twice")
        headers[name] = pair[2].decode("latin-1")
    passed = tuple((name, headers[name]) for name in _PASSED if name in headers)
    # A query has no meaning on any of the paths.
    path = found[2].decode().partition("?")[0]
    continues = headers.get("expect", "").lower() == "100-continue"
    return Head(found[1].decode(), path, passed, _length(headers), continues)


def _length(headers: dict[str, str]) -> int | None:
    """Bytes of the body, None if chunked."""
    coding, length = headers.get("transfer-encoding"), headers.get("content-length")
    if coding is not None:
        if length is not None or coding.lower() != "chunked":
            raise RefusedError(400, "transfer-encoding may only be chunked, and without content-length")
        return None
    if length is None:
        return 0
    if not re.fullmatch(r"[0-9]{1,12}", length):
        raise RefusedError(400, "content-length is no number")
    if int(length) > LARGEST_BODY:
        raise RefusedError(413, f"a body has at most {LARGEST_BODY} bytes")
    return int(length)


def chunk_size(line: bytes) -> int:
    """The size that begins a chunk. Raises RefusedError."""
    found = re.fullmatch(rb"([0-9A-Fa-f]{1,8})(?:[ \t]*;[\t -~]*)?\r\n", line)
    if not found:
        raise RefusedError(400, "a chunk is malformed")
    return int(found[1], 16)


def check(request: Head) -> None:
    """Raises RefusedError unless the request may reach the engine."""
    if request.allowed:
        return
    methods = sorted(method for method, path in ALLOWED | {HEALTH} if path == request.path)
    if methods:
        raise RefusedError(405, f"{request.path} takes {', '.join(methods)} only")
    raise RefusedError(404, "there is no such path")
