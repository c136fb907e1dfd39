# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter slipway.ops.environment_diagrams."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.slipway.ops.plugins.filter import environment_diagrams

from tests.unit.plugins.module_utils.diagram import diagram_environments as made


def test_environments_become_files():
    draw = environment_diagrams.FilterModule().filters()["environment_diagrams"]
    files = {each["name"]: each["content"] for each in draw([made.environment("staging"), made.environment()])}
    names = ["backend-staging.svg", "frontend-staging.svg", "backend-production.svg", "frontend-production.svg"]
    assert list(files) == [*names, "cicd.svg", "index.html"]
    assert all(files[name] in files["index.html"] for name in [*names, "cicd.svg"])
    assert "<title>Diagrams of staging, production</title>" in files["index.html"]


@pytest.mark.parametrize("value", [None, "text", [], {}, [{}], ["text"], {"name": "staging"}])
def test_anything_else_is_refused(value):
    with pytest.raises(AnsibleFilterError, match="needs a list of documents"):
        environment_diagrams.environment_diagrams(value)
