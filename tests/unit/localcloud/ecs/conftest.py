# SPDX-License-Identifier: GPL-3.0-or-later
"""One cloud a file of tests, gone after it, since it mends moto in this process. Each test makes its own services."""

from __future__ import annotations

import pytest

from localcloud.ecs import deployments, views
from tests.unit.localcloud.fixtures.cloud import Cloud


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(views, "UNCHECKED_SETTLE", 0.05)
        patch.setattr(deployments, "BACKOFF_FIRST", 0.1)
        cloud = Cloud(tmp_path_factory.mktemp("cloud"))
        cloud.start()
        yield cloud
        cloud.stop()
