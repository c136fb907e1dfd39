# SPDX-License-Identifier: GPL-3.0-or-later
"""Image tables and `push`."""

from __future__ import annotations

import hashlib
import json

import pytest
from botocore.exceptions import ClientError

from localcloud import images
from tests.unit.localcloud.conftest import run


@pytest.fixture
def table(tmp_path):
    """A function that writes a table beside the folder `app`, and loads it."""
    (tmp_path / "app").mkdir()

    def write(entries):
        path = tmp_path / "images.json"
        path.write_text(json.dumps(entries))
        return images.load([path])

    return write


def entry(**changes):
    return {
        "folder": "app",
        "command": ["{python}", "main.py", "--host={address}"],
        "env": {"A": "{address}"},
    } | changes


def test_placeholders_are_filled(table):
    image = table({"app:1.0": entry()})["app:1.0"]
    assert image.command_for("127.9.16.1", "/py") == ["/py", "main.py", "--host=127.9.16.1"]
    assert image.env_for("127.9.16.1", "/py") == {"A": "127.9.16.1"}


def test_a_later_table_wins(table, tmp_path):
    table({"api:1.0.0": entry()})
    assert images.load([images.TABLE, tmp_path / "images.json"])["api:1.0.0"].folder == tmp_path / "app"


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("app", entry(), "NAME:VERSION"),
        ("App:1", entry(), "NAME:VERSION"),
        ("app:1", [], "must be an object"),
        ("app:1", entry(image="x"), "must be an object"),
        ("app:1", entry(folder="missing"), "is no folder"),
        ("app:1", entry(folder=None), "is no folder"),
        ("app:1", entry(command=[]), "command must be a list"),
        ("app:1", entry(command="run"), "command must be a list"),
        ("app:1", entry(command=["a", 1]), "command must be a list"),
        ("app:1", entry(env={"A": 1}), "env must be an object of strings"),
        ("app:1", entry(command=["{port}"]), "unknown placeholder {port}"),
    ],
)
def test_bad_entry_is_named_in_one_line(table, key, value, message):
    with pytest.raises(images.ImageTableError) as caught:
        table({key: value})
    assert message in str(caught.value)
    assert key in str(caught.value)
    assert "\n" not in str(caught.value)


def test_digest_follows_what_would_run(table, tmp_path):
    def digest(**changes):
        return table({"app:1": entry(**changes)})["app:1"].content_digest()

    (tmp_path / "app" / "main.py").write_text("one")
    first = digest()
    assert digest() == first
    (tmp_path / "app" / "__pycache__").mkdir()
    (tmp_path / "app" / "__pycache__" / "main.pyc").write_text("derived")
    assert digest() == first
    assert digest(env={}) != first
    (tmp_path / "app" / "main.py").write_text("two")
    assert digest() != first


def test_the_example_is_in_the_table():
    assert {"api:1.0.0", "api:2.0.0"} <= set(images.load([images.TABLE]))


def push(cloud, *arguments):
    return run("push", "--state", str(cloud.state), *arguments)


def test_push_is_repeatable_and_tells_the_reference(cloud):
    ecr = cloud.client("ecr")
    ecr.create_repository(repositoryName="pushed/api", imageTagMutability="IMMUTABLE")
    first = push(cloud, "api:1.0.0", "--repository", "pushed/api")
    assert first.returncode == 0, first.stderr
    reference, digest = first.stdout.strip().split("@")
    assert reference == "111111111111.dkr.ecr.us-east-1.amazonaws.com/pushed/api"
    assert push(cloud, "api:1.0.0", "--repository", "pushed/api").stdout == first.stdout

    image = ecr.batch_get_image(repositoryName="pushed/api", imageIds=[{"imageTag": "1.0.0"}])["images"][0]
    assert image["imageId"]["imageDigest"] == digest
    assert digest == "sha256:" + hashlib.sha256(image["imageManifest"].encode()).hexdigest()
    assert json.loads(image["imageManifest"])["annotations"] == {images.ANNOTATION: "api:1.0.0"}

    blob = json.loads(image["imageManifest"])["config"]["digest"]
    url = ecr.get_download_url_for_layer(repositoryName="pushed/api", layerDigest=blob)["downloadUrl"]
    status, _headers, configuration = cloud.http(url)
    assert status == 200
    assert blob == "sha256:" + hashlib.sha256(configuration).hexdigest()
    assert json.loads(configuration)["architecture"] == "amd64"
    assert cloud.client("s3").list_buckets()["Buckets"] == []
    with pytest.raises(ClientError, match="LayersNotFoundException"):
        ecr.get_download_url_for_layer(repositoryName="pushed/api", layerDigest=f"sha256:{'0' * 64}")

    other = push(cloud, "api:2.0.0", "--repository", "pushed/api", "--tag", "1.0.0")
    assert other.returncode == 1
    assert "ImageTagAlreadyExistsException" in other.stderr


def test_push_into_another_environment(cloud):
    cloud.client("ecr", "staging").create_repository(repositoryName="api")
    result = push(cloud, "api:2.0.0", "--environment", "staging", "--tag", "candidate")
    assert result.stdout.startswith("222222222222.dkr.ecr.us-east-1.amazonaws.com/api@sha256:")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["api:9.9.9"], "no image 'api:9.9.9' in the tables: there are"),
        (["api:1.0.0", "--environment", "moon"], "no environment 'moon'"),
        (["api:1.0.0", "--repository", "missing"], "RepositoryNotFoundException"),
    ],
)
def test_push_refuses_in_one_line(cloud, arguments, message):
    result = push(cloud, *arguments)
    assert result.returncode == 1
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_push_without_a_cloud(tmp_path):
    result = run("push", "api:1.0.0", "--state", str(tmp_path))
    assert result.returncode == 1
    assert "no local cloud is up" in result.stderr


def test_put_image_takes_no_wrong_digest(cloud):
    ecr = cloud.client("ecr")
    ecr.create_repository(repositoryName="checked")
    manifest = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": []})
    with pytest.raises(ClientError, match="ImageDigestDoesNotMatchException"):
        ecr.put_image(repositoryName="checked", imageManifest=manifest, imageDigest="sha256:" + "0" * 64, imageTag="a")
    with pytest.raises(ClientError, match="RepositoryNotFoundException"):
        ecr.put_image(repositoryName="absent", imageManifest=manifest, imageTag="a")
    both = [ecr.put_image(repositoryName="checked", imageManifest=manifest, imageTag=tag) for tag in ("a", "b")]
    assert len({put["image"]["imageId"]["imageDigest"] for put in both}) == 1
