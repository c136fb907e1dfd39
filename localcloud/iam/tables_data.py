# SPDX-License-Identifier: GPL-3.0-or-later
"""S3, DynamoDB, secrets, messages, logs and metrics: which call asks what. See asking.py.

S3's calls and actions differ in name: "Required permissions for Amazon S3 API operations",
https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from localcloud.iam.asking import Call, Context, Row, asking, making, on, rows, tag_keys
from localcloud.iam.language import Question

_BUCKET = "arn:aws:s3:::{Bucket}"
_OBJECT = "arn:aws:s3:::{Bucket}/{Key}"
_TABLE = "arn:aws:dynamodb:{R}:{A}:table/{TableName}"
#: AWS adds six characters to a secret's name, which a request by name does not have.
_KEPT = "arn:aws:secretsmanager:{R}:{A}:secret:{SecretId}-??????"
_PARAMETER = re.compile(r"^/*")
_LEADING = re.compile(r"^\s*(?:\(\s*)?(\S+)\s*=\s*(:\w+)")
#: Log groups and streams are one kind of name, in which what is missing is empty.
_GROUP = "arn:aws:logs:{R}:{A}:log-group:{logGroupName}:log-stream:"


def _copied(call: Call) -> Iterator[Question]:
    if source := call.get("CopySource"):
        yield Question("s3:GetObject", f"arn:aws:s3:::{source}")


def _deleted(call: Call) -> Iterator[Question]:
    for key in call.get("Keys") or ():
        yield Question("s3:DeleteObject", f"arn:aws:s3:::{call.get('Bucket')}/{key}")


def _leading_keys(call: Call) -> Context:
    """dynamodb:LeadingKeys: the partition keys of the items. The tables of this project call theirs "service"."""
    keys = [_text(call.get(f"{place}.service")) for place in ("Key", "Item")]
    values: Mapping[str, Any] = call.get("ExpressionAttributeValues") or {}
    names: Mapping[str, str] = call.get("ExpressionAttributeNames") or {}
    match = _LEADING.match(str(call.get("KeyConditionExpression") or ""))
    if match and names.get(match[1], match[1]) == "service":
        keys.append(_text(values.get(match[2])))
    found = [key for key in keys if key]
    return {"dynamodb:LeadingKeys": found} if found else {}


def _text(value: Any) -> str:
    return str(value.get("S", "")) if isinstance(value, Mapping) else ""


def _parameters(call: Call) -> Iterator[Question]:
    names = call.get("Names") or [call.get("Name")]
    for name in names:
        arn = (
            name if str(name).startswith("arn:") else f"{_home(call, 'ssm')}:parameter/{_PARAMETER.sub('', str(name))}"
        )
        yield Question(f"ssm:{call.operation}", arn)


def _tagged_key(call: Call) -> Iterator[Question]:
    """A new key has no ARN yet: kms:CreateKey and its tags know no resource."""
    if keys := tag_keys(call):
        yield Question("kms:TagResource", "*", keys)


def _vended(call: Call) -> Iterator[Question]:
    """https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging.html"""
    yield Question("cloudfront:AllowVendedLogDeliveryForResource", str(call.get("resourceArn")))


def _home(call: Call, service: str) -> str:
    return f"arn:aws:{service}:{call.region}:{call.account}"


def _alarms(call: Call) -> Iterator[Question]:
    names = call.get("AlarmNames") or [call.get("AlarmName") or "*"]
    for name in names:
        yield Question(f"cloudwatch:{call.operation}", f"{_home(call, 'cloudwatch')}:alarm:{name}")


def _bucket(operations: str, action: str = "") -> dict[str, Row | None]:
    return rows("s3", operations, on(_BUCKET, action=action))


def _objects(operations: str, action: str = "") -> dict[str, Row | None]:
    return rows("s3", operations, on(_OBJECT, action=action))


TABLE: dict[str, Row | None] = {
    **rows("s3", "ListBuckets", on(action="ListAllMyBuckets")),
    **_bucket("HeadBucket ListObjects ListObjectsV2", "ListBucket"),
    **_bucket("ListObjectVersions", "ListBucketVersions"),
    **_bucket("ListMultipartUploads", "ListBucketMultipartUploads"),
    **_bucket(
        "CreateBucket DeleteBucket GetBucketLocation GetBucketPolicy PutBucketPolicy DeleteBucketPolicy "
        "GetBucketPolicyStatus GetBucketTagging PutBucketTagging GetBucketVersioning PutBucketVersioning "
        "GetBucketOwnershipControls PutBucketOwnershipControls GetBucketLogging PutBucketLogging "
        "GetBucketRequestPayment GetBucketAcl PutBucketAcl GetBucketCors GetBucketWebsite"
    ),
    **_bucket("DeleteBucketTagging", "PutBucketTagging"),
    **_bucket("DeleteBucketOwnershipControls", "PutBucketOwnershipControls"),
    **_bucket("GetPublicAccessBlock", "GetBucketPublicAccessBlock"),
    **_bucket("PutPublicAccessBlock DeletePublicAccessBlock", "PutBucketPublicAccessBlock"),
    **_bucket("GetBucketEncryption", "GetEncryptionConfiguration"),
    **_bucket("PutBucketEncryption DeleteBucketEncryption", "PutEncryptionConfiguration"),
    **_bucket("GetBucketLifecycleConfiguration GetBucketLifecycle", "GetLifecycleConfiguration"),
    **_bucket("PutBucketLifecycleConfiguration PutBucketLifecycle DeleteBucketLifecycle", "PutLifecycleConfiguration"),
    **_bucket("GetBucketAccelerateConfiguration", "GetAccelerateConfiguration"),
    **_bucket("GetObjectLockConfiguration", "GetBucketObjectLockConfiguration"),
    **_bucket("GetBucketNotificationConfiguration", "GetBucketNotification"),
    **_bucket("ListBucketInventoryConfigurations GetBucketInventoryConfiguration", "GetInventoryConfiguration"),
    **_objects("GetObject HeadObject GetObjectAttributes", "GetObject"),
    **_objects("CreateMultipartUpload CompleteMultipartUpload", "PutObject"),
    **_objects("DeleteObject AbortMultipartUpload GetObjectTagging PutObjectTagging"),
    **_objects("ListParts", "ListMultipartUploadParts"),
    **rows("s3", "CopyObject PutObject UploadPart UploadPartCopy", on(_OBJECT, action="PutObject", also=_copied)),
    **rows("s3", "DeleteObjects", asking(_deleted)),
    **rows("dynamodb", "CreateTable", making(_TABLE)),
    **rows("dynamodb", "ListBackups", on()),
    **rows("dynamodb", "ListTables", on("arn:aws:dynamodb:{R}:{A}:table/*")),
    **rows(
        "dynamodb",
        "DeleteTable DescribeTable UpdateTable DescribeContinuousBackups UpdateContinuousBackups "
        "DescribeTimeToLive UpdateTimeToLive Scan",
        on(_TABLE),
    ),
    **rows("dynamodb", "GetItem PutItem UpdateItem DeleteItem Query", on(_TABLE, context=_leading_keys)),
    **rows(
        "dynamodb",
        "GetResourcePolicy PutResourcePolicy DeleteResourcePolicy",
        on("{ResourceArn}"),
    ),
    **rows("dynamodb", "ListTagsOfResource TagResource UntagResource", on("{ResourceArn}")),
    **rows("secretsmanager", "ListSecrets GetRandomPassword", on()),
    **rows("secretsmanager", "CreateSecret", making("arn:aws:secretsmanager:{R}:{A}:secret:{Name}-??????")),
    **rows(
        "secretsmanager",
        "DeleteSecret DescribeSecret GetResourcePolicy GetSecretValue PutResourcePolicy PutSecretValue RestoreSecret "
        "TagResource UntagResource UpdateSecret DeleteResourcePolicy",
        on(_KEPT),
    ),
    **rows("ssm", "DescribeParameters", on()),
    **rows("ssm", "GetParameter GetParameters PutParameter DeleteParameter", asking(_parameters)),
    **rows("sns", "ListTopics", on()),
    **rows(
        "sns",
        "DeleteTopic GetTopicAttributes ListSubscriptionsByTopic Publish SetTopicAttributes Subscribe",
        on("{TopicArn}"),
    ),
    **rows("sns", "CreateTopic", making("arn:aws:sns:{R}:{A}:{Name}")),
    **rows("sns", "ListTagsForResource TagResource UntagResource", on("{ResourceArn}")),
    **rows("logs", "CreateLogGroup", making(_GROUP)),
    **rows("logs", "DescribeLogGroups", on("arn:aws:logs:{R}:{A}:log-group::log-stream:")),
    **rows(
        "logs",
        "DeleteLogGroup PutRetentionPolicy DeleteRetentionPolicy DescribeLogStreams AssociateKmsKey "
        "DisassociateKmsKey ListTagsLogGroup TagLogGroup FilterLogEvents DescribeMetricFilters PutMetricFilter",
        on(_GROUP),
    ),
    **rows("logs", "ListTagsForResource TagResource UntagResource", on("{resourceArn}")),
    **rows("logs", "CreateLogStream GetLogEvents PutLogEvents", on(f"{_GROUP}{{logStreamName}}")),
    **rows(
        "logs",
        "DescribeDeliveries DescribeQueryDefinitions DescribeResourcePolicies PutResourcePolicy PutQueryDefinition "
        "DeleteQueryDefinition",
        on(),
    ),
    **rows("logs", "PutDeliverySource", making("arn:aws:logs:{R}:{A}:delivery-source:{name}", also=_vended)),
    **rows("logs", "GetDeliverySource DeleteDeliverySource", on("arn:aws:logs:{R}:{A}:delivery-source:{name}")),
    **rows("logs", "PutDeliveryDestination", making("arn:aws:logs:{R}:{A}:delivery-destination:{name}")),
    **rows(
        "logs",
        "GetDeliveryDestination DeleteDeliveryDestination",
        on("arn:aws:logs:{R}:{A}:delivery-destination:{name}"),
    ),
    **rows(
        "logs",
        "CreateDelivery",
        on(
            "arn:aws:logs:{R}:{A}:delivery:*",
            "arn:aws:logs:{R}:{A}:delivery-source:{deliverySourceName}",
            "{deliveryDestinationArn}",
        ),
    ),
    **rows("logs", "DeleteDelivery", on("arn:aws:logs:{R}:{A}:delivery:{id}")),
    **rows(
        "cloudwatch",
        "GetMetricData GetMetricStatistics ListMetrics PutMetricData ListDashboards",
        on(),
    ),
    **rows("cloudwatch", "DescribeAlarms DeleteAlarms SetAlarmState", asking(_alarms)),
    **rows("cloudwatch", "PutMetricAlarm", making("arn:aws:cloudwatch:{R}:{A}:alarm:{AlarmName}")),
    **rows("cloudwatch", "ListTagsForResource TagResource UntagResource", on("{ResourceARN}")),
    **rows("cloudwatch", "GetDashboard PutDashboard", on("arn:aws:cloudwatch::{A}:dashboard/{DashboardName}")),
    **rows("cloudwatch", "DeleteDashboards", on("arn:aws:cloudwatch::{A}:dashboard/{DashboardNames}")),
    **rows("kms", "ListAliases ListKeys", on()),
    **rows("kms", "CreateKey", on(also=_tagged_key)),
    **rows("kms", "CreateAlias", on("arn:aws:kms:{R}:{A}:{AliasName}", "arn:aws:kms:{R}:{A}:key/{TargetKeyId}")),
    **rows("kms", "DeleteAlias", on("arn:aws:kms:{R}:{A}:{AliasName}")),
    **rows(
        "kms",
        "CancelKeyDeletion CreateGrant Decrypt DescribeKey EnableKey EnableKeyRotation Encrypt GenerateDataKey "
        "GetKeyPolicy GetKeyRotationStatus ListGrants ListKeyPolicies ListResourceTags PutKeyPolicy "
        "ScheduleKeyDeletion TagResource UntagResource UpdateKeyDescription",
        on("arn:aws:kms:{R}:{A}:key/{KeyId}"),
    ),
}
