# SPDX-License-Identifier: GPL-3.0-or-later
"""Responses that the load balancer makes itself: errors, fixed responses, redirects. Pure.

All carry `Server: awselb/2.0`. Which status means what: "Troubleshoot your Application Load Balancers".
"""

from __future__ import annotations

from collections.abc import Iterable
from email.utils import formatdate
from http import HTTPStatus

# Reason phrases as an ALB words them where they differ from Python's.
_REASONS = {408: "Request Time-out", 414: "Request-URI Too Large", 503: "Service Temporarily Unavailable"}
_REASONS |= {405: "Not Allowed", 504: "Gateway Time-out"}


def reason_phrase(status: int) -> str:
    """The reason phrase for a status, also for one that HTTP does not define."""
    try:
        return _REASONS.get(status) or HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def html_body(status: int) -> bytes:
    """The small HTML page of ALB's errors and redirects."""
    title = f"{status} {reason_phrase(status)}"
    lines = [
        "<html>",
        f"<head><title>{title}</title></head>",
        "<body>",
        f"<center><h1>{title}</h1></center>",
        "</body>",
        "</html>",
    ]
    return "".join(f"{line}\r\n" for line in lines).encode()


def response(
    status: int,
    body: bytes,
    *,
    content_type: str = "text/html",
    headers: Iterable[tuple[str, str]] = (),
    keep_alive: bool = True,
    head: bool = False,
) -> bytes:
    """A whole response in bytes; `head` leaves the body out but states its length."""
    fields = [
        ("Server", "awselb/2.0"),
        ("Date", formatdate(usegmt=True)),
        ("Content-Type", content_type),
        ("Content-Length", str(len(body))),
        ("Connection", "keep-alive" if keep_alive else "close"),
        *headers,
    ]
    top = f"HTTP/1.1 {status} {reason_phrase(status)}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields)
    return top.encode("latin-1", "replace") + b"\r\n" + (b"" if head else body)
