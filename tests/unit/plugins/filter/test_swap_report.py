# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter slipway.ops.swap_report."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.slipway.ops.plugins.filter import swap_report


def test_a_result_becomes_a_page():
    filters = swap_report.FilterModule().filters()
    text = filters["swap_report"]({"outcome": "blocked", "steps": []}, service="api", environment="staging")
    assert text.startswith("<!doctype html>")
    assert "Service api, environment staging" in text


@pytest.mark.parametrize("value", [None, "text", [], {}, {"changed": True}])
def test_anything_else_is_refused(value):
    with pytest.raises(AnsibleFilterError, match="needs the result"):
        swap_report.swap_report(value, service="api", environment="staging")
