# SPDX-License-Identifier: GPL-3.0-or-later
"""What another account may read, and what is replicated to it."""

from __future__ import annotations

import json

from ansible_collections.slipway.ops.plugins.module_utils.promotion import sharing_plan as plan

STAGING, PRODUCTION = "222222222222", "333333333333"
ROLE = f"arn:aws:iam::{PRODUCTION}:role/promote"
TABLE = f"arn:aws:dynamodb:us-east-1:{STAGING}:table/releases"


def test_readers_are_accounts_or_roles():
    assert plan.reader_problems([PRODUCTION, ROLE, "arn:aws-cn:iam::333333333333:role/a/b"]) == []
    for wrong in ("33333333333", "*", "arn:aws:iam::333333333333:user/x", f"{ROLE} "):
        assert plan.reader_problems([wrong]) == [
            f"reader {wrong!r}: neither an account of 12 digits nor the ARN of an IAM role"
        ]
    assert plan.account_problems([PRODUCTION]) == []
    assert plan.account_problems([ROLE]) == [f"{ROLE!r} is no account of 12 digits"]


def test_a_table_is_queried_by_its_readers_and_nobody_else():
    policy = plan.table_policy(TABLE, [ROLE, PRODUCTION])
    account, role = policy["Statement"]
    for statement in (account, role):
        assert statement["Action"] == ["dynamodb:Query"]
        assert statement["Resource"] == [TABLE]
        assert statement["Principal"] == {"AWS": [f"arn:aws:iam::{PRODUCTION}:root"]}
    assert "Condition" not in account
    # The role need not exist yet, and nobody else of its account gets in.
    assert role["Condition"] == {"ArnEquals": {"aws:PrincipalArn": [ROLE]}}
    assert plan.table_policy(TABLE, []) is None


def test_a_repository_is_pulled_from():
    [statement] = plan.repository_policy([PRODUCTION])["Statement"]
    assert "Resource" not in statement
    assert statement["Action"] == ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]


def test_a_registrys_policy_keeps_what_others_wrote():
    arn = f"arn:aws:ecr:us-east-1:{PRODUCTION}:repository/api"
    own = plan.replicas_statement([STAGING], [arn])
    assert (own["Action"], own["Resource"]) == (["ecr:ReplicateImage"], [arn])
    other = {"Sid": "Other", "Effect": "Allow"}
    assert plan.with_statement("", None) is None
    assert plan.with_statement("", own)["Statement"] == [own]
    written = json.dumps({"Version": "2008-10-17", "Statement": [{**own, "Resource": []}, other]})
    assert plan.with_statement(written, own) == {"Version": "2008-10-17", "Statement": [other, own]}
    assert plan.with_statement(json.dumps({"Statement": other}), None)["Statement"] == [other]
    assert plan.with_statement(json.dumps({"Statement": [own]}), plan.replicas_statement([], [arn])) is None


def test_a_registrys_rules_keep_what_is_for_others():
    def rule(*names):
        return {"destinations": [], "repositoryFilters": [{"filter": name} for name in names]}

    others = [rule("api", "elsewhere"), {"destinations": []}]
    found = plan.with_rule([*others, rule("api")], ["web", "api"], [(PRODUCTION, "us-east-1")])
    assert found[:2] == others
    assert found[2:] == [
        {
            "destinations": [{"region": "us-east-1", "registryId": PRODUCTION}],
            "repositoryFilters": [
                {"filter": "api", "filterType": "PREFIX_MATCH"},
                {"filter": "web", "filterType": "PREFIX_MATCH"},
            ],
        }
    ]
    assert plan.with_rule(found, ["web", "api"], []) == others
