# SPDX-License-Identifier: GPL-3.0-or-later
"""A site end to end: the API's state drives the edge, a bucket's policy lets it in, an invalidation clears it."""

from __future__ import annotations

import gzip
import http.client
import json
import time

import pytest

from tests.unit.localcloud.conftest import run, wait_for
from tests.unit.localcloud.test_cloudfront import (
    OPTIMIZED,
    VISIBLE,
    access_control,
    cache_policy,
    distribution,
    listed,
    name,
)

SPA = b"""function handler(event) {
  const r = event.request;
  if (!r.uri.split('/').pop().includes('.')) r.uri = '/index.html';
  return r;
}"""
ENVIRONMENT = "production"


class Site:
    """A bucket and its distribution."""

    def __init__(self, cloud):
        self.cloud = cloud
        self.s3, self.cf = (cloud.client(service, ENVIRONMENT) for service in ("s3", "cloudfront"))
        self.bucket = name()
        self.s3.create_bucket(Bucket=self.bucket)
        control = self.cf.create_origin_access_control(OriginAccessControlConfig=access_control())
        config = {"Comment": "", "Runtime": "cloudfront-js-2.0"}
        function = self.cf.create_function(Name=name(), FunctionConfig=config, FunctionCode=SPA)
        self.function = function["FunctionSummary"]["Name"]
        self.cf.publish_function(Name=self.function, IfMatch=function["ETag"])
        origin = {
            "Id": "s3",
            "DomainName": f"{self.bucket}.s3.us-east-1.amazonaws.com",
            "OriginPath": "/site",
            "OriginAccessControlId": control["OriginAccessControl"]["Id"],
            "S3OriginConfig": {"OriginAccessIdentity": ""},
        }
        arn = function["FunctionSummary"]["FunctionMetadata"]["FunctionARN"]
        behavior = {
            "TargetOriginId": "s3",
            "ViewerProtocolPolicy": "redirect-to-https",
            "CachePolicyId": self.cf.create_cache_policy(CachePolicyConfig=cache_policy())["CachePolicy"]["Id"],
            "FunctionAssociations": listed({"FunctionARN": arn, "EventType": "viewer-request"}),
        }
        made = self.cf.create_distribution(
            DistributionConfig=distribution(Origins=listed(origin), DefaultCacheBehavior=behavior)
        )["Distribution"]
        self.id, self.arn = made["Id"], made["ARN"]
        self.url = next(item["url"] for item in cloud.admin("status")[1]["sites"] if item["id"] == self.id)
        wait_for(self.answers)

    def answers(self):
        try:
            return self.get("/")
        except ConnectionRefusedError:
            return None

    def put(self, key, body, **headers):
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body.encode(), **headers)

    def get(self, path, **headers):
        """(status, X-Cache's first word, text)"""
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=10)
        connection.request("GET", path, headers={key.replace("_", "-"): value for key, value in headers.items()})
        answer = connection.getresponse()
        found = answer.status, answer.getheader("x-cache").split()[0], answer.read().decode()
        connection.close()
        return found

    def let_in(self, *, listing=True, arn=None):
        """Put the bucket policy of origin access control."""
        principal = {"Service": "cloudfront.amazonaws.com"}
        condition = {"StringEquals": {"AWS:SourceArn": arn or self.arn}}
        bucket = f"arn:aws:s3:::{self.bucket}"
        grants = [("s3:GetObject", f"{bucket}/site/*"), *([("s3:ListBucket", bucket)] if listing else [])]
        statements = [
            {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource, "Condition": condition}
            for action, resource in grants
        ]
        policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
        self.s3.put_bucket_policy(Bucket=self.bucket, Policy=policy)

    def invalidate(self, *paths):
        batch = {"Paths": listed(*paths), "CallerReference": name()}
        made = self.cf.create_invalidation(DistributionId=self.id, InvalidationBatch=batch)["Invalidation"]
        return made["Id"]

    def completed(self, invalidation):
        found = self.cf.get_invalidation(DistributionId=self.id, Id=invalidation)["Invalidation"]
        return found["Status"] == "Completed"


@pytest.fixture(scope="module")
def site(cloud):
    return Site(cloud)


def test_the_bucket_policy_decides(site):
    site.put("site/a.js", "asset")
    site.put("state/current.json", "{}")
    assert site.get("/a.js?1")[0] == 403
    site.let_in(arn=f"{site.arn}X")
    assert site.get("/a.js?2")[0] == 403
    site.let_in(listing=False)
    assert site.get("/none.js")[0] == 403
    site.let_in()
    assert site.get("/none2.js")[0] == 404
    assert site.get("/a.js") == (200, "Miss", "asset")
    assert site.get("/../state/current.json")[0] in (403, 404)


def test_a_missing_invalidation_serves_a_stale_page_and_a_due_one_the_new(site):
    site.let_in()
    site.put("site/page.html", "v1")
    assert site.get("/page.html")[2] == "v1"
    site.put("site/page.html", "v2")
    assert site.get("/page.html") == (200, "Hit", "v1")
    wrong = site.invalidate("/site/page.html", "/%70age.html")
    wait_for(lambda: site.completed(wrong))
    assert site.get("/page.html")[2] == "v1"
    right = site.invalidate("/page.html")
    while not site.completed(right):
        assert site.get("/page.html")[2] in ("v1", "v2")
        time.sleep(0.05)
    assert site.get("/page.html")[2] == "v2"


def test_documents_are_asked_for_each_time(site):
    site.let_in()
    headers = {"CacheControl": "no-cache", "ContentType": "text/html; charset=utf-8"}
    site.put("site/index.html", "v1", **headers)
    site.get("/route")
    assert site.get("/other/route") == (200, "RefreshHit", "v1")
    site.put("site/index.html", "v2", **headers)
    assert site.get("/")[2] == "v2"


def test_names_with_spaces_unicode_and_plus(site):
    site.let_in()
    for key in ("a b.txt", "ü.txt", "a+b.txt"):
        site.put(f"site/{key}", key)
    assert [site.get(path)[2] for path in ("/a%20b.txt", "/%C3%BC.txt", "/a%2Bb.txt")] == [
        "a b.txt",
        "ü.txt",
        "a+b.txt",
    ]
    assert site.get("/a+b.txt")[2] == "a b.txt"


def test_a_function_s_next_version_is_run_once_it_is_published(site):
    site.let_in()
    site.put("site/new.html", "new")
    found = site.cf.describe_function(Name=site.function)
    code = SPA.replace(b"/index.html", b"/new.html")
    config = {"Comment": "", "Runtime": "cloudfront-js-2.0"}
    etag = site.cf.update_function(Name=site.function, IfMatch=found["ETag"], FunctionConfig=config, FunctionCode=code)[
        "ETag"
    ]
    assert site.get("/route")[2] != "new"
    site.cf.publish_function(Name=site.function, IfMatch=etag)
    wait_for(lambda: site.get("/route")[2] == "new")
    back = site.cf.update_function(Name=site.function, IfMatch=etag, FunctionConfig=config, FunctionCode=SPA)["ETag"]
    site.cf.publish_function(Name=site.function, IfMatch=back)


def test_the_firewall_blocks(cloud, site):
    waf = cloud.client("wafv2", ENVIRONMENT)
    ips = waf.create_ip_set(Name=name(), Scope="CLOUDFRONT", IPAddressVersion="IPV4", Addresses=["127.0.0.0/8"])
    rule = {
        "Name": "ips",
        "Priority": 0,
        "Statement": {"IPSetReferenceStatement": {"ARN": ips["Summary"]["ARN"]}},
        "Action": {"Block": {}},
        "VisibilityConfig": VISIBLE,
    }
    acl = waf.create_web_acl(
        Name=name(), Scope="CLOUDFRONT", DefaultAction={"Allow": {}}, VisibilityConfig=VISIBLE, Rules=[rule]
    )["Summary"]
    found = site.cf.get_distribution_config(Id=site.id)
    config = found["DistributionConfig"]
    etag = site.cf.update_distribution(
        Id=site.id, IfMatch=found["ETag"], DistributionConfig={**config, "WebACLId": acl["ARN"]}
    )["ETag"]
    wait_for(lambda: "Request blocked" in site.get("/")[2])
    logs, group = cloud.client("logs", ENVIRONMENT), f"aws-waf-logs-{name()}"
    logs.create_log_group(logGroupName=group)
    waf.put_logging_configuration(
        LoggingConfiguration={
            "ResourceArn": acl["ARN"],
            "LogDestinationConfigs": [f"arn:aws:logs:us-east-1:{cloud.account(ENVIRONMENT).id}:log-group:{group}"],
            "RedactedFields": [{"SingleHeader": {"Name": "cookie"}}],
        }
    )

    def logged():
        site.get("/attack", Cookie="secret")
        return logs.filter_log_events(logGroupName=group)["events"]

    event = wait_for(logged)[0]
    record = json.loads(event["message"])
    assert (record["action"], record["terminatingRuleId"], record["httpSourceId"]) == ("BLOCK", "ips", site.id)
    assert {"name": "Cookie", "value": "REDACTED"} in record["httpRequest"]["headers"]
    assert event["logStreamName"].startswith("cloudfront_")
    site.cf.update_distribution(Id=site.id, IfMatch=etag, DistributionConfig=config)
    wait_for(lambda: "Request blocked" not in site.get("/")[2])


def test_a_load_balancer_is_an_origin(cloud, site):
    elb, ec2 = cloud.client("elbv2", ENVIRONMENT), cloud.client("ec2", ENVIRONMENT)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{index}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"][
            "SubnetId"
        ]
        for index, zone in enumerate("ab")
    ]
    balancer = elb.create_load_balancer(Name=name(), Subnets=subnets)["LoadBalancers"][0]
    fixed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200", "MessageBody": "from the alb"}}
    elb.create_listener(LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=80, DefaultActions=[fixed])
    origin = {
        "Id": "alb",
        "DomainName": balancer["DNSName"],
        "CustomOriginConfig": {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "http-only"},
    }
    behavior = {
        "PathPattern": "/api/*",
        "TargetOriginId": "alb",
        "ViewerProtocolPolicy": "https-only",
        "CachePolicyId": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
    }
    found = site.cf.get_distribution_config(Id=site.id)
    config = found["DistributionConfig"]
    wanted = {
        **config,
        "Origins": listed(*config["Origins"]["Items"], origin),
        "CacheBehaviors": listed(behavior),
    }
    etag = site.cf.update_distribution(Id=site.id, IfMatch=found["ETag"], DistributionConfig=wanted)["ETag"]
    wait_for(lambda: site.get("/api/x") == (200, "Miss", "from the alb"))
    site.cf.update_distribution(Id=site.id, IfMatch=etag, DistributionConfig=config)
    elb.delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])
    wait_for(lambda: site.get("/api/x")[2] != "from the alb")


@pytest.mark.parametrize(("form", "first"), [("json", b'{"'), ("w3c", b"#Version")])
def test_access_logs_are_delivered_to_a_bucket_that_lets_them_in(cloud, site, form, first):
    logs, bucket, account = cloud.client("logs", ENVIRONMENT), name(), cloud.account(ENVIRONMENT).id
    site.s3.create_bucket(Bucket=bucket)
    source = logs.put_delivery_source(name=name(), resourceArn=site.arn, logType="ACCESS_LOGS")["deliverySource"]
    destination = logs.put_delivery_destination(
        name=name(),
        outputFormat=form,
        deliveryDestinationConfiguration={"destinationResourceArn": f"arn:aws:s3:::{bucket}"},
    )["deliveryDestination"]
    delivery = logs.create_delivery(deliverySourceName=source["name"], deliveryDestinationArn=destination["arn"])
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "delivery.logs.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{bucket}/AWSLogs/{account}/*",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": account, "s3:x-amz-acl": "bucket-owner-full-control"},
            "ArnLike": {"aws:SourceArn": f"arn:aws:logs:us-east-1:{account}:delivery-source:*"},
        },
    }
    site.s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Statement": [statement]}))

    def arrived():
        site.get("/logged")
        return site.s3.list_objects_v2(Bucket=bucket).get("Contents")

    key = wait_for(arrived)[0]["Key"]
    assert key.startswith(f"AWSLogs/{account}/CloudFront/{site.id}.")
    text = gzip.decompress(site.s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    assert text.startswith(first)
    assert b"/logged" in text
    logs.delete_delivery(id=delivery["delivery"]["id"])


def test_the_account_s_first_distribution_is_at_its_reserved_url(cloud, site):
    sites = [item for item in cloud.admin("status")[1]["sites"] if item["account"] == cloud.account(ENVIRONMENT).id]
    assert (sites[0]["id"], sites[0]["url"]) == (site.id, cloud.account(ENVIRONMENT).site_url)
    text = (cloud.state / f"env.{ENVIRONMENT}").read_text()
    assert f"LOCAL_SITE_URL={sites[0]['url']}" in text.replace("'", "")
    assert f"site     {sites[0]['url']}" in run("status", "--state", str(cloud.state)).stdout


def test_a_distribution_that_is_deleted_no_longer_answers(cloud):
    cf = cloud.client("cloudfront", ENVIRONMENT)
    made = cf.create_distribution(DistributionConfig=distribution(Enabled=False, Comment=OPTIMIZED))
    url = next(item["url"] for item in cloud.admin("status")[1]["sites"] if item["id"] == made["Distribution"]["Id"])
    wait_for(lambda: _status(url) == 403)
    wait_for(lambda: cf.get_distribution(Id=made["Distribution"]["Id"])["Distribution"]["Status"] == "Deployed")
    cf.delete_distribution(Id=made["Distribution"]["Id"], IfMatch=made["ETag"])
    wait_for(lambda: _status(url) is None)


def _status(url):
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()


def test_only_the_edge_reads_origins(cloud, site):
    site.put("site/x.txt", "x")
    path = f"{cloud.settings.endpoint_url}/_localcloud/s3-origin/{site.bucket}/site/x.txt"
    assert cloud.http(path)[0] == 404
