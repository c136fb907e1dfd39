# SPDX-License-Identifier: GPL-3.0-or-later
"""ECR: an image's digest, the refusals of PutImage, and the download of what was uploaded.

Sources: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImage.html and
https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetDownloadUrlForLayer.html.
"""

from __future__ import annotations

import hashlib
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.ecr.exceptions import RepositoryNotFoundException
from moto.ecr.models import ECRBackend, Image
from moto.ecr.responses import ECRResponse
from moto.s3.models import get_canned_acl, s3_backends

from localcloud.mends.patch import wrap

#: ECR keeps blobs in a bucket of an account of its own.
_OWNER = "000000000000"
_BUCKET = "prod-local-starport-layer-bucket"


class ImageTagAlreadyExistsException(ServiceException):  # type: ignore[misc]
    """The tag belongs to another image and tags are immutable; moto says ImageAlreadyExists, as of the same image."""

    code = "ImageTagAlreadyExistsException"


class ImageDigestDoesNotMatchException(ServiceException):  # type: ignore[misc]
    """The client's digest is not the manifest's."""

    code = "ImageDigestDoesNotMatchException"


class LayersNotFoundException(ServiceException):  # type: ignore[misc]
    """No such blob was uploaded to the repository."""

    code = "LayersNotFoundException"


def install() -> None:
    """Put the mends in place."""
    wrap(ECRBackend, "put_image", put_image)
    wrap(ECRBackend, "complete_layer_upload", complete_layer_upload)
    wrap(ECRResponse, "get_download_url_for_layer", get_download_url_for_layer)


def put_image(
    original: Any,
    self: ECRBackend,
    repository_name: str,
    image_manifest: str,
    image_tag: str,
    image_manifest_mediatype: str | None = None,
    digest: str | None = None,
) -> Image:
    """The digest is the SHA-256 of the manifest ("The sha256 digest of the image manifest", API_ImageIdentifier).

    moto takes whatever digest the client gives, and without one hashes the layers' digests, so that two images of the
    same layers with another command are one, and a pull by digest finds the wrong one. Of a repository that does not
    exist it answers 500.
    """
    repository = self._get_repository(repository_name)
    computed = f"sha256:{hashlib.sha256(image_manifest.encode()).hexdigest()}"
    if digest and digest != computed:
        raise ImageDigestDoesNotMatchException(f"Image digest '{digest}' does not match the calculated '{computed}'")
    for other in repository.images:
        if image_tag in other.image_tags and other.image_manifest != image_manifest and repository.is_tag_immutable():
            raise ImageTagAlreadyExistsException(
                f"The image tag '{image_tag}' already exists in the '{repository_name}' repository and cannot be "
                "overwritten because the repository is immutable."
            )
    image: Image = original(self, repository_name, image_manifest, image_tag, image_manifest_mediatype, computed)
    return image


def complete_layer_upload(
    original: Any, self: ECRBackend, repository_name: str, upload_id: str, *args: Any, **kwargs: Any
) -> dict[str, Any]:
    """Keep the blob, of which moto remembers the size only."""
    upload = self._get_repository(repository_name).uploads.get(upload_id)
    blob = bytes(upload.layer_parts) if upload else b""
    answer: dict[str, Any] = original(self, repository_name, upload_id, *args, **kwargs)
    s3 = s3_backends[_OWNER]["aws"]
    if _BUCKET not in s3.buckets:
        s3.create_bucket(_BUCKET, "us-east-1")
    key = _key(self, repository_name, answer["layerDigest"])
    s3.put_object(_BUCKET, key, blob)
    # In AWS the address is presigned instead.
    s3.put_object_acl(_BUCKET, key, get_canned_acl("public-read"))
    return answer


def get_download_url_for_layer(original: Any, self: ECRResponse) -> ActionResult:  # noqa: ARG001
    """Where the blob can be read without credentials; moto has no such call."""
    name, digest = self._get_param("repositoryName"), self._get_param("layerDigest")
    repository = self.ecr_backend.repositories.get(name)
    if repository is None:
        raise RepositoryNotFoundException(name, self._get_param("registryId") or self.current_account)
    if digest not in repository.layers:
        raise LayersNotFoundException(
            f"The layer with digest '{digest}' does not exist in the repository with name '{name}' in the registry "
            f"with id '{repository.registry_id}'"
        )
    url = f"http://{self.headers['host']}/{_BUCKET}/{_key(self.ecr_backend, name, digest)}"
    return ActionResult({"downloadUrl": url, "layerDigest": digest})


def copy_blobs(source: ECRBackend, target: ECRBackend, repository: str) -> None:
    """Give the target's repository all blobs of the source's."""
    s3 = s3_backends[_OWNER]["aws"]
    for digest, size in source.repositories[repository].layers.items():
        target.repositories[repository].layers[digest] = size
        blob, key = s3.get_object(_BUCKET, _key(source, repository, digest)), _key(target, repository, digest)
        s3.put_object(_BUCKET, key, blob.value if blob is not None else b"")
        s3.put_object_acl(_BUCKET, key, get_canned_acl("public-read"))


def _key(backend: ECRBackend, repository: str, digest: str) -> str:
    return f"{backend.account_id}/{repository}/{digest.replace(':', '-')}"
