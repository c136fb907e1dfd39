# SPDX-License-Identifier: GPL-3.0-or-later
"""Mends: where moto answers otherwise than AWS and the stack depends on it, one module per service.

Each mend is a function that takes moto's place at one point and says in its docstring which AWS behavior it restores
and where AWS documents it. They are installed once, when the control process starts, before the first request.
"""

from __future__ import annotations

from localcloud.mends import (
    acm,
    autoscaling,
    budgets,
    cloudfront,
    cloudwatch,
    dynamodb,
    ec2,
    ecr,
    ecr_accounts,
    ecs,
    elbv2,
    elbv2_logs,
    iam,
    kms,
    logs,
    route53,
    s3,
    s3_checksums,
    scheduler,
    servicequotas,
    ssm,
    wafv2,
)

_MENDS = (
    acm,
    autoscaling,
    budgets,
    cloudfront,
    cloudwatch,
    dynamodb,
    ec2,
    ecr,
    ecr_accounts,
    ecs,
    elbv2,
    elbv2_logs,
    iam,
    kms,
    logs,
    route53,
    s3,
    s3_checksums,
    scheduler,
    servicequotas,
    ssm,
    wafv2,
)


def install() -> None:
    """Install all mends."""
    for mend in _MENDS:
        mend.install()
