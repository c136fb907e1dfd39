# SPDX-License-Identifier: GPL-3.0-or-later
"""Inputs of role cloudfront_site that are refused before the first change, each with its reason."""

from __future__ import annotations

import re

import pytest
import yaml
from ansible_collections.slipway.ops.plugins.module_utils.cloudfront.site_problems_plan import site_problems

from tests.unit.plugins.module_utils.cloudfront.site_example import ROLE, site

CERTIFICATE = "arn:aws:acm:us-east-1:222222222222:certificate/1234abcd-12ab"
KEY = "arn:aws:kms:eu-central-1:222222222222:key/1234abcd-12ab"


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {"domains": ["www.example.com", "*.example.org"], "certificate_arn": CERTIFICATE},
        {"csp": "x" * 1783},
        {"csp": "default-src 'self'\n"},
        {"api_paths": ["/api/*", "/graphql"], "api_domain": "api.example.com"},
        {"waf_count_rules": {"AWSManagedRulesCommonRuleSet": ["SizeRestrictions_BODY"]}},
        {"waf_allow_cidrs": ["198.51.100.0/24", "2001:db8::/32"], "waf_block_countries": ["KP"]},
        {"kms_key_arn": KEY, "waf_log_kms_key_arn": KEY.replace("eu-central-1", "us-east-1")},
        {"hsts_preload": True},
    ],
)
def test_a_site_that_can_be_built(inputs):
    assert site_problems(site(**inputs)) == ()


@pytest.mark.parametrize(
    ("inputs", "problem"),
    [
        ({"name": "1-site"}, "name 1-site: 1 to 48 letters"),
        ({"name": "x" * 49}, "1 to 48 letters"),
        ({"account_id": "12"}, "account_id 12: twelve digits"),
        ({"bucket": "My_Bucket"}, "bucket My_Bucket: 3 to 63"),
        ({"log_bucket": "x."}, "log_bucket x.: 3 to 63"),
        ({"log_bucket": "slipway-staging-site-222222222222"}, "a bucket of its own"),
        ({"domains": ["https://x.com"], "certificate_arn": CERTIFICATE}, "domains https://x.com: a lower-case domain"),
        ({"domains": ["www.example.com"]}, "domains www.example.com: need cloudfront_site_certificate_arn"),
        ({"certificate_arn": CERTIFICATE}, "serves no domain"),
        (
            {"domains": ["www.example.com"], "certificate_arn": CERTIFICATE.replace("us-east-1", "eu-central-1")},
            "certificates of ACM in us-east-1 only",
        ),
        ({"csp": "x" * 1784}, "csp of 1784 characters: CloudFront takes up to 1783"),
        ({"csp": "default-src\n'self'"}, "one line of printable ASCII"),
        ({"csp": " "}, "csp ' ': one line of printable ASCII"),
        ({"permissions_policy": "camera=(é)"}, "permissions_policy 'camera=(é)': one line"),
        ({"hsts_max_age": -1}, "hsts_max_age -1: 0 to"),
        ({"hsts_max_age": 60, "hsts_preload": True}, "hsts_max_age 60: browsers preload"),
        ({"api_paths": ["api"]}, "api_paths api: a path pattern"),
        ({"api_paths": ["/assets/*"]}, "api_paths /assets/*: is the site's own"),
        ({"api_paths": [f"/a{number}" for number in range(21)]}, "api_paths of 21: up to 20"),
        ({"api_domain": "http://api"}, "api_domain http://api: a lower-case domain"),
        ({"api_domain": "lb-1.eu-central-1.elb.amazonaws.com"}, "which this never is"),
        ({"waf_rate_limit": 9}, "waf_rate_limit 9: 10 to 2000000000"),
        ({"waf_count_rules": {"Core": []}}, "waf_count_rules Core: one of AWSManagedRulesCommonRuleSet"),
        ({"waf_count_rules": {"AWSManagedRulesCommonRuleSet": "X"}}, "takes a list of names"),
        ({"waf_count_rules": {"AWSManagedRulesCommonRuleSet": 1}}, "takes a list of names"),
        ({"waf_redacted_headers": ["a b"]}, "waf_redacted_headers a b: a header's name"),
        ({"waf_allow_cidrs": ["198.51.100.1/24"]}, "waf_allow_cidrs 198.51.100.1/24: not a network"),
        ({"waf_block_cidrs": ["0.0.0.0/0"]}, "waf_block_cidrs 0.0.0.0/0: AWS WAF takes no /0"),
        ({"waf_allow_countries": ["Switzerland"]}, "two capital letters"),
        ({"waf_allow_countries": ["CH"], "waf_block_countries": ["KP"]}, "give one or the other"),
        ({"kms_key_arn": "alias/x"}, "kms_key_arn alias/x: a key's ARN"),
        ({"waf_log_kms_key_arn": KEY}, "a key in us-east-1"),
        ({"noncurrent_days": 0}, "noncurrent_days 0: 1 day or more"),
        ({"readers": ["production"]}, "readers: reader 'production': neither an account of 12 digits"),
        ({"wait_timeout": 0}, "wait_timeout 0: 1 second or more"),
    ],
)
def test_a_site_that_cannot(inputs, problem):
    (found,) = site_problems(site(**inputs))
    assert found.startswith("cloudfront_site_")
    assert problem in found


def test_the_example_of_the_readme_is_what_molecule_converges():
    (example,) = re.findall(r"```yaml\n(.*?)```", (ROLE / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    given = yaml.safe_load(example)[0]["vars"]
    scenario = ROLE.parents[1] / "molecule" / "cloudfront_site" / "vars" / "site.yml"
    assert given == yaml.safe_load(scenario.read_text(encoding="utf-8"))
    assert site_problems(site(**{name.removeprefix("cloudfront_site_"): value for name, value in given.items()})) == ()
