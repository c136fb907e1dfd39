# SPDX-License-Identifier: GPL-3.0-or-later
"""Manifests: what is taken, in which order, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from slipway_llm.manifest_plan import SEGMENT, File, Location, ManifestError, locate, parse

SUM = "a" * 64


def manifest(*files, version=1):
    return json.dumps({"version": version, "files": list(files)}).encode()


def entry(path="model", size=1, sha256=SUM):
    return {"path": path, "size": size, "sha256": sha256}


def test_the_largest_file_comes_first():
    found = parse(manifest(entry("b", 1), entry("d/e", 9), entry("a", 1)))
    assert [file.path for file in found] == ["d/e", "a", "b"]


@pytest.mark.parametrize(
    ("size", "count", "last"),
    [(0, 0, None), (1, 1, (0, 1)), (SEGMENT, 1, (0, SEGMENT)), (SEGMENT + 1, 2, (SEGMENT, SEGMENT + 1))],
    ids=["empty", "one byte", "one segment", "two segments"],
)
def test_segments_cover_a_file_once(size, count, last):
    file = File("x", size, SUM)
    assert file.segments == count
    assert count == 0 or file.segment(count - 1) == last


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"{", "not JSON"),
        (b"[]", 'not {"version": 1'),
        (manifest(entry(), version=2), 'not {"version": 1'),
        (b'{"version": 1, "files": {}}', 'not {"version": 1'),
        (manifest(), "names no file"),
        (manifest("x"), "path, size and sha256"),
        (manifest({"path": "x"}), "path, size and sha256"),
        (manifest(entry("../x")), "relative path"),
        (manifest(entry("/x")), "relative path"),
        (manifest(entry("a//x")), "relative path"),
        (manifest(entry("a/.x.part")), "relative path"),
        (manifest(entry("a\\x")), "relative path"),
        (manifest(entry("a\nx")), "relative path"),
        (manifest(entry("")), "relative path"),
        (manifest(entry(1)), "relative path"),
        (manifest(entry(size=-1)), "no number of bytes"),
        (manifest(entry(size=True)), "no number of bytes"),
        (manifest(entry(size="1")), "no number of bytes"),
        (manifest(entry(sha256="A" * 64)), "64 hexadecimal digits"),
        (manifest(entry(sha256=1)), "64 hexadecimal digits"),
        (manifest(entry("x"), entry("y"), entry("x")), "named twice: x"),
        (manifest(entry("a/b"), entry("a")), "both a file and a folder: a"),
    ],
    ids=lambda value: None if isinstance(value, bytes) else value,
)
def test_what_is_no_manifest_is_refused(text, message):
    with pytest.raises(ManifestError, match=message.replace("{", r"\{")):
        parse(text)


def test_a_manifest_lies_beside_its_files():
    assert locate("s3://models/llama/70b/manifest.json") == Location("models", "llama/70b/manifest.json")
    assert locate("s3://models/llama/70b/manifest.json").beside("a/b") == "llama/70b/a/b"
    assert locate("s3://models/manifest.json").beside("a") == "a"


@pytest.mark.parametrize("uri", ["https://models/x", "s3://models", "s3://M/x", "s3://models/a b"])
def test_another_address_is_refused(uri):
    with pytest.raises(ManifestError, match="not s3://BUCKET"):
        locate(uri)


def test_make_manifest_makes_one_of_a_folder(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a").write_bytes(b"hello")
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache" / "lock").write_bytes(b"x")
    program = Path(__file__).resolve().parents[3] / "roles" / "llm_server" / "files" / "make_manifest.py"
    for _again in range(2):  # the manifest itself is no part of the second one
        done = subprocess.run([sys.executable, program, tmp_path], capture_output=True, text=True, check=True)
    (found,) = parse((tmp_path / "manifest.json").read_bytes())
    assert (found.path, found.size) == ("sub/a", 5)
    assert len(done.stdout.strip()) == 64
