# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Tasks that run other bits than their task definition is pinned to. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Stray:
    """A container whose image is not the one that was deployed. image: the reference it was started from."""

    task: str
    container: str
    image: str
    found: str

    @property
    def text(self) -> str:
        return f"task {self.task} runs {self.found} as {self.container}, deployed was {self.image}"


def strays(tasks: Iterable[Mapping[str, Any]]) -> list[Stray]:
    """tasks: as DescribeTasks shows them. imageDigest is not there before the image is pulled, and an image that is
    named by a tag is nobody's promise."""
    found = []
    for task in tasks:
        for container in task.get("containers", []):
            pinned = str(container.get("image", "")).partition("@")[2]
            digest = container.get("imageDigest")
            if pinned and digest and digest != pinned:
                arn = str(task["taskArn"])
                found.append(Stray(arn.rpartition("/")[2], container["name"], container["image"], digest))
    return found
