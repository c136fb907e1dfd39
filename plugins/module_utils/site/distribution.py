# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reads what distribution_plan judges beside the distribution itself. What cannot be read raises AnsibleAWSError."""

from __future__ import annotations

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code

from ..api import ApiErrors, retry

_AT_ONCE = 8


@ApiErrors.common_error_handler("read cache policy {policy_id}")
@retry
def cache_policy(client: Any, policy_id: str) -> dict[str, Any]:
    """Its CachePolicyConfig; AWS's own policies are read like any."""
    return client.get_cache_policy(Id=policy_id)["CachePolicy"]["CachePolicyConfig"]


def cache_policies(client: Any, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    names = list(ids)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(zip(names, pool.map(lambda name: cache_policy(client, name), names), strict=True))


@ApiErrors.common_error_handler("read the policy of bucket {bucket}")
@retry
def bucket_policy(client: Any, bucket: str) -> dict[str, Any] | None:
    try:
        return json.loads(client.get_bucket_policy(Bucket=bucket)["Policy"])
    except is_boto3_error_code("NoSuchBucketPolicy"):
        return None
