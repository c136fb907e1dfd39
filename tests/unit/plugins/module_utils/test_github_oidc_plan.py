# SPDX-License-Identifier: GPL-3.0-or-later
"""The claims table: of all the tokens that GitHub may sign, which ones get a role."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.github_oidc_plan import (
    DEPLOY,
    HOST,
    PUSH,
    policy_size,
    provider_arn,
    role_arn,
    subjects,
    trust_policy,
)

from tests.unit.iam_evaluator import allows

ACCOUNT = "222222222222"
PROVIDER = provider_arn(ACCOUNT)
ENTRY = {
    "name": "api",
    "repository": "Example-Org/api",
    "owner_id": "9001",
    "repository_id": "77001",
    "environment": "staging",
    "refs": ["refs/heads/main", "refs/heads/hotfix"],
    "services": ["api"],
    "site": False,
    "build_environment": "build",
}
#: A token of a job with `environment: staging` on main, in a repository older than the change, and in one after it.
OLD = {
    "aud": "sts.amazonaws.com",
    "sub": "repo:Example-Org/api:environment:staging",
    "repository_id": "77001",
    "repository": "Example-Org/api",
    "environment": "staging",
    "ref": "refs/heads/main",
}
NEW = OLD | {"sub": "repo:Example-Org@9001/api@77001:environment:staging"}
#: Of a job without environment; of the one that builds, in an environment of its own.
NOWHERE = {key: OLD[key] for key in OLD if key != "environment"} | {"sub": "repo:Example-Org/api:ref:refs/heads/main"}
NOWHERE_NEW = NOWHERE | {"sub": "repo:Example-Org@9001/api@77001:ref:refs/heads/main"}
BUILD = {name: value.replace("staging", "build") for name, value in NEW.items()}
BUILD_OLD = {name: value.replace("staging", "build") for name, value in OLD.items()}


def trusted(claims, purpose=DEPLOY, entry=ENTRY, provider=PROVIDER, document=None):
    context = {f"{HOST}:{name}": value for name, value in claims.items()}
    document = document or trust_policy(ACCOUNT, purpose, entry)
    return allows(document, "sts:AssumeRoleWithWebIdentity", context=context, federated=provider)


@pytest.mark.parametrize(
    ("purpose", "claims"),
    [
        (DEPLOY, OLD),
        (DEPLOY, NEW),
        (DEPLOY, NEW | {"ref": "refs/heads/hotfix"}),
        (PUSH, BUILD_OLD),
        (PUSH, BUILD),
        (PUSH, BUILD | {"ref": "refs/heads/hotfix"}),
    ],
    ids=["old-sub", "immutable-sub", "second-ref", "push-old-sub", "push-immutable-sub", "push-second-ref"],
)
def test_the_intended_job_gets_the_role(purpose, claims):
    assert trusted(claims, purpose)


REFUSED = {
    "pull-request-with-environment": NEW | {"ref": "refs/pull/7/merge"},
    "pull-request": NOWHERE | {"sub": "repo:Example-Org/api:pull_request", "ref": "refs/pull/7/merge"},
    "pull-request-immutable": NOWHERE_NEW
    | {"sub": "repo:Example-Org@9001/api@77001:pull_request", "ref": "refs/pull/7/merge"},
    "fork": OLD | {"sub": "repo:mallory/api:environment:staging", "repository_id": "666", "repository": "mallory/api"},
    "fork-immutable": OLD | {"sub": "repo:mallory@5/api@666:environment:staging", "repository_id": "666"},
    "other-branch": NEW | {"ref": "refs/heads/feature"},
    "branch-that-begins-alike": NEW | {"ref": "refs/heads/main-2"},
    "tag-of-the-branch's-name": NEW | {"ref": "refs/tags/main"},
    "other-environment": NEW
    | {"sub": "repo:Example-Org@9001/api@77001:environment:production", "environment": "production"},
    "other-environment-in-the-sub-only": NEW | {"sub": "repo:Example-Org@9001/api@77001:environment:production"},
    "no-environment": NOWHERE,
    "no-environment-immutable": NOWHERE_NEW,
    "environment-of-builds": BUILD,
    "other-repository": OLD | {"sub": "repo:Example-Org/web:environment:staging", "repository_id": "77002"},
    "other-repository-with-the-id-of-this-one": OLD | {"sub": "repo:Example-Org/web:environment:staging"},
    "deleted-and-made-again": OLD | {"repository_id": "88001"},
    "deleted-and-made-again-immutable": NEW
    | {"sub": "repo:Example-Org@9001/api@88001:environment:staging", "repository_id": "88001"},
    "owner-renamed-and-the-name-taken": NEW | {"sub": "repo:Example-Org@6/api@77001:environment:staging"},
    "other-case": OLD | {"sub": "repo:example-org/api:environment:staging"},
    "other-audience": NEW | {"aud": "https://github.com/Example-Org"},
    "wildcards-are-text": NEW | {"sub": "*", "environment": "*", "ref": "*", "repository_id": "*"},
    "reusable-workflow-in-the-sub": NEW
    | {"sub": f"{NEW['sub']}:job_workflow_ref:mallory/x/.github/workflows/y.yml@refs/heads/main"},
    "nothing": {},
}


@pytest.mark.parametrize("case", REFUSED)
def test_no_other_job_gets_the_role_that_deploys(case):
    assert not trusted(REFUSED[case])


@pytest.mark.parametrize("missing", ["aud", "sub", "repository_id", "environment", "ref"])
@pytest.mark.parametrize("claims", [OLD, NEW], ids=["old", "immutable"])
def test_a_claim_that_is_missing_is_no_claim_that_fits(claims, missing):
    assert not trusted({name: value for name, value in claims.items() if name != missing})


@pytest.mark.parametrize("case", sorted(set(REFUSED) - {"environment-of-builds"}))
def test_nor_the_role_that_pushes(case):
    assert not trusted(REFUSED[case], PUSH)
    assert not trusted({name: value.replace("staging", "build") for name, value in REFUSED[case].items()}, PUSH)


@pytest.mark.parametrize("claims", [OLD, NEW], ids=["old", "immutable"])
def test_who_deploys_is_not_who_pushes(claims):
    assert not trusted(claims, PUSH)


def test_another_identity_provider_is_nobody():
    assert not trusted(NEW, provider=f"arn:aws:iam::{ACCOUNT}:oidc-provider/gitlab.com")
    assert not trusted(NEW, provider=provider_arn("333333333333"))


@pytest.mark.parametrize("missing", ["repository_id", "environment", "ref"])
def test_the_evaluator_sees_the_hole_of_for_all_values(missing):
    document = trust_policy(ACCOUNT, DEPLOY, ENTRY)
    (statement,) = document["Statement"]
    statement["Condition"] = {"ForAllValues:StringEquals": statement["Condition"]["StringEquals"]}
    assert trusted({name: value for name, value in NEW.items() if name != missing}, document=document)


def test_the_policy_asks_by_string_equals_and_nothing_else():
    (statement,) = trust_policy(ACCOUNT, DEPLOY, ENTRY)["Statement"]
    assert list(statement["Condition"]) == ["StringEquals"]
    assert {key.removeprefix(f"{HOST}:") for key in statement["Condition"]["StringEquals"]} == {
        "aud",
        "sub",
        "repository_id",
        "ref",
        "environment",
    }
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"


def test_a_colon_in_the_environment_s_name():
    entry = ENTRY | {"environment": "prod:eu"}
    encoded = NEW | {"sub": "repo:Example-Org@9001/api@77001:environment:prod%3Aeu", "environment": "prod:eu"}
    assert trusted(encoded, entry=entry)
    assert not trusted(encoded | {"sub": "repo:Example-Org@9001/api@77001:environment:prod:eu"}, entry=entry)


def test_both_forms_of_a_subject():
    assert subjects(ENTRY, "build") == [
        "repo:Example-Org/api:environment:build",
        "repo:Example-Org@9001/api@77001:environment:build",
    ]


def test_names_and_sizes():
    assert role_arn(ACCOUNT, "slipway-staging", PUSH, ENTRY) == (
        "arn:aws:iam::222222222222:role/slipway-staging-github-push-api"
    )
    assert policy_size({"a": "b c"}) == len('{"a":"bc"}')
