# SPDX-License-Identifier: GPL-3.0-or-later
"""From an inventory's variables to the module's options, and to what is looked for."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.environment.inputs_plan import (
    NAMES,
    lacking,
    parameters,
    profile_of,
)
from ansible_collections.slipway.ops.plugins.module_utils.environment.model_plan import problems_of, wanted_of

INVENTORY = {
    "slipway_environment": "staging",
    "slipway_account_id": "222222222222",
    "slipway_region": "us-east-1",
    "slipway_name": "slipway-staging",
    "vpc_name": "slipway-staging",
    "alb_name": "slipway-staging",
    "ecs_service_cluster": "slipway-staging",
    "release_store_name": "slipway-staging-releases",
    "github_oidc_name": "slipway-staging",
    "services": [
        {
            "name": "api",
            "workers": [{"name": "tally", "command": ["work"]}],
            "llm_providers": [{"name": "openai", "base_url": "https://api.openai.com/v1"}],
        },
        {"name": "queue", "kind": "worker", "engine": "native"},
    ],
    "cloudfront_site_name": "slipway-staging-site",
    "cloudfront_site_bucket": "slipway-staging-site-222222222222",
    "gpu_host_name": "slipway-staging-llm",
    "gpu_host_model": "llama-3.3-70b",
    "slipway_promotion": {"from": "test"},
    "atlas_peering_enabled": True,
    "atlas_peering_project_id": "1" * 24,
    "atlas_peering_client_secret": "",
    "atlas_peering_cluster": {"name": "main"},
}
OPTIONS = {
    "name": "try",
    "account_id": "1",
    "vpc": "",
    "load_balancer": "",
    "cluster": "",
    "table": "",
    "services": [],
    "site": None,
    "gpu": None,
    "oidc": "",
    "atlas": None,
    "gate": None,
}


def test_a_whole_inventory():
    assert set(INVENTORY) <= set(NAMES)
    found = parameters(INVENTORY)
    assert found["services"] == [
        {"name": "api", "kind": "web", "engine": "two_service", "workers": ["tally"], "providers": ["openai"]},
        {"name": "queue", "kind": "worker", "engine": "native", "workers": [], "providers": []},
    ]
    assert found["gpu"] == {"name": "slipway-staging-llm", "model": "llama-3.3-70b"}
    # An empty secret is left to the environment.
    assert found["atlas"] == {"project_id": "1" * 24, "cluster": "main"}
    wanted = wanted_of(OPTIONS | found)
    assert (wanted.load_balancer, wanted.table, wanted.atlas_cluster) == (
        "slipway-staging",
        "slipway-staging-releases",
        "main",
    )
    assert wanted.services[0].ecs_names == ("api-blue", "api-green", "api", "api-tally")
    assert wanted.services[1].ecs_names == ("queue",)
    assert wanted.records == ("api", "queue", "site")


def test_an_inventory_with_nothing_in_it():
    assert lacking({"slipway_environment": "x"}) == ["slipway_account_id", "slipway_region"]
    found = parameters({"slipway_environment": "x"})
    assert (found["services"], found["atlas"], found["gate"]) == ([], {}, {})
    assert wanted_of(OPTIONS | found).records == ()


@pytest.mark.parametrize(
    ("variables", "profiles", "several", "profile"),
    [
        ({"slipway_name": "slipway-staging"}, ["slipway-staging"], False, ""),
        ({"slipway_name": "slipway-staging"}, ["slipway-staging"], True, "slipway-staging"),
        ({"slipway_name": "slipway-staging"}, ["other"], True, ""),
        ({"slipway_name": "slipway-staging", "slipway_profile": "mine"}, ["slipway-staging"], False, "mine"),
    ],
    ids=["one", "several", "several-without", "given"],
)
def test_the_profile(variables, profiles, several, profile):
    assert profile_of(variables, profiles, several=several) == profile


def test_what_cannot_be_asked():
    services = [{"name": "api"}, {"name": "api", "kind": "cron"}]
    assert list(problems_of(wanted_of(OPTIONS | {"services": services}))) == [
        "services: api is there more than once",
        "services: kind of api is cron, neither web nor worker",
    ]
