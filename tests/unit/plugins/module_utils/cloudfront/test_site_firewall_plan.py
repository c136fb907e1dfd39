# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site's firewall is made of."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.cloudfront.site_firewall_plan import (
    BAD_INPUTS,
    CORE,
    web_acls,
)

from tests.unit.plugins.module_utils.cloudfront.site_example import site

KEY = "arn:aws:kms:us-east-1:222222222222:key/1"


def rules(document):
    return {rule["Name"].removeprefix("slipway-"): rule for rule in document["rules"]}


@pytest.mark.parametrize(("mode", "action", "override"), [("count", "Count", "Count"), ("block", "Block", "None")])
def test_the_mode_holds_for_all_rules_but_the_allowed(mode, action, override):
    given = {"waf_allow_cidrs": ["198.51.100.0/24"], "waf_block_cidrs": ["203.0.113.0/24"]}
    front, _behind = web_acls(site(waf_mode=mode, waf_block_countries=["KP"], **given))
    found = {name: rule.get("Action") or rule["OverrideAction"] for name, rule in rules(front).items()}
    assert found == {
        "allow": {"Allow": {}},
        "block": {action: {}},
        "countries": {action: {}},
        "rate": {action: {}},
        "reputation": {override: {}},
        "core": {override: {}},
        "bad-inputs": {override: {}},
    }


def test_without_addresses_and_countries_there_are_no_rules_about_them():
    front, _behind = web_acls(site())
    assert list(rules(front)) == ["rate", "reputation", "core", "bad-inputs"]
    assert [item["addresses"] for item in front["ip_sets"]] == [[], [], [], []]
    assert rules(front)["bad-inputs"]["Statement"]["ManagedRuleGroupStatement"]["Name"] == BAD_INPUTS


def test_priorities_are_unique_and_those_allowed_come_first():
    given = {"waf_allow_cidrs": ["198.51.100.0/24"], "waf_block_cidrs": ["203.0.113.0/24"]}
    front, _behind = web_acls(site(waf_allow_countries=["CH"], **given))
    priorities = [rule["Priority"] for rule in front["rules"]]
    assert len(set(priorities)) == len(priorities)
    assert rules(front)["allow"]["Priority"] == min(priorities)


def test_addresses_of_both_versions_are_one_rule():
    given = {"waf_block_cidrs": ["203.0.113.0/24", "2001:db8::/32"], "waf_allow_cidrs": ["192.0.2.1/32"]}
    front, _behind = web_acls(site(**given))
    assert rules(front)["block"]["Statement"] == {
        "OrStatement": {
            "Statements": [
                {"IPSetReferenceStatement": {"ARN": "slipway-staging-site-block-v4"}},
                {"IPSetReferenceStatement": {"ARN": "slipway-staging-site-block-v6"}},
            ]
        }
    }
    assert rules(front)["allow"]["Statement"] == {"IPSetReferenceStatement": {"ARN": "slipway-staging-site-allow-v4"}}


def test_a_list_of_countries_allowed_keeps_out_all_others():
    front, _behind = web_acls(site(waf_allow_countries=["CH", "AT"]))
    statement = rules(front)["outside"]["Statement"]
    assert statement == {"NotStatement": {"Statement": {"GeoMatchStatement": {"CountryCodes": ["CH", "AT"]}}}}


def test_a_rule_of_a_group_can_be_counted_alone():
    front, _behind = web_acls(site(waf_count_rules={CORE: ["SizeRestrictions_BODY"]}))
    group = rules(front)["core"]["Statement"]["ManagedRuleGroupStatement"]
    assert group["RuleActionOverrides"] == [{"Name": "SizeRestrictions_BODY", "ActionToUse": {"Count": {}}}]
    assert "RuleActionOverrides" not in rules(front)["bad-inputs"]["Statement"]["ManagedRuleGroupStatement"]


def test_the_load_balancer_is_not_guarded_by_where_requests_come_from():
    """What came through CloudFront comes from CloudFront: a rate or a country would bar all visitors at once."""
    given = {"waf_block_cidrs": ["203.0.113.0/24"], "waf_allow_countries": ["CH"]}
    front, behind = web_acls(site(alb_waf=True, alb_arn="arn:alb", **given))
    assert list(rules(behind)) == ["reputation", "core", "bad-inputs"]
    assert (behind["scope"], behind["resources"], behind["state"]) == ("REGIONAL", ["arn:alb"], "present")
    assert (front["region"], behind["region"]) == ("us-east-1", "eu-central-1")


def test_it_may_have_none():
    _front, behind = web_acls(site())
    assert (behind["state"], behind["resources"]) == ("absent", [])


@pytest.mark.parametrize(("region", "key"), [("us-east-1", KEY), ("eu-central-1", "")])
def test_a_key_serves_the_log_groups_of_its_region(region, key):
    front, behind = web_acls(site(region=region, waf_log_kms_key_arn=KEY))
    assert (front["log_kms_key_arn"], behind["log_kms_key_arn"]) == (KEY, key)


def test_log_groups_have_the_names_that_waf_writes_to():
    assert all(document["log_group"].startswith("aws-waf-logs-") for document in web_acls(site()))
