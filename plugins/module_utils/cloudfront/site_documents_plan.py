# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The documents of a site: buckets, policies and distribution. Pure: no I/O, no AWS.

A site is a mapping of the inputs of role cloudfront_site without their prefix, already validated (site_problems_plan).
Documents are as the APIs write them, CloudFront's with plain lists (config_plan).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..promotion import sharing_plan

Inputs = Mapping[str, Any]
Document = dict[str, Any]

CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER_EXCEPT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
"""Policies of AWS's, the same in every account:
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
"""

YEAR = 31536000
READ = ["GET", "HEAD"]
ALL_METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]

API_READ_TIMEOUT = 60
"""Seconds CloudFront waits for an answer of the API; the most it does without a quota increase, and what the load
balancer waits (alb_idle_timeout)."""

OWNED_ORIGINS = ["site", "api"]

TAG_HEADER = "x-amz-meta-cache-tag"
"""As which S3 sends an object's metadata `cache-tag`."""


def buckets(site: Inputs) -> list[Document]:
    """Log bucket and bucket of releases, for s3_private_buckets. The policy of the latter names the distribution, which
    comes later (bucket_policy)."""
    return [
        {
            "name": site["log_bucket"],
            # Log delivery by S3 itself knows no key of KMS.
            "kms_key_arn": "",
            "lifecycle_rules": [_rule("retention", Expiration={"Days": int(site["log_retention_days"])})],
            "policy": _log_policy(site),
            "tags": site["tags"],
        },
        {
            "name": site["bucket"],
            "kms_key_arn": site["kms_key_arn"],
            "versioning": True,
            # By the age of what was replaced, never by that of an object: an asset that releases share gets old.
            "lifecycle_rules": [
                _rule(
                    "replaced",
                    NoncurrentVersionExpiration={"NoncurrentDays": int(site["noncurrent_days"])},
                    Expiration={"ExpiredObjectDeleteMarker": True},
                )
            ],
            "access_log": {"bucket": site["log_bucket"], "prefix": "s3/"},
            "tags": site["tags"],
        },
    ]


def bucket_policy(site: Inputs, distribution_arn: str) -> Document:
    """Who may read the bucket of releases: this one distribution, and of it only what is served; readers elsewhere.

    ListBucket makes a missing key a 404 instead of a 403. It takes no condition on the prefix: for an object that is
    not there S3 asks for the permission without one, so that such a condition is never met.
    """
    arn = f"arn:aws:s3:::{site['bucket']}"
    statements = [_tls_only(arn)]
    if distribution_arn:
        who = {
            "Effect": "Allow",
            "Principal": {"Service": "cloudfront.amazonaws.com"},
            "Condition": {"StringEquals": {"AWS:SourceArn": distribution_arn}},
        }
        statements.append({"Sid": "Read", "Action": "s3:GetObject", "Resource": f"{arn}/site/*", **who})
        statements.append({"Sid": "TellMissingFromForbidden", "Action": "s3:ListBucket", "Resource": arn, **who})
    # Where only what is proven here may go to, the bundle of a release is read from here.
    kept = [f"{arn}/{folder}/*" for folder in ("maps", "releases", "site")]
    readers = site.get("readers", [])
    statements += sharing_plan.statements("ReadReleases", ["s3:GetObject"], kept, readers)
    statements += sharing_plan.statements("ListReleases", ["s3:ListBucket"], [arn], readers)
    return {"Version": "2012-10-17", "Statement": statements}


def _log_policy(site: Inputs) -> Document:
    """Log delivery writes for every account of AWS; the conditions bind it to this one.

    The statement about access logs is to the letter the one that AWS would append if it missed it, and which the next
    run would take away again (CloudWatch Logs user guide, Logs sent to Amazon S3, V2 permissions).
    """
    arn, account = f"arn:aws:s3:::{site['log_bucket']}", site["account_id"]
    return {
        "Version": "2012-10-17",
        "Statement": [
            _tls_only(arn),
            {
                "Sid": "AccessLogs",
                "Effect": "Allow",
                "Principal": {"Service": "delivery.logs.amazonaws.com"},
                "Action": "s3:PutObject",
                "Resource": f"{arn}/AWSLogs/{account}/*",
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": account, "s3:x-amz-acl": "bucket-owner-full-control"},
                    "ArnLike": {"aws:SourceArn": f"arn:aws:logs:us-east-1:{account}:delivery-source:*"},
                },
            },
            {
                "Sid": "BucketLogs",
                "Effect": "Allow",
                "Principal": {"Service": "logging.s3.amazonaws.com"},
                "Action": "s3:PutObject",
                "Resource": f"{arn}/s3/*",
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": account},
                    "ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{site['bucket']}"},
                },
            },
        ],
    }


def _tls_only(arn: str) -> Document:
    return {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def _rule(identity: str, **actions: Document) -> Document:
    """A rule of a lifecycle for all of a bucket; uploads that nobody finished go after a day."""
    whole = {"ID": identity, "Status": "Enabled", "Filter": {"Prefix": ""}}
    return {**whole, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}, **actions}


def parts(site: Inputs, router: str) -> list[Document]:
    """What the distribution refers to, for cloudfront_parts. router: source of the function."""
    return [
        {
            "kind": "origin_access_control",
            "name": site["name"],
            "config": {
                "Description": f"Signs requests to {site['bucket']}",
                "SigningProtocol": "sigv4",
                "SigningBehavior": "always",
                "OriginAccessControlOriginType": "s3",
            },
        },
        {"kind": "cache_policy", "name": f"{site['name']}-documents", "config": _documents_policy()},
        {"kind": "response_headers_policy", "name": site["name"], "config": _headers_policy(site)},
        {
            "kind": "function",
            "name": f"{site['name']}-router",
            "config": {"Comment": "Paths of the application get its document", "Runtime": "cloudfront-js-2.0"},
            "code": router,
        },
    ]


def _documents_policy() -> Document:
    """The origin's Cache-Control rules, no-cache included.

    CachingOptimized has a minimum of 1 s, with which CloudFront serves a no-cache document for a second without asking
    S3: for so long after a switch one visitor would see the new document and another, or the same one, the old.
    """
    return {
        "Comment": "What Cache-Control says, and nothing without it",
        "MinTTL": 0,
        "DefaultTTL": 0,
        "MaxTTL": YEAR,
        "ParametersInCacheKeyAndForwardedToOrigin": {
            "EnableAcceptEncodingGzip": True,
            "EnableAcceptEncodingBrotli": True,
            "HeadersConfig": {"HeaderBehavior": "none"},
            "CookiesConfig": {"CookieBehavior": "none"},
            "QueryStringsConfig": {"QueryStringBehavior": "none"},
        },
    }


def _headers_policy(site: Inputs) -> Document:
    preload = bool(site["hsts_preload"])
    return {
        "Comment": "Security headers of every answer, errors included",
        "SecurityHeadersConfig": {
            "ContentSecurityPolicy": {"ContentSecurityPolicy": site["csp"].strip(), "Override": True},
            "ContentTypeOptions": {"Override": True},
            "FrameOptions": {"FrameOption": site["frame_options"], "Override": True},
            "ReferrerPolicy": {"ReferrerPolicy": site["referrer_policy"], "Override": True},
            "StrictTransportSecurity": {
                "AccessControlMaxAgeSec": int(site["hsts_max_age"]),
                "IncludeSubdomains": preload,
                "Preload": preload,
                "Override": True,
            },
        },
        "CustomHeadersConfig": [
            {"Header": "Permissions-Policy", "Value": site["permissions_policy"].strip(), "Override": True}
        ],
    }


def distribution(site: Inputs, refers: Inputs) -> Document:
    """The distribution's configuration, for cloudfront_distribution.

    Args:
        refers: ids (as cloudfront_parts returns them) and web_acl_arn. What check mode has not made is empty.
    """
    api = _api_domain(site)
    headers = _id(refers, "response_headers_policy", site["name"])
    paths = site["api_paths"] if api else []
    return {
        "Enabled": True,
        "HttpVersion": "http2and3",
        "IsIPV6Enabled": True,
        "PriceClass": site["price_class"],
        "DefaultRootObject": "index.html",
        "Aliases": list(site["domains"]),
        "WebACLId": refers["web_acl_arn"],
        "ViewerCertificate": _certificate(site),
        "CacheTagConfig": {"HeaderName": TAG_HEADER} if site["cache_tags"] else None,
        # None: a mapping of 403 or 404 to the document hides what the firewall blocks and the API answers.
        "CustomErrorResponses": [],
        "Origins": [_site_origin(site, refers), *([_api_origin(site, api)] if paths else [])],
        "DefaultCacheBehavior": {
            **_site_behavior(_id(refers, "cache_policy", f"{site['name']}-documents"), headers),
            "FunctionAssociations": [
                {"EventType": "viewer-request", "FunctionARN": _id(refers, "function", f"{site['name']}-router")}
            ],
        },
        "CacheBehaviors": [
            {"PathPattern": "/assets/*", **_site_behavior(CACHING_OPTIMIZED, headers), "FunctionAssociations": []},
            {"PathPattern": "/config.json", **_site_behavior(CACHING_DISABLED, headers), "FunctionAssociations": []},
            *({"PathPattern": path, **_api_behavior(headers)} for path in paths),
        ],
    }


def _id(refers: Inputs, kind: str, name: str) -> str:
    return str(refers["ids"].get(kind, {}).get(name, ""))


def _api_domain(site: Inputs) -> str:
    return str(site["api_domain"] or site["alb_dns_name"])


def _certificate(site: Inputs) -> Document:
    if not site["certificate_arn"]:
        return {"CloudFrontDefaultCertificate": True}
    return {
        "ACMCertificateArn": site["certificate_arn"],
        "SSLSupportMethod": "sni-only",
        "MinimumProtocolVersion": site["tls_policy"],
    }


def _site_origin(site: Inputs, refers: Inputs) -> Document:
    return {
        "Id": "site",
        "DomainName": f"{site['bucket']}.s3.{site['region']}.amazonaws.com",
        "OriginPath": "/site",
        "OriginAccessControlId": _id(refers, "origin_access_control", site["name"]),
        # Empty: an origin access control signs, not an identity of old.
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }


def _api_origin(site: Inputs, domain: str) -> Document:
    return {
        "Id": "api",
        "DomainName": domain,
        "OriginPath": "",
        "CustomOriginConfig": {
            "HTTPPort": 80,
            "HTTPSPort": 443,
            # No certificate bears the load balancer's own name.
            "OriginProtocolPolicy": "https-only" if site["api_domain"] else "http-only",
            "OriginSslProtocols": ["TLSv1.2"],
            "OriginReadTimeout": API_READ_TIMEOUT,
            "OriginKeepaliveTimeout": 5,
        },
    }


def _site_behavior(cache_policy: str, headers: str) -> Document:
    return {
        "TargetOriginId": "site",
        "ViewerProtocolPolicy": "redirect-to-https",
        "AllowedMethods": {"Items": READ, "CachedMethods": READ},
        "Compress": True,
        "CachePolicyId": cache_policy,
        "ResponseHeadersPolicyId": headers,
    }


def _api_behavior(headers: str) -> Document:
    """Uncached, with all that the viewer sent but Host, by which CloudFront finds the load balancer.

    https-only: a redirect would make a POST a GET.
    """
    return {
        "TargetOriginId": "api",
        "ViewerProtocolPolicy": "https-only",
        "AllowedMethods": {"Items": ALL_METHODS, "CachedMethods": READ},
        "Compress": True,
        "CachePolicyId": CACHING_DISABLED,
        "OriginRequestPolicyId": ALL_VIEWER_EXCEPT_HOST,
        "ResponseHeadersPolicyId": headers,
        "FunctionAssociations": [],
    }
