# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a resource's policy lets a caller in: CloudFront by origin access control, or another account. Pure.

What CloudFront's requests carry is in
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from localcloud.iam.language import Decision, Question, UnsupportedError, Who, decide

SERVICE = "cloudfront.amazonaws.com"


@dataclass(frozen=True, slots=True)
class Caller:
    """who: as policies name it; nobody for a request without a signature. context: condition keys."""

    who: Who
    context: Mapping[str, str]


def cloudfront(distribution_arn: str, account_id: str) -> Caller:
    """CloudFront for one distribution; "" for a request without a signature."""
    context = {"aws:SecureTransport": "true"}
    if not distribution_arn:
        return Caller(Who(), context)
    signed = {"aws:SourceArn": distribution_arn, "aws:SourceAccount": account_id}
    return Caller(Who(service=SERVICE), context | signed)


def account(account_id: str, principal_arn: str) -> Caller:
    """An IAM principal of an account."""
    who = Who(arns=(principal_arn,), account=account_id)
    return Caller(who, {"aws:SecureTransport": "true", "aws:PrincipalArn": principal_arn})


def allows(policy: str | None, action: str, resource: str, caller: Caller) -> bool:
    """Whether a statement allows the action and none denies it. policy: JSON, or none.

    A policy of which something is not understood lets nobody in.
    """
    if not policy:
        return False
    try:
        found = decide([json.loads(policy)], Question(action, resource, caller.context), caller.who)
    except UnsupportedError:
        return False
    return found is Decision.ALLOWED
