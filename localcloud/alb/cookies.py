# SPDX-License-Identifier: GPL-3.0-or-later
"""Stickiness cookies. AWS encrypts their content; here it is opaque and unsigned, which a client could forge.

"Sticky sessions for your Application Load Balancer": AWSALBTG for the target group of a weighted rule, AWSALB for the
target; the load balancer resets the expiry with every response. A browser keeps them 7 days: what limits stickiness is
the duration inside. The *CORS twins (SameSite=None; Secure) that AWS adds are set too.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from email.utils import formatdate
from http.cookies import CookieError, SimpleCookie

GROUP_COOKIE = "AWSALBTG"
TARGET_COOKIE = "AWSALB"
_BROWSER_SECONDS = 7 * 86400


def set_cookies(name: str, values: Iterable[str | int], seconds: int, now: float) -> list[tuple[str, str]]:
    """The Set-Cookie headers (name, value) that bind a client to `values` until `now` + `seconds` (Unix time)."""
    content = json.dumps([now + seconds, *values], separators=(",", ":")).encode()
    token = base64.urlsafe_b64encode(content).decode().rstrip("=")
    expires = formatdate(now + _BROWSER_SECONDS, usegmt=True)
    return [
        ("Set-Cookie", f"{name}={token}; Expires={expires}; Path=/"),
        ("Set-Cookie", f"{name}CORS={token}; Expires={expires}; Path=/; SameSite=None; Secure"),
    ]


def read_cookie(name: str, headers: Iterable[str], now: float) -> tuple[str | int, ...] | None:
    """The values bound by a cookie in the Cookie headers, or None: absent, expired or not ours."""
    for header in headers:
        try:
            jar = SimpleCookie(header)
        except CookieError:
            continue
        morsel = jar.get(name) or jar.get(f"{name}CORS")
        if morsel is not None:
            return _decode(morsel.value, now)
    return None


def _decode(token: str, now: float) -> tuple[str | int, ...] | None:
    try:
        until, *values = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        return tuple(values) if until > now else None
    except (ValueError, TypeError):
        return None
