# SPDX-License-Identifier: GPL-3.0-or-later
"""The event object of CloudFront Functions, and what a function gave back. Pure.

Source: "CloudFront Functions event structure",
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-event-structure.html, and "Restrictions on
all edge functions" (headers that a function may not change).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.edge.cache_key import Parts
from localcloud.edge.functions import FunctionError

_READ_ONLY = frozenset(("host", "via", "transfer-encoding", "content-length"))


@dataclass(frozen=True, slots=True)
class Generated:
    """A response of the function's own."""

    status: int
    headers: dict[str, str]
    cookies: tuple[str, ...]
    body: bytes


def event(kind: str, site_domain: str, site_id: str, ip: str, request_id: str, parts: Parts) -> dict[str, Any]:
    """The event of viewer-request; viewer-response adds `response`."""
    return {
        "version": "1.0",
        "context": {
            "distributionDomainName": site_domain,
            "distributionId": site_id,
            "eventType": kind,
            "requestId": request_id,
        },
        "viewer": {"ip": ip},
        "request": {
            "method": parts.method,
            "uri": parts.path,
            "querystring": _multi(_pairs(parts.query)),
            "headers": {name: {"value": value} for name, value in parts.headers.items() if name != "cookie"},
            "cookies": _multi(parts.cookies),
        },
    }


def response_part(status: int, headers: Mapping[str, str]) -> dict[str, Any]:
    """The `response` of a viewer-response event."""
    return {
        "statusCode": status,
        "statusDescription": "",
        "headers": {name: {"value": value} for name, value in headers.items() if name != "set-cookie"},
        "cookies": {},
    }


def _pairs(query: str) -> list[tuple[str, str]]:
    return [(name, value) for part in query.split("&") if part for name, _, value in [part.partition("=")]]


def _multi(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Values by name; a name that comes again makes a multiValue of all."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {
        name: {"value": values[-1], "multiValue": [{"value": value} for value in values]}
        if len(values) > 1
        else {"value": values[0]}
        for name, values in found.items()
    }


def _flat(structure: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The pairs of a structure that a function gave back."""
    pairs = []
    for name, item in structure.items():
        values = item.get("multiValue") or [item]
        pairs += [(name, str(value.get("value", ""))) for value in values]
    return pairs


def request_of(text: str, before: Parts) -> Parts | Generated:
    """The request as a viewer-request function left it, or the response that it made. Raises FunctionError."""
    result = json.loads(text)
    try:
        if "statusCode" in result:
            return generated(result)
        path = result["uri"]
        if not isinstance(path, str) or not path.startswith("/"):
            raise FunctionError("the function gave back a uri that does not begin with a slash")
        headers = {name.lower(): value for name, value in _flat(result.get("headers") or {})}
        kept = {name: value for name, value in before.headers.items() if name in _READ_ONLY}
        changed = {name: value for name, value in headers.items() if name not in _READ_ONLY} | kept
        queries = "&".join(
            f"{name}={value}" if value else name for name, value in _flat(result.get("querystring") or {})
        )
        same = (result.get("querystring") or {}) == _multi(_pairs(before.query))
        return Parts(
            before.method, path, before.query if same else queries, changed, _flat(result.get("cookies") or {})
        )
    except (KeyError, AttributeError, TypeError) as error:
        raise FunctionError(f"the function gave back a malformed request: {error}") from error


def generated(result: Mapping[str, Any]) -> Generated:
    """A response that a function made. Raises FunctionError."""
    try:
        status = int(result["statusCode"])
        headers = {name.lower(): value for name, value in _flat(result.get("headers") or {})}
        cookies = tuple(_cookie(name, item) for name, item in (result.get("cookies") or {}).items())
        body = result.get("body") or ""
        data = body.get("data", "") if isinstance(body, Mapping) else body
        return Generated(status, headers, cookies, str(data).encode())
    except (KeyError, AttributeError, TypeError, ValueError) as error:
        raise FunctionError(f"the function gave back a malformed response: {error}") from error


def _cookie(name: str, item: Mapping[str, Any]) -> str:
    attributes = item.get("attributes")
    return f"{name}={item.get('value', '')}" + (f"; {attributes}" if attributes else "")
