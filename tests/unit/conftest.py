# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures that unit tests of more than one folder share."""

from __future__ import annotations

import pytest

from tests.unit.atlas_cloud import AtlasCloud, load_once


@pytest.fixture(scope="session")
def _atlas_cloud():
    load_once()
    cloud = AtlasCloud()
    yield cloud
    cloud.close()


@pytest.fixture
def atlas_cloud(_atlas_cloud):
    """The session's local Atlas and moto, without anything that another test asked for."""
    _atlas_cloud.reset()
    return _atlas_cloud
