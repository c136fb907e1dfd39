# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS's managed policies: their ids and settings are published, the same in every account.

Sources: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html,
.../using-managed-origin-request-policies.html, .../using-managed-response-headers-policies.html.
"""

from __future__ import annotations

from typing import Any

type Config = dict[str, Any]

_METHODS = ["GET", "DELETE", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
_ORIGIN_HEADERS = ("host", "origin", "x-http-method", "x-http-method-override", "x-method-override")
_CORS_HEADERS = ("access-control-request-headers", "access-control-request-method", "origin")


def _list(*items: str) -> Config:
    return {"Quantity": len(items), "Items": list(items)}


def _part(name: str, items: str, behavior: str, values: tuple[str, ...] = ()) -> Config:
    return {f"{name}Behavior": behavior} | ({items: _list(*values)} if values else {})


def _cache(
    name: str,
    ttls: tuple[int, int, int],
    *,
    compressed: bool,
    headers: tuple[str, ...] = (),
    cookies: str = "none",
    queries: str = "none",
    query_names: tuple[str, ...] = (),
    brotli: bool = True,
) -> Config:
    return {
        "Name": f"Managed-{name}",
        "Comment": "",
        "MinTTL": ttls[0],
        "DefaultTTL": ttls[1],
        "MaxTTL": ttls[2],
        "ParametersInCacheKeyAndForwardedToOrigin": {
            "EnableAcceptEncodingGzip": compressed,
            "EnableAcceptEncodingBrotli": compressed and brotli,
            "HeadersConfig": _part("Header", "Headers", "whitelist" if headers else "none", headers),
            "CookiesConfig": _part("Cookie", "Cookies", cookies),
            "QueryStringsConfig": _part("QueryString", "QueryStrings", queries, query_names),
        },
    }


def _request(
    name: str, headers: str, names: tuple[str, ...] = (), cookies: str = "none", queries: str = "none"
) -> Config:
    return {
        "Name": f"Managed-{name}",
        "Comment": "",
        "HeadersConfig": _part("Header", "Headers", headers, names),
        "CookiesConfig": _part("Cookie", "Cookies", cookies),
        "QueryStringsConfig": _part("QueryString", "QueryStrings", queries),
    }


def _cors(preflight: bool) -> Config:
    return {
        "AccessControlAllowOrigins": _list("*"),
        "AccessControlAllowHeaders": _list("*"),
        "AccessControlAllowMethods": _list(*(_METHODS if preflight else ["GET", "HEAD"])),
        "AccessControlAllowCredentials": False,
        "OriginOverride": False,
    } | ({"AccessControlExposeHeaders": _list("*")} if preflight else {})


_SECURITY: Config = {
    "XSSProtection": {"Override": False, "Protection": True, "ModeBlock": True},
    "FrameOptions": {"Override": False, "FrameOption": "SAMEORIGIN"},
    "ReferrerPolicy": {"Override": False, "ReferrerPolicy": "strict-origin-when-cross-origin"},
    "ContentTypeOptions": {"Override": True},
    "StrictTransportSecurity": {"Override": False, "AccessControlMaxAgeSec": 31536000},
}


def _headers(name: str, *, cors: bool | None = None, security: bool = False) -> Config:
    """cors: None for no CORS, True with preflight."""
    return (
        {"Name": f"Managed-{name}", "Comment": ""}
        | ({"CorsConfig": _cors(cors)} if cors is not None else {})
        | ({"SecurityHeadersConfig": _SECURITY} if security else {})
    )


_YEAR = 31536000

#: By kind of configuration, then by id.
POLICIES: dict[str, dict[str, Config]] = {
    "CachePolicyConfig": {
        "658327ea-f89d-4fab-a63d-7e88639e58f6": _cache("CachingOptimized", (1, 86400, _YEAR), compressed=True),
        "b2884449-e4de-46a7-ac36-70bc7f1ddd6d": _cache(
            "CachingOptimizedForUncompressedObjects", (1, 86400, _YEAR), compressed=False
        ),
        "4135ea2d-6df8-44a3-9df3-4b5a84be39ad": _cache("CachingDisabled", (0, 0, 0), compressed=False),
        "2e54312d-136d-493c-8eb9-b001f22f67d2": _cache(
            "Amplify",
            (2, 2, 600),
            compressed=True,
            headers=("authorization", "cloudfront-viewer-country", "host"),
            cookies="all",
            queries="all",
        ),
        "08627262-05a9-4f76-9ded-b50ca2e3a84f": _cache(
            "Elemental-MediaPackage",
            (0, 86400, _YEAR),
            compressed=True,
            brotli=False,
            headers=("origin",),
            queries="whitelist",
            query_names=("aws.manifestfilter", "start", "end", "m"),
        ),
        "83da9c7e-98b4-4e11-a168-04f0df8e2c65": _cache(
            "UseOriginCacheControlHeaders", (0, 0, _YEAR), compressed=True, headers=_ORIGIN_HEADERS, cookies="all"
        ),
        "4cc15a8a-d715-48a4-82b8-cc0b614638fe": _cache(
            "UseOriginCacheControlHeaders-QueryStrings",
            (0, 0, _YEAR),
            compressed=True,
            headers=_ORIGIN_HEADERS,
            cookies="all",
            queries="all",
        ),
    },
    "OriginRequestPolicyConfig": {
        "216adef6-5c7f-47e4-b989-5492eafa07d3": _request("AllViewer", "allViewer", cookies="all", queries="all"),
        "b689b0a8-53d0-40ab-baf2-68738e2966ac": _request(
            "AllViewerExceptHostHeader", "allExcept", ("host",), cookies="all", queries="all"
        ),
        "33f36d7e-f396-46d9-90e0-52428a34d9dc": _request(
            "AllViewerAndCloudFrontHeaders-2022-06",
            "allViewerAndWhitelistCloudFront",
            ("CloudFront-Forwarded-Proto", "CloudFront-Is-Mobile-Viewer", "CloudFront-Viewer-Address"),
            cookies="all",
            queries="all",
        ),
        "59781a5b-3903-41f3-afcb-af62929ccde1": _request("CORS-CustomOrigin", "whitelist", ("origin",)),
        "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf": _request("CORS-S3Origin", "whitelist", _CORS_HEADERS),
        "acba4595-bd28-49b8-b9fe-13317c0390fa": _request(
            "UserAgentRefererHeaders", "whitelist", ("user-agent", "referer")
        ),
        "bf0718e1-ba1e-49d1-88b1-f726733018ae": _request("HostHeaderOnly", "whitelist", ("host",)),
    },
    "ResponseHeadersPolicyConfig": {
        "60669652-455b-4ae9-85a4-c4c02393f86c": _headers("SimpleCORS", cors=False),
        "5cc3b908-e619-4b99-88e5-2cf7f45965bd": _headers("CORS-With-Preflight", cors=True),
        "67f7725c-6f97-4210-82d7-5512b31e9d03": _headers("SecurityHeadersPolicy", security=True),
        "e61eb60c-9c35-4d20-a928-2b84e02af89c": _headers("CORS-and-SecurityHeadersPolicy", cors=False, security=True),
        "eaab4381-ed33-4a86-88ca-d9558dc6cd63": _headers(
            "CORS-with-preflight-and-SecurityHeadersPolicy", cors=True, security=True
        ),
    },
}
