# SPDX-License-Identifier: GPL-3.0-or-later
"""What a response headers policy does to a response. Pure.

Source: "Understand response headers policies",
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-response-headers-policies.html: headers
are removed first; a header that is set with `override` takes the origin's place, without it only an absent one's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

type Policy = Mapping[str, Any]


def apply(policy: Policy | None, headers: dict[str, str], origin: str = "") -> dict[str, str]:
    """The headers (lower-case names) as the viewer gets them. origin: the request's Origin header, for CORS."""
    if policy is None:
        return headers
    changed = dict(headers)
    for item in (policy.get("RemoveHeadersConfig") or {}).get("Items") or ():
        changed.pop(item["Header"].lower(), None)
    for name, value, override in _wanted(policy):
        if override or name not in changed:
            changed[name] = value
    if policy.get("CorsConfig") and origin:
        _cors(policy["CorsConfig"], changed, origin)
    return changed


def varies_by_origin(policy: Policy | None) -> bool:
    """Whether the headers depend on the request."""
    return bool(policy and policy.get("CorsConfig"))


def _wanted(policy: Policy) -> Iterator[tuple[str, str, bool]]:
    security = policy.get("SecurityHeadersConfig") or {}
    for member, build in _SECURITY.items():
        config = security.get(member)
        if config:
            name, value = build(config)
            yield name, value, bool(config.get("Override"))
    for item in (policy.get("CustomHeadersConfig") or {}).get("Items") or ():
        yield item["Header"].lower(), item["Value"], bool(item.get("Override"))


def _hsts(config: Policy) -> tuple[str, str]:
    value = f"max-age={config['AccessControlMaxAgeSec']}"
    value += "; includeSubDomains" if config.get("IncludeSubdomains") else ""
    return "strict-transport-security", value + ("; preload" if config.get("Preload") else "")


def _xss(config: Policy) -> tuple[str, str]:
    if not config.get("Protection"):
        return "x-xss-protection", "0"
    value = "1; mode=block" if config.get("ModeBlock") else "1"
    return "x-xss-protection", f"{value}; report={config['ReportUri']}" if config.get("ReportUri") else value


_SECURITY = {
    "StrictTransportSecurity": _hsts,
    "ContentTypeOptions": lambda _: ("x-content-type-options", "nosniff"),
    "FrameOptions": lambda config: ("x-frame-options", config["FrameOption"]),
    "ReferrerPolicy": lambda config: ("referrer-policy", config["ReferrerPolicy"]),
    "ContentSecurityPolicy": lambda config: ("content-security-policy", config["ContentSecurityPolicy"]),
    "XSSProtection": _xss,
}


def _cors(config: Policy, headers: dict[str, str], origin: str) -> None:
    """CORS headers, if the origin of the request is among the allowed ones; the server's own stay without override."""
    if not config.get("OriginOverride") and any(name.startswith("access-control-") for name in headers):
        return
    allowed = config["AccessControlAllowOrigins"].get("Items") or []
    if "*" not in allowed and not any(_allows(pattern, origin) for pattern in allowed):
        return
    headers["access-control-allow-origin"] = "*" if "*" in allowed else origin
    if "*" not in allowed:
        headers["vary"] = f"{headers['vary']}, Origin" if headers.get("vary") else "Origin"
    if config.get("AccessControlAllowCredentials"):
        headers["access-control-allow-credentials"] = "true"
    exposed = (config.get("AccessControlExposeHeaders") or {}).get("Items")
    if exposed:
        headers["access-control-expose-headers"] = ", ".join(exposed)
    methods = config["AccessControlAllowMethods"].get("Items") or []
    headers["access-control-allow-methods"] = ", ".join(methods)
    headers["access-control-allow-headers"] = ", ".join(config["AccessControlAllowHeaders"].get("Items") or [])
    if config.get("AccessControlMaxAgeSec"):
        headers["access-control-max-age"] = str(config["AccessControlMaxAgeSec"])


def _allows(pattern: str, origin: str) -> bool:
    """An allowed origin may have one *, for the leftmost label or the scheme."""
    before, star, after = pattern.partition("*")
    if not star:
        return origin in (pattern, f"https://{pattern}", f"http://{pattern}")
    host = origin.partition("://")[2] if "://" not in pattern else origin
    return host.startswith(before) and host.endswith(after) and len(host) > len(before) + len(after)
