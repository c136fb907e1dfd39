# SPDX-License-Identifier: GPL-3.0-or-later
"""Each row of the doctor as a table: what was read, the status, and what is said."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.doctor import (
    account_plan,
    atlas_plan,
    github_plan,
    names_plan,
    permissions_plan,
    quota_plan,
)
from ansible_collections.slipway.ops.plugins.module_utils.doctor.row_plan import (
    FAILURE,
    OK,
    WARNING,
    Row,
    Unread,
    not_looked,
    table,
)

ACCOUNT, REGION = "222222222222", "us-east-1"
BROKEN, REFUSED = Unread("timed out"), Unread("not authorized", denied=True)
ARN = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/1"
NOW = 1_000_000_000.0
DAY = names_plan.DAY


def check(row, status, found):
    """The row has the status and says so; what is not ok has a remedy."""
    assert (row.status, found in row.found) == (status, True), row
    assert bool(row.remedy) is (status != OK), row


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (BROKEN, [(FAILURE, "no usable AWS credentials: timed out")]),
        (account_plan.Identity(ACCOUNT, "arn:me"), [(OK, "arn:me"), (OK, "222222222222, as inventories/staging")]),
        (account_plan.Identity("3", "arn:me"), [(OK, "arn:me"), (FAILURE, "belong to 3, inventories/staging to 2222")]),
    ],
    ids=["none", "right", "wrong account"],
)
def test_identity(found, expected):
    for row, (status, said) in zip(account_plan.identity_rows(found, ACCOUNT, "staging"), expected, strict=True):
        check(row, status, said)


@pytest.mark.parametrize(
    ("skew", "status", "said"),
    [
        (0.0, OK, "to the second"),
        (60.0, OK, "60 s ahead of AWS"),
        (-61.0, WARNING, "61 s behind AWS"),
        (240.0, WARNING, "240 s ahead"),
        (241.0, FAILURE, "241 s ahead"),
        (BROKEN, WARNING, "AWS told no time: timed out"),
    ],
    ids=["same", "a minute", "more", "four minutes", "too much", "not told"],
)
def test_clock(skew, status, said):
    check(account_plan.clock_row(skew), status, said)


@pytest.mark.parametrize(
    ("opted", "status", "said"),
    [
        ("opt-in-not-required", OK, "us-east-1 is enabled"),
        ("opted-in", OK, "is enabled"),
        ("not-opted-in", FAILURE, "not enabled in this account"),
        (None, FAILURE, "AWS has no region us-east-1"),
        (BROKEN, FAILURE, "could not be looked at: timed out"),
        (REFUSED, WARNING, "looking was refused (not authorized)"),
    ],
    ids=["old", "opted in", "not opted in", "none", "broken", "refused"],
)
def test_region(opted, status, said):
    check(account_plan.region_row(REGION, opted), status, said)


@pytest.mark.parametrize(
    ("states", "status", "said"),
    [
        ({"a": "available", "b": "available", "c": "impaired"}, OK, "a, b available"),
        ({"a": "available", "b": "impaired"}, FAILURE, "b is impaired"),
        ({}, FAILURE, "a is not there, b is not there"),
        (BROKEN, FAILURE, "timed out"),
    ],
    ids=["fine", "impaired", "none", "broken"],
)
def test_zones(states, status, said):
    check(account_plan.zones_row(["a", "b"], states), status, said)


INVENTORY = {
    "services": [
        {
            "name": "api",
            "max_count": 10,
            "cpu": 512,
            "workers": [{"name": "w", "desired_count": 2}, {"name": "x", "cpu": 1024}],
            "schedules": [{"name": "s", "cpu": 256}],
        },
        {"name": "jobs", "kind": "worker"},
    ],
    "defaults": {"cpu": 256, "max_count": 6},
    "zones": ["a", "b"],
    "nat": "per_zone",
    "gpu": None,
}
GPU = {"count": 2, "vcpus": 48, "purchase": "on_demand"}


def test_needs():
    # Both colors of ten tasks, workers twice, the schedule once; a worker's tasks twice.
    fargate = -(-(2 * (5120 + 1024 + 1024) + 256 + 2 * 1536) // 1024)
    expected = {
        "rules-per-application-load-balancer": 2,
        "target-groups": 2,
        "vpcs": 1,
        "addresses": 2,
        "fargate_vcpus": fargate,
        "gpu_vcpus": 0,
        "gpu_spot_vcpus": 0,
    }
    assert quota_plan.needs(INVENTORY) == expected
    with_gpu = quota_plan.needs({**INVENTORY, "gpu": GPU, "nat": "single"})
    assert with_gpu == {**expected, "gpu_vcpus": 96, "target-groups": 3, "addresses": 1}
    spot = quota_plan.needs({**INVENTORY, "gpu": {**GPU, "purchase": "spot"}, "nat": "none"})
    assert (spot["gpu_vcpus"], spot["gpu_spot_vcpus"], spot["addresses"]) == (0, 96, 0)


QUOTA = {quota.key: quota for quota in quota_plan.QUOTAS}


@pytest.mark.parametrize(
    ("key", "limit", "others", "status", "said", "remedy"),
    [
        ("fargate_vcpus", 1000.0, 0, OK, "needs 4 vCPUs, the quota is 1000", ""),
        ("fargate_vcpus", 3.0, 0, FAILURE, "the quota is 3", "--quota-code L-3032A538 --desired-value 4"),
        ("addresses", 5.0, 0, OK, "needs 4", ""),
        ("addresses", 5.0, 1, WARNING, "others have 1, the quota is 5: nearly all", "--desired-value 10"),
        ("addresses", 5.0, 2, FAILURE, "others have 2", "--service-code ec2"),
        ("target-groups", 5.0, 4, FAILURE, "others have 4", "ask for 8 target groups in Service Quotas"),
        ("addresses", None, 0, WARNING, "AWS tells no quota", "Service Quotas"),
        ("addresses", REFUSED, 0, WARNING, "refused", "servicequotas:GetServiceQuota"),
        ("addresses", 5.0, REFUSED, WARNING, "refused", "ec2:DescribeAddresses"),
        ("target-groups", REFUSED, 0, WARNING, "refused", "elasticloadbalancing:DescribeAccountLimits"),
        ("target-groups", BROKEN, 0, FAILURE, "timed out", "doctor.yml"),
    ],
)
def test_quotas(key, limit, others, status, said, remedy):
    [row] = quota_plan.quota_rows([quota_plan.Use(QUOTA[key], 4, limit, others)], REGION)
    check(row, status, said)
    assert remedy in row.remedy


def test_what_is_not_needed_is_no_row():
    assert quota_plan.quota_rows([quota_plan.Use(QUOTA["gpu_vcpus"], 0, BROKEN)], REGION) == []


def certificate(**changed):
    given = {"arn": ARN, "status": "ISSUED", "names": ("example.com", "*.example.com"), "ends": NOW + 90 * DAY}
    return names_plan.Certificate(**{**given, **changed})


PENDING = certificate(status="PENDING_VALIDATION", ends=None)
UNRENEWED = certificate(ends=NOW + 29 * DAY, renewal="PENDING_VALIDATION")


@pytest.mark.parametrize(
    ("found", "names", "status", "said"),
    [
        (certificate(), ("www.example.com",), OK, "valid for 90 more days"),
        (UNRENEWED, (), WARNING, "29 more days (renewal: PENDING_VALIDATION)"),
        (certificate(ends=NOW + 3 * DAY), (), WARNING, "valid for 3 more days"),
        (certificate(ends=NOW), (), FAILURE, "has expired"),
        (PENDING, (), FAILURE, "is PENDING_VALIDATION"),
        (certificate(), ("a.b.example.com",), FAILURE, "is not for a.b.example.com"),
        (None, (), FAILURE, "does not exist"),
        (REFUSED, (), WARNING, "refused"),
    ],
    ids=["fine", "unrenewed", "soon", "expired", "pending", "another name", "none", "refused"],
)
def test_certificates(found, names, status, said):
    [row] = names_plan.certificate_rows([(names_plan.Purpose("site", ARN, names), found)], NOW)
    check(row, status, said)


def test_a_certificate_that_is_yet_to_be_requested():
    [row] = names_plan.certificate_rows([(names_plan.Purpose("site", "", ("example.com",), REGION), None)], NOW)
    check(row, OK, "none for example.com yet")


@pytest.mark.parametrize(
    ("private", "status", "said"),
    [
        ([False, True], OK, "example.com is here"),
        ([False, False], WARNING, "2 public zones"),
        ([True], FAILURE, "no public hosted zone"),
        ([], FAILURE, "no public hosted zone"),
        (REFUSED, WARNING, "refused"),
    ],
    ids=["one", "two", "private", "none", "may not look"],
)
def test_zone(private, status, said):
    [row] = names_plan.zone_rows("example.com", private)
    check(row, status, said)
    assert names_plan.zone_rows("", private) == []


def test_no_certificates():
    [row] = names_plan.certificate_rows([], NOW)
    check(row, OK, "names none")


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("Example.com", "example.com.", True),
        ("*.example.com", "a.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", "a.b.example.com", False),
        ("*.example.com", "*.example.com", False),
        ("*.example.com", ".example.com", False),
    ],
)
def test_names_of_a_certificate(pattern, name, fits):
    assert names_plan.covers(pattern, name) is fits


def test_dns():
    [row] = names_plan.name_rows({})
    check(row, OK, "names no host")
    lost, found = names_plan.name_rows({"a.example": ["192.0.2.1"], "b.example": BROKEN})
    check(lost, WARNING, "timed out")
    check(found, OK, "a.example resolved")
    [only] = names_plan.name_rows({"b.example": BROKEN})
    assert only.check == "DNS: b.example"


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        ("arn:aws:iam::1:root", ("root", "")),
        ("arn:aws:iam::1:user/path/ada", ("user", "ada")),
        ("arn:aws:sts::1:assumed-role/deploy/session", ("role", "deploy")),
        ("arn:aws:sts::1:federated-user/ada", ("other", "federated-user/ada")),
    ],
)
def test_principal(arn, expected):
    assert permissions_plan.principal(arn) == expected


def result(action, decision, *missing):
    return {"EvalActionName": action, "EvalDecision": decision, "MissingContextValues": list(missing)}


def test_decisions_take_the_worst_of_an_action():
    found = permissions_plan.decisions(
        [
            result("b:Two", "allowed"),
            result("b:Two", "implicitDeny", "aws:RequestTag/a"),
            result("a:One", "allowed"),
            result("c:Three", "explicitDeny", "aws:RequestTag/a"),
            result("c:Three", "allowed"),
        ]
    )
    assert [(each.action, each.allowed, each.unknown) for each in found] == [
        ("a:One", True, False),
        ("b:Two", False, True),
        ("c:Three", False, False),
    ]


def test_what_is_asked_for_is_what_policies_would_allow():
    present = {"ecs:cluster": "false", "ec2:CreateAction": "false"}
    condition = {"StringEquals": {"aws:ResourceTag/a": "x", "ecs:cluster": ["c", "d"]}, "Null": present}
    plain = {"Action": ["a:One"], "Resource": ["*"]}
    found = permissions_plan.asked([{"Statement": [plain, {**plain, "Condition": condition}]}, {"Statement": []}])
    assert found == [
        {"actions": ["a:One"], "resources": ["*"], "context": {}},
        {
            "actions": ["a:One"],
            "resources": ["*"],
            "context": {"aws:ResourceTag/a": ["x"], "ecs:cluster": ["c", "d"], "ec2:CreateAction": ["any"]},
        },
    ]


def decided(**actions):
    return [permissions_plan.Decision(name, value is True, value is None) for name, value in actions.items()]


@pytest.mark.parametrize(
    ("kind", "found", "status", "said"),
    [
        ("role", decided(a=True, b=True), OK, "all 2 actions are allowed"),
        ("role", decided(a=True, b=False, c=None), FAILURE, "1 of 3 actions are refused: b"),
        ("user", decided(a=True, c=None), WARNING, "1 under conditions: c"),
        ("role", decided(**{f"a{n}": False for n in range(10)}), FAILURE, "a7 and 2 more"),
        ("role", REFUSED, WARNING, "refused"),
        ("role", BROKEN, FAILURE, "timed out"),
        ("root", [], WARNING, "root user"),
        ("role", [], OK, "nothing was asked for"),
    ],
    ids=["all", "some refused", "conditions", "many", "may not ask", "broken", "root", "none"],
)
def test_permissions(kind, found, status, said):
    check(permissions_plan.permission_row(kind, found), status, said)


RULE = {"type": "required_reviewers", "prevent_self_review": True, "reviewers": [{"reviewer": {"login": "ada"}}]}
BRANCHES = {"protected_branches": True, "custom_branch_policies": False}


def environment(*rules, **changed):
    return {
        "protection_rules": list(rules),
        "deployment_branch_policy": BRANCHES,
        "can_admins_bypass": False,
        **changed,
    }


@pytest.mark.parametrize(
    ("found", "reviewers", "status", "said"),
    [
        (environment(RULE), True, OK, "protected branches only; asks ada"),
        (
            environment(deployment_branch_policy={"protected_branches": False}),
            False,
            OK,
            "listed branches only; asks nobody",
        ),
        (environment(), True, FAILURE, "it asks no reviewers"),
        (environment(protection_rules=None), True, FAILURE, "it asks no reviewers"),
        (environment({**RULE, "prevent_self_review": False}), True, FAILURE, "who starts a run may approve it"),
        (environment(RULE, deployment_branch_policy=None), True, FAILURE, "any branch may deploy"),
        (environment(RULE, can_admins_bypass=True), True, WARNING, "administrators may pass by"),
        (environment({**RULE, "reviewers": [{"type": "Team"}]}), False, OK, "asks a team"),
        (None, False, FAILURE, "does not exist"),
        (REFUSED, True, WARNING, "refused"),
    ],
    ids=["gate", "staging", "nobody", "no rules", "self", "branches", "administrators", "team", "none", "refused"],
)
def test_github(found, reviewers, status, said):
    check(github_plan.environment_row("o/r", "production", found, reviewers=reviewers), status, said)


def test_github_without_token():
    [row] = github_plan.without_token([])
    check(row, OK, "no repository deploys here")
    [row] = github_plan.without_token([{"repository": "o/b"}, {"repository": "o/a"}, {"repository": "o/a"}])
    check(row, WARNING, "there is no token: o/a, o/b")


@pytest.mark.parametrize(
    ("roles", "container", "status", "said"),
    [
        (["GROUP_OWNER"], False, OK, "Project Owner"),
        (["GROUP_NETWORK_ACCESS_MANAGER"], True, OK, "the network container is there"),
        (["GROUP_NETWORK_ACCESS_MANAGER"], False, FAILURE, "not enough"),
        (["GROUP_READ_ONLY"], True, FAILURE, "GROUP_READ_ONLY: not enough"),
        ([], True, FAILURE, "none: not enough"),
        (None, True, WARNING, "not the project's owner"),
        (None, False, FAILURE, "not the project's owner"),
    ],
    ids=["owner", "network", "network alone", "reader", "none", "untold", "untold and needed"],
)
def test_atlas_role(roles, container, status, said):
    check(atlas_plan.role_row(roles, container=container), status, said)


def test_atlas_credentials():
    check(atlas_plan.credentials_row("p", ""), OK, "project p answers")
    check(atlas_plan.credentials_row("p", "HTTP 401"), FAILURE, "HTTP 401")
    check(atlas_plan.missing("A and B")[0], FAILURE, "A and B")


def test_the_table_shows_all_and_explains_what_is_not_ok():
    rows = [
        Row("region", OK, "fine").as_dict(),
        Row("quota: rules", FAILURE, "x" * 80, "ask for more").as_dict(),
        not_looked("DNS", "nobody asked").as_dict(),
    ]
    assert table(rows) == [
        "check         status   found",
        "------------  -------  ------------------------------------------------------------------------",
        "region        ok       fine",
        f"quota: rules  failure  {'x' * 69}...",
        "DNS           warning  not looked at: nobody asked",
        "",
        f"failure: quota: rules: {'x' * 80}",
        "    ask for more",
        "warning: DNS: not looked at: nobody asked",
        "    mend that first, then run doctor.yml again",
        "",
        "1 failure, 1 warning, 1 ok",
    ]
    assert table(rows[:1])[-2:] == ["", "0 failures, 0 warnings, 1 ok"]
