# SPDX-License-Identifier: GPL-3.0-or-later
"""environment_info on what the other modules have made, against moto."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.modules import environment_info

from tests.unit.plugins.modules.aws_harness import run
from tests.unit.plugins.modules.blue_green_site import module, site, world

__all__ = ["module", "site", "world"]

ACCOUNT = "123456789012"
WANTED = {
    "name": "try",
    "account_id": ACCOUNT,
    "region": "us-east-1",
    "vpc": "try",
    "load_balancer": "lb",
    "cluster": "c",
    "table": "releases",
    "services": [{"name": "api"}],
    "site": {"name": "try-site", "bucket": "try-site"},
    "gpu": {"name": "try-llm"},
    "oidc": "try",
}


@pytest.fixture
def read(world, capsys):
    """Runs the module."""
    return lambda **changes: run(environment_info.main, capsys, **{**WANTED, **changes})


def test_a_release_is_seen_where_it_is(site, world, read):
    site("deploy", "v1")
    found = read()["environment"]
    assert found["problems"] == []
    (service,) = found["services"]
    blue, green = service["colors"]
    assert service["live_color"] == "green" if world.weights()["green"] else "blue"
    assert (blue["weight"], green["weight"]) == tuple(world.weights().values())
    live = next(color for color in service["colors"] if color["weight"])
    assert live["digest"] == world.digests["v1"]


def test_an_empty_account_has_nothing_and_no_problem(world, read):
    from moto import mock_aws

    with mock_aws():
        found = read()["environment"]
    assert found["problems"] == []
