# SPDX-License-Identifier: GPL-3.0-or-later
"""The pictures in the documentation are what is drawn now, and have no fault."""

from __future__ import annotations

import json

from ansible_collections.slipway.ops.plugins.module_utils.diagram import backend, cicd, frontend

from docs_build import pictures
from tests.unit.plugins.module_utils.diagram.geometry import faults

ENVIRONMENTS = json.loads((pictures.ROOT / "docs_build" / "environments.json").read_text(encoding="utf-8"))


def test_the_pictures_in_the_documentation_are_not_old():
    drawn = pictures.pictures()
    kept = {name: (pictures.ROOT / "docs" / "images" / name).read_text(encoding="utf-8") for name in drawn}
    assert kept == drawn, "write them anew: python -m docs_build.pictures"


def test_the_reference_layouts_have_no_fault():
    for environment in ENVIRONMENTS:
        assert faults(backend.draw(environment)) == {}
        assert faults(frontend.draw(environment)) == {}
    assert faults(cicd.draw(ENVIRONMENTS)) == {}


def test_old_pictures_are_written_anew_and_named(tmp_path, monkeypatch):
    drawn = pictures.pictures()
    monkeypatch.setattr(pictures, "pictures", lambda: drawn)
    monkeypatch.setattr(pictures, "ROOT", tmp_path)
    (tmp_path / "docs" / "images").mkdir(parents=True)
    (tmp_path / "docs" / "images" / "diagram-cicd.svg").write_text("old", encoding="utf-8")
    assert pictures.write() == list(drawn)
    assert pictures.write() == []
