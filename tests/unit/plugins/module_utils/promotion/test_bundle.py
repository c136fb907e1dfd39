# SPDX-License-Identifier: GPL-3.0-or-later
"""A kept release comes out of a bucket as the bundle that it was, or not at all."""

from __future__ import annotations

import hashlib

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.promotion import bundle_plan
from ansible_collections.slipway.ops.plugins.module_utils.promotion.bundle import fetch
from ansible_collections.slipway.ops.plugins.module_utils.site.manifest_plan import manifest_of
from ansible_collections.slipway.ops.plugins.module_utils.site.model_plan import Manifest, UnreadableError, manifest_key
from ansible_collections.slipway.ops.plugins.module_utils.site.preflight import read_release

FILES = {
    "index.html": b"<script src=/assets/index-BsK3x9_d.js></script>",
    "assets/index-BsK3x9_d.js": b"console.log(1)",
    "assets/index-BsK3x9_d.js.map": b"{}",
    "schräg #1.txt": b"",
}


class Bucket:
    """The part of a Store that is read."""

    bucket = "staging-site"

    def __init__(self, objects):
        self.objects = objects

    def get(self, key):
        return (self.objects[key], "etag") if key in self.objects else None


def built(folder):
    for path, body in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(body)
    return read_release(str(folder), folder, 10**6, 100)[0]


@pytest.fixture
def released(tmp_path):
    """(manifest, bucket) of a release that was published with its source maps kept private."""
    manifest = built(tmp_path / "dist")
    objects = {manifest_key(manifest.release): manifest.text.encode()}
    for path, keys in bundle_plan.keys_of(manifest).items():
        objects[keys[0]] = FILES[path]
    return manifest, Bucket(objects)


def test_the_tarball_makes_the_same_release(released, tmp_path):
    manifest, bucket = released
    dest = tmp_path / "build" / "site.tar"
    assert fetch(bucket, manifest.release, dest).release == manifest.release
    (tmp_path / "scratch").mkdir()
    again, sources = read_release(str(dest), tmp_path / "scratch", 10**6, 100)
    assert again.release == manifest.release
    assert {path: source.place.read_bytes() for path, source in sources.items()} == FILES
    before = hashlib.sha256(dest.read_bytes()).digest()
    fetch(bucket, manifest.release, dest)
    assert hashlib.sha256(dest.read_bytes()).digest() == before


def test_maps_that_are_served_are_found_too(released, tmp_path):
    manifest, bucket = released
    path = "assets/index-BsK3x9_d.js.map"
    private, served, _copy = bundle_plan.keys_of(manifest)[path]
    bucket.objects[served] = bucket.objects.pop(private)
    fetch(bucket, manifest.release, tmp_path / "site.tar")
    del bucket.objects[served]
    with pytest.raises(UnreadableError, match="source maps were dropped there"):
        fetch(bucket, manifest.release, tmp_path / "site.tar")


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda m, b: b.objects.pop(f"releases/{m.release}/entry/index.html"), "was removed, or overwritten"),
        (
            lambda m, b: b.objects.update({"site/assets/index-BsK3x9_d.js": b"bad"}),
            "no copy of assets/index-BsK3x9_d.js",
        ),
        (lambda m, b: b.objects.pop(manifest_key(m.release)), "has no manifest any more"),
        (lambda m, b: b.objects.update({manifest_key(m.release): b'{"files": {}, "md5": {}}'}), "it was overwritten"),
    ],
    ids=["gone", "other-bytes", "no-manifest", "other-manifest"],
)
def test_what_is_not_whole_is_not_written(released, tmp_path, spoil, told):
    manifest, bucket = released
    spoil(manifest, bucket)
    dest = tmp_path / "site.tar"
    dest.write_bytes(b"the one before")
    with pytest.raises(UnreadableError, match=told):
        fetch(bucket, manifest.release, dest)
    assert dest.read_bytes() == b"the one before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dist", "site.tar"]


def test_names_that_lead_out_are_refused(released, tmp_path):
    manifest, bucket = released
    hostile = Manifest({**manifest.files, "../../.bashrc": manifest.files["index.html"]})
    bucket.objects[manifest_key(hostile.release)] = hostile.text.encode()
    with pytest.raises(UnreadableError, match="not a path within the bundle"):
        fetch(bucket, hostile.release, tmp_path / "site.tar")
    assert bundle_plan.manifest_problems(manifest_of({})) == []
