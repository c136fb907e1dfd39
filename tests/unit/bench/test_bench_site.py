# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures and the stage of the site's benchmark: its bundle, its S3 in memory, its table."""

from __future__ import annotations

import re
import subprocess
import sys

import boto3
import pytest
from botocore.config import Config

from tests.bench.sites import bundle, table
from tests.bench.sites.memory import unchunked


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench") / "bundles"
    bundle.make(folder, files=100)
    return folder


def files_of(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_second_release_differs_in_chunks_and_in_four_files_that_keep_name_and_size(bundles):
    old, new = files_of(bundles / "1"), files_of(bundles / "2")
    assert {name for name in old.keys() & new.keys() if old[name] != new[name]} == set(bundle.IN_PLACE)
    assert all(len(old[name]) == len(new[name]) for name in bundle.IN_PLACE)
    assert len(new.keys() - old.keys()) == len(old.keys() - new.keys()) == 1


def test_the_index_names_files_that_are_there(bundles):
    for release in ("1", "2"):
        files = files_of(bundles / release)
        named = re.findall(r'src="/([^"]+)"', files["index.html"].decode())
        assert named
        assert set(named) <= files.keys()


def test_the_same_seed_makes_the_same_bytes(bundles, tmp_path):
    bundle.make(tmp_path / "again", files=100)
    assert files_of(tmp_path / "again" / "2") == files_of(bundles / "2")


def test_an_incremental_build_is_old_but_for_what_changed(bundles):
    bundle.touch(bundles / "1")
    bundle.age(bundles / "2")
    newest = (bundles / "1" / "index.html").stat().st_mtime - 1
    changed = {
        path.relative_to(bundles / "2").as_posix()
        for path in (bundles / "2").rglob("*")
        if path.is_file() and path.stat().st_mtime > newest
    }
    assert len(changed) == len(bundle.IN_PLACE) + 1


@pytest.fixture
def server():
    """The real one, in its process."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.sites.server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process.stdout.readline().split()[0]
        process.stdin.close()


def test_boto3_finds_in_memory_what_it_put_there(server):
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "us-east-1"}
    config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})
    s3 = boto3.client("s3", endpoint_url=server, config=config, **keys)
    for key in ("a b", "dir/1", "dir/2", "e"):
        s3.put_object(Bucket="x", Key=key, Body=key.encode(), CacheControl="no-cache")
    pages = list(
        s3.get_paginator("list_objects_v2").paginate(Bucket="x", Delimiter="/", PaginationConfig={"PageSize": 1})
    )
    assert [item["Key"] for page in pages for item in page.get("Contents", [])] == ["a b", "e"]
    assert [item["Prefix"] for page in pages for item in page.get("CommonPrefixes", [])] == ["dir/"]
    s3.copy_object(Bucket="x", Key="c", CopySource={"Bucket": "x", "Key": "a b"})
    assert s3.get_object(Bucket="x", Key="c")["Body"].read() == b"a b"
    assert s3.head_object(Bucket="x", Key="c")["CacheControl"] == "no-cache"
    for condition in ({"IfNoneMatch": "*"}, {"IfMatch": '"x"'}):
        with pytest.raises(s3.exceptions.ClientError, match="PreconditionFailed"):
            s3.put_object(Bucket="x", Key="c", Body=b"2", **condition)
    upload = s3.create_multipart_upload(Bucket="x", Key="big")["UploadId"]
    parts = [
        {
            "ETag": s3.upload_part(Bucket="x", Key="big", UploadId=upload, PartNumber=n, Body=b"p" * n)["ETag"],
            "PartNumber": n,
        }
        for n in (2, 1)
    ]
    s3.complete_multipart_upload(Bucket="x", Key="big", UploadId=upload, MultipartUpload={"Parts": parts[::-1]})
    assert s3.get_object(Bucket="x", Key="big")["Body"].read() == b"ppp"
    s3.delete_objects(Bucket="x", Delete={"Objects": [{"Key": key} for key in ("a b", "c")]})
    s3.delete_object(Bucket="x", Key="e")
    assert [item["Key"] for item in s3.list_objects(Bucket="x")["Contents"]] == ["big", "dir/1", "dir/2"]


def test_a_chunked_body_loses_its_frame():
    assert unchunked(b"3;chunk-signature=1\r\nabc\r\n2\r\nde\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n") == b"abcde"


def measured(seconds, stale=(), own=None, **requests):
    figures = {"seconds": seconds, "cpu": seconds / 2, "memory": 10.0 * seconds, "own": own}
    return {**figures, "stale": list(stale), "requests": requests}


def test_the_table_shows_medians_ratios_and_what_stayed_stale():
    ours = [{way: measured(at, own=at / 4, put=2000, list=2, cloudfront=3) for way in table.WAYS} for at in (1, 2, 9)]
    theirs = [{"first": measured(4), "no-op": measured(1), "delta": measured(2, ["index.html"], put=27)}]
    lines = table.markdown({"ours": ours, "theirs": theirs}, {"gone": "no such package"}).splitlines()
    assert lines[2] == (
        "| ours | 2.00 | 2.00 | 2.00 | 1.0 / 1.0 / 1.0 | 1.00 / 1.00 / 1.00 | "
        "2L + 2,000P + 3 other / 2L + 2,000P + 3 other / 2L + 2,000P + 3 other | 90 |"
    )
    assert lines[3] == "| ours: of which its work | 0.50 | 0.50 | 0.50 | 0.2 / 0.2 / 0.2 |  |  |  |"
    assert lines[4].startswith("| theirs (**stale**: index.html) | 4.00 | 1.00 | 2.00 | 2.0 / 0.5 / 1.0 | ")
    assert lines[4].endswith("| 0 / 0 / 27P | 40 |")
    assert lines[5].startswith("| gone | not measured: no such package ")
    assert {line.count("|") for line in lines} == {lines[0].count("|")}
