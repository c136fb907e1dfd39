# SPDX-License-Identifier: GPL-3.0-or-later
"""/items against a real S3 API on loopback (moto's server), through the release's own process."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import boto3
import pytest
from moto.server import ThreadedMotoServer


@pytest.fixture(scope="module")
def s3():
    """The environment of a task that may use the bucket `items`."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    environ = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "BUCKET": "items",
    }
    client = boto3.client(
        "s3",
        endpoint_url=environ["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    client.create_bucket(Bucket="items")
    yield environ
    server.stop()


def ask(url, method="GET", body=None, content_type="application/octet-stream"):
    request = urllib.request.Request(url, data=body, method=method, headers={"Content-Type": content_type})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        return error.code, error.read(), dict(error.headers)


def test_put_get_list(release, s3):
    url = release("2.0.0", **s3).url
    assert ask(f"{url}/items/a.txt", "PUT", b"hello", "text/plain")[0] == 201
    status, body, headers = ask(f"{url}/items/a.txt")
    assert (status, body, headers["Content-Type"]) == (200, b"hello", "text/plain")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert json.loads(ask(f"{url}/items")[1]) == {"items": ["a.txt"]}
    assert ask(f"{url}/items/none")[0] == 404
    assert ask(f"{url}/items/..%2fsecret")[0] == 400
    assert ask(f"{url}/items/big", "PUT", b"x" * (1024 * 1024 + 1))[0] == 413


@pytest.mark.parametrize(
    ("changed", "status", "said"),
    [
        ({"BUCKET": "gone"}, 502, "the storage refused the request"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, 503, "the storage cannot be reached"),
        ({"BUCKET": ""}, 501, "no BUCKET is set"),
    ],
)
def test_storage_that_does_not_work(release, s3, changed, status, said):
    url = release("1.0.0", **s3 | changed).url
    answered, body, _ = ask(f"{url}/items/a")
    assert (answered, json.loads(body)) == (status, {"error": said})
