# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which release a task definition belongs to: the digest that its containers are told. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

from .plan_model import Definition
from .task_definition_plan import DIGEST_VARIABLE, Body


def digest_in(body: Mapping[str, Any]) -> str:
    """The digest of the release, empty for a bootstrap revision, which belongs to none."""
    for container in body.get("containerDefinitions", []):
        for variable in container.get("environment", []):
            if variable["name"] == DIGEST_VARIABLE:
                return str(variable["value"])
    return ""


def of_digest(digest: str, candidates: Iterable[Definition | None]) -> Definition | None:
    """The first revision that belongs to the release of this digest."""
    return next((found for found in candidates if found and digest and digest_in(found.body) == digest), None)


def repinned(body: Mapping[str, Any], digest: str) -> Body:
    """The same task definition for another digest: what is pinned to the one it has, and what containers are told."""
    made = deepcopy(dict(body))
    before = digest_in(body)
    for container in made.get("containerDefinitions", []):
        repository, _, pinned = str(container.get("image", "")).partition("@")
        if before and pinned == before:
            container["image"] = f"{repository}@{digest}"
        for variable in container.get("environment", []):
            if variable["name"] == DIGEST_VARIABLE:
                variable["value"] = digest
    return made
