# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles that the jobs of all these runs took, against the trust policies that site.yml has made.

act mints no tokens (assume.py stands for it), so what AWS would decide is decided here, by the claims that GitHub would
sign for each job.
"""

from __future__ import annotations

import pytest

from tests.pipelines import shop
from tests.unit.iam_evaluator import allows

HOST = "token.actions.githubusercontent.com"
OWNER_ID, NUMBERS = "1001", {shop.BACKEND: "2002", shop.FRONTEND: "2003"}
ENVIRONMENTS = {account: name for name, account in shop.ACCOUNTS.items()}


def claims(repository, environment, **other):
    """What GitHub signs for a job on main, by the immutable form of the subject."""
    owner, _, name = repository.partition("/")
    number = NUMBERS.get(repository, "9999")
    found = {
        "aud": "sts.amazonaws.com",
        "sub": f"repo:{owner}@{OWNER_ID}/{name}@{number}:environment:{environment}",
        "repository": repository,
        "repository_id": number,
        "environment": environment,
        "ref": "refs/heads/main",
    }
    return found | other


@pytest.fixture(scope="module")
def taken(made):
    """Each (repository, job, environment, role) once, and a function that tells whether the role trusts claims."""
    roles = {tuple(role.values()) for role in made.roles()}

    def trusted(arn, given):
        account = arn.split(":")[4]
        name = arn.rpartition("/")[2]
        role = made.client(ENVIRONMENTS[account], "iam").get_role(RoleName=name)["Role"]
        return allows(
            role["AssumeRolePolicyDocument"],
            "sts:AssumeRoleWithWebIdentity",
            context={f"{HOST}:{key}": value for key, value in given.items()},
            federated=f"arn:aws:iam::{account}:oidc-provider/{HOST}",
        )

    return roles, trusted


def test_every_job_that_took_a_role_would_get_it(taken):
    roles, trusted = taken
    assert {(job, arn.split(":")[4]) for _, job, _, arn in roles} == {
        ("build", "222222222222"),
        ("staging", "222222222222"),
        ("production", "333333333333"),
        ("rollback", "333333333333"),
    }
    assert [each for each in roles if not trusted(each[3], claims(each[0], each[2]))] == []


@pytest.mark.parametrize(
    "other",
    [
        {"environment": "elsewhere"},
        {"repository": "acme/other"},
        {"ref": "refs/heads/feature"},
        {"sub": "repo:acme/shop:pull_request"},
        {"aud": "somebody"},
    ],
    ids=["environment", "repository", "branch", "pull-request", "audience"],
)
def test_no_other_job_would_get_it(taken, other):
    roles, trusted = taken
    for repository, _, environment, arn in roles:
        given = {"repository": repository, "environment": environment} | other
        assert not trusted(arn, claims(**given)), arn
