# SPDX-License-Identifier: GPL-3.0-or-later
"""The request head for the target and the response head for the client. Pure; header fields are raw bytes pairs.

Sources: "HTTP headers and Application Load Balancers" (X-Forwarded-*), "Request tracing for your Application Load
Balancer" (X-Amzn-Trace-Id), API_LoadBalancerAttribute (drop_invalid_header_fields), "How Elastic Load Balancing works"
(hop-by-hop fields, Expect is not passed on). The Host header goes on as it came: AWS would only add the port that a
client left out of it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

RawHeaders = Sequence[tuple[bytes, bytes]]

HOP_BY_HOP = frozenset(
    (b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade")
)
_REPLACED = HOP_BY_HOP | {b"expect", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-port", b"x-amzn-trace-id"}
_VALID_NAME = re.compile(rb"[-A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class Hop:
    """The client's side of the connection, for X-Forwarded-*."""

    client: str
    protocol: str
    port: int


def named_by_connection(headers: RawHeaders) -> frozenset[bytes]:
    """Lower-case names of the fields that Connection headers declare hop-by-hop."""
    values = [value for name, value in headers if name.lower() == b"connection"]
    tokens = frozenset(token.strip().lower() for value in values for token in value.split(b","))
    return tokens - {b"content-length", b"host"}  # without them the message would mean something else


def request_head(
    method: str, target: str, headers: RawHeaders, hop: Hop, *, now: float, drop_invalid: bool, chunked: bool
) -> bytes:
    """The head of the request to a target; `target` is the request target in origin form, `now` Unix time."""
    dropped = _REPLACED | named_by_connection(headers)
    lines = [f"{method} {target} HTTP/1.1".encode("utf-8", "surrogateescape")]
    forwarded: list[bytes] = []
    trace: bytes | None = None
    for name, value in headers:
        lower = name.lower()
        if lower == b"x-forwarded-for":
            forwarded.append(value)
        elif lower == b"x-amzn-trace-id":
            trace = value
        elif lower not in dropped and not (drop_invalid and not _VALID_NAME.fullmatch(name)):
            lines.append(name + b": " + value)
    lines.append(b"X-Forwarded-For: " + b", ".join((*forwarded, hop.client.encode())))
    lines.append(f"X-Forwarded-Proto: {hop.protocol}\r\nX-Forwarded-Port: {hop.port}".encode())
    lines.append(b"X-Amzn-Trace-Id: " + trace_id(trace, now))
    if chunked:
        lines.append(b"Transfer-Encoding: chunked")
    return b"\r\n".join(lines) + b"\r\n\r\n"


def trace_id(received: bytes | None, now: float) -> bytes:
    """The tracing header: a new Root if there is none, else the received fields with this hop's Self in front."""
    own = f"1-{int(now):08x}-{secrets.token_hex(12)}".encode()
    if not received:
        return b"Root=" + own
    fields = [field.strip() for field in received.split(b";")]
    kept = [field for field in fields if field and not field.lower().startswith(b"self=")]
    if not any(field.lower().startswith(b"root=") for field in kept):
        return b";".join((b"Root=" + own, *kept))
    return b";".join((b"Self=" + own, *kept))


def response_head(
    status: int,
    reason: str,
    headers: RawHeaders,
    extra: Iterable[tuple[str, str]],
    *,
    chunked: bool,
    keep_alive: bool,
) -> bytes:
    """The head of a target's response, for the client; `extra` are stickiness cookies."""
    dropped = HOP_BY_HOP | named_by_connection(headers)
    lines = [f"HTTP/1.1 {status} {reason}".encode("utf-8", "surrogateescape")]
    lines += [name + b": " + value for name, value in headers if name.lower() not in dropped]
    lines += [f"{name}: {value}".encode() for name, value in extra]
    if chunked:
        lines.append(b"Transfer-Encoding: chunked")
    lines.append(b"Connection: keep-alive" if keep_alive else b"Connection: close")
    return b"\r\n".join(lines) + b"\r\n\r\n"
