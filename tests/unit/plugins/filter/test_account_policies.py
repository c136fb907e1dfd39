# SPDX-License-Identifier: GPL-3.0-or-later
"""The policies by the names under which policies.yml writes them."""

from __future__ import annotations

from ansible_collections.slipway.ops.plugins.filter.account_policies import FilterModule

SCOPE = {
    "account_id": "222222222222",
    "region": "us-east-1",
    "name": "slipway-staging",
    "table": "slipway-staging-releases",
    "services": [{"name": "api"}],
    "tags": {"slipway:environment": "staging"},
    "site": {},
}


def test_operator_and_status():
    found = FilterModule().filters()["account_policies"](SCOPE)
    assert list(found) == ["operator-1", "operator-2", "operator-3", "operator-4", "status"]
    sids = [statement["Sid"] for statement in found["status"]["Statement"]]
    assert "ReadNetwork" in sids
    assert "ReadSiteState" not in sids
