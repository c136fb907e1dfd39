# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles of an environment, and what is refused before any is made."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.github_oidc_roles_plan import (
    POLICY_LIMIT,
    TRUST_LIMIT,
    entries,
    problems_of,
    roles_of,
    scope_of,
)

API = {
    "name": "api",
    "repository": "example-org/api",
    "owner_id": "9001",
    "repository_id": "77001",
    "services": ["api"],
}
WEB = API | {"name": "web", "repository": "example-org/web", "repository_id": "77002", "services": [], "site": True}
PROMOTION = {
    "from": "staging",
    "account_id": "222222222222",
    "table": "arn:aws:dynamodb:us-east-1:222222222222:table/slipway-staging-releases",
    "site_bucket": "slipway-staging-site-222222222222",
}


def inputs(*repositories, **changes):
    return {
        "name": "slipway-production",
        "account_id": "333333333333",
        "region": "us-east-1",
        "environment": "production",
        "repositories": list(repositories),
        "services": [{"name": "api"}, {"name": "mail", "kind": "worker"}],
        "table": "slipway-production-releases",
        "topic": "",
        "site_bucket": "slipway-production-site",
        "site_kms_key_arn": "",
        "distribution_arn": "",
        "promotion": {},
        **changes,
    }


def sids(role):
    return {statement["Sid"] for statement in role["policy"]["Statement"]}


def test_a_role_for_each_purpose():
    roles = roles_of(inputs(API | {"build_environment": "build"}, WEB))
    assert [(role["name"], role["purpose"], role["repository"]) for role in roles] == [
        ("slipway-production-github-deploy-api", "deploy", "api"),
        ("slipway-production-github-push-api", "push", "api"),
        ("slipway-production-github-deploy-web", "deploy", "web"),
    ]
    assert [role["description"] for role in roles] == [
        "GitHub Actions of example-org/api: deploys in production",
        "GitHub Actions of example-org/api: pushes images in build",
        "GitHub Actions of example-org/web: deploys in production",
    ]
    assert roles[0]["arn"] == "arn:aws:iam::333333333333:role/slipway-production-github-deploy-api"
    deploy, push, web = (sids(role) for role in roles)
    assert push == {"Login", "Push"}
    assert "Traffic" in deploy - web
    assert "Objects" in web - deploy


def test_what_an_entry_leaves_out():
    (entry,) = entries(inputs(API))
    assert entry == API | {
        "environment": "production",
        "refs": ["refs/heads/main"],
        "site": False,
        "build_environment": "",
    }


def test_nothing_is_read_elsewhere_without_a_promotion():
    (entry,) = entries(inputs(API))
    assert scope_of(inputs(API), entry)["promotion"] == {}


@pytest.mark.parametrize(
    ("repository", "promotion", "expected"),
    [
        (
            API,
            PROMOTION | {"image": "pull"},
            {"repositories": ["arn:aws:ecr:us-east-1:222222222222:repository/api"], "bucket": ""},
        ),
        (API, PROMOTION | {"image": "replicate"}, {"repositories": [], "bucket": ""}),
        (WEB, PROMOTION, {"repositories": [], "bucket": "arn:aws:s3:::slipway-staging-site-222222222222"}),
        (WEB, {key: PROMOTION[key] for key in ("account_id", "table")}, {"repositories": [], "bucket": ""}),
    ],
    ids=["pulled", "replicated", "site", "no-bucket"],
)
def test_a_promotion_reads_what_the_repository_may_deploy(repository, promotion, expected):
    given = inputs(repository, promotion=promotion)
    (entry,) = entries(given)
    assert scope_of(given, entry)["promotion"] == {"table": PROMOTION["table"], **expected}


def test_good_inputs_have_no_problems():
    assert problems_of(inputs()) == []
    assert (
        problems_of(
            inputs(API | {"build_environment": "build"}, WEB | {"refs": ["refs/heads/release/1.x", "refs/tags/v1.0"]})
        )
        == []
    )


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        (API | {"name": "Api"}, "a name is lower-case letters, digits and hyphens"),
        (API | {"name": "a" * 32}, f"its role slipway-production-github-deploy-{'a' * 32} would have 65 characters"),
        (API | {"repository": "api"}, "repository api is not OWNER/REPO"),
        (API | {"repository": "example-org/*"}, "repository example-org/* is not OWNER/REPO"),
        (API | {"owner_id": "0"}, "owner_id 0 is no number that GitHub gives: gh api repos/OWNER/REPO --jq .owner.id"),
        (
            API | {"repository_id": "*"},
            "repository_id * is no number that GitHub gives: gh api repos/OWNER/REPO --jq .id",
        ),
        (API | {"environment": " "}, "environment is empty"),
        (API | {"refs": []}, "refs is empty: nobody could deploy"),
        (API | {"refs": ["main"]}, "ref main is not refs/heads/BRANCH or refs/tags/TAG, without wildcards"),
        (API | {"refs": ["refs/heads/*"]}, "ref refs/heads/* is not refs/heads/BRANCH"),
        (API | {"refs": ["refs/heads/a..b"]}, "ref refs/heads/a..b is not"),
        (API | {"refs": ["refs/pull/1/merge"]}, "ref refs/pull/1/merge is not"),
        (API | {"services": ["app"]}, "app is no service of this environment, which has api, mail"),
        (API | {"services": []}, "it may deploy nothing: name its services, or set site"),
        (WEB | {"build_environment": "build"}, "build_environment is for the images of services, and it has none"),
        (API | {"build_environment": "production"}, "production is environment and build_environment: whoever builds"),
        (
            API | {"refs": [f"refs/heads/release-{n:040}" for n in range(40)]},
            f"its 40 refs make a trust policy of more than {TRUST_LIMIT} characters",
        ),
    ],
    ids=lambda value: value["name"][:3] if isinstance(value, dict) else value[:20].replace(" ", "-"),
)
def test_what_cannot_be_is_said(entry, problem):
    (told, *_more) = problems_of(inputs(entry))
    assert told.startswith(f"github_oidc_repositories {entry['name']}: {problem}")


def test_a_service_of_none():
    (told,) = problems_of(inputs(API, services=[]))
    assert told == "github_oidc_repositories api: api is no service of this environment, which has none"


def test_a_site_that_is_not_there():
    assert problems_of(inputs(WEB, site_bucket="")) == [
        "github_oidc_repositories web: it may publish the site, and github_oidc_site_bucket is empty"
    ]


def test_a_name_twice():
    assert problems_of(inputs(API, API)) == ["github_oidc_repositories: api is there more than once"]


def test_more_services_than_a_policy_holds():
    services = [{"name": f"service-{n}"} for n in range(40)]
    entry = API | {"services": [service["name"] for service in services]}
    (told,) = problems_of(inputs(entry, services=services))
    assert f"and IAM takes {POLICY_LIMIT}: give some of its services to a second entry" in told
