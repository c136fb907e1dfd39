# SPDX-License-Identifier: GPL-3.0-or-later
"""A backend from staging to production and back: what must be in order, and what must not happen."""

from __future__ import annotations

import pytest

from tests.pipelines.github import REVIEWERS

PIPELINE = ("test", "build", "staging", "gate", "production", "summary")


@pytest.fixture(scope="module")
def shop(made, application, request):
    """The application of the README with production there, but nothing that asks a person on GitHub."""
    assert made.wait() == 0, made.production_log.read_text()[-3000:]
    request.getfixturevalue("site_runs")  # which go on beside these from here
    application.edit("backend.yml", r"\n      production: none", "")
    application.push("Production is there")
    return application


@pytest.fixture(scope="module")
def closed(shop):
    """The run whose production has no reviewers."""
    return shop.run("backend.yml")


@pytest.fixture(scope="module")
def promoted(shop, closed):
    """What staging has proven, promoted by hand once the environment is protected."""
    shop.protect("production", [REVIEWERS])
    wanted = {"service": "api", "artifact": closed.outputs("build")["digest"]}
    return shop.run("promote.yml", "workflow_dispatch", wanted)


@pytest.fixture(scope="module")
def upgraded(shop, promoted):
    """The next release."""
    shop.edit("backend.yml", "RELEASE=1.0.0", "RELEASE=2.0.0")
    shop.push("Release 2.0.0")
    return shop.run("backend.yml")


@pytest.fixture(scope="module")
def returned(shop, upgraded):
    """Production brought back by hand."""
    return shop.run("rollback.yml", "workflow_dispatch", {"environment": "production", "service": "api"})


@pytest.fixture(scope="module")
def broken(shop, returned):
    """A release that ends as soon as it is started."""
    release = shop.folder / "releases" / "3.0.0"
    release.mkdir()
    (release / "main.py").write_text('raise SystemExit("no settings")\n')
    shop.edit("backend.yml", "RELEASE=2.0.0", "RELEASE=3.0.0")
    shop.push("Release 3.0.0")
    return shop.run("backend.yml")


@pytest.fixture(scope="module")
def refused(shop, broken):
    """Somebody who wants it in production all the same."""
    wanted = {"service": "api", "artifact": broken.outputs("build")["digest"]}
    return shop.run("promote.yml", "workflow_dispatch", wanted)


def test_without_reviewers_the_gate_stays_closed(shop, closed, made):
    assert closed.results == {
        "test": "success",
        "build": "success",
        "staging": "success",
        "gate": "failure",
        "summary": "success",
    }, closed.why
    assert closed.status == 1
    assert "Gate production: closed" in closed.summary("gate")
    # The frontend goes beside it and asks, too.
    assert "/repos/acme/shop/environments/production" in made.api.asked
    assert shop.records("production") == []


def test_what_staging_has_proven_is_promoted_by_hand(shop, closed, promoted):
    assert promoted.results == dict.fromkeys(("gate", "production"), "success"), promoted.why
    assert promoted.outputs("production")["digest"] == closed.outputs("build")["digest"]
    assert shop.running("production") == {closed.outputs("build")["digest"]}


def test_build_staging_gate_and_production_follow_each_other(upgraded):
    assert upgraded.results == dict.fromkeys(PIPELINE, "success"), upgraded.why
    assert upgraded.in_order(*PIPELINE)


def test_the_same_digest_is_proven_recorded_and_running_in_both_accounts(shop, upgraded):
    digest = upgraded.outputs("build")["digest"]
    for environment in ("staging", "production"):
        record = next(each for each in shop.records(environment) if each["digest"] == digest)
        assert (record["outcome"], record["environment"]) == ("promoted", environment)
        assert record["run_url"].endswith(f"/acme/shop/actions/runs/{upgraded.number}")
        assert upgraded.outputs(environment)["digest"] == digest
        assert shop.running(environment) == {digest}


def test_the_pages_show_the_outcomes_and_the_way_back(upgraded):
    table = upgraded.summary("summary")
    assert "# api: promoted in production" in table
    for stage in ("staging", "production"):
        assert f"| {stage} | success | promoted," in table
        assert "### Way back" in upgraded.summary(stage)
    assert "gh workflow run rollback.yml -f environment=production -f service=api" in table


def test_a_rollback_restores_what_production_served_before(shop, closed, upgraded, returned):
    assert returned.results == {"rollback": "success"}, returned.why
    assert returned.outputs("rollback")["outcome"] == "rolled_back"
    digest = closed.outputs("build")["digest"]
    assert digest != upgraded.outputs("build")["digest"]
    assert shop.answer("production")["version"] == "1.0.0"
    assert shop.running("production") == {digest}
    assert shop.running("staging") == {upgraded.outputs("build")["digest"]}


def test_production_never_runs_when_staging_fails(shop, upgraded, broken):
    assert broken.results == {"test": "success", "build": "success", "staging": "failure", "summary": "success"}
    assert broken.outputs("staging")["outcome"] == "rolled_back"
    assert shop.records("staging")[0]["digest"] == broken.outputs("build")["digest"]
    assert shop.answer("staging")["digest"] == upgraded.outputs("build")["digest"]
    assert "production was not touched" in broken.summary("summary")


def test_an_unproven_digest_is_refused(shop, closed, broken, refused):
    assert refused.results == {"gate": "success", "production": "failure"}, refused.why
    assert refused.outputs("production")["outcome"] == "blocked"
    assert shop.answer("production")["digest"] == closed.outputs("build")["digest"]
    assert broken.outputs("build")["digest"] in refused.summary("production")
