# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudFront's API as boto3 sees it: each test fails on plain moto."""

from __future__ import annotations

import contextlib
import json
import uuid

import pytest
from botocore.exceptions import ClientError

from tests.unit.localcloud.conftest import wait_for

CODE = b"function handler(event) { console.log('ran'); event.request.uri = '/index.html'; return event.request; }"
OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
VISIBLE = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": "m"}


def name():
    """A name of a test's own."""
    return f"n-{uuid.uuid4().hex[:12]}"


@contextlib.contextmanager
def refused(code, status=None):
    """The block must be refused with this code."""
    with pytest.raises(ClientError) as caught:
        yield
    assert caught.value.response["Error"]["Code"] == code
    assert status in (None, caught.value.response["ResponseMetadata"]["HTTPStatusCode"])


def listed(*items):
    return {"Quantity": len(items), "Items": list(items)}


def access_control(**changed):
    config = {"SigningProtocol": "sigv4", "SigningBehavior": "always", "OriginAccessControlOriginType": "s3"}
    return {"Name": name(), **config, **changed}


def distribution(**changed):
    """A valid configuration; its origin is a bucket."""
    origin = {"Id": "s3", "DomainName": "b.s3.us-east-1.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}}
    behavior = {"TargetOriginId": "s3", "ViewerProtocolPolicy": "redirect-to-https", "CachePolicyId": OPTIMIZED}
    return {
        "CallerReference": name(),
        "Comment": "",
        "Enabled": True,
        "Origins": listed(origin),
        "DefaultCacheBehavior": behavior,
        **changed,
    }


def behavior(**changed):
    return {"DefaultCacheBehavior": {**distribution()["DefaultCacheBehavior"], **changed}}


def cache_policy(**changed):
    key = {
        "EnableAcceptEncodingGzip": True,
        "HeadersConfig": {"HeaderBehavior": "none"},
        "CookiesConfig": {"CookieBehavior": "none"},
        "QueryStringsConfig": {"QueryStringBehavior": "none"},
    }
    return {"Name": name(), "MinTTL": 0, "ParametersInCacheKeyAndForwardedToOrigin": key, **changed}


@pytest.fixture(scope="module")
def cf(cloud):
    """CloudFront of an account in which no other test counts distributions."""
    return cloud.client("cloudfront", "staging")


@pytest.fixture
def site(cf):
    """The id of a distribution."""
    return cf.create_distribution(DistributionConfig=distribution())["Distribution"]["Id"]


@pytest.fixture
def slow(cloud):
    """Invalidations take a long time."""
    cloud.admin("settings", "PUT", {"invalidation_delay": 3600})
    yield
    cloud.admin("settings", "PUT", {"invalidation_delay": 2})


def invalidate(cf, site, *paths, reference=None):
    batch = {"Paths": listed(*paths), "CallerReference": reference or name()}
    return cf.create_invalidation(DistributionId=site, InvalidationBatch=batch)["Invalidation"]


def test_a_distribution_comes_back_complete_and_as_it_was_given(cf):
    made = cf.create_distribution(DistributionConfig=distribution())
    config = made["Distribution"]["DistributionConfig"]
    assert config["Aliases"] == {"Quantity": 0}
    assert config["Origins"]["Items"][0]["OriginAccessControlId"] == ""
    methods = config["DefaultCacheBehavior"]["AllowedMethods"]
    assert (methods["Items"], methods["CachedMethods"]["Items"]) == (["HEAD", "GET"], ["HEAD", "GET"])
    assert config["ViewerCertificate"]["CloudFrontDefaultCertificate"] is True
    found = cf.get_distribution_config(Id=made["Distribution"]["Id"])
    assert (found["DistributionConfig"], found["ETag"]) == (config, made["ETag"])
    again = cf.update_distribution(Id=made["Distribution"]["Id"], IfMatch=found["ETag"], DistributionConfig=config)
    assert again["Distribution"]["DistributionConfig"] == config


def test_a_distribution_is_deployed_after_a_moment(cf):
    made = cf.create_distribution(DistributionConfig=distribution())["Distribution"]
    assert made["Status"] == "InProgress"
    wait_for(lambda: cf.get_distribution(Id=made["Id"])["Distribution"]["Status"] == "Deployed")


def test_the_same_caller_reference_is_the_same_distribution(cf):
    config = distribution()
    first = cf.create_distribution(DistributionConfig=config)["Distribution"]["Id"]
    assert cf.create_distribution(DistributionConfig=config)["Distribution"]["Id"] == first
    with refused("DistributionAlreadyExists", 409):
        cf.create_distribution(DistributionConfig={**config, "Comment": "other"})


def test_updates_need_the_current_etag(cf, site):
    found = cf.get_distribution_config(Id=site)
    changed = {**found["DistributionConfig"], "Comment": "new"}
    with refused("PreconditionFailed", 412):
        cf.update_distribution(Id=site, IfMatch="ESTALE", DistributionConfig=changed)
    with refused("InvalidIfMatchVersion", 400):
        cf.update_distribution(Id=site, DistributionConfig=changed)
    etag = cf.update_distribution(Id=site, IfMatch=found["ETag"], DistributionConfig=changed)["ETag"]
    assert etag != found["ETag"]
    with refused("IllegalUpdate"):
        cf.update_distribution(Id=site, IfMatch=etag, DistributionConfig={**changed, "CallerReference": "other"})


def test_only_a_disabled_distribution_can_be_deleted(cf, site):
    found = cf.get_distribution_config(Id=site)
    with refused("DistributionNotDisabled", 409):
        cf.delete_distribution(Id=site, IfMatch=found["ETag"])
    off = {**found["DistributionConfig"], "Enabled": False}
    etag = cf.update_distribution(Id=site, IfMatch=found["ETag"], DistributionConfig=off)["ETag"]
    wait_for(lambda: cf.get_distribution(Id=site)["Distribution"]["Status"] == "Deployed")
    cf.delete_distribution(Id=site, IfMatch=etag)
    with refused("NoSuchDistribution", 404):
        cf.get_distribution(Id=site)


@pytest.mark.parametrize(
    ("code", "changed"),
    [
        ("NoSuchCachePolicy", behavior(CachePolicyId="none")),
        ("NoSuchOriginRequestPolicy", behavior(OriginRequestPolicyId="none")),
        ("NoSuchResponseHeadersPolicy", behavior(ResponseHeadersPolicyId="none")),
        ("NoSuchOrigin", behavior(TargetOriginId="none")),
        ("InvalidArgument", behavior(AllowedMethods={**listed("GET", "POST"), "CachedMethods": listed("GET")})),
        ("InvalidArgument", {"DefaultCacheBehavior": {"TargetOriginId": "s3", "ViewerProtocolPolicy": "allow-all"}}),
        ("InvalidWebACLId", {"WebACLId": "arn:aws:wafv2:us-east-1:222222222222:global/webacl/none/1"}),
        ("InvalidDefaultRootObject", {"DefaultRootObject": "/index.html"}),
        ("InvalidViewerCertificate", {"Aliases": listed("www.example.com")}),
        (
            "InvalidViewerCertificate",
            {
                "ViewerCertificate": {
                    "ACMCertificateArn": "arn:aws:acm:us-east-1:222222222222:certificate/00000000-0000",
                    "SSLSupportMethod": "sni-only",
                }
            },
        ),
        ("InconsistentQuantities", {"Aliases": {"Quantity": 2, "Items": ["www.example.com"]}}),
        (
            "InvalidFunctionAssociation",
            behavior(FunctionAssociations=listed({"FunctionARN": "arn:aws:x", "EventType": "viewer-request"})),
        ),
        (
            "InvalidArgument",
            {"CustomErrorResponses": listed({"ErrorCode": 404, "ResponsePagePath": "/x", "ResponseCode": ""})},
        ),
    ],
)
def test_a_distribution_that_aws_refuses(cf, code, changed):
    with refused(code):
        cf.create_distribution(DistributionConfig=distribution(**changed))


@pytest.mark.parametrize(
    ("code", "changed"),
    [
        ("InvalidOriginAccessControl", {"OriginAccessControlId": "ENONE"}),
        ("InvalidArgument", {"OriginPath": "/site/"}),
        ("InvalidArgument", {"DomainName": "www.example.com"}),
        ("InvalidArgument", {"S3OriginConfig": None}),
    ],
)
def test_an_origin_that_aws_refuses(cf, code, changed):
    origin = {**distribution()["Origins"]["Items"][0], **changed}
    origin = {member: value for member, value in origin.items() if value is not None}
    with refused(code):
        cf.create_distribution(DistributionConfig=distribution(Origins=listed(origin)))


def prove(acm, route53, arn):
    """Put the certificate's validation records into a hosted zone, from the second look on, as ACM tells them."""
    looks = [acm.describe_certificate(CertificateArn=arn)["Certificate"] for _ in range(2)]
    zone = route53.create_hosted_zone(Name="example.com", CallerReference=arn)["HostedZone"]["Id"]
    records = [option["ResourceRecord"] for option in looks[1]["DomainValidationOptions"]]
    changes = [
        {
            "Action": "CREATE",
            "ResourceRecordSet": {
                "Name": record["Name"],
                "Type": record["Type"],
                "TTL": 60,
                "ResourceRecords": [{"Value": record["Value"]}],
            },
        }
        for record in records
    ]
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
    return looks


def test_a_domain_of_one_s_own_needs_an_issued_certificate_and_is_taken_once(cloud, cf):
    acm, domain = cloud.client("acm", "staging"), f"{name()}.example.com"
    arn = acm.request_certificate(DomainName=domain, ValidationMethod="DNS")["CertificateArn"]
    prove(acm, cloud.client("route53", "staging"), arn)
    assert acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"] == "ISSUED"
    certificate = {"ACMCertificateArn": arn, "SSLSupportMethod": "sni-only", "MinimumProtocolVersion": "TLSv1.2_2021"}
    own = {"Aliases": listed(domain), "ViewerCertificate": certificate}
    found = cf.create_distribution(DistributionConfig=distribution(**own))["Distribution"]["DistributionConfig"]
    assert found["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"
    with refused("CNAMEAlreadyExists", 409):
        cf.create_distribution(DistributionConfig=distribution(**own))


def test_distributions_are_listed_by_page_and_by_web_acl(cloud, cf, site):
    acl = cloud.client("wafv2", "staging").create_web_acl(
        Name=name(), Scope="CLOUDFRONT", DefaultAction={"Allow": {}}, VisibilityConfig=VISIBLE, Rules=[]
    )["Summary"]["ARN"]
    guarded = cf.create_distribution(DistributionConfig=distribution(WebACLId=acl))["Distribution"]["Id"]
    pages = list(cf.get_paginator("list_distributions").paginate(PaginationConfig={"PageSize": 1}))
    found = [item["Id"] for page in pages for item in page["DistributionList"]["Items"]]
    assert {site, guarded} <= set(found)
    assert len(set(found)) == len(found) == len(pages)
    by_acl = cf.list_distributions_by_web_acl_id(WebACLId=acl)["DistributionList"]["Items"]
    assert [item["Id"] for item in by_acl] == [guarded]


def test_tags(cf):
    config = {"DistributionConfig": distribution(), "Tags": {"Items": [{"Key": "a", "Value": "1"}]}}
    arn = cf.create_distribution_with_tags(DistributionConfigWithTags=config)["Distribution"]["ARN"]
    cf.tag_resource(Resource=arn, Tags={"Items": [{"Key": "b", "Value": "2"}]})
    cf.untag_resource(Resource=arn, TagKeys={"Items": ["a"]})
    assert cf.list_tags_for_resource(Resource=arn)["Tags"]["Items"] == [{"Key": "b", "Value": "2"}]
    with refused("NoSuchResource", 404):
        cf.list_tags_for_resource(Resource=f"{arn}X")


def test_an_invalidation_takes_its_time_and_the_waiter_sees_its_end(cloud, cf, site):
    made = invalidate(cf, site, "/", "/index.html")
    assert made["Status"] == "InProgress"
    assert cf.get_distribution(Id=site)["Distribution"]["InProgressInvalidationBatches"] == 1
    waiter = cf.get_waiter("invalidation_completed")
    waiter.wait(DistributionId=site, Id=made["Id"], WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    found = cf.get_invalidation(DistributionId=site, Id=made["Id"])["Invalidation"]
    assert (found["Status"], found["InvalidationBatch"]["Paths"]["Items"]) == ("Completed", ["/", "/index.html"])


def test_a_caller_reference_is_one_invalidation(cf, site):
    first = invalidate(cf, site, "/a", "/b", reference="one")
    assert invalidate(cf, site, "/b", "/a", reference="one")["Id"] == first["Id"]
    with refused("InvalidationBatchAlreadyExists", 400):
        invalidate(cf, site, "/c", reference="one")
    assert cf.list_invalidations(DistributionId=site)["InvalidationList"]["Quantity"] == 1


def test_wildcards_in_progress_have_a_quota(cf, site, slow):
    for number in range(15):
        invalidate(cf, site, f"/{number}/*")
    invalidate(cf, site, "/file")
    with refused("TooManyInvalidationsInProgress", 400):
        invalidate(cf, site, "/more/*")


def test_paths_in_progress_have_a_quota(cf, site, slow):
    invalidate(cf, site, *(f"/{number}" for number in range(2999)))
    invalidate(cf, site, "/2999")
    with refused("TooManyInvalidationsInProgress", 400):
        invalidate(cf, site, "/3000")
    invalidate(cf, site, "/*")


@pytest.mark.parametrize("path", ["relative", "/a*b", "/ü", "/a b", "/" + "a" * 4000, "#tag"])
def test_a_path_that_aws_refuses(cf, site, path):
    with refused("InvalidArgument"):
        invalidate(cf, site, path)


def test_tags_can_be_invalidated_where_the_distribution_opted_in(cf):
    tagged = cf.create_distribution(DistributionConfig=distribution(CacheTagConfig={"HeaderName": "cache-tag"}))
    assert invalidate(cf, tagged["Distribution"]["Id"], "#site-entry")["Status"] == "InProgress"


def test_invalidations_are_listed_the_latest_first(cf, site, slow):
    ids = [invalidate(cf, site, f"/{number}")["Id"] for number in range(3)]
    first = cf.list_invalidations(DistributionId=site, MaxItems="2")["InvalidationList"]
    assert [item["Id"] for item in first["Items"]] == ids[:0:-1]
    rest = cf.list_invalidations(DistributionId=site, Marker=first["NextMarker"])["InvalidationList"]
    assert [item["Id"] for item in rest["Items"]] == ids[:1]
    with refused("NoSuchInvalidation", 404):
        cf.get_invalidation(DistributionId=site, Id="INONE")


def test_a_function_is_published_and_tested(cf):
    mine = name()
    config = {"Comment": "", "Runtime": "cloudfront-js-2.0"}
    etag = cf.create_function(Name=mine, FunctionConfig=config, FunctionCode=CODE)["ETag"]
    with refused("NoSuchFunctionExists", 404):
        cf.describe_function(Name=mine, Stage="LIVE")
    event = json.dumps({"version": "1.0", "request": {"method": "GET", "uri": "/a", "headers": {}}}).encode()
    result = cf.test_function(Name=mine, IfMatch=etag, EventObject=event)["TestResult"]
    assert json.loads(result["FunctionOutput"])["request"]["uri"] == "/index.html"
    assert (result["FunctionExecutionLogs"], result["FunctionErrorMessage"]) == (["ran"], "")
    cf.publish_function(Name=mine, IfMatch=etag)
    newer = cf.update_function(Name=mine, IfMatch=etag, FunctionConfig=config, FunctionCode=b"function handler() {}")
    assert cf.get_function(Name=mine, Stage="LIVE")["FunctionCode"].read() == CODE
    with refused("PreconditionFailed", 412):
        cf.publish_function(Name=mine, IfMatch=etag)
    failed = cf.test_function(Name=mine, IfMatch=newer["ETag"], EventObject=event)["TestResult"]
    assert "no object" in failed["FunctionErrorMessage"]
    assert [item["Name"] for item in cf.list_functions(Stage="LIVE")["FunctionList"]["Items"]].count(mine) == 1


def test_a_function_that_aws_refuses(cf):
    config = {"Comment": "", "Runtime": "cloudfront-js-2.0"}
    with refused("FunctionSizeLimitExceeded", 413):
        cf.create_function(Name=name(), FunctionConfig=config, FunctionCode=b"x" * 10241)
    mine = name()
    cf.create_function(Name=mine, FunctionConfig=config, FunctionCode=CODE)
    with refused("FunctionAlreadyExists", 409):
        cf.create_function(Name=mine, FunctionConfig=config, FunctionCode=CODE)


def test_what_is_in_use_cannot_be_deleted(cf):
    mine = name()
    config = {"Comment": "", "Runtime": "cloudfront-js-2.0"}
    function = cf.create_function(Name=mine, FunctionConfig=config, FunctionCode=CODE)
    cf.publish_function(Name=mine, IfMatch=function["ETag"])
    arn = function["FunctionSummary"]["FunctionMetadata"]["FunctionARN"]
    policy = cf.create_cache_policy(CachePolicyConfig=cache_policy())
    control = cf.create_origin_access_control(OriginAccessControlConfig=access_control())
    control_id, policy_id = control["OriginAccessControl"]["Id"], policy["CachePolicy"]["Id"]
    origin = {**distribution()["Origins"]["Items"][0], "OriginAccessControlId": control_id}
    associations = listed({"FunctionARN": arn, "EventType": "viewer-request"})
    used = behavior(CachePolicyId=policy_id, FunctionAssociations=associations)
    cf.create_distribution(DistributionConfig=distribution(**used, Origins=listed(origin)))
    with refused("FunctionInUse", 409):
        cf.delete_function(Name=mine, IfMatch=function["ETag"])
    with refused("CachePolicyInUse", 409):
        cf.delete_cache_policy(Id=policy_id, IfMatch=policy["ETag"])
    with refused("OriginAccessControlInUse", 409):
        cf.delete_origin_access_control(Id=control_id, IfMatch=control["ETag"])


def test_policies_of_aws_are_there_and_stay(cf):
    found = cf.get_cache_policy(Id=OPTIMIZED)
    config = found["CachePolicy"]["CachePolicyConfig"]
    assert (config["Name"], config["MinTTL"]) == ("Managed-CachingOptimized", 1)
    kinds = {item["Type"] for item in cf.list_cache_policies(Type="managed")["CachePolicyList"]["Items"]}
    assert kinds == {"managed"}
    with refused("IllegalDelete"):
        cf.delete_cache_policy(Id=OPTIMIZED, IfMatch=found["ETag"])
    assert cf.list_origin_request_policies(Type="managed")["OriginRequestPolicyList"]["Quantity"] >= 5
    assert cf.list_response_headers_policies(Type="managed")["ResponseHeadersPolicyList"]["Quantity"] == 5


def test_a_cache_policy_has_a_life(cf):
    config = cache_policy()
    made = cf.create_cache_policy(CachePolicyConfig=config)
    policy_id = made["CachePolicy"]["Id"]
    assert made["CachePolicy"]["CachePolicyConfig"]["DefaultTTL"] == 86400
    with refused("CachePolicyAlreadyExists", 409):
        cf.create_cache_policy(CachePolicyConfig=config)
    with refused("PreconditionFailed", 412):
        cf.update_cache_policy(Id=policy_id, IfMatch="ESTALE", CachePolicyConfig=config)
    changed = cf.update_cache_policy(Id=policy_id, IfMatch=made["ETag"], CachePolicyConfig={**config, "MaxTTL": 86400})
    assert cf.get_cache_policy_config(Id=policy_id)["CachePolicyConfig"]["MaxTTL"] == 86400
    cf.delete_cache_policy(Id=policy_id, IfMatch=changed["ETag"])
    with refused("NoSuchCachePolicy", 404):
        cf.get_cache_policy(Id=policy_id)
    with refused("InvalidArgument"):
        cf.create_cache_policy(CachePolicyConfig=cache_policy(MinTTL=10, DefaultTTL=5, MaxTTL=20))


def test_an_access_control_has_a_life(cf):
    config = access_control()
    made = cf.create_origin_access_control(OriginAccessControlConfig=config)
    control_id = made["OriginAccessControl"]["Id"]
    with refused("OriginAccessControlAlreadyExists", 409):
        cf.create_origin_access_control(OriginAccessControlConfig=config)
    with refused("PreconditionFailed", 412):
        cf.update_origin_access_control(Id=control_id, IfMatch="ESTALE", OriginAccessControlConfig=config)
    items = cf.list_origin_access_controls()["OriginAccessControlList"]["Items"]
    assert [item["Name"] for item in items if item["Id"] == control_id] == [config["Name"]]
    cf.delete_origin_access_control(Id=control_id, IfMatch=made["ETag"])
    with refused("NoSuchOriginAccessControl", 404):
        cf.get_origin_access_control(Id=control_id)
