# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which release a task definition belongs to, and how to make one belong to another. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from .plan_model import Definition
from .task_definition_plan import DIGEST_VARIABLE, Body, digest_in


@dataclass(frozen=True, slots=True)
class Release:
    """What all parts of a service run: the image, pinned to the digest."""

    image: str
    digest: str


def release_in(body: Mapping[str, Any]) -> Release:
    """The release that a color's task definition belongs to."""
    digest = digest_in(body)
    images = [str(container.get("image", "")) for container in body.get("containerDefinitions", [])]
    return Release(next((image for image in images if digest and image.endswith(f"@{digest}")), ""), digest)


def completed(template: Mapping[str, Any], release: Release) -> Body:
    """The RegisterTaskDefinition request: containers that name no image get the release's, all are told its digest."""
    made = deepcopy(dict(template))
    for container in made["containerDefinitions"]:
        if not container.get("image"):
            container["image"] = release.image
        told = [item for item in container.get("environment", []) if item["name"] != DIGEST_VARIABLE]
        told.append({"name": DIGEST_VARIABLE, "value": release.digest})
        container["environment"] = sorted(told, key=lambda item: str(item["name"]))
    return made


def repinned(body: Mapping[str, Any], release: Release) -> Body:
    """The same task definition for another release: whatever has the image of its own gets that one's."""
    made, before = deepcopy(dict(body)), release_in(body)
    for container in made["containerDefinitions"]:
        if before.image and container.get("image") == before.image:
            del container["image"]
    return completed(made, release)


def of_digest(digest: str, candidates: Iterable[Definition | None]) -> Definition | None:
    """The first revision that belongs to the release of this digest."""
    return next((found for found in candidates if found and digest and digest_in(found.body) == digest), None)
