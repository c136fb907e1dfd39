# SPDX-License-Identifier: GPL-3.0-or-later
"""One cloud for all tests beside it; each test makes its own services."""

from __future__ import annotations

from pathlib import Path

import pytest

from localcloud.ecs import deployments, views
from tests.unit.localcloud.fixtures.cloud import Cloud


def pytest_collection_modifyitems(items):
    """Run the tests of this folder last: their cloud mends moto in this process, and others want it as it comes."""
    items.sort(key=lambda item: item.path.is_relative_to(Path(__file__).parent))


@pytest.fixture(scope="session")
def cloud(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(views, "UNCHECKED_SETTLE", 0.05)
        patch.setattr(deployments, "BACKOFF_FIRST", 0.1)
        cloud = Cloud(tmp_path_factory.mktemp("cloud"))
        cloud.start()
        yield cloud
        cloud.stop()
