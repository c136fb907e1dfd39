#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: web_acl
version_added: 0.1.0
short_description: A web ACL of AWS WAF with its IP sets, its log and what it protects
description:
  - There is no stock module of a web ACL's logging, and M(community.aws.wafv2_web_acl) never sees a change of the
    visibility settings, resets on update what it does not know (CAPTCHA, challenge, request size limits), cannot keep a
    rule that somebody else added, and gives no diff.
  - One task converges IP sets, log group, web ACL, logging, tags and, for O(scope=REGIONAL), the load balancers that it
    protects.
  - Rules whose name begins with C(slipway-) are the caller's. Those not in O(rules) are removed; all others stay.
  - Requests that a rule blocked or counted are logged, without the headers in O(redacted_headers).
  - Needs C(wafv2:) ListWebACLs, GetWebACL, CreateWebACL, UpdateWebACL, DeleteWebACL, ListIPSets, GetIPSet, CreateIPSet,
    UpdateIPSet, DeleteIPSet, GetLoggingConfiguration, PutLoggingConfiguration, DeleteLoggingConfiguration,
    ListTagsForResource, TagResource, UntagResource, and for load balancers GetWebACLForResource,
    ListResourcesForWebACL, AssociateWebACL, DisassociateWebACL and C(elasticloadbalancing:SetWebACL); C(logs:)
    DescribeLogGroups, CreateLogGroup, TagResource, PutRetentionPolicy, AssociateKmsKey, DisassociateKmsKey,
    DeleteLogGroup, CreateLogDelivery, DeleteLogDelivery, PutResourcePolicy, DescribeResourcePolicies;
    C(iam:CreateServiceLinkedRole) for C(wafv2.amazonaws.com).
author:
  - Contributors to the Slipway project (@slipway)
options:
  name:
    description: Name of the web ACL and of its metric.
    type: str
    required: true
  scope:
    description: For CloudFront (with O(region=us-east-1)) or for load balancers of the region.
    type: str
    choices: [CLOUDFRONT, REGIONAL]
    required: true
  description:
    description: What it is for.
    type: str
    default: Slipway
  rules:
    description:
      - The caller's rules as in the AWS WAF API reference (C(Rule)), with the name of one of O(ip_sets) in the place of
        an IP set's ARN. Names begin with C(slipway-).
    type: list
    elements: dict
    default: []
  ip_sets:
    description: All IP sets that the caller may have; one without addresses is removed.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Its name.
        type: str
        required: true
      version:
        description: IPv4 or IPv6; a set holds either.
        type: str
        choices: [IPV4, IPV6]
        required: true
      addresses:
        description: Networks in CIDR notation.
        type: list
        elements: str
        default: []
  log_group:
    description: Name of the log group in CloudWatch Logs; AWS WAF wants C(aws-waf-logs-) at its beginning.
    type: str
    required: true
  log_retention_days:
    description: Days that it is kept.
    type: int
    default: 30
  log_kms_key_arn:
    description: KMS key that encrypts it, empty for the key that CloudWatch Logs owns.
    type: str
    default: ""
  redacted_headers:
    description: Headers whose values are not logged.
    type: list
    elements: str
    default: [authorization, cookie]
  resources:
    description: ARNs of load balancers to protect. One that another web ACL protects is refused.
    type: list
    elements: str
    default: []
  tags:
    description: Tags of web ACL and, when they are made, IP sets and log group.
    type: dict
    default: {}
  state:
    description: Whether it shall exist. Log group and IP sets go with it.
    type: str
    choices: [present, absent]
    default: present
attributes:
  check_mode:
    support: full
    description: Says what would be changed.
  diff_mode:
    support: full
    description: Shows what differs before and after.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Count what the core rule set would block
  slipway.ops.web_acl:
    region: us-east-1
    name: slipway-staging-site
    scope: CLOUDFRONT
    log_group: aws-waf-logs-slipway-staging-site
    rules:
      - Name: slipway-core
        Priority: 50
        OverrideAction: {Count: {}}
        Statement:
          ManagedRuleGroupStatement: {VendorName: AWS, Name: AWSManagedRulesCommonRuleSet}
        VisibilityConfig:
          SampledRequestsEnabled: true
          CloudWatchMetricsEnabled: true
          MetricName: slipway-staging-site-core
"""

RETURN = r"""
arn:
  description: The web ACL's ARN; empty when there is none, also when check mode would create it.
  returned: success
  type: str
steps:
  description: What was done, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [put web ACL slipway-staging-site]
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.ops.plugins.module_utils import web_acl
from ansible_collections.slipway.ops.plugins.module_utils.web_acl_plan import (
    OWN,
    IpSet,
    Wanted,
    plan_absent,
    plan_present,
)

LOG_GROUP = "aws-waf-logs-"
IP_SET = {
    "name": {"type": "str", "required": True},
    "version": {"type": "str", "required": True, "choices": ["IPV4", "IPV6"]},
    "addresses": {"type": "list", "elements": "str", "default": []},
}


def wanted_of(params: dict[str, Any]) -> Wanted:
    """The parameters in the planner's terms."""
    return Wanted(
        name=params["name"],
        description=params["description"],
        rules=params["rules"],
        ip_sets={item["name"]: IpSet(item["version"], tuple(item["addresses"])) for item in params["ip_sets"]},
        log_group=params["log_group"],
        group={"retention_days": params["log_retention_days"], "kms_key_arn": params["log_kms_key_arn"]},
        redacted_headers=params["redacted_headers"],
        resources=params["resources"],
        tags={key: str(value) for key, value in params["tags"].items()},
    )


def problem(params: dict[str, Any]) -> str:
    """What is wrong with the parameters in themselves, or nothing."""
    foreign = [rule["Name"] for rule in params["rules"] if not rule["Name"].startswith(OWN)]
    if foreign:
        return f"rules: {', '.join(foreign)}: names begin with {OWN}, by which the caller's rules are known"
    if not params["log_group"].startswith(LOG_GROUP):
        return f"log_group {params['log_group']}: AWS WAF writes to groups only whose name begins with {LOG_GROUP}"
    return ""


def main() -> None:
    """Observe, plan, apply, report."""
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "scope": {"type": "str", "required": True, "choices": ["CLOUDFRONT", "REGIONAL"]},
            "description": {"type": "str", "default": "Slipway"},
            "rules": {"type": "list", "elements": "dict", "default": []},
            "ip_sets": {"type": "list", "elements": "dict", "default": [], "options": IP_SET},
            "log_group": {"type": "str", "required": True},
            "log_retention_days": {"type": "int", "default": 30},
            "log_kms_key_arn": {"type": "str", "default": "", "no_log": False},
            "redacted_headers": {"type": "list", "elements": "str", "default": ["authorization", "cookie"]},
            "resources": {"type": "list", "elements": "str", "default": []},
            "tags": {"type": "dict", "default": {}},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        supports_check_mode=True,
    )
    params = module.params
    if wrong := problem(params):
        module.fail_json(msg=f"{wrong}. Nothing was changed")
    wanted = wanted_of(params)
    try:
        firewall = web_acl.Firewall(
            module.client("wafv2"), module.client("logs"), params["name"], params["scope"], params["log_group"]
        )
        snapshot = web_acl.observe(firewall, wanted)
        plan = plan_present(snapshot, wanted) if params["state"] == "present" else plan_absent(snapshot, wanted)
        if plan.blocked:
            module.fail_json(msg=f"Web ACL {params['name']}: {plan.blocked}. Nothing was changed")
        firewall.arn = snapshot.acl.arn if snapshot.acl else ""
        if not module.check_mode:
            web_acl.apply(firewall, plan, snapshot, wanted.tags)
    except AnsibleAWSError as error:
        module.fail_json_aws_error(error)
    module.exit_json(
        changed=bool(plan.steps),
        arn=firewall.arn if params["state"] == "present" else "",
        steps=[step.label for step in plan.steps],
        diff=plan.diff(),
    )


if __name__ == "__main__":
    main()
