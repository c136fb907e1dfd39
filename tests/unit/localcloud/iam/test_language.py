# SPDX-License-Identifier: GPL-3.0-or-later
"""What policies say, as IAM documents it; what is not known is not judged."""

from __future__ import annotations

import pytest

from localcloud.iam.language import Decision, Question, UnsupportedError, Who, allow_everything, applies, decide

ROLE = "arn:aws:iam::111111111111:role/one"
CALLER = Who(arns=("arn:aws:sts::111111111111:assumed-role/one/run", ROLE), account="111111111111")
QUESTION = Question("s3:GetObject", "arn:aws:s3:::bucket/a/b", {"aws:PrincipalTag/team": "a", "keys": ["x", "y"]})


def statement(effect="Allow", **members):
    return {"Effect": effect, "Action": "s3:*", "Resource": "*"} | members


def on(operator, key, value):
    return statement(Condition={operator: {key: value}})


TEAM = "AWS:principaltag/Team"
CASES = {
    "an action, its case aside": (statement(Action="S3:getobject"), True),
    "a pattern": (statement(Action=["ec2:*", "s3:Get?bject"]), True),
    "other actions": (statement(Action="s3:PutObject"), False),
    "all but it": ({"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}, False),
    "a star goes over slashes": (statement(Resource="arn:aws:s3:::bucket/*"), True),
    "no sets": (statement(Resource="arn:aws:s3:::bucket/[a]/b"), False),
    "all resources but it": ({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::other/*"}, True),
    "a key, its case aside": (on("StringEquals", TEAM, ["b", "a"]), True),
    "another value": (on("StringEquals", TEAM, "A"), False),
    "its case aside": (on("StringEqualsIgnoreCase", TEAM, "A"), True),
    "not equal": (on("StringNotEquals", TEAM, ["b", "c"]), True),
    "not unlike": (on("StringNotLike", TEAM, ["b", "?"]), False),
    "a pattern of ARNs": (on("ArnLike", TEAM, "*"), True),
    "a key that is not there": (on("StringEquals", "none", "a"), False),
    "negated, a key that is not there": (on("ArnNotEquals", "none", "a"), True),
    "if it exists": (on("StringEqualsIfExists", "none", "a"), True),
    "it is null": (on("Null", "none", "true"), True),
    "it is not null": (on("Null", TEAM, "true"), False),
    "all values": (on("ForAllValues:StringEquals", "keys", ["x", "y", "z"]), True),
    "not all values": (on("ForAllValues:StringEquals", "keys", ["x"]), False),
    "all of none": (on("ForAllValues:StringEquals", "none", ["x"]), True),
    "any value": (on("ForAnyValue:StringLike", "keys", ["y*"]), True),
    "any of none": (on("ForAnyValue:StringLike", "none", ["*"]), False),
    "two keys, of which one fits": (
        statement(Condition={"StringEquals": {TEAM: "a"}, "Bool": {"aws:SecureTransport": "true"}}),
        False,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_whether_a_statement_is_about_a_question(case):
    given, answer = CASES[case]
    assert applies(given, QUESTION) is answer


@pytest.mark.parametrize(
    "given",
    [
        statement(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
        statement(Condition={"ForSome:StringEquals": {"keys": "x"}}),
        statement(Condition={"StringEquals": {"keys": "x"}}),
        statement(Condition={"StringEquals": {TEAM: "${aws:username}"}}),
        statement(Resource="arn:aws:s3:::bucket/${aws:username}"),
        statement(Sometimes=True),
    ],
    ids=["operator", "quantifier", "several values", "variable", "variable in a resource", "element"],
)
def test_what_is_not_known_is_not_judged(given):
    with pytest.raises(UnsupportedError):
        applies(given, QUESTION)


PRINCIPALS = {
    "everybody": ("*", True),
    "every account": ({"AWS": "*"}, True),
    "the account": ({"AWS": ["111111111111"]}, True),
    "its root": ({"AWS": "arn:aws:iam::111111111111:root"}, True),
    "the role": ({"AWS": ROLE}, True),
    "another role": ({"AWS": ROLE + "s"}, False),
    "a service": ({"Service": "ecs.amazonaws.com"}, False),
    "nobody": ({"AWS": ""}, False),
}


@pytest.mark.parametrize("case", PRINCIPALS)
def test_whom_a_statement_means(case):
    principal, answer = PRINCIPALS[case]
    assert applies(statement(Principal=principal), QUESTION, CALLER) is answer


@pytest.mark.parametrize(
    "given", [{"NotPrincipal": "*"}, {"Principal": {"CanonicalUser": "a"}}], ids=["NotPrincipal", "CanonicalUser"]
)
def test_principals_that_are_not_known(given):
    with pytest.raises(UnsupportedError):
        applies(statement(**given), QUESTION, CALLER)


def test_a_statement_without_a_principal_means_nobody():
    assert not applies(statement(), QUESTION, CALLER)


def test_a_deny_counts_more_than_all_that_allows():
    allow, deny = statement(), statement("Deny", Resource="arn:aws:s3:::bucket/a/*")
    assert decide([{"Statement": allow}], QUESTION) is Decision.ALLOWED
    assert decide([{"Statement": [deny]}, {"Statement": [allow]}], QUESTION) is Decision.DENIED
    assert decide([{"Statement": []}], QUESTION) is Decision.SILENT


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        ([statement(Action="*")], True),
        ([statement(Action=["*"], Resource=["*"])], True),
        ([statement()], False),
        ([statement(Action="*"), statement("Deny")], False),
        ([statement(Action="*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})], False),
    ],
    ids=["all", "in lists", "one service", "with a deny", "under a condition"],
)
def test_who_may_do_everything(given, answer):
    assert allow_everything([{"Statement": given}]) is answer
