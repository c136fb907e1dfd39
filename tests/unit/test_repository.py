# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold for every file of the checkout."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = [
    path
    for name in subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split("\0")
    if name and not (path := ROOT / name).is_symlink() and path.is_file()
]
LICENSED = [path for path in FILES if path.suffix in {".py", ".sh"}]
# Assembled, so that this file does not hold what it looks for.
FORBIDDEN = [
    "pypi." + "org",
    "pythonhosted." + "org",
    "registry.npmjs." + "org",
    "." + "library/",
    str(ROOT) + "/",
    "/ro" + "ot/",
]


@pytest.mark.parametrize("word", FORBIDDEN)
def test_no_file_names_a_registry_or_a_path_of_this_machine(word):
    assert [str(path.relative_to(ROOT)) for path in FILES if word.encode() in path.read_bytes()] == []


def test_every_source_file_states_its_license():
    stated = re.compile(rb"SPDX-License-Identifier: GPL-3.0-or-later|GNU General Public License v3.0\+")
    assert [
        str(path.relative_to(ROOT))
        for path in LICENSED
        if path.stat().st_size and not stated.search(path.read_bytes()[:600])
    ] == []


def test_the_self_link_leads_to_the_checkout():
    link = ROOT / "collections" / "ansible_collections" / "slipway" / "ops"
    assert link.is_symlink()
    assert link.resolve() == ROOT


def test_every_test_that_the_documentation_names_exists():
    tests = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    files = {path.stem for path in (ROOT / "tests").rglob("test_*.py")}
    functions = set(re.findall(r"^\s*def (test_\w+)\(", tests, re.MULTILINE))
    named = {
        name for page in (ROOT / "docs").glob("*.md") for name in re.findall(r"`(test_\w+)(?:\.py)?`", page.read_text())
    }
    assert len(named) > 22
    assert named - functions - files == set()
