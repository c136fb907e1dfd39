# SPDX-License-Identifier: GPL-3.0-or-later
"""A frontend by its pipelines: built once, the same bytes in both accounts, and nothing unproven.

Its runs go on beside the backend's (conftest.py), as they would.
"""

from __future__ import annotations

import json

import pytest

from tests.pipelines import shop

PIPELINE = ("test", "build", "staging", "gate", "production", "summary")


@pytest.fixture(scope="module")
def runs(site_runs):
    """The runs by name, once they have ended."""
    return site_runs.result()


def test_a_release_goes_through_staging_to_production(made, runs):
    run = runs["released"]
    assert run.results == dict.fromkeys(PIPELINE, "success"), run.why
    assert run.in_order(*PIPELINE)
    release = run.outputs("build")["release"]
    for environment in ("staging", "production"):
        assert run.outputs(environment)["release"] == release == shop.live(made, environment)
    assert "# site: promoted in production" in run.summary("summary")


def test_both_accounts_have_the_same_bytes_and_own_settings(made, runs):
    release = runs["released"].outputs("build")["release"]
    manifests, settings = [], []
    for environment, account in shop.ACCOUNTS.items():
        bucket, s3 = f"slipway-{environment}-site-{account}", made.client(environment, "s3")
        for key, found in ((f"releases/{release}/manifest.json", manifests), ("site/config.json", settings)):
            found.append(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        records = shop.records(made, environment, "site")
        promoted = [each["digest"] for each in records if each["outcome"] == "promoted"]
        assert promoted[0] == f"sha256:{release}"
    assert manifests[0] == manifests[1]
    assert [json.loads(each)["environment"] for each in settings] == ["staging", "production"]


def test_a_release_that_staging_has_not_proven_is_refused(runs):
    assert runs["refused"].results == {"gate": "success", "production": "failure"}, runs["refused"].why
    assert runs["refused"].outputs("production")["outcome"] == "blocked"
