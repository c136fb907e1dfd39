# SPDX-License-Identifier: GPL-3.0-or-later
"""Gate `workflows` finds what it is there to find."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.gates import workflows
from tests.gates.run import ROOT

DEFECTS = {
    "an-expression-in-a-shell": (
        "zizmor",
        "examples/workflows/rollback.yml",
        "jobs:\n",
        "jobs:\n  bad:\n    runs-on: ubuntu-24.04\n    steps: [{run: 'echo ${{ github.event.issue.title }}'}]\n",
    ),
    "an-action-by-its-tag": (
        "zizmor",
        ".github/actions/setup/action.yml",
        "actions/cache@27d5ce7f107fe9357f9df03efb73ab90386fccae",
        "actions/cache@v5",
    ),
    "a-permission-too-many": ("zizmor", ".github/workflows/ci.yml", "permissions: {}\n", "permissions: write-all\n"),
    "an-output-that-is-none": (
        "actionlint",
        ".github/workflows/backend.yml",
        "needs.build.outputs.image }}",
        "needs.build.outputs.picture }}",
    ),
    "a-variable-without-quotes": ("actionlint", ".github/workflows/ci.yml", 'make "$GATE"', "make $GATE"),
    "a-caller-of-no-event": ("actionlint", "examples/workflows/promote.yml", "workflow_dispatch:", "on_demand:"),
    "a-relative-folder": ("hadolint", "examples/api/Dockerfile", "WORKDIR /build\n", ""),
}


@pytest.fixture
def tree(tmp_path):
    for name in (".github", "examples/workflows"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "examples" / "api").mkdir()
    shutil.copy(ROOT / "examples" / "api" / "Dockerfile", tmp_path / "examples" / "api")
    return tmp_path


@pytest.mark.parametrize(("tool", "file", "old", "new"), DEFECTS.values(), ids=DEFECTS)
def test_a_defect_is_found(tree, tool, file, old, new):
    text = (tree / file).read_text()
    assert old in text
    (tree / file).write_text(text.replace(old, new, 1))
    program, *arguments = workflows.commands(tree)[tool]
    place = Path(sys.executable).parent
    env = {"PATH": f"{place}:/usr/bin:/bin", "HOME": str(tree)}
    done = subprocess.run([str(place / program), *arguments], cwd=tree, env=env, capture_output=True, text=True)
    assert done.returncode != 0
    assert Path(file).name in done.stdout, done.stderr


def test_a_pattern_that_matches_nothing_is_a_mistake(tree):
    shutil.rmtree(tree / "examples")
    with pytest.raises(SystemExit, match="nothing matches"):
        workflows.commands(tree)
