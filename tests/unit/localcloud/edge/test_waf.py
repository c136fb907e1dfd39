# SPDX-License-Identifier: GPL-3.0-or-later
"""A web ACL, judged request by request."""

from __future__ import annotations

import base64

import pytest

from localcloud.edge.cache_key import Parts
from localcloud.edge.waf import RATE_INTERVAL, WebAcl

HEADERS = {"host": "site.example", "user-agent": "Mozilla/5.0", "cloudfront-viewer-country": "de"}
PARTS = Parts("GET", "/index.html", "", HEADERS, [])
IP = "192.0.2.7"


def acl(*rules, default="Allow", **more):
    return WebAcl({"Rules": rules, "DefaultAction": {default: {}}, **more})


def rule(statement, action="Block", priority=0, name="rule"):
    return {"Name": name, "Priority": priority, "Statement": statement, "Action": {action: {}}}


def managed(group, override="None", **config):
    statement = {"ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": f"AWSManagedRules{group}", **config}}
    return {"Name": group, "Priority": 1, "Statement": statement, "OverrideAction": {override: {}}}


def field(kind, **detail):
    return {"FieldToMatch": {kind: detail}, "TextTransformations": [{"Priority": 0, "Type": "LOWERCASE"}]}


def text(search, constraint="CONTAINS", **where):
    encoded = base64.b64encode(search.encode()).decode()
    return {
        "ByteMatchStatement": {
            "SearchString": encoded,
            "PositionalConstraint": constraint,
            **(where or field("UriPath")),
        }
    }


PATH = text("/index")
ELSE = text("/other")


@pytest.mark.parametrize(
    ("statement", "matches"),
    [
        (PATH, True),
        (ELSE, False),
        (text("/index.html", "EXACTLY"), True),
        (text("/ind", "STARTS_WITH"), True),
        (text("html", "ENDS_WITH"), True),
        (text("index", "CONTAINS_WORD"), True),
        (text("inde", "CONTAINS_WORD"), False),
        (text("mozilla", **field("SingleHeader", Name="User-Agent")), True),
        (text("get", **field("Method")), True),
        (text("a", **field("Body")), False),
        ({"NotStatement": {"Statement": ELSE}}, True),
        ({"AndStatement": {"Statements": [PATH, ELSE]}}, False),
        ({"OrStatement": {"Statements": [PATH, ELSE]}}, True),
        ({"GeoMatchStatement": {"CountryCodes": ["DE", "FR"]}}, True),
        ({"GeoMatchStatement": {"CountryCodes": ["US"]}}, False),
        ({"IPSetReferenceStatement": {"ARN": "set"}}, True),
        ({"IPSetReferenceStatement": {"ARN": "other"}}, False),
        ({"RegexMatchStatement": {"RegexString": "^/in.*l$", **field("UriPath")}}, True),
        ({"RegexMatchStatement": {"RegexString": "(", **field("UriPath")}}, False),
        ({"SizeConstraintStatement": {"Size": 5, "ComparisonOperator": "GT", **field("UriPath")}}, True),
        ({"SizeConstraintStatement": {"Size": 5, "ComparisonOperator": "EQ", **field("UriPath")}}, False),
        ({"SqliMatchStatement": field("QueryString")}, False),
        ({"LabelMatchStatement": {"Scope": "LABEL", "Key": "x"}}, False),
    ],
)
def test_a_statement(statement, matches):
    sets = {"set": ["no address", "192.0.2.0/24"], "other": ["198.51.100.1/32"]}
    assert acl(rule(statement), IPSets=sets).verdict(IP, PARTS, 0).blocked is matches


def test_an_ip_set_can_look_at_a_header():
    statement = {
        "IPSetReferenceStatement": {
            "ARN": "set",
            "IPSetForwardedIPConfig": {"HeaderName": "X-Forwarded-For", "FallbackBehavior": "MATCH"},
        }
    }
    judge = acl(rule(statement), IPSets={"set": ["203.0.113.0/24"]})
    seen = [
        judge.verdict(IP, PARTS._replace(headers={"x-forwarded-for": value}), 0).blocked
        for value in ("203.0.113.9, 10.0.0.1", "192.0.2.1", "no address")
    ]
    assert seen == [True, False, True]


def test_rules_are_judged_by_priority_and_count_goes_on():
    judge = acl(rule(PATH, "Block", 3, "third"), rule(PATH, "Allow", 2, "second"), rule(PATH, "Count", 1, "first"))
    found = judge.verdict(IP, PARTS, 0)
    assert (found.rule, found.counted) == ("second", ("first",))


def test_the_default_action_may_block():
    assert acl(default="Block").verdict(IP, PARTS, 0).blocked
    assert not acl().verdict(IP, PARTS, 0).blocked


def test_a_custom_response():
    action = {
        "Block": {
            "CustomResponse": {
                "ResponseCode": 429,
                "CustomResponseBodyKey": "slow",
                "ResponseHeaders": [{"Name": "Retry-After", "Value": "60"}],
            }
        }
    }
    bodies = {"slow": {"ContentType": "APPLICATION_JSON", "Content": "{}"}}
    judge = acl({**rule(PATH), "Action": action}, CustomResponseBodies=bodies)
    found = judge.verdict(IP, PARTS, 0)
    assert (found.status, found.headers, found.body) == (429, (("retry-after", "60"),), b"{}")
    assert found.content_type == "application/json"


def test_a_rate_is_seen_after_a_while_and_forgotten_after_its_window():
    judge = acl(rule({"RateBasedStatement": {"Limit": 100, "AggregateKeyType": "IP", "EvaluationWindowSec": 60}}))
    early = [judge.verdict(IP, PARTS, 0.001 * number).blocked for number in range(150)]
    assert not any(early)
    assert judge.verdict(IP, PARTS, RATE_INTERVAL + 0.2).blocked
    assert not judge.verdict("192.0.2.8", PARTS, RATE_INTERVAL + 0.3).blocked
    judge.verdict("192.0.2.8", PARTS, 70)
    assert not judge.verdict(IP, PARTS, 70.1).blocked


def test_a_rate_counts_what_its_scope_takes():
    scope = {"RateBasedStatement": {"Limit": 10, "AggregateKeyType": "CONSTANT", "ScopeDownStatement": ELSE}}
    judge = acl(rule(scope))
    for number in range(50):
        judge.verdict(IP, PARTS, number * 0.1)
    assert not judge.verdict(IP, PARTS, 9).blocked


@pytest.mark.parametrize(
    ("group", "changed", "blocked"),
    [
        ("CommonRuleSet", {}, False),
        ("CommonRuleSet", {"headers": {"host": "site.example"}}, True),
        ("CommonRuleSet", {"query": "file=../../etc/passwd"}, True),
        ("CommonRuleSet", {"query": "q=%3Cscript%3Ealert(1)"}, True),
        ("CommonRuleSet", {"path": "/backup/site.bak"}, True),
        ("CommonRuleSet", {"query": "u=http://169.254.169.254/latest"}, True),
        ("CommonRuleSet", {"query": "u=http://192.0.2.1/x"}, True),
        ("CommonRuleSet", {"query": "a" * 2049}, True),
        ("KnownBadInputsRuleSet", {}, False),
        ("KnownBadInputsRuleSet", {"headers": HEADERS | {"x": "${jndi:ldap://x}"}}, True),
        ("KnownBadInputsRuleSet", {"headers": {"host": "localhost:8080"}}, True),
        ("KnownBadInputsRuleSet", {"path": "/WEB-INF/web.xml"}, True),
        ("SQLiRuleSet", {"query": "id=1%27%20OR%201=1"}, True),
        ("SQLiRuleSet", {"query": "id=1+union+all+select+2"}, True),
        ("AmazonIpReputationList", {}, False),
    ],
)
def test_a_managed_group(group, changed, blocked):
    assert acl(managed(group)).verdict(IP, PARTS._replace(**changed), 0).blocked is blocked


def test_a_managed_group_can_be_made_to_count():
    bare = PARTS._replace(headers={})
    count = [{"Name": "NoUserAgent_HEADER", "ActionToUse": {"Count": {}}}]
    assert not acl(managed("CommonRuleSet", "Count")).verdict(IP, bare, 0).blocked
    overridden = acl(managed("CommonRuleSet", RuleActionOverrides=count)).verdict(IP, bare, 0)
    assert overridden.counted == ("AWSManagedRulesCommonRuleSet/NoUserAgent_HEADER",)
    assert not overridden.blocked
    excluded = [{"Name": "NoUserAgent_HEADER"}]
    assert not acl(managed("CommonRuleSet", ExcludedRules=excluded)).verdict(IP, bare, 0).blocked
    assert not acl(managed("CommonRuleSet", ScopeDownStatement=ELSE)).verdict(IP, bare, 0).blocked
