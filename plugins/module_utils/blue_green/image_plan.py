# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Image references: REPOSITORY[:TAG][@sha256:DIGEST] of Amazon ECR, taken apart and judged. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

_REGISTRY = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?")
_REPOSITORY = re.compile(r"[a-z0-9]+(?:[._/-][a-z0-9]+)*")
# Characters of a repository's name at most (RepositoryName of Amazon ECR's API), and of a bad reference that are shown.
_LONGEST, _SHOWN = 256, 200
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ImageReference:
    """An image of an ECR repository, whose uri is uri. With a digest the tag is only a comment.

    welcome: whether its account is one that others than its own may run images of.
    """

    uri: str
    account: str
    region: str
    repository: str
    tag: str | None
    digest: str | None
    welcome: bool = False

    @property
    def image_id(self) -> dict[str, str]:
        """The shape ECR's API asks for."""
        return {"imageDigest": self.digest} if self.digest else {"imageTag": self.tag or "latest"}

    def pinned(self, digest: str) -> str:
        """What a task definition gets: a reference that can never mean other bits."""
        return f"{self.uri}@{digest}"


def image_complaint(text: str) -> str | None:
    """One line that says what is wrong with a reference, None for a good one."""
    rest, at, digest = text.partition("@")
    shown = repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...")
    registry, slash, path = rest.partition("/")
    repository, colon, tag = path.partition(":")
    if at and not _DIGEST.fullmatch(digest):
        return f"image {shown}: a digest is sha256: and 64 lower-case hex digits"
    if not slash or not _REGISTRY.fullmatch(registry):
        return f"image {shown} is no Amazon ECR image (ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME[:TAG|@sha256:DIGEST])"
    named = len(repository) <= _LONGEST and _REPOSITORY.fullmatch(repository)
    if not named or (colon and not _TAG.fullmatch(tag)):
        return f"image {shown}: the repository name or the tag is malformed"
    return None


def reference(text: str, welcome: Collection[str] = ()) -> ImageReference:
    """Takes a good reference apart; ValueError with the complaint for a bad one. welcome: accounts."""
    complaint = image_complaint(text)
    registry, _slash, path = text.partition("@")[0].partition("/")
    found = _REGISTRY.fullmatch(registry)
    if complaint or found is None:
        raise ValueError(complaint)
    repository, _colon, tag = path.partition(":")
    return ImageReference(
        uri=f"{registry}/{repository}",
        account=found["account"],
        region=found["region"],
        repository=repository,
        tag=tag or None,
        digest=text.partition("@")[2] or None,
        welcome=found["account"] in welcome,
    )


def place_problem(image: ImageReference, cluster_arn: str) -> str | None:
    """An image of another region, or of an account that is neither the cluster's nor welcome, is refused."""
    parts = cluster_arn.split(":")
    region, account = parts[3], parts[4]
    if image.region == region and (image.account == account or image.welcome):
        return None
    return f"image {image.uri} lies in account {image.account}, {image.region}; this cluster in {account}, {region}"
