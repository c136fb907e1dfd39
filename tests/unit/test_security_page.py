# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/security.md says what the code grants."""

from __future__ import annotations

import pytest

from docs_build import permissions


def test_its_tables_are_made_from_the_code():
    page = permissions.PAGE.read_text()
    assert permissions.written(page) == page, "PYTHONPATH=collections python -m docs_build.permissions"


def test_a_page_without_a_table_s_place_is_told():
    with pytest.raises(LookupError, match="no place for push"):
        permissions.written("")
