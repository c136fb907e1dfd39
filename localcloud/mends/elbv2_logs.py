# SPDX-License-Identifier: GPL-3.0-or-later
"""Elastic Load Balancing v2: the bucket of the access logs must take them."""

from __future__ import annotations

import json
from typing import Any

from moto.elbv2.exceptions import InvalidConfigurationRequest
from moto.elbv2.models import ELBv2Backend
from moto.s3.exceptions import MissingBucket
from moto.s3.models import s3_backends

from localcloud.mends.patch import wrap

_SERVICE = "logdelivery.elasticloadbalancing.amazonaws.com"


def install() -> None:
    """Put the mend in place."""
    wrap(ELBv2Backend, "modify_load_balancer_attributes", _with_a_bucket_for_the_logs)


def _with_a_bucket_for_the_logs(original: Any, self: ELBv2Backend, arn: str, attrs: dict[str, Any]) -> dict[str, Any]:
    """Access logs are refused unless the bucket exists and its policy lets the log delivery write to it.

    moto takes any name, so that a role with the wrong bucket policy works here and fails on AWS.
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
    """
    balancer = self.load_balancers.get(arn)
    if balancer is not None and str(attrs.get("access_logs.s3.enabled")).lower() == "true":
        bucket = attrs.get("access_logs.s3.bucket") or balancer.attrs.get("access_logs.s3.bucket")
        if not _takes_logs(self, bucket):
            raise InvalidConfigurationRequest(f"Access Denied for bucket: {bucket}. Please check S3bucket permission")
    found: dict[str, Any] = original(self, arn, attrs)
    return found


def _takes_logs(backend: ELBv2Backend, bucket: str) -> bool:
    try:
        policy = s3_backends[backend.account_id][backend.partition].get_bucket(bucket).policy
    except MissingBucket:
        return False
    statements = _list(json.loads(policy)["Statement"]) if policy else []
    return any(_grants(statement, f"arn:{backend.partition}:s3:::{bucket}/") for statement in statements)


def _grants(statement: dict[str, Any], prefix: str) -> bool:
    """Whether the service, or an account (the older way, one account a region), may put objects below the prefix."""
    principal = statement.get("Principal")
    delivery = isinstance(principal, dict) and ("AWS" in principal or _SERVICE in _list(principal.get("Service")))
    puts = {"s3:PutObject", "s3:Put*", "s3:*", "*"} & set(_list(statement.get("Action")))
    covers = any(resource == "*" or resource.startswith(prefix) for resource in _list(statement.get("Resource")))
    return statement.get("Effect") == "Allow" and delivery and bool(puts) and covers


def _list(value: Any) -> list[Any]:
    """A policy's lists may be written as single values."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
