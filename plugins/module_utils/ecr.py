# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Amazon ECR: one call, one function."""

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code

from .api import ApiErrors, retry

ABSENT = ["ImageNotFoundException", "RepositoryNotFoundException"]


@ApiErrors.common_error_handler("describe image {image_id} of repository {repository}")
@retry
def describe_image(client: Any, registry: str, repository: str, image_id: dict[str, str]) -> dict | None:
    """image_id: {"imageTag": ...} or {"imageDigest": ...}. None: no such repository or image."""
    try:
        details = client.describe_images(registryId=registry, repositoryName=repository, imageIds=[image_id])
    except is_boto3_error_code(ABSENT):
        return None
    return next(iter(details["imageDetails"]), None)
