# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site's buckets, policies and distribution are made of."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.cloudfront import site_documents_plan as plan

from tests.unit.plugins.module_utils.cloudfront.site_example import site

NAME = "slipway-staging-site"
BUCKET = "arn:aws:s3:::slipway-staging-site-222222222222"
ARN = "arn:aws:cloudfront::222222222222:distribution/E1"
REFERS = {
    "ids": {
        "origin_access_control": {NAME: "oac"},
        "cache_policy": {f"{NAME}-documents": "documents"},
        "response_headers_policy": {NAME: "headers"},
        "function": {f"{NAME}-router": "arn:function"},
    },
    "web_acl_arn": "arn:acl",
}
CERTIFICATE = "arn:aws:acm:us-east-1:222222222222:certificate/1"
ALB = "slipway-1.eu-central-1.elb.amazonaws.com"


def statements(policy):
    return {statement["Sid"]: statement for statement in policy["Statement"]}


def behaviors(config):
    return {behavior["PathPattern"]: behavior for behavior in config["CacheBehaviors"]}


def test_the_distribution_reads_what_is_served_and_nothing_else():
    policy = statements(plan.bucket_policy(site(), ARN))
    assert policy["Read"]["Resource"] == f"{BUCKET}/site/*"
    assert policy["TellMissingFromForbidden"]["Resource"] == BUCKET
    for sid in ("Read", "TellMissingFromForbidden"):
        assert policy[sid]["Principal"] == {"Service": "cloudfront.amazonaws.com"}
        assert policy[sid]["Condition"] == {"StringEquals": {"AWS:SourceArn": ARN}}
    assert policy["TlsOnly"]["Effect"] == "Deny"


def test_nobody_reads_while_there_is_no_distribution():
    assert list(statements(plan.bucket_policy(site(), ""))) == ["TlsOnly"]


def test_no_lifecycle_takes_an_object_that_is_served():
    """An asset that nobody changes for years is as old as the site, and still referred to."""
    logs, releases = plan.buckets(site())
    (rule,) = releases["lifecycle_rules"]
    assert rule["Expiration"] == {"ExpiredObjectDeleteMarker": True}
    assert "Transitions" not in rule
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
    assert logs["lifecycle_rules"][0]["Expiration"] == {"Days": 90}
    assert all(item["lifecycle_rules"][0]["AbortIncompleteMultipartUpload"] for item in (logs, releases))


def test_logs_come_from_this_account_alone():
    logs, releases = plan.buckets(site())
    policy = statements(logs["policy"])
    source = policy["AccessLogs"]["Condition"]["ArnLike"]["aws:SourceArn"]
    assert source == "arn:aws:logs:us-east-1:222222222222:delivery-source:*"
    assert policy["BucketLogs"]["Condition"]["ArnLike"]["aws:SourceArn"] == BUCKET
    assert policy["BucketLogs"]["Resource"].endswith("-logs-222222222222/s3/*")
    assert releases["access_log"] == {"bucket": logs["name"], "prefix": "s3/"}
    assert (releases["versioning"], "policy" in releases) == (True, False)


def test_documents_are_revalidated_and_assets_are_not():
    config = plan.distribution(site(), REFERS)
    assert config["DefaultCacheBehavior"]["CachePolicyId"] == "documents"
    assert behaviors(config)["/assets/*"]["CachePolicyId"] == plan.CACHING_OPTIMIZED
    assert behaviors(config)["/config.json"]["CachePolicyId"] == plan.CACHING_DISABLED
    parts = {part["kind"]: part for part in plan.parts(site(), "code")}
    assert parts["cache_policy"]["config"]["MinTTL"] == parts["cache_policy"]["config"]["DefaultTTL"] == 0
    assert parts["function"]["code"] == "code"


def test_the_router_runs_on_the_default_behavior_alone():
    config = plan.distribution(site(api_paths=["/api/*"], alb_dns_name=ALB), REFERS)
    assert config["DefaultCacheBehavior"]["FunctionAssociations"] == [
        {"EventType": "viewer-request", "FunctionARN": "arn:function"}
    ]
    assert [behavior["FunctionAssociations"] for behavior in config["CacheBehaviors"]] == [[], [], []]


def test_no_error_is_passed_off_as_a_document():
    assert plan.distribution(site(), REFERS)["CustomErrorResponses"] == []


@pytest.mark.parametrize(
    ("inputs", "domain", "protocol"),
    [
        ({"alb_dns_name": ALB}, ALB, "http-only"),
        ({"alb_dns_name": ALB, "api_domain": "api.example.com"}, "api.example.com", "https-only"),
    ],
)
def test_the_api_is_behind_the_load_balancer(inputs, domain, protocol):
    config = plan.distribution(site(api_paths=["/api/*"], **inputs), REFERS)
    origin = config["Origins"][1]
    assert (origin["DomainName"], origin["CustomOriginConfig"]["OriginProtocolPolicy"]) == (domain, protocol)
    behavior = behaviors(config)["/api/*"]
    assert behavior["CachePolicyId"] == plan.CACHING_DISABLED
    assert behavior["OriginRequestPolicyId"] == plan.ALL_VIEWER_EXCEPT_HOST
    assert "POST" in behavior["AllowedMethods"]["Items"]


@pytest.mark.parametrize("inputs", [{}, {"alb_dns_name": ALB}, {"api_paths": ["/api/*"]}])
def test_a_site_without_an_api_has_one_origin(inputs):
    """The last one is check mode, before there is a load balancer."""
    config = plan.distribution(site(**inputs), REFERS)
    assert [origin["Id"] for origin in config["Origins"]] == ["site"]
    assert list(behaviors(config)) == ["/assets/*", "/config.json"]


def test_the_bucket_is_an_origin_that_asks_with_a_signature():
    (origin,) = plan.distribution(site(), REFERS)["Origins"]
    assert origin["DomainName"] == "slipway-staging-site-222222222222.s3.eu-central-1.amazonaws.com"
    assert (origin["OriginPath"], origin["OriginAccessControlId"]) == ("/site", "oac")


def test_all_answers_have_the_security_headers():
    config = plan.distribution(site(api_paths=["/api/*"], alb_dns_name=ALB), REFERS)
    every = [config["DefaultCacheBehavior"], *config["CacheBehaviors"]]
    assert {behavior["ResponseHeadersPolicyId"] for behavior in every} == {"headers"}
    assert {behavior["ViewerProtocolPolicy"] for behavior in every} == {"redirect-to-https", "https-only"}


@pytest.mark.parametrize(("preload", "both"), [(False, False), (True, True)])
def test_strict_transport_security(preload, both):
    parts = {part["kind"]: part for part in plan.parts(site(hsts_preload=preload), "")}
    headers = parts["response_headers_policy"]["config"]["SecurityHeadersConfig"]
    transport = headers["StrictTransportSecurity"]
    assert (transport["IncludeSubdomains"], transport["Preload"]) == (both, both)
    assert headers["ContentSecurityPolicy"]["ContentSecurityPolicy"].startswith("default-src 'self'; ")


def test_with_a_domain_the_security_policy_counts():
    config = plan.distribution(site(domains=["www.example.com"], certificate_arn=CERTIFICATE), REFERS)
    assert config["Aliases"] == ["www.example.com"]
    assert config["ViewerCertificate"] == {
        "ACMCertificateArn": CERTIFICATE,
        "SSLSupportMethod": "sni-only",
        "MinimumProtocolVersion": "TLSv1.2_2025",
    }


def test_without_one_it_is_amazons_certificate():
    assert plan.distribution(site(), REFERS)["ViewerCertificate"] == {"CloudFrontDefaultCertificate": True}


@pytest.mark.parametrize(("tags", "member"), [(True, {"HeaderName": "x-amz-meta-cache-tag"}), (False, None)])
def test_invalidation_by_tag_is_opted_into(tags, member):
    assert plan.distribution(site(cache_tags=tags), REFERS)["CacheTagConfig"] == member


def test_check_mode_knows_no_ids():
    config = plan.distribution(site(), {"ids": {}, "web_acl_arn": ""})
    assert config["DefaultCacheBehavior"]["CachePolicyId"] == ""
    assert config["WebACLId"] == ""
