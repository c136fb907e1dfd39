# SPDX-License-Identifier: GPL-3.0-or-later
"""environment_resources_info against moto: found by tags and by name, with or without content, or not to be read."""

from __future__ import annotations

import functools
import json
import os

import boto3
import pytest
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.ops.plugins.module_utils.aws_session import OneSession
from ansible_collections.slipway.ops.plugins.modules import environment_resources_info
from botocore.exceptions import ClientError
from moto import mock_aws

from tests.unit.plugins.modules.aws_harness import run

ACCOUNT, REGION = "123456789012", "eu-west-1"
TAGS = {"slipway:project": "slipway", "slipway:environment": "x"}
PAIRS = [{"Key": key, "Value": value} for key, value in TAGS.items()]
GIVEN = {"name": "slipway-x", "account_id": ACCOUNT, "region": REGION, "tags": TAGS, "table": "slipway-x-releases"}


@pytest.fixture(scope="module")
def cloud():
    """Clients of an account with an environment's resources, and some that are not of it."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for key in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(key)
        for key, value in {"ACCESS_KEY_ID": "unused", "SECRET_ACCESS_KEY": "unused", "REGION": REGION}.items():
            patch.setenv(f"AWS_{key}", value)
        client = functools.cache(lambda name, region=REGION: boto3.client(name, region_name=region))
        patch.setattr(AnsibleAWSModule, "client", lambda _module, name, region=REGION: client(name, region))
        patch.setattr(OneSession, "__call__", lambda _session, name: client(name))
        fill(client)
        yield client


def fill(client):
    vpc = client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    client("ec2").create_tags(Resources=[vpc], Tags=PAIRS)
    topic = client("sns", "us-east-1").create_topic(Name="global", Tags=PAIRS)["TopicArn"]
    assert topic
    for name in ("slipway-x/api/key", "slipway-xy/other"):
        client("secretsmanager").create_secret(Name=name, SecretString="nobody's")
    for name in ("/slipway-x/api/url", "/slipway-xy/other"):
        client("ssm").put_parameter(Name=name, Value="v", Type="String")
    for alias in ("alias/slipway-x-topic", "alias/slipway-xy", "alias/slipway-x/gone"):
        key = client("kms").create_key()["KeyMetadata"]["KeyId"]
        client("kms").create_alias(AliasName=alias, TargetKeyId=key)
    client("kms").schedule_key_deletion(KeyId=key)
    client("logs").create_log_group(logGroupName="/aws/ecs/containerinsights/slipway-x/performance")
    place = {"CreateBucketConfiguration": {"LocationConstraint": REGION}}
    for bucket in ("full", "versions", "empty"):
        client("s3").create_bucket(Bucket=bucket, **place)
    client("s3").put_object(Bucket="full", Key="a", Body=b"a")
    versioning = {"Bucket": "versions", "VersioningConfiguration": {"Status": "Enabled"}}
    client("s3").put_bucket_versioning(**versioning)
    client("s3").put_object(Bucket="versions", Key="a", Body=b"a")
    client("s3").delete_object(Bucket="versions", Key="a")
    for name in ("api", "web"):
        client("ecr").create_repository(repositoryName=name)
    kind = "application/vnd.oci.image.manifest.v1+json"
    manifest = json.dumps({"schemaVersion": 2, "mediaType": kind, "layers": []})
    for tag in ("1", "one"):
        client("ecr").put_image(repositoryName="api", imageTag=tag, imageManifest=manifest)
    table = {"AttributeName": "service", "KeyType": "HASH"}
    client("dynamodb").create_table(
        TableName="slipway-x-releases",
        KeySchema=[table],
        AttributeDefinitions=[{"AttributeName": "service", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    client("dynamodb").create_backup(TableName="slipway-x-releases", BackupName="before")


def test_what_stands(cloud, capsys):
    asked = {"buckets": ["full", "versions", "empty", "none"], "repositories": ["api", "web", "none"]}
    result = run(environment_resources_info.main, capsys, **GIVEN, **asked)
    assert result["changed"] is False, result
    known = run(environment_resources_info.main, capsys, **GIVEN, **asked, key_aliases=["slipway-x-topic"])
    assert [each["stays"] for each in known["resources"] if each["kind"] == "key"] == [False]
    assert result["holding"] == ["bucket full", "bucket versions", "image repository api (1 image)"]
    found = [(each["kind"], each["id"], each["stays"]) for each in result["resources"]]
    [key] = [each["id"] for each in result["resources"] if each["kind"] == "key"]
    [vpc] = [each["id"] for each in result["resources"] if each["kind"] == "network part"]
    [secret] = [each["id"] for each in result["resources"] if each["kind"] == "secret"]
    assert secret.startswith("slipway-x/api/key-")
    expected = [
        ("bucket", "empty", False),
        ("bucket", "full", False),
        ("bucket", "versions", False),
        ("image repository", "api", False),
        ("image repository", "web", False),
        ("key", key, True),
        ("log group of Container Insights", "/aws/ecs/containerinsights/slipway-x/performance", True),
        ("network part", vpc, False),
        ("parameter", "slipway-x/api/url", True),
        ("secret", secret, True),
        ("table backup", next(name for kind, name, _stays in found if kind == "table backup"), True),
        ("topic", "global", False),
    ]
    assert found == expected


def test_a_key_that_may_not_be_described_stands(cloud, capsys, monkeypatch):
    def refused(**_arguments):
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "DescribeKey")

    monkeypatch.setattr(cloud("kms"), "describe_key", refused)
    result = run(environment_resources_info.main, capsys, **GIVEN)
    assert [each["stays"] for each in result["resources"] if each["kind"] == "key"] == [True, True]


def test_what_cannot_be_read_is_a_failure(cloud, capsys, monkeypatch):
    def refused(_name):
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "ListAliases")

    monkeypatch.setattr(cloud("kms"), "get_paginator", refused)
    result = run(environment_resources_info.main, capsys, **GIVEN)
    assert result["failed"]
    assert "list the aliases of keys" in result["msg"]
