# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs of the composite actions, run as a runner runs them: inputs in variables, answers in files."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[3]


def program(name: str) -> ModuleType:
    """The program of an action. Its folder is no package, and has a dot in front."""
    path = ROOT / ".github" / "actions" / name / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"slipway_action_{name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def runner(tmp_path, monkeypatch):
    """A step's own files and variables; returns the folder, its outputs and summary are files in it."""
    values = {
        "GITHUB_WORKSPACE": str(tmp_path),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "acme/shop",
        "GITHUB_SHA": "c0ffee" * 6 + "c0de",
        "GITHUB_RUN_ID": "77",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    for name in ("output", "summary"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path
