# SPDX-License-Identifier: GPL-3.0-or-later
"""S3: checksums are verified, conditions hold."""

from __future__ import annotations

import base64
import hashlib
import http.client

import pytest

from tests.unit.localcloud.test_cloudfront import name, refused

BODY = b"the body"


def digest(algorithm, body=BODY):
    return base64.b64encode(hashlib.new(algorithm, body).digest()).decode()


@pytest.fixture
def bucket(cloud):
    mine = name()
    cloud.client("s3").create_bucket(Bucket=mine)
    return mine


def put(cloud, bucket, **headers):
    """A PUT as a client of its own sends it; (status, body, headers)."""
    account = cloud.account()
    scope = f"Credential={account.access_key}/20260101/us-east-1/s3/aws4_request"
    signature = f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    connection = http.client.HTTPConnection(cloud.settings.control_host, cloud.settings.control_port, timeout=10)
    connection.request("PUT", f"/{bucket}/key", BODY, {"Authorization": signature, **named})
    answer = connection.getresponse()
    found = answer.status, answer.read(), {key.lower(): value for key, value in answer.getheaders()}
    connection.close()
    return found


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"x_amz_checksum_sha256": digest("sha256", b"other")}, b"BadDigest"),
        ({"x_amz_checksum_sha256": "AAAA"}, b"InvalidRequest"),
        ({"x_amz_checksum_sha1": digest("sha1", b"other")}, b"BadDigest"),
        ({"Content_MD5": digest("md5", b"other")}, b"BadDigest"),
        ({"Content_MD5": "!"}, b"InvalidDigest"),
        ({"x_amz_content_sha256": "0" * 64}, b"XAmzContentSHA256Mismatch"),
    ],
)
def test_a_wrong_checksum_is_refused_and_nothing_is_stored(cloud, bucket, headers, code):
    status, body, _ = put(cloud, bucket, **headers)
    assert (status, code in body) == (400, True)
    assert "Contents" not in cloud.client("s3").list_objects_v2(Bucket=bucket)


def test_a_right_one_is_kept_and_given_back(cloud, bucket):
    wanted = digest("sha256")
    sent = {"x_amz_checksum_sha256": wanted, "x_amz_content_sha256": hashlib.sha256(BODY).hexdigest()}
    status, _, headers = put(cloud, bucket, **sent, Content_MD5=digest("md5"))
    assert (status, headers["x-amz-checksum-sha256"]) == (200, wanted)
    s3 = cloud.client("s3")
    assert s3.head_object(Bucket=bucket, Key="key", ChecksumMode="ENABLED")["ChecksumSHA256"] == wanted
    assert s3.get_object(Bucket=bucket, Key="key")["Body"].read() == BODY


def test_writes_can_be_conditional(cloud, bucket):
    s3 = cloud.client("s3")
    first = s3.put_object(Bucket=bucket, Key="k", Body=b"1", IfNoneMatch="*")["ETag"]
    with refused("PreconditionFailed", 412):
        s3.put_object(Bucket=bucket, Key="k", Body=b"2", IfNoneMatch="*")
    second = s3.put_object(Bucket=bucket, Key="k", Body=b"2", IfMatch=first)["ETag"]
    with refused("PreconditionFailed", 412):
        s3.put_object(Bucket=bucket, Key="k", Body=b"3", IfMatch=first)
    with refused("NoSuchKey", 404):
        s3.put_object(Bucket=bucket, Key="none", Body=b"3", IfMatch=second)
    with refused("PreconditionFailed", 412):
        s3.delete_object(Bucket=bucket, Key="k", IfMatch=first)
