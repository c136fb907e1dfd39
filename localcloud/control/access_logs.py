# SPDX-License-Identifier: GPL-3.0-or-later
"""Delivery of distributions' access logs to buckets: standard logging v2, set up through CloudWatch Logs deliveries.

Sources: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging.html (names of the objects)
and .../AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html (the bucket policy that lets the delivery write).
A delivery whose bucket does not let it is left out, and control's log says so. Only to S3, as JSON or W3C lines;
destinations in CloudWatch Logs and Firehose, and Parquet, are not modeled.
"""

from __future__ import annotations

import gzip
import json
import logging
import secrets
import time
from typing import TYPE_CHECKING, Any

from moto.logs.models import logs_backends
from moto.s3.models import s3_backends

from localcloud.control.bucket_policy import Caller, allows
from localcloud.iam.language import Who
from localcloud.settings import REGION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.mends.cloudfront.store import Distribution

log = logging.getLogger(__name__)

SERVICE = "delivery.logs.amazonaws.com"
_SOURCE = "ACCESS_LOGS"
_COMPACT = (",", ":")


def wanted(account_id: str, distribution_arn: str) -> bool:
    """Whether the access logs of a distribution go anywhere. Caller holds lock.MOTO."""
    return any(_deliveries(account_id, distribution_arn))


def deliver(account_id: str, distribution: Distribution, records: list[dict[str, Any]]) -> None:
    """Write records to each bucket that gets them. Caller holds lock.MOTO."""
    distribution_arn = distribution.arn
    for source, destination, delivery in _deliveries(account_id, distribution_arn):
        target = destination.delivery_destination_configuration["destinationResourceArn"]
        bucket, _, prefix = target.removeprefix("arn:aws:s3:::").partition("/")
        key = _key(account_id, distribution_arn, prefix)
        context = {
            "aws:sourcearn": source.arn,
            "aws:sourceaccount": account_id,
            "s3:x-amz-acl": "bucket-owner-full-control",
            "aws:securetransport": "true",
        }
        backend = s3_backends[account_id]["aws"]
        found = backend.buckets.get(bucket)
        resource = f"arn:aws:s3:::{bucket}/{key}"
        if found is None or not allows(found.policy, "s3:PutObject", resource, Caller(Who(service=SERVICE), context)):
            log.error("access logs of %s: bucket %s does not let %s write", distribution_arn, bucket, SERVICE)
            continue
        text = _text(records, delivery, destination.output_format or "json")
        backend.put_object(bucket, key, gzip.compress(text.encode(), mtime=0))


def _deliveries(account_id: str, distribution_arn: str) -> Iterator[tuple[Any, Any, Any]]:
    """(source, destination, delivery) of every delivery of the distribution's access logs to a bucket."""
    backend = logs_backends[account_id][REGION]
    for delivery in backend.deliveries.values():
        source = backend.delivery_sources.get(delivery.delivery_source_name)
        destination = next(
            (item for item in backend.delivery_destinations.values() if item.arn == delivery.delivery_destination_arn),
            None,
        )
        if source is None or destination is None or destination.delivery_destination_type != "S3":
            continue
        if distribution_arn in source.resource_arns and source.log_type == _SOURCE:
            yield source, destination, delivery


def _key(account_id: str, distribution_arn: str, prefix: str) -> str:
    """PREFIX/AWSLogs/ACCOUNT/CloudFront/DISTRIBUTION.yyyy-MM-dd-HH.UNIQUE.gz"""
    name = f"{distribution_arn.rpartition('/')[2]}.{time.strftime('%Y-%m-%d-%H', time.gmtime())}"
    folder = f"{prefix.rstrip('/')}/" if prefix else ""
    return f"{folder}AWSLogs/{account_id}/CloudFront/{name}.{secrets.token_hex(4)}.gz"


def _text(records: list[dict[str, Any]], delivery: Any, form: str) -> str:
    fields = delivery.record_fields
    rows = [{name: str(record.get(name, "")) or "-" for name in fields} for record in records]
    if form == "json":
        return "".join(json.dumps(row, separators=_COMPACT) + "\n" for row in rows)
    delimiter = delivery.field_delimiter or "\t"
    head = f"#Version: 1.0\n#Fields: {' '.join(fields)}\n" if form == "w3c" else ""
    return head + "".join(delimiter.join(row.values()) + "\n" for row in rows)
