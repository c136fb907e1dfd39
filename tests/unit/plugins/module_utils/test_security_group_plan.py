# SPDX-License-Identifier: GPL-3.0-or-later
"""States of a security group and the steps out of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.security_group_plan import (
    AT_FIRST,
    Group,
    Rule,
    RuleError,
    Wanted,
    permission,
    plan_group,
    rules_from,
    rules_of,
)

HTTP = Rule(True, "tcp", (80, 80), "IpRanges", "0.0.0.0/0")
HTTPS = replace(HTTP, ports=(443, 443))
OUT = Rule(False, "tcp", (1, 65535), "IpRanges", "10.0.0.0/16")
RULES = {HTTP: "web", OUT: "services"}
GROUP = Group("g", "a group", RULES, {"team": "x"}, "sg-1")
WANTED = Wanted(Group("g", "a group", RULES), tags={"team": "x"})


@pytest.mark.parametrize(
    ("existing", "wanted", "actions"),
    [
        pytest.param([GROUP], WANTED, [], id="as it is"),
        pytest.param([], WANTED, ["create", "authorize in", "authorize out", "revoke out"], id="none there"),
        pytest.param([], Wanted(Group("g", "d", {AT_FIRST: ""})), ["create"], id="what AWS gives is what is wanted"),
        pytest.param([], replace(WANTED, present=False), [], id="none wanted"),
        pytest.param([GROUP], replace(WANTED, present=False), ["delete"], id="not wanted any more"),
        pytest.param([replace(GROUP, rules={OUT: "services"})], WANTED, ["authorize in"], id="rule missing"),
        pytest.param([replace(GROUP, rules={**RULES, HTTPS: ""})], WANTED, ["revoke in"], id="rule too many"),
        pytest.param(
            [replace(GROUP, rules={HTTPS: "web", OUT: "services"})],
            WANTED,
            ["authorize in", "revoke in"],
            id="allowed before forbidden",
        ),
        pytest.param([replace(GROUP, rules={HTTP: "web", OUT: ""})], WANTED, ["describe out"], id="description"),
        pytest.param([replace(GROUP, description="was")], WANTED, [], id="its own description cannot be changed"),
        pytest.param([replace(GROUP, tags={})], WANTED, ["tag"], id="tag missing"),
        pytest.param([replace(GROUP, tags={"team": "x", "a": "", "aws:b": ""})], WANTED, ["untag"], id="tag too many"),
        pytest.param([replace(GROUP, tags={"a": "1"})], replace(WANTED, tags=None), [], id="tags are not ours"),
    ],
)
def test_steps(existing, wanted, actions):
    plan = plan_group(existing, wanted)
    assert [step.action for step in plan.steps] == actions
    assert plan.blocked == ""
    assert bool(plan.steps) == (plan.before != plan.after)


def test_two_groups_of_a_name_are_not_told_apart():
    plan = plan_group([GROUP, replace(GROUP, id="sg-0")], WANTED)
    assert "several security groups are named g (sg-0, sg-1)" in plan.blocked
    assert plan.steps == ()


def test_create_has_tags_and_the_rules_follow():
    create, let_in, _let_out, revoke = plan_group([], WANTED).steps
    tags = [{"ResourceType": "security-group", "Tags": [{"Key": "team", "Value": "x"}]}]
    assert dict(create.arguments) == {"GroupName": "g", "Description": "a group", "TagSpecifications": tags}
    source = {"CidrIp": "0.0.0.0/0", "Description": "web"}
    assert let_in.arguments["IpPermissions"] == [
        {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [source]}
    ]
    assert revoke.arguments["IpPermissions"] == [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    assert "TagSpecifications" not in plan_group([], replace(WANTED, tags=None)).steps[0].arguments


@pytest.mark.parametrize(
    ("given", "rules"),
    [
        ([{"proto": "tcp", "ports": [80], "cidr_ip": ["0.0.0.0/0"], "rule_desc": "web"}], {HTTP: "web"}),
        ([{"proto": "tcp", "ports": [80, 443], "cidr_ip": ["0.0.0.0/0"]}], {HTTP: "", HTTPS: ""}),
        (
            [{"proto": "tcp", "from_port": 1, "to_port": 2, "cidr_ip": ["10.0.0.1/16", "fd00::/8"]}],
            {
                Rule(True, "tcp", (1, 2), "IpRanges", "10.0.0.0/16"): "",
                Rule(True, "tcp", (1, 2), "Ipv6Ranges", "fd00::/8"): "",
            },
        ),
        ([{"proto": "all", "group_id": ["sg-9"]}], {Rule(True, "-1", (-1, -1), "UserIdGroupPairs", "sg-9"): ""}),
        ([], {}),
    ],
    ids=["one", "two ports", "a range and two networks", "a group", "none"],
)
def test_rules_from(given, rules):
    assert rules_from(given, inbound=True) == rules


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({"proto": "tcp", "ports": [80]}, "a rule for tcp names neither cidr_ip nor group_id"),
        ({"proto": "tcp", "cidr_ip": ["10.0.0.0/8"]}, "a rule for tcp needs ports, or from_port and to_port"),
        ({"proto": "tcp", "from_port": 1, "cidr_ip": ["10.0.0.0/8"]}, "needs ports, or from_port and to_port"),
        ({"proto": "udp", "ports": [70000], "cidr_ip": ["10.0.0.0/8"]}, "ports 70000 to 70000, outside of 0 to 65535"),
        ({"proto": "all", "ports": [80], "cidr_ip": ["10.0.0.0/8"]}, "a rule for all protocols has no ports"),
        ({"proto": "all", "to_port": 80, "cidr_ip": ["10.0.0.0/8"]}, "a rule for all protocols has no ports"),
        ({"proto": "tcp", "ports": [80], "cidr_ip": ["10.0.0.0/8/9"]}, "10.0.0.0/8/9 is not a network"),
    ],
    ids=["nobody", "no ports", "half a range", "no such port", "ports of all", "a port of all", "no network"],
)
def test_rules_that_are_none(item, said):
    with pytest.raises(RuleError, match=said):
        rules_from([item], inbound=True)


@pytest.mark.parametrize(
    "described",
    [
        {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "d"}]},
        {"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]},
        {"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1, "PrefixListIds": [{"PrefixListId": "pl-1"}]},
        {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 9, "UserIdGroupPairs": [{"GroupId": "sg-2", "UserId": "222"}]},
    ],
    ids=["network", "everything", "prefix list", "group of another account"],
)
def test_what_aws_describes_can_be_given_back(described):
    ((rule, text),) = rules_of([described], inbound=False).items()
    assert permission(rule, text) == described


def test_diff_reads_well():
    rules = {AT_FIRST: "", HTTP: "web", OUT: ""}
    shown = plan_group([replace(GROUP, rules=rules)], replace(WANTED, present=False)).before["rules"]
    assert shown == ["all to 0.0.0.0/0", "tcp 1-65535 to 10.0.0.0/16", "tcp 80 from 0.0.0.0/0 (web)"]
