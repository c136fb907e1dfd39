# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge's configuration: the control plane's JSON, parsed into frozen dataclasses. Pure.

A site is a distribution with everything that it refers to. Names inside configurations are those of the CloudFront API,
so that the control plane passes on what GetDistributionConfig and its neighbors answer. Times are seconds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

type Raw = Mapping[str, Any]

_BUCKET = re.compile(r"(.+)\.s3[.-]")
DEFAULT_ERROR_TTL = 10.0  # ErrorCachingMinTTL, "Control how long CloudFront caches errors"


class ConfigError(ValueError):
    """The configuration line cannot be used; one line."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which headers, cookies or query strings: none, all, those named or all but those. Header names are lower-case."""

    behavior: str = "none"
    names: frozenset[str] = frozenset()

    def takes(self, name: str) -> bool:
        """Whether this one is among them."""
        if self.behavior in ("whitelist", "allExcept"):
            return (name in self.names) is (self.behavior == "whitelist")
        return self.behavior != "none"


NOTHING = Selection()


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """What is in the cache key, and for how long objects stay (API_CachePolicyConfig)."""

    min_ttl: float = 0
    default_ttl: float = 86400
    max_ttl: float = 31536000
    gzip: bool = False
    brotli: bool = False
    headers: Selection = NOTHING
    cookies: Selection = NOTHING
    queries: Selection = NOTHING

    @property
    def caches(self) -> bool:
        """Whether anything can be kept at all: "if you set TTLs to zero, caching is disabled"."""
        return self.max_ttl > 0


@dataclass(frozen=True, slots=True)
class RequestPolicy:
    """What else goes to the origin (API_OriginRequestPolicyConfig)."""

    headers: Selection = NOTHING
    cookies: Selection = NOTHING
    queries: Selection = NOTHING


@dataclass(frozen=True, slots=True)
class Origin:
    """address: where it is on loopback; None when nothing here answers for it. bucket: "" for a custom origin.

    signing: of its origin access control: always, never, no-override, or "" for none.
    """

    id: str
    domain: str
    path: str
    bucket: str
    signing: str
    address: tuple[str, int, bool] | None
    headers: tuple[tuple[str, str], ...] = ()
    read_timeout: float = 30.0


@dataclass(frozen=True, slots=True)
class Behavior:
    """One cache behavior; pattern None is the default one. Functions are named by their ARN."""

    pattern: re.Pattern[str] | None
    origin: Origin
    viewer_protocol: str
    allowed: frozenset[str]
    cached: frozenset[str]
    compress: bool
    cache: CachePolicy
    request: RequestPolicy
    response: Mapping[str, Any] | None
    viewer_request: str | None = None
    viewer_response: str | None = None


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """What is done about one status: path and status "" keep the origin's answer."""

    path: str
    status: str
    ttl: float


@dataclass(frozen=True, slots=True)
class Function:
    """A published function."""

    code: str
    runtime: str


@dataclass(frozen=True, slots=True)
class Site:
    """One distribution."""

    id: str
    arn: str
    account: str
    host: str
    port: int
    domain: str
    enabled: bool
    root: str
    behaviors: tuple[Behavior, ...]
    errors: Mapping[int, ErrorPage]
    functions: Mapping[str, Function]
    tag_header: str
    geo: Selection
    logging: bool
    waf_logging: bool
    web_acl: Mapping[str, Any] | None

    def behavior(self, path: str) -> Behavior:
        """The first one whose pattern matches, in the order of the list; the default one is last."""
        for behavior in self.behaviors:
            if behavior.pattern is None or behavior.pattern.fullmatch(path):
                return behavior
        raise AssertionError("the default behavior matches everything")


@dataclass(frozen=True, slots=True)
class Config:
    """endpoint: control's address, where S3 origins are read with the token.

    problems: one line for each distribution that cannot be served as it is configured; the others are.
    """

    endpoint: tuple[str, int] = ("", 0)
    token: str = ""
    sites: Mapping[str, Site] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def parse_config(raw: Raw) -> Config:
    """Parse one configuration message. Raises ConfigError for what is none."""
    sites: dict[str, Site] = {}
    problems = []
    try:
        host, _, port = raw["endpoint"].rpartition(":")
        for item in raw["sites"]:
            try:
                sites[item["id"]] = _site(item)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                problems.append(f"distribution {item['id']} is left out: {type(error).__name__}: {error}")
        return Config((host, int(port)), raw["token"], sites, tuple(problems))
    except KeyError as error:
        raise ConfigError(f"configuration lacks {error}") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise ConfigError(f"configuration is malformed: {error}") from error


def _items(raw: Raw | None) -> list[Any]:
    return list((raw or {}).get("Items") or ())


def _site(raw: Raw) -> Site:
    config = raw["config"]
    origins = {item["Id"]: _origin(item, raw) for item in _items(config["Origins"])}
    behaviors = [*_items(config.get("CacheBehaviors")), config["DefaultCacheBehavior"]]
    geo = (config.get("Restrictions") or {}).get("GeoRestriction") or {}
    kinds = {"whitelist": "whitelist", "blacklist": "allExcept"}
    return Site(
        id=raw["id"],
        arn=raw["arn"],
        account=raw["account"],
        host=raw["host"],
        port=int(raw["port"]),
        domain=raw["domain_name"],
        enabled=bool(config["Enabled"]),
        root=config.get("DefaultRootObject") or "",
        behaviors=tuple(_behavior(item, origins, raw) for item in behaviors),
        errors={int(item["ErrorCode"]): _error_page(item) for item in _items(config.get("CustomErrorResponses"))},
        functions={arn: Function(item["code"], item["runtime"]) for arn, item in raw["functions"].items()},
        tag_header=(config.get("CacheTagConfig") or {}).get("HeaderName") or "",
        geo=Selection(kinds.get(geo.get("RestrictionType", "none"), "all"), frozenset(_items(geo))),
        logging=bool(raw.get("logging")),
        waf_logging=bool(raw.get("waf_logging")),
        web_acl=raw.get("web_acl"),
    )


def _origin(raw: Raw, site: Raw) -> Origin:
    domain, custom = raw["DomainName"], raw.get("CustomOriginConfig")
    headers = tuple((item["HeaderName"], item["HeaderValue"]) for item in _items(raw.get("CustomHeaders")))
    control = site["access_controls"].get(raw.get("OriginAccessControlId") or "") or {}
    bucket = "" if custom else _BUCKET.match(domain)
    return Origin(
        id=raw["Id"],
        domain=domain,
        path=raw.get("OriginPath") or "",
        bucket=bucket[1] if bucket else "",
        signing=control.get("SigningBehavior", ""),
        address=_address(domain, custom, site["addresses"]) if custom else None,
        headers=headers,
        read_timeout=float((custom or {}).get("OriginReadTimeout") or 30),
    )


def _address(domain: str, custom: Raw, addresses: Raw) -> tuple[str, int, bool] | None:
    """Where the origin's port is on loopback. match-viewer is https here: loopback stands for TLS."""
    known = addresses.get(domain.lower()) or {}
    order = ("80",) if custom.get("OriginProtocolPolicy") == "http-only" else ("443",)
    ports = {"80": str(custom.get("HTTPPort") or 80), "443": str(custom.get("HTTPSPort") or 443)}
    for scheme in order:
        found = known.get(ports[scheme])
        if found:
            return found["host"], int(found["port"]), bool(found["tls"])
    return None


def _behavior(raw: Raw, origins: Mapping[str, Origin], site: Raw) -> Behavior:
    policies = site["policies"]
    allowed = raw.get("AllowedMethods") or {}
    functions = {item["EventType"]: item["FunctionARN"] for item in _items(raw.get("FunctionAssociations"))}
    cache_id, request_id = raw.get("CachePolicyId"), raw.get("OriginRequestPolicyId")
    return Behavior(
        pattern=path_pattern(raw["PathPattern"]) if raw.get("PathPattern") else None,
        origin=origins[raw["TargetOriginId"]],
        viewer_protocol=raw["ViewerProtocolPolicy"],
        allowed=frozenset(_items(allowed) or ("GET", "HEAD")),
        cached=frozenset(_items(allowed.get("CachedMethods")) or ("GET", "HEAD")),
        compress=bool(raw.get("Compress")),
        cache=_cache_policy(policies["CachePolicyConfig"][cache_id]) if cache_id else _legacy(raw),
        request=_request_policy(policies["OriginRequestPolicyConfig"][request_id]) if request_id else RequestPolicy(),
        response=policies["ResponseHeadersPolicyConfig"].get(raw.get("ResponseHeadersPolicyId") or ""),
        viewer_request=functions.get("viewer-request"),
        viewer_response=functions.get("viewer-response"),
    )


def path_pattern(text: str) -> re.Pattern[str]:
    """A path pattern as an expression: * for any characters, ? for one; the leading slash may be left out.

    "Path pattern", https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html
    """
    whole = text if text.startswith(("/", "*")) else f"/{text}"
    return re.compile(
        "".join({"*": ".*", "?": "."}.get(part) or re.escape(part) for part in re.split(r"([*?])", whole)), re.S
    )


def _cache_policy(raw: Raw) -> CachePolicy:
    key = raw.get("ParametersInCacheKeyAndForwardedToOrigin") or {}
    headers, cookies, queries = _selections(key)
    return CachePolicy(
        min_ttl=float(raw.get("MinTTL") or 0),
        default_ttl=float(raw.get("DefaultTTL", 86400)),
        max_ttl=float(raw.get("MaxTTL", 31536000)),
        gzip=bool(key.get("EnableAcceptEncodingGzip")),
        brotli=bool(key.get("EnableAcceptEncodingBrotli")),
        headers=headers,
        cookies=cookies,
        queries=queries,
    )


def _request_policy(raw: Raw) -> RequestPolicy:
    return RequestPolicy(*_selections(raw))


def _selections(raw: Raw) -> tuple[Selection, Selection, Selection]:
    headers, cookies = raw.get("HeadersConfig") or {}, raw.get("CookiesConfig") or {}
    queries = raw.get("QueryStringsConfig") or {}
    return (
        Selection(
            headers.get("HeaderBehavior", "none"),
            frozenset(name.lower() for name in _items(headers.get("Headers"))),
        ),
        Selection(cookies.get("CookieBehavior", "none"), frozenset(_items(cookies.get("Cookies")))),
        Selection(queries.get("QueryStringBehavior", "none"), frozenset(_items(queries.get("QueryStrings")))),
    )


def _legacy(raw: Raw) -> CachePolicy:
    """ForwardedValues, the way before cache policies: what is forwarded is in the key, and gzip (API_CacheBehavior)."""
    values = raw.get("ForwardedValues") or {}
    headers = frozenset(name.lower() for name in _items(values.get("Headers")))
    cookies = values.get("Cookies") or {}
    keys = frozenset(_items(values.get("QueryStringCacheKeys")))
    return CachePolicy(
        min_ttl=float(raw.get("MinTTL") or 0),
        default_ttl=float(raw.get("DefaultTTL", 86400)),
        max_ttl=float(raw.get("MaxTTL", 31536000)),
        gzip=True,
        headers=Selection("all") if "*" in headers else Selection("whitelist", headers),
        cookies=Selection(cookies.get("Forward", "none"), frozenset(_items(cookies.get("WhitelistedNames")))),
        queries=Selection("whitelist", keys) if keys else Selection("all" if values.get("QueryString") else "none"),
    )


def _error_page(raw: Raw) -> ErrorPage:
    ttl = raw.get("ErrorCachingMinTTL")
    return ErrorPage(
        raw.get("ResponsePagePath") or "",
        str(raw.get("ResponseCode") or ""),
        DEFAULT_ERROR_TTL if ttl is None else float(ttl),
    )
