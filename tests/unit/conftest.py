# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures that unit tests of more than one folder share."""

from __future__ import annotations

import functools

import botocore.loaders
import botocore.session
import pytest
from ansible.module_utils import urls

from tests.unit.atlas_cloud import AtlasCloud


def _load_once():
    """Each run of a module would parse AWS's service models and the CA bundle anew, which is most of its time."""
    loader = botocore.loaders.create_loader()
    botocore.session.botocore.loaders.create_loader = lambda *_: loader
    urls.make_context = functools.cache(urls.make_context)


@pytest.fixture(scope="session")
def _atlas_cloud():
    _load_once()
    cloud = AtlasCloud()
    yield cloud
    cloud.close()


@pytest.fixture
def atlas_cloud(_atlas_cloud):
    """The session's local Atlas and moto, without anything that another test asked for."""
    _atlas_cloud.reset()
    return _atlas_cloud
