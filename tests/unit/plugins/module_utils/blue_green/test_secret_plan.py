# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.secret_plan import (
    Decision,
    SecretReference,
    decisions,
    names_of,
    parameter_arn,
    reference_of,
    references_of,
    version_problem,
)

SECRET = "arn:aws:secretsmanager:us-east-1:111111111111:secret:db-AbCdEf"
PARAMETER = "arn:aws:ssm:eu-west-1:222222222222:parameter"


def secret(stage="AWSCURRENT", version=""):
    return SecretReference("A", "secret", SECRET, "us-east-1", "111111111111", stage, version)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SECRET, secret()),
        (f"{SECRET}:password::", secret()),
        (f"{SECRET}:password:AWSPREVIOUS:", secret("AWSPREVIOUS")),
        (f"{SECRET}:::v1", secret(version="v1")),
        ("/api/key", SecretReference("A", "parameter", "/api/key")),
        ("key", SecretReference("A", "parameter", "key")),
        (f"{PARAMETER}/api/key", SecretReference("A", "parameter", "/api/key", "eu-west-1", "222222222222")),
        (f"{PARAMETER}/key", SecretReference("A", "parameter", "key", "eu-west-1", "222222222222")),
        ("arn:aws:s3:::bucket", SecretReference("A", "", "arn:aws:s3:::bucket")),
        (
            "arn:aws:ssm:eu-west-1:222222222222:document/x",
            SecretReference("A", "", PARAMETER.replace("parameter", "document/x")),
        ),
        ("arn:aws:secretsmanager:us-east-1", SecretReference("A", "", "arn:aws:secretsmanager:us-east-1")),
    ],
)
def test_where_a_value_comes_from(text, expected):
    assert reference_of("A", text) == expected


def test_everything_that_refers_to_a_secret():
    container = {
        "name": "api",
        "secrets": [{"name": "A", "valueFrom": SECRET}],
        "logConfiguration": {"logDriver": "splunk", "secretOptions": [{"name": "splunk-token", "valueFrom": "/token"}]},
        "repositoryCredentials": {"credentialsParameter": SECRET},
    }
    found = references_of({"containerDefinitions": [container, {"name": "bare"}]})
    assert [(item.user, item.kind) for item in found] == [
        ("A of container api", "secret"),
        ("log option splunk-token of container api", "parameter"),
        ("registry credentials of container api", "secret"),
    ]
    assert references_of({}) == ()
    assert found[1].shown == "parameter /token"


def test_the_names_a_parameter_may_have():
    assert names_of(reference_of("A", f"{PARAMETER}/key")) == ("key", "/key")
    assert names_of(reference_of("A", f"{PARAMETER}/a/b")) == ("/a/b",)
    assert names_of(reference_of("A", "key")) == ("key",)
    assert parameter_arn("aws", "eu-west-1", "222222222222", "/a/b") == f"{PARAMETER}/a/b"
    assert parameter_arn("aws", "eu-west-1", "222222222222", "a") == f"{PARAMETER}/a"


@pytest.mark.parametrize(
    ("reference", "described", "problem"),
    [
        (secret(), {"VersionIdsToStages": {"v1": ["AWSCURRENT"]}}, None),
        (secret(version="v1"), {"VersionIdsToStages": {"v1": ["AWSPREVIOUS"]}}, None),
        (secret(version="v2"), {"VersionIdsToStages": {"v1": ["AWSCURRENT"]}}, "has no version v2"),
        (secret("AWSPREVIOUS"), {"VersionIdsToStages": {"v1": ["AWSCURRENT"]}}, "has no value with stage AWSPREVIOUS"),
        (secret(), {}, "has no value with stage AWSCURRENT"),
        (secret(), {"DeletedDate": 1, "VersionIdsToStages": {"v1": ["AWSCURRENT"]}}, "is scheduled for deletion"),
    ],
)
def test_a_secret_without_a_value(reference, described, problem):
    found = version_problem(reference, described)
    assert found is None if problem is None else found.startswith(problem)


def test_iam_s_answers():
    """One resource: at the top. Several: each for itself, below it."""
    top = {"EvalResourceName": "a", "EvalDecision": "allowed"}
    below = [
        {"EvalResourceName": "b", "EvalResourceDecision": "explicitDeny", "MissingContextValues": []},
        {"EvalResourceName": "c", "EvalResourceDecision": "implicitDeny", "MissingContextValues": ["aws:SourceVpc"]},
    ]
    found = decisions(
        [top, {"EvalResourceName": "*", "EvalDecision": "explicitDeny", "ResourceSpecificResults": below}]
    )
    assert found == {
        "a": Decision(allowed=True),
        "b": Decision(allowed=False, explicit=True),
        "c": Decision(allowed=False, missing=("aws:SourceVpc",)),
    }
