# SPDX-License-Identifier: GPL-3.0-or-later
"""The store against the local cloud's S3, looked at with boto3."""

from __future__ import annotations

import hashlib

import boto3
import pytest
from ansible_collections.slipway.ops.plugins.module_utils.site.store import (
    WHOLE_FILE,
    Listed,
    PreconditionFailedError,
    Put,
    Store,
    StoreError,
)

from tests.unit.plugins.dynamo import Dynamo, client

BUCKET = "slipway-test-site"
HARD_KEYS = [
    "index.html",
    "assets/with space.js",
    "ünï/日本語.html",
    "emoji-😀.svg",
    "a+b&c=d.js",
    "100%.js",
    "already%20escaped.js",
    "hash#mark?query.js",
    "quote'\"<>.js",
    "~tilde~",
]


def digest(body):
    return hashlib.sha256(body).hexdigest()


def puts(keys, **options):
    return [Put(key, key.encode(), digest(key.encode()), **options) for key in keys]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    made = Dynamo(tmp_path_factory.mktemp("cloud"))
    yield made
    made.close()


@pytest.fixture
def s3(cloud):
    """boto3's client of an empty bucket."""
    made = client("s3", cloud.url)
    made.create_bucket(Bucket=BUCKET)
    yield made
    while found := made.list_objects_v2(Bucket=BUCKET).get("Contents"):
        made.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": item["Key"]} for item in found]})
    made.delete_bucket(Bucket=BUCKET)


@pytest.fixture
def store(s3):
    made = Store(s3, BUCKET)
    yield made
    made.close()


def test_what_is_written_is_there_as_boto3_sees_it(s3, store):
    headers = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-cache", "x-amz-meta-cache-tag": "a,b"}
    etags = store.put_all(puts(HARD_KEYS, headers=headers))
    assert sorted(etags) == sorted(HARD_KEYS)
    for key in HARD_KEYS:
        found = s3.get_object(Bucket=BUCKET, Key=key, ChecksumMode="ENABLED")
        assert found["Body"].read() == key.encode()
        assert found["ETag"] == etags[key]
        assert (found["ContentType"], found["CacheControl"]) == ("text/html; charset=utf-8", "no-cache")
        assert found["Metadata"] == {"cache-tag": "a,b"}
        assert found["ChecksumSHA256"]


def test_what_boto3_wrote_is_read_listed_and_deleted(s3, store):
    for key in HARD_KEYS:
        s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode())
    assert sorted(store.list()) == sorted(HARD_KEYS)
    assert all(store.get(key)[0] == key.encode() for key in HARD_KEYS)
    assert list(store.list("assets/with ")) == ["assets/with space.js"]
    assert store.delete_all(HARD_KEYS) == len(HARD_KEYS)
    assert store.list() == {}


@pytest.mark.parametrize("splits", [[5], [0], [2, 5, 8], [9]])
def test_a_list_that_is_read_in_parts_is_the_same(store, splits):
    store.put_all(puts([*HARD_KEYS, "other"]))
    keys = sorted(HARD_KEYS)
    assert store.list("", [keys[at] for at in splits]) == store.list()
    assert store.list("a", ["a", "assets/x", "zzz"]) == store.list("a")
    assert store.list("none", keys) == {}


def test_more_than_a_page_is_listed_and_deleted(s3, store):
    keys = [f"many/{number:04d} +" for number in range(1005)]
    etags = store.put_all(puts(keys))
    listed = store.list("many/")
    assert listed == {key: Listed(len(key), etags[key]) for key in keys}
    assert store.requests["list"] == 2
    assert store.list("many/", [keys[2], keys[1002]]) == listed
    assert store.requests["list"] == 2 + 3
    assert store.delete_all(iter(keys)) == 1005
    assert store.requests["delete"] == 2
    assert store.list() == {}


def test_what_is_not_there_is_none_and_a_bucket_that_is_not_there_is_an_error(s3, store):
    assert store.get("nothing") is None
    assert store.head("nothing") is None
    with pytest.raises(StoreError, match=r"s3://slipway-test-none/x failed: 404 NoSuchBucket: .*run site\.yml first"):
        Store(s3, "slipway-test-none").get("x")


def test_a_large_file_is_streamed(s3, store, tmp_path):
    path = tmp_path / "large.bin"
    path.write_bytes(bytes(range(256)) * (WHOLE_FILE // 256 + 1))
    etag = store.put("large.bin", path, headers={"content-type": "application/octet-stream"})
    assert s3.head_object(Bucket=BUCKET, Key="large.bin")["ContentLength"] == path.stat().st_size
    assert store.get("large.bin") == (path.read_bytes(), etag)


def test_an_empty_object(store):
    etag = store.put("empty", b"")
    assert store.get("empty") == (b"", etag)
    assert store.list() == {"empty": Listed(0, etag)}


def test_compare_and_swap(store):
    first = store.put("state", b"1", if_none_match=True)
    with pytest.raises(PreconditionFailedError, match="412 PreconditionFailed"):
        store.put("state", b"2", if_none_match=True)
    second = store.put("state", b"2", if_match=first)
    with pytest.raises(PreconditionFailedError) as failed:
        store.put("state", b"2", if_match=first)
    assert not failed.value.uncertain
    assert store.get("state") == (b"2", second)


def test_what_is_there_with_the_same_bytes_counts_as_written(s3, store):
    etag = store.put("assets/a.js", b"same", headers={"Cache-Control": "max-age=1"})
    again = Put("assets/a.js", b"same", digest(b"same"), {"Cache-Control": "max-age=1"}, if_none_match=True)
    assert store.put_all([again]) == {"assets/a.js": etag}
    assert "copy" not in store.requests


def test_what_is_there_with_the_same_bytes_and_no_checksum_is_read(s3, store):
    etag = s3.put_object(Bucket=BUCKET, Key="assets/a.js", Body=b"same", ChecksumAlgorithm="CRC32")["ETag"]
    assert store.put("assets/a.js", b"same", if_none_match=True) == etag
    assert store.requests["get"] == 1
    with pytest.raises(PreconditionFailedError):
        store.put("assets/a.js", b"diff", if_none_match=True)


def test_what_is_there_with_other_headers_gets_the_wanted_ones(s3, store):
    s3.put_object(Bucket=BUCKET, Key="a.js", Body=b"same", CacheControl="max-age=1", Metadata={"old": "1"})
    wanted = {"Cache-Control": "max-age=2", "Content-Type": "text/javascript; charset=utf-8"}
    store.put("a.js", b"same", headers=wanted, if_none_match=True)
    found = s3.head_object(Bucket=BUCKET, Key="a.js")
    assert (found["CacheControl"], found["ContentType"]) == ("max-age=2", "text/javascript; charset=utf-8")
    assert found["Metadata"] == {}


def test_headers_are_replaced_and_bytes_stay(s3, store):
    etag = store.put("é +.html", b"<html>", headers={"Cache-Control": "max-age=1", "Content-Language": "de"})
    assert store.copy_headers("é +.html", {"Cache-Control": "no-cache", "Content-Type": "text/html"}, if_match=etag)
    found = s3.get_object(Bucket=BUCKET, Key="é +.html")
    assert found["Body"].read() == b"<html>"
    assert (found["CacheControl"], found["ContentType"]) == ("no-cache", "text/html")
    assert "ContentLanguage" not in found


def test_a_copy_keeps_the_source(store):
    store.put("releases/1/entry/index é.html", b"one")
    store.copy("releases/1/entry/index é.html", "site/index.html", {"Content-Type": "text/html"})
    assert store.get("site/index.html")[0] == store.get("releases/1/entry/index é.html")[0] == b"one"
    with pytest.raises(StoreError, match="404 NoSuchKey"):
        store.copy("nothing", "site/index.html", {})


def test_head_tells_what_there_is(store):
    etag = store.put("a", b"abc", headers={"Content-Type": "text/css; charset=utf-8"})
    found = store.head("a")
    assert (found.size, found.etag, found.sha256) == (3, etag, digest(b"abc"))
    assert found.headers["content-type"] == "text/css; charset=utf-8"


def test_path_style_and_virtual_hosts_as_botocore_resolves_them():
    def place(bucket="site-1", **options):
        config = options.pop("config", {})
        made = boto3.client(
            "s3", aws_access_key_id="a", aws_secret_access_key="b", config=boto3.session.Config(**config), **options
        )
        found = Store(made, bucket)._s3._place
        return f"{found.scheme}://{found.host}{found.prefix}", found.scope.region

    assert place(region_name="eu-west-1") == ("https://site-1.s3.eu-west-1.amazonaws.com/", "eu-west-1")
    assert place("dots.in.name", region_name="eu-west-1")[0] == "https://s3.eu-west-1.amazonaws.com/dots.in.name/"
    assert place(region_name="cn-north-1")[0] == "https://site-1.s3.cn-north-1.amazonaws.com.cn/"
    dual = {"use_dualstack_endpoint": True, "use_fips_endpoint": True}
    assert place(region_name="us-east-2", config=dual)[0] == "https://site-1.s3-fips.dualstack.us-east-2.amazonaws.com/"
    assert place(region_name="us-east-1", endpoint_url="http://localhost:1/")[0] == "http://localhost:1/site-1/"
