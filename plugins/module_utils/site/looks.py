# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reads what bucket and distribution themselves say, all that can be at once. What cannot be read raises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

with suppress(ImportError):  # AnsibleAWSModule says what is missing
    from botocore.exceptions import ClientError

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError

from ..api import ApiErrors, retry
from ..invalidation import api as cloudfront
from ..invalidation.items_plan import viewer_path
from .distribution import bucket_policy, cache_policies
from .distribution_plan import policies_of
from .model_plan import CONFIG, UnreadableError

# What every release has under a name that stays.
ALWAYS = ("/", viewer_path(CONFIG))


@dataclass(frozen=True, slots=True)
class Looks:
    """openness: the bucket's public access block, None for none, and whether its policy makes it public. policy: the
    bucket's, None for none. distribution: None for none. policies: id -> CachePolicyConfig, those of ALWAYS at most."""

    openness: tuple[Mapping[str, bool] | None, bool]
    policy: dict[str, Any] | None
    distribution: dict[str, Any] | None
    policies: Mapping[str, dict[str, Any]]


def look_around(client: Callable[[str], Any], bucket: str, distribution_id: str) -> Looks:
    """client: makes boto3 clients. Raises UnreadableError for a bucket that does not exist, AnsibleAWSError."""
    s3, front = client("s3"), client("cloudfront")
    with ThreadPoolExecutor(3) as pool:
        block = pool.submit(_public_access_block, s3, bucket)
        public = pool.submit(_policy_public, s3, bucket)
        policy = pool.submit(bucket_policy, s3, bucket)
        distribution = _distribution(front, distribution_id)
        policies = _policies(front, distribution) if distribution else {}
        try:
            openness = block.result(), public.result()
        except AnsibleAWSError as error:
            if _code(error) == "NoSuchBucket":
                raise UnreadableError(f"bucket {bucket} does not exist: run site.yml first") from error
            raise
        return Looks(openness, policy.result(), distribution, policies)


def _policies(client: Any, distribution: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Whoever needs one that is not among them reads it, and hears why it cannot be read."""
    with suppress(AnsibleAWSError):
        return cache_policies(client, policies_of(distribution, ALWAYS))
    return {}


@ApiErrors.common_error_handler("read the public access block of bucket {bucket}")
@retry
def _public_access_block(client: Any, bucket: str) -> Mapping[str, bool] | None:
    try:
        return client.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    except is_boto3_error_code("NoSuchPublicAccessBlockConfiguration"):
        return None


@ApiErrors.common_error_handler("read whether bucket {bucket} is public")
@retry
def _policy_public(client: Any, bucket: str) -> bool:
    try:
        return client.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"]
    except is_boto3_error_code("NoSuchBucketPolicy"):
        return False


def _distribution(client: Any, distribution_id: str) -> dict[str, Any] | None:
    try:
        return cloudfront.get_distribution(client, distribution_id)
    except AnsibleAWSError as error:
        if _code(error) == "NoSuchDistribution":
            return None
        raise


def _code(error: AnsibleAWSError) -> str:
    cause = error.exception
    return cause.response.get("Error", {}).get("Code", "") if isinstance(cause, ClientError) else ""
