# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pictures of frontend and CI/CD say about snapshots."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.diagram import delivery_plan as plan

from tests.unit.plugins.module_utils.diagram import diagram_environments as made


def frontend(**more):
    return plan.frontend(made.environment(site=made.site(**more)))


def said(card):
    return [line for line, _ in card.lines]


def test_without_a_site_there_is_no_frontend():
    assert plan.frontend(made.environment(site=None)) is None


def test_the_firewall_is_there_or_not():
    assert said(frontend().firewall) == ["slipway-production-site"]
    assert frontend(firewall=None).firewall is None


@pytest.mark.parametrize(
    ("more", "lines"),
    [
        ({}, ["app.example.com", "d111111abcdef8.cloudfront.net", "deployed"]),
        ({"aliases": ["a", "b", "c"]}, ["a and 2 more", "d111111abcdef8.cloudfront.net", "deployed"]),
        ({"aliases": None, "status": "InProgress"}, ["d111111abcdef8.cloudfront.net", "change in progress"]),
        ({"aliases": [], "invalidations_in_progress": 1}, ["d111111abcdef8.cloudfront.net", "1 invalidation running"]),
        ({"aliases": [], "domain_name": None, "status": None}, ["no distribution"]),
    ],
    ids=["deployed", "aliases", "change", "invalidation", "no distribution"],
)
def test_the_distribution_says_how_it_is(more, lines):
    assert said(frontend(**more).edge) == lines


@pytest.mark.parametrize(
    ("release", "lines"),
    [
        ({"id": "0" * 64, "git_sha": "0123456789"}, ["release 0123456", "bucket"]),
        (
            {"id": "f" * 64, "at": "2026-11-24T18:30:00Z"},
            ["release ffffffffffffff", "bucket", "since 2026-11-24 18:30"],
        ),
        (None, ["no release", "bucket"]),
    ],
    ids=["commit", "id", "none"],
)
def test_the_bucket_has_a_release(release, lines):
    assert said(frontend(release=release, bucket="bucket").bucket) == lines


@pytest.mark.parametrize(
    ("names", "lines"),
    [
        ([], ["none may deploy"]),
        (["acme/shop"], ["acme/shop"]),
        (["b/b", "a/a"], ["a/a", "b/b"]),
        (["c/c", "b/b", "a/a"], ["a/a", "and 2 more"]),
    ],
    ids=["none", "one", "two", "three"],
)
def test_repositories_are_named_as_far_as_there_is_room(names, lines):
    assert [line for line, _ in plan.repositories([{"repositories": names}, {}])] == lines


def stages(*snapshots):
    return {stage.name: stage for stage in plan.delivery(snapshots).stages}


def notes(stage):
    return {row.name: row.note for row in stage.rows}


def test_what_needs_a_proof_comes_after_what_gives_it():
    found = stages(made.environment("production"), made.environment("staging"))
    assert [(name, stage.gate, stage.connected) for name, stage in found.items()] == [
        ("staging", "", True),
        ("production", "staging", True),
    ]
    assert found["staging"].account == "222222222222 · us-east-1"
    assert found["production"].title == "roles: slipway-production-github-deploy-api"


def test_an_environment_without_anything_is_a_frame():
    assert plan.delivery([{"name": "new"}]).stages[0] == plan.Stage(
        "new", "unknown account · unknown region", (), "", False, "no repository may deploy here", "", ""
    )


def test_behind_a_gate_a_row_says_whether_it_is_what_was_proven():
    ahead = made.service(colors=[made.color("blue", 100, 3, git_sha="fedcba98", digest="sha256:new")])
    staging = made.environment("staging", services=[ahead, made.service("same", 1)])
    production = made.environment(
        "production", services=[made.service(), made.service("same", 1), made.service("new", 2)]
    )
    assert notes(stages(staging, production)["production"]) == {
        "api": ("staging has fedcba9", plan.INK),
        "same": ("same as staging", plan.GOOD),
        "new": ("promoted", plan.DIM),
        "site": ("same as staging", plan.GOOD),
    }


@pytest.mark.parametrize(
    ("last", "note"),
    [
        ({"outcome": "promoted"}, ("promoted", plan.DIM)),
        ({"outcome": "rolled_back"}, ("rolled back", plan.BAD)),
        (None, ("", plan.DIM)),
    ],
    ids=["well", "not well", "none"],
)
def test_elsewhere_a_row_says_how_the_last_release_ended(last, note):
    given = made.environment("staging", services=[made.service(last_release=last)], site=None)
    assert notes(stages(given)["staging"]) == {"api": note}


def test_the_proof_of_an_environment_that_was_not_read_is_not_made_up():
    assert notes(stages(made.environment("production", site=made.site(release=None)))["production"]) == {
        "api": ("promoted", plan.DIM),
        "site": ("", plan.DIM),
    }


@pytest.mark.parametrize(
    ("more", "tone"),
    [
        ({}, "blue"),
        ({"live_color": "green"}, "green"),
        ({"live_color": None, "colors": [made.color("blue", 10, 1), made.color("green", 90, 1)]}, "green"),
        ({"colors": [made.color("-", None, 1)]}, "plain"),
        ({"live_color": None, "colors": [made.color("blue", 0, 1), made.color("green", 0, 1)]}, "plain"),
        ({"colors": []}, "plain"),
    ],
    ids=["blue", "green", "most of it", "worker", "no traffic", "none"],
)
def test_a_row_has_the_color_of_the_traffic(more, tone):
    assert stages(made.environment("staging", services=[made.service(**more)]))["staging"].rows[0].tone == tone


def test_what_was_not_read_is_not_said_to_be_absent():
    more = {"ci": made.ci("staging", repositories=[]), "site": made.site(release=None)}
    problems = [{"part": part, "message": "denied"} for part in ("roles", "current")]
    for found, problem in (("not read", problems), ("no release", [])):
        given = made.environment("staging", **more, problems=problem)
        assert stages(given)["staging"].rows[-1].release == found
        drawn = plan.frontend(given)
        assert said(drawn.bucket)[0] == found
        assert (said(drawn.pipeline), drawn.by_hand) == ((["not read"], False) if problem else ([plan.HAND], True))
        about = "not read" if problem else "no repository may deploy here"
        assert stages(given)["staging"].about == about


def test_whether_github_is_trusted_is_said():
    trust = [made.ci("staging", oidc_provider=given) for given in (True, False)]
    assert [stages(made.environment("staging", ci=ci))["staging"].trust for ci in trust] == ["OIDC, no stored key", ""]
