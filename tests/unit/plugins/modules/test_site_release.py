# SPDX-License-Identifier: GPL-3.0-or-later
"""The module as Ansible runs it, against the local cloud's API over HTTP."""

from __future__ import annotations

import io
import os
import tarfile

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.lease import Lease
from ansible_collections.slipway.ops.plugins.modules import site_release

from tests.unit.plugins.module_utils.site.memory import site
from tests.unit.plugins.modules.aws_harness import run
from tests.unit.plugins.modules.site_cloud import TABLE, SiteCloud

NAMES = {"media/two words.txt": "a", "media/1+1=2 #1 100% ?.txt": "b", "media/\u00fcber/\u4f60\u597d.txt": "c"}


@pytest.fixture(scope="module")
def running_cloud(tmp_path_factory):
    cloud = SiteCloud(tmp_path_factory.mktemp("site"))
    cloud.start()
    yield cloud
    cloud.stop()


@pytest.fixture
def cloud(running_cloud, monkeypatch):
    for key in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(key)
    for key, value in running_cloud.variables().items():
        monkeypatch.setenv(key, value)
    running_cloud.fresh()
    return running_cloud


@pytest.fixture
def release(cloud, capsys, tmp_path):
    """Runs the module with the usual arguments. bundle: the files, or a path."""

    def call(bundle=None, *, check=False, **changes):
        place = folder(tmp_path, bundle) if isinstance(bundle, dict) else bundle
        arguments = {
            "bundle": str(place) if place else None,
            "bucket": cloud.bucket,
            "distribution_id": cloud.distribution,
            "site_url": cloud.site_url,
            "lock": {"table": TABLE},
            "run": {"by": "alice", "git_sha": "abc"},
            "proof": {"timeout": 2, "deep_link": "/settings"},
            "invalidation": {"timeout": 5, "poll_interval": 0.05},
            **changes,
        }
        return run(site_release.main, capsys, check=check, **arguments)

    return call


def folder(tmp_path, files):
    root = tmp_path / f"bundle-{len(list(tmp_path.iterdir()))}"
    for path, content in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return root


def packed(tmp_path, files):
    place = tmp_path / "bundle.tar.gz"
    with tarfile.open(place, "w:gz") as archive:
        for path, content in files.items():
            member = tarfile.TarInfo(f"./{path}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return place


def test_a_release_goes_live_and_back(cloud, release, tmp_path):
    planned = release(site("A", **NAMES), check=True)
    assert (planned["outcome"], planned["changed"], planned["seq"]) == ("promoted", True, 1)
    assert not cloud.objects(), "check mode writes nothing"
    first = release(site("A", **NAMES), config={"api": "/api"})
    assert (first["outcome"], first["msg"], first["changed"], first["seq"]) == ("promoted", "", True, 1)
    assert (first["release"], first["counts"]["added"]) == (planned["release"], planned["counts"]["added"])
    assert first["proof"]["proven"]
    assert first["run"] == {"by": "alice", "url": "", "git_sha": "abc", "token": 1}
    assert cloud.get("/media/two%20words.txt")[2] == b"a"
    assert cloud.get("/media/1%2B1%3D2%20%231%20100%25%20%3F.txt")[2] == b"b"
    assert cloud.get("/media/%C3%BCber/%E4%BD%A0%E5%A5%BD.txt")[2] == b"c"
    assert cloud.get("/assets/index-A1b2c3d4.js")[1]["Content-Type"] == "text/javascript; charset=utf-8"
    assert cloud.get("/config.json")[2] == b'{\n "api": "/api"\n}\n'

    again = release(packed(tmp_path, site("A", **NAMES)), config={"api": "/api"})
    assert (again["changed"], again["requests"], again["release"]) == (False, 1, first["release"])

    second = release(site("B"))
    assert (second["outcome"], second["previous"], second["live"]) == ("promoted", first["release"], second["release"])
    assert second["counts"]["changed"] == {"document": 2, "file": 1, "worker": 1}
    assert cloud.get("/")[2].endswith(b"B")
    assert second["invalidation"]["paths"] == ["/", "/about.html", "/index.html", "/locales/de.json"]
    assert (second["invalidation"]["status"], second["invalidation"]["price"]) == ("Completed", 0.02)

    back = release(action="rollback")
    assert (back["outcome"], back["release"], back["seq"]) == ("rolled_back", first["release"], 3)
    assert cloud.get("/")[2].endswith(b"A")
    assert len(cloud.invalidations()) == 3


def test_assets_are_cached_for_ever_and_documents_are_not(cloud, release):
    release(site("A"), config={})
    headers = {key: found.metadata for key, found in cloud.objects().items()}
    assert headers["site/assets/index-A1b2c3d4.js"]["cache-control"] == "public, max-age=31536000, immutable"
    assert headers["site/index.html"]["cache-control"] == "no-cache"
    assert headers["site/index.html"]["content-type"] == "text/html; charset=utf-8"
    assert headers["site/config.json"]["cache-control"] == "no-store"
    assert "site/assets/index-A1b2c3d4.js.map" not in headers


def test_who_has_the_lease_is_told(cloud, release):
    other = Lease(cloud.client("dynamodb"), TABLE, "site", "bob", "https://ci/2")
    other.acquire(0, lambda _text: None)
    refused = release(site("A"))
    assert (refused["outcome"], refused["failed"], refused["changed"]) == ("blocked", True, False)
    assert "bob (https://ci/2) holds the lease of site until " in refused["msg"]
    assert refused["next"].startswith("ansible-playbook -i INVENTORY playbooks/deploy_frontend.yml -e bundle=")
    assert not cloud.objects()
    other.release()
    assert release(site("A"))["outcome"] == "promoted"


def refuse(cloud, release, text, bundle=None, **changes):
    """Nothing is written, and the message says why."""
    refused = release(bundle if bundle is not None else site("A"), **changes)
    assert (refused["outcome"], refused["failed"], refused["changed"]) == ("blocked", True, False)
    assert text in refused["msg"], refused["msg"]
    assert "\n" not in refused["msg"]
    assert not {name for name in cloud.calls("s3") if name.startswith(("PutObject", "Delete"))}


def test_a_public_bucket_is_refused(cloud, release):
    cloud.s3.delete_public_access_block(Bucket=cloud.bucket)
    cloud.admin("calls", "DELETE")
    refuse(cloud, release, f"bucket {cloud.bucket} does not block public access (BlockPublicAcls, ")
    cloud.fresh()
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}
    cloud.admit(cloud.distribution, **everybody)
    cloud.admin("calls", "DELETE")
    refuse(cloud, release, f"bucket {cloud.bucket} is public: its policy lets anybody read it")


def test_a_distribution_that_is_not_the_sites_is_refused(cloud, release):
    refuse(cloud, release, "distribution E000 does not exist: run site.yml first", distribution_id="E000")
    foreign = cloud.distribute("another.s3.us-east-1.amazonaws.com")
    refuse(cloud, release, f"distribution {foreign} is not this site's: none of its origins", distribution_id=foreign)
    disabled = cloud.distribute(f"{cloud.bucket}.s3.us-east-1.amazonaws.com", Enabled=False)
    refuse(cloud, release, f"distribution {disabled} is disabled", distribution_id=disabled)
    by_tag = {"mode": "tag"}
    refuse(cloud, release, "cannot be invalidated by tag: it did not opt in", invalidation=by_tag)


def test_a_missing_bucket_is_no_empty_one(cloud, release):
    refused = release(site("A"), bucket="slipway-nowhere")
    assert (refused["outcome"], refused["failed"]) == ("failed", True)
    assert "NoSuchBucket" in refused["msg"]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"index.html": None}, "the bundle has no index.html at its top"),
        ({"index.html": ""}, "index.html is empty"),
        (
            {"index.html": '<script src="/assets/gone.js"></script>'},
            "index.html names /assets/gone.js, which the bundle",
        ),
        ({"config.json": "{}"}, "config.json at its top"),
        ({"About.html": "x"}, "differ in upper and lower case only"),
        ({".env": "SECRET=1"}, "not a part of a built site"),
    ],
)
def test_a_bundle_that_cannot_be_published_is_refused(cloud, release, changes, text):
    refuse(cloud, release, text, site("A", **changes))


def test_inputs_that_cannot_be_are_refused(cloud, release, tmp_path):
    refuse(cloud, release, "does not exist", tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    refuse(cloud, release, "the bundle is empty", tmp_path / "empty")
    refuse(cloud, release, "more than 3 files (max_files)", max_files=3)
    refuse(cloud, release, "more than 10 bytes (max_bytes)", max_bytes=10)
    refuse(cloud, release, "keep_releases 1: at least 2", keep_releases=1)
    refuse(cloud, release, "site_url 'ftp://x'", site_url="ftp://x")


def test_a_run_that_could_not_tell_the_edge_fails_and_is_carried_on_with(cloud, release):
    release(site("A"))
    cloud.fault({"service": "cloudfront", "operation": "CreateInvalidation", "kind": "error", "count": None})
    failed = release(site("B"), invalidation={"timeout": 0.2, "poll_interval": 0.05})
    assert (failed["outcome"], failed["failed"], failed["live"]) == ("failed", True, "")
    assert "the switch from release" in failed["msg"]
    cloud.fault()
    resumed = release(site("B"))
    assert (resumed["outcome"], resumed["seq"]) == ("promoted", 2)
    assert cloud.get("/")[2].endswith(b"B")
