# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures that unit tests of more than one folder share, and what makes them quick."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.plugin_utils.warm_process import share_models

from tests.unit.atlas_cloud import AtlasCloud, load_once

# Each run of a module opens a session of its own, as it must, and would read AWS's service models anew, which is most
# of a test's time: 0.2 s for EC2's. Modules that the warm process runs share them likewise.
share_models()


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
