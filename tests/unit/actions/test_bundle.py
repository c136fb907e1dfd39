# SPDX-License-Identifier: GPL-3.0-or-later
"""The action that packs a site: the same files, the same bytes, the release that a publisher would name it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.site.preflight import read_release

from .conftest import ROOT

BUILT = ROOT / "examples" / "web" / "releases" / "2.0.0"


def pack(runner, source, target):
    """The program as the action runs it: by itself, without anything installed (-I leaves no other path)."""
    program = ROOT / ".github/actions/bundle/bundle.py"
    env = {**os.environ, "SOURCE": str(source), "TARGET": str(runner / target)}
    done = subprocess.run([sys.executable, "-I", "-S", str(program)], env=env, capture_output=True, text=True)
    lines = (runner / "output").read_text().splitlines()
    return done, dict(line.split("=", 1) for line in lines[-3:])


@pytest.fixture
def copy(runner):
    """The same files, made in another order, at another time, by somebody with other modes."""
    folder = runner / "copy"
    for path in sorted((path for path in BUILT.rglob("*") if path.is_file()), reverse=True):
        made = folder / path.relative_to(BUILT)
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_bytes(path.read_bytes())
        made.chmod(0o600)
        os.utime(made, (1_000_000_000, 1_000_000_000))
    return folder


def test_the_same_files_are_the_same_bundle_and_the_publishers_release(runner, copy):
    (first, told), (second, again) = pack(runner, BUILT, "one.tar.gz"), pack(runner, copy, "two.tar.gz")
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    bundle = runner / "one.tar.gz"
    assert bundle.read_bytes() == (runner / "two.tar.gz").read_bytes()
    assert told["digest"] == again["digest"] == f"sha256:{hashlib.sha256(bundle.read_bytes()).hexdigest()}"
    (runner / "scratch").mkdir()
    assert told["release"] == read_release(str(bundle), runner / "scratch", 10**9, 10**4)[0].release
    with tarfile.open(bundle) as archive:
        assert {(entry.mtime, entry.uid, entry.uname, entry.mode) for entry in archive} == {(0, 0, "", 0o644)}


def test_what_could_not_be_published_fails_here(runner, copy):
    next((copy / "assets").glob("index-*.js")).unlink()
    done, told = pack(runner, copy, "bundle.tar.gz")
    assert (done.returncode, told) == (1, {})
    assert done.stdout.startswith("::error title=Bundle::")
    assert "index-" in done.stdout
    assert done.stdout.count("\n") == 1
