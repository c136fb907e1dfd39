# SPDX-License-Identifier: GPL-3.0-or-later
"""Which bucket policies let a distribution in."""

from __future__ import annotations

import json

import pytest

from localcloud.control.bucket_policy import allows, cloudfront

ARN = "arn:aws:cloudfront::111111111111:distribution/E1"
CALLER = cloudfront(ARN, "111111111111")
UNSIGNED = cloudfront("", "111111111111")
KEY = "arn:aws:s3:::bucket/site/index.html"
SERVICE = {"Service": "cloudfront.amazonaws.com"}


def statement(effect="Allow", principal=SERVICE, action="s3:GetObject", resource="arn:aws:s3:::bucket/site/*", **more):
    return {"Effect": effect, "Principal": principal, "Action": action, "Resource": resource, **more}


def condition(operator, key, value):
    return {"Condition": {operator: {key: value}}}


ALLOWED = statement(**condition("StringEquals", "AWS:SourceArn", ARN))


@pytest.mark.parametrize(
    "statements",
    [
        [ALLOWED],
        ALLOWED,
        [statement()],
        [statement(principal={"Service": ["x.amazonaws.com", "cloudfront.amazonaws.com"]})],
        [statement(principal="*")],
        [statement(action=["s3:Get*"], resource=["arn:aws:s3:::bucket/*"])],
        [statement(action="S3:getobject")],
        [statement(**condition("ArnLike", "aws:SourceArn", "arn:aws:cloudfront::*:distribution/E?"))],
        [statement(**condition("StringEquals", "AWS:SourceAccount", ["0", "111111111111"]))],
        [statement(**condition("StringNotEquals", "aws:SourceVpc", "vpc-1"))],
        [statement(**condition("StringEqualsIfExists", "aws:SourceVpc", "vpc-1"))],
        [statement(**condition("Null", "aws:SourceArn", "false"))],
        [ALLOWED, statement("Deny", "*", "s3:*", "*", **condition("Bool", "aws:SecureTransport", "false"))],
        [ALLOWED, {"Effect": "Deny", "Principal": "*", "NotAction": "s3:*", "Resource": "*"}],
    ],
)
def test_lets_it_in(statements):
    assert allows(json.dumps({"Statement": statements}), "s3:GetObject", KEY, CALLER)


@pytest.mark.parametrize(
    "statements",
    [
        [],
        [statement(resource="arn:aws:s3:::bucket/state/*")],
        [statement(action="s3:ListBucket")],
        [statement(principal={"Service": "s3.amazonaws.com"})],
        [statement(principal={"AWS": "arn:aws:iam::111111111111:root"})],
        [statement(**condition("StringEquals", "AWS:SourceArn", f"{ARN}X"))],
        [statement(**condition("StringEquals", "aws:SourceVpc", "vpc-1"))],
        [statement(**condition("StringNotEquals", "aws:SourceArn", ARN))],
        [statement(**condition("NumericLessThan", "aws:SourceArn", "1"))],
        [ALLOWED, statement("Deny")],
        [ALLOWED, statement("Deny", "*", "s3:*", "*", **condition("StringNotEquals", "aws:SourceAccount", "2"))],
        [{"Effect": "Allow", "NotPrincipal": "*", "Action": "*", "Resource": "*"}],
    ],
)
def test_keeps_it_out(statements):
    assert not allows(json.dumps({"Statement": statements}), "s3:GetObject", KEY, CALLER)


def test_without_a_signature_only_everybody_is_let_in():
    public = json.dumps({"Statement": [statement(principal={"AWS": "*"})]})
    assert allows(public, "s3:GetObject", KEY, UNSIGNED)
    assert not allows(json.dumps({"Statement": [statement()]}), "s3:GetObject", KEY, UNSIGNED)
    assert not allows(None, "s3:GetObject", KEY, CALLER)
