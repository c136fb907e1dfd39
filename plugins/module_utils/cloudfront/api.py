# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Amazon CloudFront: distributions, and what every list of it has in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.slipway.ops.plugins.module_utils.api import ApiErrors, retry

# What a distribution used is in use for a while after its deletion (Amazon CloudFront API reference, Delete...).
IN_USE = ["CachePolicyInUse", "FunctionInUse", "OriginAccessControlInUse", "ResponseHeadersPolicyInUse"]
patiently = AWSRetry.jittered_backoff(retries=8, delay=1, max_delay=15, catch_extra_error_codes=IN_USE)


class ChangedMeanwhileError(AnsibleAWSError):
    """Somebody else changed the object between its reading and the write: nothing was overwritten."""

    def __init__(self, what: str) -> None:
        super().__init__(
            message=f"{what} was changed by somebody else in the last seconds, and nothing of that was overwritten: "
            "visitors get what it now says. Run the same playbook again, with --check --diff first if in doubt"
        )


@retry
def _page(client: Any, operation: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    return getattr(client, operation)(**arguments)


@ApiErrors.common_error_handler("list CloudFront's objects ({operation})")
def items(client: Any, operation: str, **arguments: Any) -> Iterator[dict[str, Any]]:
    """All items of one of CloudFront's lists; botocore has paginators for few of them."""
    return iter(list(_all_items(client, operation, arguments)))


def _all_items(client: Any, operation: str, arguments: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    marker: dict[str, str] = {}
    while True:
        answer = _page(client, operation, {**arguments, **marker})
        (page,) = [value for key, value in answer.items() if key.endswith("List")]
        yield from page.get("Items") or []
        if not page.get("NextMarker"):
            return
        marker = {"Marker": page["NextMarker"]}


@ApiErrors.common_error_handler("describe distribution {distribution_id}")
@retry
def get_distribution(client: Any, distribution_id: str) -> dict[str, Any] | None:
    """{"Distribution": ..., "ETag": ...}, None once it is gone."""
    try:
        return client.get_distribution(Id=distribution_id)
    except is_boto3_error_code("NoSuchDistribution"):
        return None


@ApiErrors.common_error_handler("list the tags of {arn}")
@retry
def tags_of(client: Any, arn: str) -> dict[str, str]:
    found = client.list_tags_for_resource(Resource=arn)["Tags"].get("Items") or []
    return {tag["Key"]: tag.get("Value", "") for tag in found}


@ApiErrors.common_error_handler("tag {arn}")
@retry
def tag(client: Any, arn: str, tags: Mapping[str, str]) -> None:
    client.tag_resource(Resource=arn, Tags=tag_items(tags))


@ApiErrors.common_error_handler("untag {arn}")
@retry
def untag(client: Any, arn: str, keys: list[str]) -> None:
    client.untag_resource(Resource=arn, TagKeys={"Items": keys})


def tag_items(tags: Mapping[str, str]) -> dict[str, Any]:
    """Tags as CloudFront takes them."""
    return {"Items": [{"Key": key, "Value": str(value)} for key, value in sorted(tags.items())]}


@ApiErrors.common_error_handler("create the distribution")
@retry
def create_distribution(client: Any, config: Mapping[str, Any], tags: Mapping[str, str]) -> dict[str, Any]:
    """{"Distribution": ..., "ETag": ...}. The caller reference makes a repeated call the same call."""
    return client.create_distribution_with_tags(
        DistributionConfigWithTags={"DistributionConfig": config, "Tags": tag_items(tags)}
    )


@ApiErrors.common_error_handler("update distribution {distribution_id}")
@retry
def update_distribution(client: Any, distribution_id: str, etag: str, config: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return client.update_distribution(Id=distribution_id, IfMatch=etag, DistributionConfig=config)
    except is_boto3_error_code(["PreconditionFailed", "InvalidIfMatchVersion"]) as error:
        raise ChangedMeanwhileError(f"Distribution {distribution_id}") from error


@ApiErrors.common_error_handler("delete distribution {distribution_id}")
@retry
def delete_distribution(client: Any, distribution_id: str, etag: str) -> None:
    client.delete_distribution(Id=distribution_id, IfMatch=etag)
