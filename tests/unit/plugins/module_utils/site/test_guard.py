# SPDX-License-Identifier: GPL-3.0-or-later
"""What stops a release before its first write: bucket and distribution as they are in the local cloud."""

from __future__ import annotations

import json

import boto3
import pytest
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.slipway.ops.plugins.module_utils.cloudfront import site_documents_plan
from ansible_collections.slipway.ops.plugins.module_utils.invalidation.paths_plan import InProgress
from ansible_collections.slipway.ops.plugins.module_utils.site.guard_plan import distribution_notes
from ansible_collections.slipway.ops.plugins.module_utils.site.model_plan import (
    Edge,
    File,
    Manifest,
    UnreadableError,
    Wanted,
)
from ansible_collections.slipway.ops.plugins.module_utils.site.observe import guard
from botocore.config import Config

from tests.unit.plugins.cloudfront_cloud import CloudFrontCloud

BLOCK = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
FILES = {
    "index.html": File("0" * 64, "0" * 32, 1, "document", {"Cache-Control": "no-cache"}),
    "assets/app-A1b2C3d4.js": File(
        "0" * 64, "0" * 32, 1, "immutable", {"Cache-Control": "public, max-age=31536000, immutable"}
    ),
}


@pytest.fixture(scope="module")
def running_cloud(tmp_path_factory):
    cloud = CloudFrontCloud(tmp_path_factory.mktemp("cloudfront"))
    cloud.start()
    cloud.s3 = boto3.client(
        "s3",
        region_name="us-east-1",
        endpoint_url=cloud.endpoint,
        aws_access_key_id=cloud.account.access_key,
        aws_secret_access_key=cloud.account.secret_key,
        config=Config(s3={"addressing_style": "path"}),
    )
    control = {"Name": "site", "SigningProtocol": "sigv4", "SigningBehavior": "always"}
    made = cloud.client.create_origin_access_control(
        OriginAccessControlConfig={**control, "OriginAccessControlOriginType": "s3"}
    )
    cloud.control = made["OriginAccessControl"]["Id"]
    yield cloud
    cloud.stop()


@pytest.fixture
def site(running_cloud):
    """A bucket and a distribution as role cloudfront_site makes them."""
    cloud = running_cloud
    cloud.delay = 0.0
    cloud.s3.create_bucket(Bucket="bucket")
    cloud.s3.put_public_access_block(Bucket="bucket", PublicAccessBlockConfiguration=BLOCK)
    cloud.distribution = cloud.create(**documents(cloud))
    allow(cloud, cloud.distribution)
    yield cloud
    cloud.s3.delete_bucket(Bucket="bucket")


def documents(cloud, **origin):
    """Of an origin with origin access control, whatever else the test wants of it."""
    found = {
        "Id": "s3",
        "DomainName": "bucket.s3.us-east-1.amazonaws.com",
        "OriginPath": "/site",
        "OriginAccessControlId": cloud.control,
        "S3OriginConfig": {"OriginAccessIdentity": ""},
        **origin,
    }
    return {"Origins": {"Quantity": 1, "Items": [found]}}


def allow(cloud, distribution):
    arn = f"arn:aws:cloudfront::{cloud.account.id}:distribution/{distribution}"
    policy = site_documents_plan.bucket_policy({"bucket": "bucket"}, arn)
    cloud.s3.put_bucket_policy(Bucket="bucket", Policy=json.dumps(policy))


def look(cloud, bucket="bucket", distribution=None, mode="paths"):
    clients = {"s3": cloud.s3, "cloudfront": cloud.client}
    wanted = Wanted("publish", Manifest(FILES), "", "", "", edge=Edge(mode))
    return guard(clients.__getitem__, bucket, distribution or cloud.distribution, wanted)


def test_what_the_role_makes_is_well_and_what_is_in_progress_is_counted(site):
    found = look(site)
    assert (found.problems, found.busy) == ((), InProgress())
    # CachingOptimized, which the test's distribution has for everything.
    (note,) = found.notes
    assert "keeps /, /config.json, /index.html for at least 1 s" in note
    site.delay = 60
    site.invalidate("/a", "/b/*")
    assert look(site).busy == InProgress(1, 1)


def test_a_bucket_without_a_policy_cannot_be_read_by_the_distribution(site):
    site.s3.delete_bucket_policy(Bucket="bucket")
    read, list_it = look(site).problems
    assert f"does not let distribution {site.distribution} read site/*: visitors would get 403" in read
    assert f"does not let distribution {site.distribution} list it (s3:ListBucket)" in list_it


def test_a_bucket_that_is_open_is_told(site):
    site.s3.delete_public_access_block(Bucket="bucket")
    assert "does not block public access" in look(site).problems[0]


def test_another_s_distribution_is_told(site):
    assert "does not exist: run site.yml first" in look(site, distribution="ENOSUCH").problems[0]
    other = site.create(**documents(site, OriginPath="/other"))
    assert "is not this site's" in look(site, distribution=other).problems[0]


def test_a_distribution_that_hides_errors_is_told(site):
    page = {"ErrorCode": 404, "ResponsePagePath": "/index.html", "ResponseCode": "200", "ErrorCachingMinTTL": 0}
    hiding = site.create(**documents(site), CustomErrorResponses={"Quantity": 1, "Items": [page]})
    allow(site, hiding)
    (problem,) = look(site, distribution=hiding).problems
    assert "answers 404 with 200 and /index.html" in problem


def test_a_bucket_that_does_not_exist_cannot_be_judged(site):
    with pytest.raises((UnreadableError, AnsibleAWSError), match="bucket none"):
        look(site, bucket="none")


def test_tags_need_the_header_that_objects_have(site):
    assert "cannot be invalidated by tag: it did not opt in" in look(site, mode="tag").problems[0]


def test_a_distribution_on_its_way_is_noted():
    assert distribution_notes({"Id": "E1", "Status": "Deployed"}) == []
    (note,) = distribution_notes({"Id": "E1", "Status": "InProgress"})
    assert "distribution E1 is still being deployed" in note
