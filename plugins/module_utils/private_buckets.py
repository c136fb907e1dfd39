# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Amazon S3: buckets and their settings."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.slipway.ops.plugins.module_utils.api import ApiErrors, retry

from .private_buckets_plan import Bucket, Plan, Step

# A bucket made a moment ago, and settings of one, are not everywhere at once (S3 user guide, consistency model).
_patiently = AWSRetry.jittered_backoff(
    retries=6, delay=1, max_delay=10, catch_extra_error_codes=["NoSuchBucket", "OperationAborted", "SlowDown"]
)

# How each setting is read: method, error code that says there is none, and where it is in the answer.
READERS: dict[str, tuple[str, str, Callable[[dict[str, Any]], Any]]] = {
    "public access": (
        "get_public_access_block",
        "NoSuchPublicAccessBlockConfiguration",
        lambda answer: answer["PublicAccessBlockConfiguration"],
    ),
    "ownership": (
        "get_bucket_ownership_controls",
        "OwnershipControlsNotFoundError",
        lambda answer: answer["OwnershipControls"]["Rules"][0]["ObjectOwnership"],
    ),
    "encryption": (
        "get_bucket_encryption",
        "ServerSideEncryptionConfigurationNotFoundError",
        lambda answer: [_encryption(rule) for rule in answer["ServerSideEncryptionConfiguration"]["Rules"]],
    ),
    "versioning": ("get_bucket_versioning", "", lambda answer: answer.get("Status")),
    "lifecycle": (
        "get_bucket_lifecycle_configuration",
        "NoSuchLifecycleConfiguration",
        lambda answer: answer["Rules"],
    ),
    "access log": ("get_bucket_logging", "", lambda answer: _access_log(answer.get("LoggingEnabled"))),
    "tags": ("get_bucket_tagging", "NoSuchTagSet", lambda answer: _tags(answer["TagSet"])),
    "policy": ("get_bucket_policy", "NoSuchBucketPolicy", lambda answer: json.loads(answer["Policy"])),
}

# How each setting is written: method and its arguments.
WRITERS: dict[str, tuple[str, Callable[[Any], dict[str, Any]]]] = {
    "public access": ("put_public_access_block", lambda value: {"PublicAccessBlockConfiguration": value}),
    "ownership": (
        "put_bucket_ownership_controls",
        lambda value: {"OwnershipControls": {"Rules": [{"ObjectOwnership": value}]}},
    ),
    "encryption": ("put_bucket_encryption", lambda value: {"ServerSideEncryptionConfiguration": {"Rules": value}}),
    "versioning": ("put_bucket_versioning", lambda value: {"VersioningConfiguration": {"Status": value}}),
    "lifecycle": ("put_bucket_lifecycle_configuration", lambda value: {"LifecycleConfiguration": {"Rules": value}}),
    "access log": ("put_bucket_logging", lambda value: {"BucketLoggingStatus": {"LoggingEnabled": value}}),
    "tags": (
        "put_bucket_tagging",
        lambda value: {"Tagging": {"TagSet": [{"Key": k, "Value": v} for k, v in sorted(value.items())]}},
    ),
    "policy": ("put_bucket_policy", lambda value: {"Policy": json.dumps(value, sort_keys=True)}),
}


def observe(client: Any, wanted: Mapping[str, Mapping[str, Any]]) -> list[Bucket]:
    """Each bucket with those of its settings that are wanted in one way or another."""
    return [
        Bucket(name, {key: read(client, name, key) for key in settings} if exists(client, name) else None)
        for name, settings in wanted.items()
    ]


def apply(client: Any, plan: Plan) -> None:
    """Make the plan's steps in order."""
    for step in plan.steps:
        if step.action == "create":
            create(client, step.bucket)
        elif step.action == "delete":
            empty(client, step.bucket)
            delete(client, step.bucket)
        else:
            write(client, step.bucket, step)


@ApiErrors.common_error_handler("look for bucket {name}")
@retry
def exists(client: Any, name: str) -> bool:
    """Whether the bucket is there. One of somebody else's account answers 403, which is an error."""
    try:
        client.head_bucket(Bucket=name)
    except is_boto3_error_code("404"):
        return False
    except is_boto3_error_code("403") as error:
        raise AnsibleAWSError(
            message=f"Bucket {name} exists and these credentials may not look at it (403): it belongs to another "
            "account, or they lack s3:ListBucket. Choose another name if it is somebody else's; nothing was changed"
        ) from error
    return True


@ApiErrors.common_error_handler("read the {setting} of bucket {name}")
@retry
def read(client: Any, name: str, setting: str) -> Any:
    """One setting, None where the bucket has none."""
    method, missing, value = READERS[setting]
    try:
        answer = getattr(client, method)(Bucket=name)
    except is_boto3_error_code(missing):
        return None
    return value(answer)


@ApiErrors.common_error_handler("create bucket {name}")
@_patiently
def create(client: Any, name: str) -> None:
    region = client.meta.region_name
    # us-east-1 has no location constraint (Amazon S3 API reference, CreateBucket).
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    client.create_bucket(Bucket=name, ObjectOwnership="BucketOwnerEnforced", **where)


@ApiErrors.common_error_handler("put a setting of bucket {name}")
@_patiently
def write(client: Any, name: str, step: Step) -> None:
    method, arguments = WRITERS[step.action]
    getattr(client, method)(Bucket=name, **arguments(step.after))


@ApiErrors.common_error_handler("empty bucket {name}")
@retry
def empty(client: Any, name: str) -> None:
    """Delete every version of every object, a thousand at a time."""
    for page in client.get_paginator("list_object_versions").paginate(Bucket=name):
        versions = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        keys = [{"Key": version["Key"], "VersionId": version["VersionId"]} for version in versions]
        if keys:
            answer = client.delete_objects(Bucket=name, Delete={"Objects": keys, "Quiet": True})
            refuse_leftovers(name, answer.get("Errors", []))


def refuse_leftovers(name: str, errors: list[dict[str, Any]]) -> None:
    """DeleteObjects answers 200 for what it did not delete, too."""
    if errors:
        first = errors[0]
        raise AnsibleAWSError(
            message=f"Bucket {name} keeps {len(errors)} objects that S3 would not delete, the first being "
            f"{first['Key']}: {first['Code']} {first['Message']}. The bucket stays; run again once that is settled"
        )


@ApiErrors.common_error_handler("delete bucket {name}")
@_patiently
def delete(client: Any, name: str) -> None:
    client.delete_bucket(Bucket=name)


def _encryption(rule: dict[str, Any]) -> dict[str, Any]:
    """What of a rule is compared: S3 has been adding members (BlockedEncryptionTypes) with values of its own."""
    kept = {"ApplyServerSideEncryptionByDefault": rule["ApplyServerSideEncryptionByDefault"]}
    return {**kept, "BucketKeyEnabled": rule.get("BucketKeyEnabled", False)}


def _tags(tags: list[dict[str, str]]) -> dict[str, str]:
    """All but AWS's own, which nobody else can remove."""
    return {tag["Key"]: tag["Value"] for tag in tags if not tag["Key"].startswith("aws:")}


def _access_log(enabled: dict[str, Any] | None) -> dict[str, Any] | None:
    return enabled and {key: enabled[key] for key in ("TargetBucket", "TargetPrefix")}
