# SPDX-License-Identifier: GPL-3.0-or-later
"""For how long an answer of the origin is kept. Pure.

Sources, all in https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/: "Manage how long content stays
in the cache" (Expiration.html) for the three TTLs and Cache-Control, stale-while-revalidate and stale-if-error; "How
CloudFront processes HTTP 4xx and 5xx status codes from your origin" (HTTPStatusCodes.html) and "Control how long
CloudFront caches errors" for the rest.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from localcloud.edge.config import DEFAULT_ERROR_TTL, CachePolicy, ErrorPage

#: Errors that are kept for the error caching minimum TTL whatever the origin says.
_KEPT_ERRORS = frozenset((404, 410, 414, 500, 501, 502, 503, 504))
#: Errors that are kept only if the origin gives them a max-age or s-maxage.
_KEPT_IF_TOLD = frozenset((400, 403, 405, 412, 415))
#: Answers besides errors that are kept.
_KEPT = frozenset((200, 203, 204, 206, 300, 301, 302, 307, 308))


@dataclass(frozen=True, slots=True)
class Lifetime:
    """keep: whether the object is stored. fresh: seconds in which it is served without a question.

    revalidated: seconds after that in which it is served while the edge asks (stale-while-revalidate).
    on_error: seconds after that in which it is served if the origin fails (stale-if-error; infinite by default).
    """

    keep: bool
    fresh: float = 0.0
    revalidated: float = 0.0
    on_error: float = math.inf


NOT_KEPT = Lifetime(False)


def directives(header: str) -> dict[str, str]:
    """Cache-Control as lower-case directive to value, "" for those without."""
    if not header:
        return {}
    parts = (part.strip().partition("=") for part in header.split(","))
    return {name.strip().lower(): value.strip().strip('"') for name, _, value in parts if name}


def lifetime(
    status: int, headers: Mapping[str, str], policy: CachePolicy, errors: Mapping[int, ErrorPage], now: float
) -> Lifetime:
    """How long an answer is kept. headers: lower-case names; now: Unix time."""
    if not policy.caches:
        return NOT_KEPT
    told = directives(headers.get("cache-control", ""))
    if status >= 400:
        return _of_error(status, told, headers, policy, errors, now)
    if status not in _KEPT:
        return NOT_KEPT
    if policy.min_ttl <= 0 and not told.keys().isdisjoint(("no-store", "private")):
        return NOT_KEPT
    asked = _asked(told, headers, now)
    if not told.keys().isdisjoint(("no-store", "private", "no-cache")):
        fresh = policy.min_ttl
    elif asked is None:
        if status in (302, 307) and policy.min_ttl <= 0 and policy.default_ttl <= 0:
            return NOT_KEPT
        fresh = max(policy.min_ttl, policy.default_ttl)
    else:
        fresh = min(max(asked, policy.min_ttl), policy.max_ttl)
    must_ask = not told.keys().isdisjoint(("no-cache", "must-revalidate", "proxy-revalidate"))
    on_error = _number(told.get("stale-if-error"), 0.0 if must_ask else math.inf)
    return Lifetime(True, fresh, _number(told.get("stale-while-revalidate"), 0.0), on_error)


def _of_error(
    status: int,
    told: Mapping[str, str],
    headers: Mapping[str, str],
    policy: CachePolicy,
    errors: Mapping[int, ErrorPage],
    now: float,
) -> Lifetime:
    """The longer of the error caching minimum TTL and what the origin asks for, which the maximum TTL bounds."""
    page = errors.get(status)
    least = page.ttl if page else DEFAULT_ERROR_TTL
    asked = _asked(told, headers, now)
    if status in _KEPT_IF_TOLD and page is None and not told.keys() & {"max-age", "s-maxage"}:
        return NOT_KEPT
    if status not in _KEPT_ERRORS and status not in _KEPT_IF_TOLD:
        return NOT_KEPT
    fresh = least if asked is None else max(least, min(asked, policy.max_ttl))
    return Lifetime(fresh > 0, fresh, 0.0, 0.0)


def _asked(told: Mapping[str, str], headers: Mapping[str, str], now: float) -> float | None:
    """The seconds that the origin asks for: s-maxage before max-age before Expires; None without any of them."""
    for name in ("s-maxage", "max-age"):
        if name in told:
            return _number(told[name], 0.0)
    if "expires" not in headers:
        return None
    try:
        return max(0.0, parsedate_to_datetime(headers["expires"]).timestamp() - now)
    except ValueError:
        return 0.0


def _number(text: str | None, default: float) -> float:
    if text is None:
        return default
    return float(text) if text.isdecimal() else 0.0
