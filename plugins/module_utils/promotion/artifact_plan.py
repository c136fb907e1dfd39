# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which artifact is meant. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..blue_green.image_plan import image_complaint
from .proof_plan import digest_problem, is_digest


@dataclass(frozen=True, slots=True)
class Artifact:
    """text: a digest, or the beginning of a release's name; empty for what serves. problem: why there is none."""

    text: str = ""
    problem: str = ""

    @property
    def whole(self) -> bool:
        return is_digest(self.text if self.text.startswith("sha256:") else f"sha256:{self.text}")


def artifact_of(params: Mapping[str, Any], release: str) -> Artifact:
    """params: those of slipway.ops.release_gate. release: what its bundle makes, empty without one."""
    image, digest, repository = params["image"], params["digest"], params["repository"]
    problem = digest_problem(digest) or (image_complaint(repository) if repository else "")
    if problem:
        return Artifact(problem=problem)
    if image:
        return _of_image(image, digest)
    if release:
        return _same(f"sha256:{release}", digest, "the bundle makes release")
    if digest or params["take_serving"]:
        return Artifact(digest)
    return Artifact(problem="no artifact is named: give an image by digest, a bundle, or a digest")


def _of_image(image: str, digest: str) -> Artifact:
    found = image.partition("@")[2]
    if not is_digest(found):
        return Artifact(
            problem=f"image {image!r} is not named by its digest (NAME@sha256:...): a tag may mean another one later"
        )
    return _same(found, digest, "the image is")


def _same(found: str, digest: str, what: str) -> Artifact:
    """found: a whole digest. digest: what was named beside it, perhaps only its beginning."""
    named = digest if digest.startswith("sha256:") else f"sha256:{digest}"
    if digest and not found.startswith(named):
        return Artifact(problem=f"{what} {found}, not {named}")
    return Artifact(found)
