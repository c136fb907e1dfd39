# SPDX-License-Identifier: GPL-3.0-or-later
"""A distribution's configuration as CloudFront gives it back: every member that was left out has its default. Pure.

Whoever compares a configuration with what GetDistributionConfig answers must meet AWS's form: empty lists are
`Quantity: 0` without Items, methods come in CloudFront's own order. Source: API_DistributionConfig, API_CacheBehavior,
API_Origin of the CloudFront API reference (defaults), and the example answers of `get-distribution-config` in the AWS
CLI reference (form and order).
"""

from __future__ import annotations

import copy
from typing import Any

from localcloud.mends.cloudfront.errors import CloudFrontError, invalid

type Config = dict[str, Any]

#: The order in which CloudFront lists methods.
_METHODS = ("HEAD", "DELETE", "POST", "GET", "OPTIONS", "PUT", "PATCH")
#: The sets of methods that a behavior can allow (API_AllowedMethods).
_ALLOWED = ({"GET", "HEAD"}, {"GET", "HEAD", "OPTIONS"}, set(_METHODS))

_TOP: Config = {
    "Aliases": {"Quantity": 0},
    "DefaultRootObject": "",
    "OriginGroups": {"Quantity": 0},
    "CacheBehaviors": {"Quantity": 0},
    "CustomErrorResponses": {"Quantity": 0},
    "Comment": "",
    "Logging": {"Enabled": False, "IncludeCookies": False, "Bucket": "", "Prefix": ""},
    "PriceClass": "PriceClass_All",
    "ViewerCertificate": {
        "CloudFrontDefaultCertificate": True,
        "SSLSupportMethod": "vip",
        "MinimumProtocolVersion": "TLSv1",
        "CertificateSource": "cloudfront",
    },
    "Restrictions": {"GeoRestriction": {"RestrictionType": "none", "Quantity": 0}},
    "WebACLId": "",
    "HttpVersion": "http2",
    "IsIPV6Enabled": True,
    "ContinuousDeploymentPolicyId": "",
    "Staging": False,
}
_ORIGIN: Config = {
    "OriginPath": "",
    "CustomHeaders": {"Quantity": 0},
    "ConnectionAttempts": 3,
    "ConnectionTimeout": 10,
    "OriginShield": {"Enabled": False},
    "OriginAccessControlId": "",
}
_CUSTOM_ORIGIN: Config = {
    "OriginSslProtocols": {"Quantity": 1, "Items": ["TLSv1.2"]},
    "OriginReadTimeout": 30,
    "OriginKeepaliveTimeout": 5,
}
_BEHAVIOR: Config = {
    "TrustedSigners": {"Enabled": False, "Quantity": 0},
    "TrustedKeyGroups": {"Enabled": False, "Quantity": 0},
    "SmoothStreaming": False,
    "Compress": False,
    "LambdaFunctionAssociations": {"Quantity": 0},
    "FunctionAssociations": {"Quantity": 0},
    "FieldLevelEncryptionId": "",
    "GrpcConfig": {"Enabled": False},
}
_LEGACY_TTL: Config = {"MinTTL": 0, "DefaultTTL": 86400, "MaxTTL": 31536000}


def complete(given: Config) -> Config:
    """The configuration with every default. Raises CloudFrontError for one that CloudFront refuses."""
    config = _filled(copy.deepcopy(given), _TOP)
    _check_lists(config, "DistributionConfig")
    origins = config["Origins"].get("Items") or []
    if not origins:
        raise invalid("The parameter Origins is required.")
    for origin in origins:
        _complete_origin(origin)
    behaviors = [config["DefaultCacheBehavior"], *(config["CacheBehaviors"].get("Items") or ())]
    ids = {origin["Id"] for origin in origins}
    for behavior in behaviors:
        if behavior["TargetOriginId"] not in ids:
            raise CloudFrontError("NoSuchOrigin", "One or more of your origins or origin groups do not exist.")
        _complete_behavior(behavior)
    _check_top(config)
    _complete_certificate(config["ViewerCertificate"])
    kept: Config = _without_none(config)
    return kept


def _check_top(config: Config) -> None:
    if config["DefaultRootObject"].startswith("/"):
        raise CloudFrontError(
            "InvalidDefaultRootObject", "The default root object file name is too big or contains an invalid character."
        )
    for item in config["CustomErrorResponses"].get("Items") or ():
        item.setdefault("ResponsePagePath", "")
        item.setdefault("ResponseCode", "")
        item.setdefault("ErrorCachingMinTTL", 10)
        if bool(item["ResponsePagePath"]) != bool(item["ResponseCode"]):
            raise invalid("The parameter CustomErrorResponse needs ResponsePagePath and ResponseCode together.")
    patterns = [item["PathPattern"] for item in config["CacheBehaviors"].get("Items") or ()]
    if len(set(patterns)) != len(patterns):
        raise invalid("The parameter PathPattern contains duplicates.")


def _complete_origin(origin: Config) -> None:
    _fill(origin, _ORIGIN)
    path = origin["OriginPath"]
    if path and (not path.startswith("/") or path.endswith("/")):
        raise invalid("The parameter OriginPath must begin with a slash and must not end with one.")
    if ("S3OriginConfig" in origin) == ("CustomOriginConfig" in origin) and "VpcOriginConfig" not in origin:
        raise invalid("Exactly one of S3OriginConfig and CustomOriginConfig must be specified for an origin.")
    if "CustomOriginConfig" in origin:
        _fill(origin["CustomOriginConfig"], _CUSTOM_ORIGIN)
        return
    if ".s3." not in origin["DomainName"] and ".s3-" not in origin["DomainName"]:
        raise invalid("The parameter Origin DomainName does not refer to a valid S3 bucket.")
    if origin["OriginAccessControlId"] and origin["S3OriginConfig"].get("OriginAccessIdentity"):
        raise CloudFrontError(
            "IllegalOriginAccessConfiguration",
            "An origin cannot contain both an origin access control (OAC) and an origin access identity (OAI).",
        )


def _complete_behavior(behavior: Config) -> None:
    _fill(behavior, _BEHAVIOR)
    allowed = behavior.get("AllowedMethods") or {}
    methods = set(allowed.get("Items") or ("GET", "HEAD"))
    if methods not in _ALLOWED:
        raise invalid("The parameter AllowedMethods contains a set of methods that is not supported.")
    cached = set((allowed.get("CachedMethods") or {}).get("Items") or ("GET", "HEAD"))
    behavior["AllowedMethods"] = _methods(methods) | {"CachedMethods": _methods(cached)}
    if not behavior.get("CachePolicyId"):
        if "ForwardedValues" not in behavior:
            raise invalid("The parameter ForwardedValues is required when no cache policy is given.")
        _fill(behavior, _LEGACY_TTL)
    elif "ForwardedValues" in behavior:
        raise invalid(
            "The parameter ForwardedValues cannot be used when a cache policy is associated to the cache behavior."
        )
    for name in ("OriginRequestPolicyId", "ResponseHeadersPolicyId", "RealtimeLogConfigArn", "CachePolicyId"):
        if not behavior.get(name):
            behavior.pop(name, None)


def _methods(methods: set[str]) -> Config:
    ordered = [method for method in _METHODS if method in methods]
    return {"Quantity": len(ordered), "Items": ordered}


def _complete_certificate(certificate: Config) -> None:
    if certificate.get("CloudFrontDefaultCertificate"):
        certificate.update(_TOP["ViewerCertificate"])
        return
    for name, source in (("ACMCertificateArn", "acm"), ("IAMCertificateId", "iam")):
        if certificate.get(name):
            certificate |= {
                "CloudFrontDefaultCertificate": False,
                "Certificate": certificate[name],
                "CertificateSource": source,
            }
            certificate.setdefault("MinimumProtocolVersion", "TLSv1")
            return
    raise CloudFrontError("InvalidViewerCertificate", "A viewer certificate specified is not valid.")


def _check_lists(value: Any, name: str) -> None:
    """Quantity must be the number of Items, and an empty list has none (InconsistentQuantities)."""
    if isinstance(value, list):
        for item in value:
            _check_lists(item, name)
        return
    if not isinstance(value, dict):
        return
    if "Quantity" in value:
        items = value.get("Items") or []
        if len(items) != value["Quantity"]:
            raise CloudFrontError(
                "InconsistentQuantities", f"The value of Quantity and the size of Items for {name} don't match."
            )
        if not items:
            value.pop("Items", None)
    for member, inner in value.items():
        _check_lists(inner, member if member != "Items" else name)


def _fill(config: Config, defaults: Config) -> None:
    for name, value in defaults.items():
        if config.get(name) is None:
            config[name] = copy.deepcopy(value)
        elif (
            isinstance(value, dict)
            and isinstance(config[name], dict)
            and "Quantity" not in value
            and name != "ViewerCertificate"
        ):
            _fill(config[name], value)


def _filled(config: Config, defaults: Config) -> Config:
    _fill(config, defaults)
    return config


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_none(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_without_none(item) for item in value]
    return value
