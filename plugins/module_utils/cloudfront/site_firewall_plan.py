# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The firewall of a site: web ACLs of AWS WAF with their rules and IP sets. Pure: no I/O, no AWS.

A site is a mapping of the inputs of role cloudfront_site without their prefix, already validated (site_problems_plan).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from typing import Any

Inputs = Mapping[str, Any]
Document = dict[str, Any]

CORE, BAD_INPUTS, REPUTATION = (
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesAmazonIpReputationList",
)
MANAGED_GROUPS = (CORE, BAD_INPUTS, REPUTATION)
"""https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html"""


def web_acls(site: Inputs) -> list[Document]:
    """The firewall before CloudFront, and that of the load balancer, for web_acl.

    The second may be there to be removed. Its rules look at what a request says and at AWS's list of bad addresses; to
    it all that came through CloudFront comes from a few addresses of CloudFront's, which a rate or a country would bar.
    """
    name = site["name"]
    front: Document = {
        "name": name,
        "scope": "CLOUDFRONT",
        "state": "present",
        "log_group": f"aws-waf-logs-{name}",
        "ip_sets": _ip_sets(site),
        "rules": [*_address_rules(site), *_managed_rules(site, name)],
        "resources": [],
        "region": "us-east-1",
        "log_kms_key_arn": site["waf_log_kms_key_arn"],
    }
    behind: Document = {
        "name": f"{name}-alb",
        "scope": "REGIONAL",
        "state": "present" if site["alb_waf"] else "absent",
        "log_group": f"aws-waf-logs-{name}-alb",
        "ip_sets": [],
        "rules": _managed_rules(site, f"{name}-alb"),
        "resources": [site["alb_arn"]] if site["alb_arn"] else [],
        "region": site["region"],
        # A key serves the log groups of its own region alone.
        "log_kms_key_arn": site["waf_log_kms_key_arn"] if site["region"] == "us-east-1" else "",
    }
    return [front, behind]


def _ip_sets(site: Inputs) -> list[Document]:
    return [
        {
            "name": f"{site['name']}-{purpose}-v{version}",
            "version": f"IPV{version}",
            "addresses": _of_version(site[f"waf_{purpose}_cidrs"], version),
        }
        for purpose in ("allow", "block")
        for version in (4, 6)
    ]


def _of_version(cidrs: Sequence[str], version: int) -> list[str]:
    return [cidr for cidr in cidrs if ip_network(cidr).version == version]


def _address_rules(site: Inputs) -> list[Document]:
    """Rules that judge where a request comes from."""
    name = site["name"]
    action: Document = {"Block" if site["waf_mode"] == "block" else "Count": {}}
    rules = [
        _named(name, "allow", 10, _in_sets(site, "allow"), {"Action": {"Allow": {}}}),
        _named(name, "block", 20, _in_sets(site, "block"), {"Action": action}),
        _named(name, "outside", 30, _outside(site["waf_allow_countries"]), {"Action": action}),
        _named(name, "countries", 31, _from(site["waf_block_countries"]), {"Action": action}),
        _named(name, "rate", 50, _rate(site), {"Action": action}),
    ]
    return [rule for rule in rules if rule["Statement"]]


def _managed_rules(site: Inputs, name: str) -> list[Document]:
    """Rules of AWS's. Those of known bad inputs have Log4j's among them."""
    override: Document = {"None" if site["waf_mode"] == "block" else "Count": {}}
    groups = (("reputation", 40, REPUTATION), ("core", 60, CORE), ("bad-inputs", 70, BAD_INPUTS))
    return [
        _named(name, word, priority, _managed(site, group), {"OverrideAction": override})
        for word, priority, group in groups
    ]


def _named(name: str, word: str, priority: int, statement: Document, action: Document) -> Document:
    return {
        "Name": f"slipway-{word}",
        "Priority": priority,
        "Statement": statement,
        **action,
        "VisibilityConfig": {
            "SampledRequestsEnabled": True,
            "CloudWatchMetricsEnabled": True,
            "MetricName": f"{name}-{word}",
        },
    }


def _in_sets(site: Inputs, purpose: str) -> Document:
    """A statement about the IP sets of a purpose that have addresses; none without any."""
    used = [item["name"] for item in _ip_sets(site) if item["addresses"] and f"-{purpose}-v" in item["name"]]
    statements: list[Document] = [{"IPSetReferenceStatement": {"ARN": name}} for name in used]
    if len(statements) > 1:
        return {"OrStatement": {"Statements": statements}}
    return statements[0] if statements else {}


def _from(countries: Sequence[str]) -> Document:
    return {"GeoMatchStatement": {"CountryCodes": list(countries)}} if countries else {}


def _outside(countries: Sequence[str]) -> Document:
    return {"NotStatement": {"Statement": _from(countries)}} if countries else {}


def _rate(site: Inputs) -> Document:
    limit = int(site["waf_rate_limit"])
    return {"RateBasedStatement": {"Limit": limit, "EvaluationWindowSec": 300, "AggregateKeyType": "IP"}}


def _managed(site: Inputs, group: str) -> Document:
    statement: Document = {"VendorName": "AWS", "Name": group}
    counted = site["waf_count_rules"].get(group)
    if counted:
        statement["RuleActionOverrides"] = [{"Name": rule, "ActionToUse": {"Count": {}}} for rule in counted]
    return {"ManagedRuleGroupStatement": statement}
