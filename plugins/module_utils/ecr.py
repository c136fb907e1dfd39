# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Amazon ECR: one call, one function."""

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code

from .api import ApiErrors, retry

ABSENT = ["ImageNotFoundException", "RepositoryNotFoundException"]


# What a registry keeps of an image besides plain manifests (Amazon ECR user guide, "Container image manifest format
# support"); ECR turns an index into something else for a caller who does not accept it.
MANIFEST_TYPES = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
]


@ApiErrors.common_error_handler("read the manifest of {image_id} in repository {repository}")
@retry
def get_image(client: Any, registry: str, repository: str, image_id: dict[str, str]) -> tuple[str, str] | None:
    """Digest and manifest, the JSON text. None: no such repository or image.

    image_id: {"imageTag": ...} or {"imageDigest": ...}.
    """
    try:
        answer = client.batch_get_image(
            registryId=registry,
            repositoryName=repository,
            imageIds=[image_id],
            acceptedMediaTypes=MANIFEST_TYPES,
        )
    except is_boto3_error_code(ABSENT):
        return None
    return next(((image["imageId"]["imageDigest"], image["imageManifest"]) for image in answer["images"]), None)


def get_manifest(client: Any, registry: str, repository: str, digest: str) -> str | None:
    """The manifest's JSON text. None: no such repository or image."""
    found = get_image(client, registry, repository, {"imageDigest": digest})
    return found[1] if found else None


@ApiErrors.common_error_handler("get the address of {digest} in repository {repository}")
@retry
def get_layer_url(client: Any, registry: str, repository: str, digest: str) -> str | None:
    """Where a blob of an image can be read without credentials for a while. None: it cannot, or the caller may not."""
    unreadable = ["LayersNotFoundException", "LayerInaccessibleException", "AccessDeniedException"]
    try:
        return client.get_download_url_for_layer(registryId=registry, repositoryName=repository, layerDigest=digest)[
            "downloadUrl"
        ]
    except is_boto3_error_code([*ABSENT, *unreadable]):
        return None
