# SPDX-License-Identifier: GPL-3.0-or-later
"""What one account of the local cloud may do with another's: what the resource's policy says, and nothing else."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

READER = {"AWS": ["arn:aws:iam::222222222222:root"]}


def refused(call, **arguments):
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"]


def test_a_bucket_is_read_as_far_as_its_policy_says(cloud):
    ours, theirs = cloud.client("s3"), cloud.client("s3", "staging")
    ours.create_bucket(Bucket="kept")
    for key in ("releases/a", "state/a"):
        ours.put_object(Bucket="kept", Key=key, Body=b"a")
    assert refused(theirs.get_object, Bucket="kept", Key="releases/a") == "AccessDenied"
    allow = {"Effect": "Allow", "Principal": READER, "Action": "s3:GetObject"}
    allow["Resource"] = "arn:aws:s3:::kept/releases/*"
    ours.put_bucket_policy(Bucket="kept", Policy=json.dumps({"Version": "2012-10-17", "Statement": [allow]}))
    assert theirs.get_object(Bucket="kept", Key="releases/a")["Body"].read() == b"a"
    assert theirs.head_object(Bucket="kept", Key="releases/a")["ContentLength"] == 1
    assert refused(theirs.get_object, Bucket="kept", Key="state/a") == "AccessDenied"
    assert refused(theirs.put_object, Bucket="kept", Key="releases/a", Body=b"b") == "AccessDenied"
    assert refused(theirs.list_objects_v2, Bucket="kept") == "AccessDenied"
    assert ours.get_object(Bucket="kept", Key="state/a")["Body"].read() == b"a"


def test_an_image_is_replicated_only_to_who_accepts_it(cloud):
    ours, theirs = cloud.client("ecr"), cloud.client("ecr", "staging")
    for each in (ours, theirs):
        each.create_repository(repositoryName="shared")
    destinations = [{"region": "us-east-1", "registryId": "222222222222"}]
    ours.put_replication_configuration(replicationConfiguration={"rules": [{"destinations": destinations}]})
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": []}

    def push(version):
        text = json.dumps({**manifest, "annotations": {"version": version}})
        ours.put_image(repositoryName="shared", imageManifest=text, imageTag=version)
        found = theirs.batch_get_image(repositoryName="shared", imageIds=[{"imageTag": version}])
        return [image["imageManifest"] for image in found["images"]] == [text]

    assert push("1") is False
    statement = {
        "Sid": "Replicas",
        "Effect": "Allow",
        "Principal": {"AWS": ["arn:aws:iam::111111111111:root"]},
        "Action": ["ecr:ReplicateImage"],
        "Resource": ["arn:aws:ecr:us-east-1:222222222222:repository/*"],
    }
    theirs.put_registry_policy(policyText=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    assert push("2") is True
    ours.put_replication_configuration(replicationConfiguration={"rules": []})
    assert push("3") is False
