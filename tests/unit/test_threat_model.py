# SPDX-License-Identifier: GPL-3.0-or-later
"""The threat model names tests that exist, and every threat has one."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| Threat |")
]
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def functions(path):
    """Names of the test functions of a file."""
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}


def test_there_are_threats():
    assert len(ROWS) > 15


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_threat_has_who_control_and_a_test_that_exists(row):
    threat, who, control, tests = row
    assert threat
    assert who
    assert control
    named = TEST.findall(tests)
    assert named
    for path, name in named:
        assert name in functions(ROOT / path), f"{path}::{name}"
