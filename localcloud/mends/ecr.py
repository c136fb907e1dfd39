# SPDX-License-Identifier: GPL-3.0-or-later
"""ECR: an image's digest, and the refusals of PutImage.

Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImage.html.
"""

from __future__ import annotations

import hashlib
from typing import Any

from moto.core.exceptions import ServiceException
from moto.ecr.models import ECRBackend, Image

from localcloud.mends.patch import wrap


class ImageTagAlreadyExistsException(ServiceException):  # type: ignore[misc]
    """The tag belongs to another image and tags are immutable; moto says ImageAlreadyExists, as of the same image."""

    code = "ImageTagAlreadyExistsException"


class ImageDigestDoesNotMatchException(ServiceException):  # type: ignore[misc]
    """The client's digest is not the manifest's."""

    code = "ImageDigestDoesNotMatchException"


def install() -> None:
    """Put the mend in place."""
    wrap(ECRBackend, "put_image", put_image)


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
