# SPDX-License-Identifier: GPL-3.0-or-later
"""States of a web ACL with its IP sets and log, and the steps out of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.web_acl_plan import (
    Acl,
    IpSet,
    Snapshot,
    Wanted,
    acl_view,
    logging_view,
    merged_rules,
    plan_absent,
    plan_present,
    visibility,
    with_arns,
)

ARN = "arn:aws:wafv2:us-east-1:1:global/webacl/site/1"
SET = "arn:aws:wafv2:us-east-1:1:global/ipset/bad/1"
ALB = "arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/a/1"
GROUP = {"retention_days": 30, "kms_key_arn": ""}
LIVE_SET = IpSet("IPV4", ("203.0.113.0/24",), "1", SET, "t")


def rule(name, priority, reference=None):
    statement = {"IPSetReferenceStatement": {"ARN": reference}} if reference else {"GeoMatchStatement": {"X": ["CH"]}}
    return {"Name": name, "Priority": priority, "Statement": {"OrStatement": {"Statements": [statement]}}}


OURS = [rule("slipway-bad", 20, "bad"), rule("slipway-rate", 50)]
WANTED = Wanted(
    name="site",
    description="Slipway",
    rules=OURS,
    ip_sets={"bad": IpSet("IPV4", ("203.0.113.0/24",)), "good": IpSet("IPV6", ())},
    log_group="aws-waf-logs-site",
    group=GROUP,
    redacted_headers=["Cookie"],
    resources=[],
    tags={"a": "1"},
)
LOGGING = {
    "ResourceArn": ARN,
    "LogDestinationConfigs": ["arn:aws:logs:us-east-1:1:log-group:aws-waf-logs-site:*"],
    "RedactedFields": [{"SingleHeader": {"Name": "cookie"}}],
    "LoggingFilter": {
        "DefaultBehavior": "DROP",
        "Filters": [
            {
                "Behavior": "KEEP",
                "Requirement": "MEETS_ANY",
                "Conditions": [
                    {"ActionCondition": {"Action": action}} for action in ("COUNT", "BLOCK", "EXCLUDED_AS_COUNT")
                ],
            }
        ],
    },
}
CONFIG = {
    "ARN": ARN,
    "DefaultAction": {"Allow": {}},
    "Description": "Slipway",
    "VisibilityConfig": visibility("site"),
    "Rules": [rule("slipway-rate", 50), rule("slipway-bad", 20, SET)],
}
ACL = Acl("1", ARN, "t", CONFIG, {"a": "1"}, LOGGING)
THERE = Snapshot(ACL, {"bad": LIVE_SET}, GROUP)
ALL = ["put IP set bad", "put log group aws-waf-logs-site", "put web ACL site", "put the log of site"]


def acl(**config):
    return replace(THERE, acl=replace(ACL, config={**CONFIG, **config}))


@pytest.mark.parametrize(
    ("snapshot", "wanted", "labels"),
    [
        (Snapshot(None, {}, None), WANTED, ALL),
        (THERE, WANTED, []),
        (replace(THERE, ip_sets={"bad": replace(LIVE_SET, addresses=("198.51.100.0/24",))}), WANTED, ALL[:1]),
        (replace(THERE, log_group={**GROUP, "retention_days": 0}), WANTED, ALL[1:2]),
        (acl(DefaultAction={"Block": {}}), WANTED, ALL[2:3]),
        (acl(VisibilityConfig={**visibility("site"), "SampledRequestsEnabled": False}), WANTED, ALL[2:3]),
        (acl(Rules=[*CONFIG["Rules"], rule("slipway-old", 60)]), WANTED, ALL[2:3]),
        (acl(Rules=[*CONFIG["Rules"], rule("attack", 5)]), WANTED, []),
        (acl(CaptchaConfig={"x": 1}), WANTED, []),
        (replace(THERE, acl=replace(ACL, logging=None)), WANTED, ALL[3:]),
        (THERE, replace(WANTED, redacted_headers=["cookie", "authorization"]), ALL[3:]),
        (THERE, replace(WANTED, tags={"a": "2"}), ["tag site"]),
        (THERE, replace(WANTED, resources=[ALB]), [f"associate {ALB}"]),
        (replace(THERE, resources={ALB: ARN}), replace(WANTED, resources=[ALB]), []),
        (Snapshot(None, {}, None), replace(WANTED, resources=[ALB]), [*ALL, f"associate {ALB}"]),
        (
            THERE,
            replace(WANTED, rules=OURS[1:], ip_sets={"bad": IpSet("IPV4", ())}),
            ["put web ACL site", "delete IP set bad"],
        ),
    ],
)
def test_steps(snapshot, wanted, labels):
    plan = plan_present(snapshot, wanted)
    assert [step.label for step in plan.steps] == labels
    assert plan.blocked == ""
    assert (plan.diff()["before"] != plan.diff()["after"]) is (bool(labels) and labels != [f"associate {ALB}"])


def test_ipv6_is_compared_however_it_is_written():
    """AWS answers with the address written out in full."""
    full = IpSet("IPV6", ("2001:0db8:0000:0000:0000:0000:0000:0000/32",))
    assert full.view() == IpSet("IPV6", ("2001:db8::/32",)).view()


def test_a_rule_of_somebody_else_stays_where_it_is():
    merged = merged_rules(acl(Rules=[*CONFIG["Rules"], rule("attack", 5, SET)]), WANTED)
    assert [item["Name"] for item in merged] == ["attack", "slipway-bad", "slipway-rate"]
    assert merged[0]["Statement"] == rule("x", 0, "bad")["Statement"]


def test_two_rules_of_one_priority_are_refused():
    plan = plan_present(acl(Rules=[*CONFIG["Rules"], rule("attack", 50)]), WANTED)
    assert plan.steps == ()
    assert plan.blocked.startswith("rules slipway-rate and attack both have priority 50")


def test_a_load_balancer_does_not_lose_the_firewall_it_has():
    plan = plan_present(replace(THERE, resources={ALB: "arn:other"}), replace(WANTED, resources=[ALB]))
    assert plan.steps == ()
    assert "has the web ACL arn:other: it would lose that protection" in plan.blocked


def test_names_become_arns_and_arns_names():
    assert with_arns(OURS, {"bad": SET})[0] == rule("slipway-bad", 20, SET)
    assert acl_view(THERE)["Rules"] == OURS
    assert with_arns([rule("x", 1, "unknown")], {}) == [rule("x", 1, "unknown")]


def test_a_web_acl_without_a_log_has_no_view_of_one():
    assert logging_view(None) is None
    assert acl_view(Snapshot(None, {}, None))["Rules"] == []


@pytest.mark.parametrize(
    ("snapshot", "labels"),
    [
        (Snapshot(None, {}, None), []),
        (Snapshot(None, {"bad": LIVE_SET}, GROUP), ["delete IP set bad", "delete log group aws-waf-logs-site"]),
        (
            replace(THERE, resources={ALB: ARN, "other": "arn:other"}),
            [
                f"disassociate {ALB}",
                "stop the log of site",
                "delete web ACL site",
                "delete IP set bad",
                "delete log group aws-waf-logs-site",
            ],
        ),
        (replace(THERE, acl=replace(ACL, logging=None), ip_sets={}, log_group=None), ["delete web ACL site"]),
    ],
)
def test_steps_to_none(snapshot, labels):
    assert [step.label for step in plan_absent(snapshot, WANTED).steps] == labels
