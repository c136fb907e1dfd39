# SPDX-License-Identifier: GPL-3.0-or-later
"""The cache key of a request, and what of it goes to the origin. Pure.

Sources: "Understand the cache key", "Understand cache policies" (normalized Accept-Encoding) and "Control origin
requests with a policy" in the CloudFront Developer Guide, https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/.
What is in the key goes to the origin too. Without a policy that says otherwise the origin gets no viewer's header,
cookie or query string.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from localcloud.edge.config import Behavior, CachePolicy, Selection

#: What an origin request never takes over from a viewer.
_NEVER = frozenset(
    (
        "accept-encoding", "connection", "content-length", "cookie", "expect", "host", "if-match", "if-modified-since",
        "if-none-match", "if-range", "if-unmodified-since", "keep-alive", "proxy-authorization", "proxy-connection",
        "range", "te", "trailer", "transfer-encoding", "upgrade", "via", "x-amz-cf-id", "x-forwarded-for",
        "x-forwarded-proto", "x-real-ip",
    )
)  # fmt: skip


class Key(NamedTuple):
    """The viewer's path (after a function's rewriting), and what the policy adds."""

    path: str
    queries: tuple[str, ...]
    encoding: str
    headers: tuple[tuple[str, str], ...]
    cookies: tuple[tuple[str, str], ...]
    method: str


class Parts(NamedTuple):
    """A request as far as keys and origins need it. headers: lower-case name to value; cookies in their order."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    cookies: Sequence[tuple[str, str]]


def key_of(parts: Parts, policy: CachePolicy) -> Key:
    """The key. HEAD shares GET's objects."""
    headers = policy.headers
    return Key(
        path=parts.path,
        queries=tuple(chosen_queries(parts.query, policy.queries)) if policy.queries.behavior != "none" else (),
        encoding=normalized_encoding(parts.headers.get("accept-encoding", ""), policy),
        headers=()
        if headers.behavior == "none"
        else tuple(sorted((name, value) for name, value in parts.headers.items() if headers.takes(name))),
        cookies=()
        if policy.cookies.behavior == "none"
        else tuple(sorted((name, value) for name, value in parts.cookies if policy.cookies.takes(name))),
        method="OPTIONS" if parts.method == "OPTIONS" else "GET",
    )


def normalized_encoding(accepted: str, policy: CachePolicy) -> str:
    """What of the viewer's Accept-Encoding counts: "br,gzip", "br", "gzip" or ""."""
    if not (policy.gzip or policy.brotli) or not accepted:
        return ""
    offered = {
        name.strip().lower()
        for part in accepted.split(",")
        for name, _, weight in [part.partition(";")]
        if weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    }
    wanted = [name for name, enabled in (("br", policy.brotli), ("gzip", policy.gzip)) if enabled and name in offered]
    return ",".join(wanted)


def chosen_queries(query: str, selection: Selection) -> list[str]:
    """The parameters that are selected, as they came and in their order, which counts."""
    if not query or selection.behavior == "none":
        return []
    return [part for part in query.split("&") if selection.takes(part.partition("=")[0])]


def origin_query(parts: Parts, behavior: Behavior) -> str:
    """The query string for the origin."""
    first, second = behavior.cache.queries, behavior.request.queries
    if first.behavior == second.behavior == "none":
        return ""
    return "&".join(
        part
        for part in parts.query.split("&")
        if part and (first.takes(part.partition("=")[0]) or second.takes(part.partition("=")[0]))
    )


def origin_cookies(parts: Parts, behavior: Behavior) -> str:
    """The Cookie header for the origin, or ""."""
    first, second = behavior.cache.cookies, behavior.request.cookies
    return "; ".join(f"{name}={value}" for name, value in parts.cookies if first.takes(name) or second.takes(name))


def origin_headers(parts: Parts, behavior: Behavior, added: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The viewer's headers that the origin gets, and `added`: what CloudFront and the origin's settings add.

    Authorization of GET and HEAD is dropped unless it is in the cache key or the policy takes all of the viewer's
    ("Request and response behavior for custom origins").
    """
    first, second = behavior.cache.headers, behavior.request.headers
    whole_body = parts.method not in ("GET", "HEAD")
    taken = [
        (name, value)
        for name, value in parts.headers.items()
        if name not in _NEVER
        and (first.takes(name) or second.takes(name) or (whole_body and name in ("content-type", "authorization")))
    ]
    names = {name.lower() for name, _ in added}
    return [*(pair for pair in taken if pair[0] not in names), *added]


def forwards_host(behavior: Behavior) -> bool:
    """Whether the origin gets the viewer's Host instead of its own name."""
    return behavior.cache.headers.takes("host") or behavior.request.headers.takes("host")


def parse_cookies(header: str) -> list[tuple[str, str]]:
    """Names and values of a Cookie header."""
    if not header:
        return []
    pairs = (part.strip().partition("=") for part in header.split(";"))
    return [(name, value) for name, _, value in pairs if name]
