# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate of the frontend: what cannot run is said and counts as neither passed nor failed."""

from __future__ import annotations

import json
import re

import pytest

from tests.gates import __main__ as gates
from tests.gates import web


def program(folder, name, script):
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("version", "said"),
    [("v20.19.0", ""), ("v24.1.0", ""), ("v18.20.8", "Node.js v18.20.8 is too old"), (None, "npm is not installed")],
)
def test_which_node_is_good_enough(tmp_path, monkeypatch, version, said):
    monkeypatch.setenv("PATH", str(tmp_path))
    if version:
        program(tmp_path, "npm", "exit 0")
        program(tmp_path, "node", f"echo {version}")
    assert said in web.missing_node()
    assert bool(web.missing_node()) == bool(said)


def test_what_did_not_run_is_said_twice(capsys):
    outcomes = [*web.frontend("npm is not installed"), *web.in_browser(None)]
    assert [(each.passed, each.failed) for each in outcomes] == [(0, 0), (0, 0)]
    gates.close(outcomes)
    lines = capsys.readouterr().out.splitlines()
    assert sum("NOT RUN: npm is not installed" in line for line in lines) == 2
    assert sum("NOT RUN: no Chromium" in line for line in lines) == 2


def test_a_build_that_differs_is_a_failure(tmp_path, monkeypatch, capsys):
    for name, content in (("copy", b"new"), ("built", b"old")):
        (tmp_path / name).mkdir()
        folder = tmp_path / name / "1.0.0" if name == "built" else tmp_path / name / "releases" / "1.0.0"
        folder.mkdir(parents=True)
        (folder / "index.html").write_bytes(content)
        (folder / "same").write_bytes(b"same")
    monkeypatch.setattr(web, "BUILT", tmp_path / "built")
    monkeypatch.setattr(web, "check", lambda name, *_, **__: web.Outcome(name, 1, 0, 1.0, "log"))
    assert web.rebuilt(tmp_path / "copy", "1.0.0").failed == 1
    assert "releases/1.0.0/index.html is not what its sources give" in capsys.readouterr().out
    (tmp_path / "copy" / "releases" / "1.0.0" / "index.html").write_bytes(b"old")
    assert (web.rebuilt(tmp_path / "copy", "1.0.0").passed, web.rebuilt(tmp_path / "copy", "1.0.0").failed) == (1, 0)


def test_the_lock_names_packages_with_hashes_and_no_address():
    packages = json.loads((web.SOURCES / "package-lock.json").read_text())["packages"]
    del packages[""]
    assert len(packages) > 20
    assert [name for name, package in packages.items() if not package.get("integrity") or "resolved" in package] == []


@pytest.mark.parametrize("version", ["1.0.0", "2.0.0"])
def test_a_shipped_release_is_whole_and_needs_no_inline_script(version):
    shipped = web.files(web.BUILT / version)
    page = shipped["index.html"].decode()
    assert set(re.findall(r'(?:src|href)="/([^"]+)"', page)) <= set(shipped)
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|style=", page)
    assert f'"{version}"' in "".join(shipped[path].decode() for path in shipped if path.endswith(".js")).replace(
        "`", '"'
    )


def test_the_releases_differ_in_what_a_removed_file_would_break():
    old, new = (web.files(web.BUILT / version) for version in ("1.0.0", "2.0.0"))
    lazy = [path for path in old if "tides" in path and path.endswith(".js")]
    assert lazy
    assert set(lazy).isdisjoint(new)
    assert sum(len(data) for data in {**old, **new}.values()) < 400_000
