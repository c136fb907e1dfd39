# SPDX-License-Identifier: GPL-3.0-or-later
"""Signatures are those of botocore, byte for byte."""

from __future__ import annotations

from datetime import UTC, datetime
from unittest import mock

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from slipway_llm.sigv4 import UNSIGNED, Keys, Scope, payload_hash, sign

NOW = datetime(2026, 11, 24, 3, 4, 5, tzinfo=UTC)
KEYS = Keys("AKIAIOSFODNN7EXAMPLE", "a/secret+key", "a token")


def theirs(method, url, headers, body, scope, keys):
    """The Authorization header that botocore makes."""
    request = AWSRequest(method=method, url=url, headers=headers, data=body)
    credentials = Credentials(keys.access, keys.secret, keys.token or None)
    kind = S3SigV4Auth if scope.service == "s3" else SigV4Auth
    with mock.patch("botocore.auth.get_current_datetime", return_value=NOW.replace(tzinfo=None)):
        signer = kind(credentials, scope.service, scope.region)
        if scope.service == "s3":
            signer.payload = lambda _request: UNSIGNED
        signer.add_auth(request)
    return request.headers["Authorization"]


@pytest.mark.parametrize(
    ("method", "url", "headers", "body", "service"),
    [
        ("GET", "https://models.s3.us-east-1.amazonaws.com/a/b.safetensors", {"range": "bytes=0-9"}, b"", "s3"),
        ("GET", "http://127.0.0.1:4566/models/with%20space/%C3%BC", {}, b"", "s3"),
        ("POST", "https://monitoring.us-east-1.amazonaws.com/", {"content-type": "a;  b"}, b"Action=Put", "monitoring"),
        ("POST", "https://autoscaling.us-east-1.amazonaws.com/?b=2&a=1%2F", {}, b"", "autoscaling"),
    ],
    ids=["object", "encoded", "form", "query"],
)
@pytest.mark.parametrize("keys", [KEYS, Keys("AKIA", "secret")], ids=["temporary", "lasting"])
def test_a_signature_is_botocores(method, url, headers, body, service, keys):
    scope = Scope("us-east-1", service)
    payload = UNSIGNED if service == "s3" else payload_hash(body)
    signed = sign(method, url, headers, payload, scope, keys, NOW)
    assert signed["authorization"] == theirs(method, url, headers, body, scope, keys)
    assert ("x-amz-security-token" in signed) == bool(keys.token)
