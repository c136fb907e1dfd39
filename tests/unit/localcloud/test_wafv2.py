# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS WAF's API as boto3 sees it: each test fails on plain moto."""

from __future__ import annotations

import pytest

from tests.unit.localcloud.test_cloudfront import VISIBLE, distribution, name, refused


@pytest.fixture(scope="module")
def waf(cloud):
    return cloud.client("wafv2")


def rule(statement, priority=0, **action):
    chosen = action or {"Action": {"Block": {}}}
    return {"Name": name(), "Priority": priority, "Statement": statement, "VisibilityConfig": VISIBLE, **chosen}


RATE = {"RateBasedStatement": {"Limit": 100, "AggregateKeyType": "IP"}}
COMMON = {"ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": "AWSManagedRulesCommonRuleSet"}}


def create(waf, *rules, mine=None):
    return waf.create_web_acl(
        Name=mine or name(),
        Scope="CLOUDFRONT",
        DefaultAction={"Allow": {}},
        VisibilityConfig=VISIBLE,
        Rules=list(rules),
    )["Summary"]


def get(waf, acl):
    return waf.get_web_acl(Name=acl["Name"], Scope="CLOUDFRONT", Id=acl["Id"])


def test_a_web_acl_comes_back_without_what_was_not_given(waf):
    acl = create(waf, rule(COMMON, 1, OverrideAction={"Count": {}}), rule(RATE, 2))
    found = get(waf, acl)["WebACL"]
    assert "CustomResponseBodies" not in found
    assert [sorted(item) for item in found["Rules"]] == [
        ["Name", "OverrideAction", "Priority", "Statement", "VisibilityConfig"],
        ["Action", "Name", "Priority", "Statement", "VisibilityConfig"],
    ]
    assert found["Capacity"] == 702


def test_names_are_unique(waf):
    acl = create(waf)
    with refused("WAFDuplicateItemException", 400):
        create(waf, mine=acl["Name"])
    mine = name()
    waf.create_ip_set(Name=mine, Scope="CLOUDFRONT", IPAddressVersion="IPV4", Addresses=[])
    with refused("WAFDuplicateItemException"):
        waf.create_ip_set(Name=mine, Scope="CLOUDFRONT", IPAddressVersion="IPV4", Addresses=[])


def test_an_update_replaces_all_rules(waf):
    acl = create(waf, rule(RATE))
    waf.update_web_acl(
        Name=acl["Name"],
        Scope="CLOUDFRONT",
        Id=acl["Id"],
        LockToken=get(waf, acl)["LockToken"],
        DefaultAction={"Allow": {}},
        VisibilityConfig=VISIBLE,
        Rules=[],
    )
    assert get(waf, acl)["WebACL"]["Rules"] == []


@pytest.mark.parametrize(
    "rules",
    [
        [rule(RATE, 1), rule(RATE, 1)],
        [rule(COMMON)],
        [rule(RATE, 1, OverrideAction={"None": {}})],
    ],
)
def test_rules_that_aws_refuses(waf, rules):
    with refused("WAFInvalidParameterException"):
        create(waf, *rules)


@pytest.mark.parametrize(
    "statement",
    [
        {"IPSetReferenceStatement": {"ARN": "arn:aws:wafv2:us-east-1:111111111111:global/ipset/none/1"}},
        {"ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": "AWSManagedRulesNoSuchRuleSet"}},
    ],
)
def test_what_a_rule_refers_to_must_exist(waf, statement):
    action = {"OverrideAction": {"None": {}}} if "ManagedRuleGroupStatement" in statement else {}
    with refused("WAFNonexistentItemException"):
        create(waf, rule(statement, 0, **action))


@pytest.mark.parametrize("address", ["192.0.2.1", "192.0.2.1/24", "text", "2001:db8::/32"])
def test_an_ip_set_holds_ranges_of_its_version(waf, address):
    with refused("WAFInvalidParameterException"):
        waf.create_ip_set(Name=name(), Scope="CLOUDFRONT", IPAddressVersion="IPV4", Addresses=[address])
    mine = name()
    made = waf.create_ip_set(Name=mine, Scope="CLOUDFRONT", IPAddressVersion="IPV4", Addresses=["192.0.2.0/24"])
    with refused("WAFInvalidParameterException"):
        waf.update_ip_set(
            Name=mine,
            Scope="CLOUDFRONT",
            Id=made["Summary"]["Id"],
            Addresses=[address],
            LockToken=made["Summary"]["LockToken"],
        )


def test_a_web_acl_in_use_cannot_be_deleted(cloud, waf):
    acl = create(waf)
    cloud.client("cloudfront").create_distribution(DistributionConfig=distribution(WebACLId=acl["ARN"]))
    with refused("WAFAssociatedItemException"):
        waf.delete_web_acl(Name=acl["Name"], Scope="CLOUDFRONT", Id=acl["Id"], LockToken=get(waf, acl)["LockToken"])


def test_a_resource_has_one_web_acl(waf):
    regional = [
        waf.create_web_acl(
            Name=name(), Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=VISIBLE, Rules=[]
        )["Summary"]
        for _ in range(2)
    ]
    balancer = f"arn:aws:elasticloadbalancing:us-east-1:111111111111:loadbalancer/app/{name()}/0123456789abcdef"
    for acl in (*regional, regional[1]):
        waf.associate_web_acl(WebACLArn=acl["ARN"], ResourceArn=balancer)
    assert waf.get_web_acl_for_resource(ResourceArn=balancer)["WebACL"]["ARN"] == regional[1]["ARN"]
    waf.disassociate_web_acl(ResourceArn=balancer)
    assert waf.get_web_acl_for_resource(ResourceArn=balancer).get("WebACL") is None


def test_logging_configurations(waf):
    acl = create(waf)
    group = "arn:aws:logs:us-east-1:111111111111:log-group:aws-waf-logs-x"
    config = {"ResourceArn": acl["ARN"], "LogDestinationConfigs": [group]}
    waf.put_logging_configuration(LoggingConfiguration=config)
    listed = waf.list_logging_configurations(Scope="CLOUDFRONT")["LoggingConfigurations"]
    assert [item for item in listed if item["ResourceArn"] == acl["ARN"]] == [
        {**config, "ManagedByFirewallManager": False}
    ]
    with refused("WAFInvalidParameterException"):
        waf.put_logging_configuration(
            LoggingConfiguration={**config, "LogDestinationConfigs": [group.replace("aws-waf-logs", "other")]}
        )
    with refused("WAFNonexistentItemException"):
        waf.put_logging_configuration(LoggingConfiguration={**config, "ResourceArn": f"{acl['ARN']}x"})


def test_managed_rule_groups_are_listed(waf):
    groups = waf.list_available_managed_rule_groups(Scope="CLOUDFRONT")["ManagedRuleGroups"]
    assert "AWSManagedRulesCommonRuleSet" in {item["Name"] for item in groups}


def test_lists_have_no_marker_at_their_end(waf):
    assert "NextMarker" not in waf.list_web_acls(Scope="CLOUDFRONT")
    assert "NextMarker" not in waf.list_ip_sets(Scope="CLOUDFRONT")
