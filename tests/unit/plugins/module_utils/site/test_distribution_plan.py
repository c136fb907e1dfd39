# SPDX-License-Identifier: GPL-3.0-or-later
"""What a distribution's configuration would do to a release."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.cloudfront import site_documents_plan
from ansible_collections.slipway.ops.plugins.module_utils.site.distribution_plan import (
    behavior_of,
    configuration_notes,
    configuration_problems,
    minimum_ttl,
    of_bucket,
    policies_of,
)

ARN = "arn:aws:cloudfront::111111111111:distribution/E1"
BUCKET = "b"
POLICY = site_documents_plan.bucket_policy({"bucket": BUCKET}, ARN)
PATHS = ["/", "/index.html", "/config.json"]
ORIGIN = {
    "Id": "site",
    "DomainName": "b.s3.us-east-1.amazonaws.com",
    "OriginPath": "/site",
    "OriginAccessControlId": "E2",
    "S3OriginConfig": {"OriginAccessIdentity": ""},
}
DEFAULT = {"TargetOriginId": "site", "CachePolicyId": "documents"}
API = {"Id": "api", "DomainName": "alb.example.com"}


def distribution(behaviors=(), origins=(ORIGIN, API), default=DEFAULT, errors=()):
    config = {
        "Origins": {"Quantity": len(origins), "Items": list(origins)},
        "DefaultCacheBehavior": default,
        "CacheBehaviors": {"Quantity": len(behaviors), **({"Items": list(behaviors)} if behaviors else {})},
        "CustomErrorResponses": {"Quantity": len(errors), "Items": list(errors)},
    }
    return {"Id": "E1", "ARN": ARN, "DistributionConfig": config}


def behavior(pattern, target="site", **more):
    return {"PathPattern": pattern, "TargetOriginId": target, "CachePolicyId": "optimized", **more}


def allow(action, resource, condition=None, principal="cloudfront.amazonaws.com"):
    statement = {"Effect": "Allow", "Principal": {"Service": principal}, "Action": action, "Resource": resource}
    return {**statement, **({"Condition": condition} if condition else {})}


def error(code, response="200", page="/index.html"):
    return {"ErrorCode": code, "ResponseCode": response, "ResponsePagePath": page}


def test_a_distribution_as_the_role_makes_it_has_no_problem():
    assert configuration_problems(distribution([behavior("/api/*", "api")]), BUCKET, POLICY, PATHS) == []


@pytest.mark.parametrize(
    ("found", "part"),
    [
        (distribution(errors=[error(403), error(404)]), "answers 403 and 404 with 200 and /index.html"),
        (distribution(errors=[error(404, 200)]), "answers 404 with 200"),
        (distribution(default={"TargetOriginId": "api"}), "asks origin api for /, /index.html, /config.json, not b"),
        (distribution([behavior("config.json", "api")]), "asks origin api for /config.json, not b"),
        (distribution(origins=[{**ORIGIN, "OriginAccessControlId": ""}]), "does not sign its requests to b"),
    ],
    ids=["hidden errors", "one hidden error", "another origin", "another origin for one", "unsigned"],
)
def test_what_would_make_the_proof_fail_is_a_problem(found, part):
    (problem,) = configuration_problems(found, BUCKET, POLICY, PATHS)
    assert part in problem
    assert "E1" in problem


@pytest.mark.parametrize(
    "errors", [[error(404, "404", "/404.html")], [error(500)], [{"ErrorCode": 404, "ErrorCachingMinTTL": 5}]]
)
def test_error_pages_with_the_right_status_are_well(errors):
    assert configuration_problems(distribution(errors=errors), BUCKET, POLICY, PATHS) == []


def test_an_origin_access_identity_s_grants_are_not_judged():
    old = {
        **ORIGIN,
        "OriginAccessControlId": "",
        "S3OriginConfig": {"OriginAccessIdentity": "origin-access-identity/x"},
    }
    assert configuration_problems(distribution(origins=[old]), BUCKET, None, PATHS) == []


SOURCE = {"StringEquals": {"AWS:SourceArn": ARN}}
READ, LIST = "arn:aws:s3:::b/site/*", "arn:aws:s3:::b"


@pytest.mark.parametrize(
    ("statements", "lacking"),
    [
        (None, ["read", "list"]),
        ([], ["read", "list"]),
        ([allow("s3:GetObject", READ, SOURCE)], ["list"]),
        ([allow("s3:ListBucket", LIST, SOURCE)], ["read"]),
        ([allow(["s3:Get*", "s3:List*"], [LIST, f"{LIST}/*"], SOURCE)], []),
        ([allow("s3:*", [LIST, f"{LIST}/*"])], []),
        ([allow("s3:*", "*", {"ArnLike": {"aws:SourceArn": "arn:aws:cloudfront::*:distribution/*"}})], []),
        ([allow("s3:*", "*", {"StringEquals": {"aws:SourceAccount": ["111111111111"]}})], []),
        ([allow("s3:*", "*", {"StringEquals": {"AWS:SourceArn": [f"{ARN}0"]}})], ["read", "list"]),
        ([allow("s3:*", "*", {"StringLike": {"s3:prefix": "site/*"}})], ["read", "list"]),
        ([allow("s3:*", "*", {"StringNotEquals": SOURCE["StringEquals"]})], ["read", "list"]),
        ([allow("s3:*", "*", principal="logging.s3.amazonaws.com")], ["read", "list"]),
        ([allow("s3:*", "*", principal=["a.amazonaws.com", "cloudfront.amazonaws.com"])], []),
        ([{**allow("s3:*", "*"), "Principal": "*"}], ["read", "list"]),
        ([{**allow("s3:*", "*"), "Effect": "Deny"}], ["read", "list"]),
        (allow("s3:*", "*"), []),
        ([allow("s3:*", ["arn:aws:s3:::bb", "arn:aws:s3:::bb/*"])], ["read", "list"]),
    ],
)  # fmt: skip
def test_the_bucket_has_to_let_this_distribution_read_and_list(statements, lacking):
    policy = None if statements is None else {"Statement": statements}
    problems = configuration_problems(distribution(), BUCKET, policy, PATHS)
    assert len(problems) == len(lacking)
    for problem, what in zip(problems, lacking, strict=True):
        assert f"does not let distribution E1 {what}" in problem


POLICIES = {"documents": {"MinTTL": 0}, "optimized": {"MinTTL": 1}, "long": {"MinTTL": 3600}}


def test_documents_that_edges_keep_whatever_they_say_are_noted():
    found = distribution([behavior("/*.html"), behavior("/config.json", CachePolicyId="long")])
    assert policies_of(found, PATHS) == ["documents", "long", "optimized"]
    longer, shorter = configuration_notes(found, POLICIES, PATHS)
    assert "E1 keeps /config.json for at least 3600 s whatever its Cache-Control says (minimum TTL)" in longer
    assert "E1 keeps /index.html for at least 1 s whatever its Cache-Control says (minimum TTL)" in shorter
    assert configuration_notes(distribution(), POLICIES, PATHS) == []


def test_only_a_few_paths_are_told():
    found = distribution(default={"TargetOriginId": "site", "CachePolicyId": "optimized"})
    assert "keeps /a, /b, /c and 2 more for" in configuration_notes(found, POLICIES, ["/a", "/b", "/c", "/d", "/e"])[0]


@pytest.mark.parametrize(
    ("cached", "seconds"),
    [({"CachePolicyId": "long"}, 3600), ({"CachePolicyId": "unread"}, 0), ({"MinTTL": 60}, 60), ({}, 0)],
    ids=["policy", "policy without minimum", "legacy settings", "neither"],
)
def test_a_behavior_has_a_minimum_by_its_policy_or_its_own(cached, seconds):
    assert minimum_ttl(cached, POLICIES) == seconds


@pytest.mark.parametrize(
    ("patterns", "path", "pattern"),
    [
        (["/assets/*"], "/assets/a.js", "/assets/*"),
        (["assets/*"], "/assets/a.js", "assets/*"),
        (["/assets/*"], "/Assets/a.js", None),
        (["*.html", "/docs/*"], "/docs/a.html", "*.html"),
        (["/docs/*", "*.html"], "/docs/a.html", "/docs/*"),
        (["/a?.js"], "/ab.js", "/a?.js"),
        (["/[a].js"], "/a.js", None),
        (["/[a].js"], "/[a].js", "/[a].js"),
        ([], "/", None),
    ],
)
def test_the_first_behavior_that_matches_is_a_path_s(patterns, path, pattern):
    found = distribution([behavior(one) for one in patterns])
    assert behavior_of(found["DistributionConfig"], path).get("PathPattern") == pattern


@pytest.mark.parametrize(
    ("domain", "own"),
    [
        ("b.s3.us-east-1.amazonaws.com", True),
        ("b.s3.amazonaws.com", True),
        ("b.s3.cn-north-1.amazonaws.com.cn", True),
        ("bb.s3.us-east-1.amazonaws.com", False),
        ("b.s3-website-us-east-1.amazonaws.com", False),
        ("alb.example.com", False),
    ],
)
def test_a_bucket_is_known_by_its_domain(domain, own):
    assert of_bucket(domain, BUCKET) is own
