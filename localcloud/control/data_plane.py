# SPDX-License-Identifier: GPL-3.0-or-later
"""What control knows about the ALB data plane, shared between the bridge that hears it and the mends that tell it."""

from __future__ import annotations

import dataclasses
import threading
from typing import Any

#: Set when something that the ALB's configuration is made of may have changed.
CHANGED = threading.Event()


@dataclasses.dataclass(frozen=True, slots=True)
class TargetHealth:
    """A target's health as the ALB process sees it; states and reasons are those of API_TargetHealth."""

    id: str
    port: int
    state: str
    reason: str | None
    description: str | None


class HealthBoard:
    """The last health report of each target group. Written by the bridge's reader, read under requests."""

    def __init__(self) -> None:
        self._groups: dict[str, dict[tuple[str, int], TargetHealth]] = {}

    def report(self, groups: dict[str, list[dict[str, Any]]]) -> None:
        """Take in a health message: each group named is replaced as a whole."""
        for arn, targets in groups.items():
            self._groups[arn] = {
                (target["id"], int(target["port"])): TargetHealth(
                    id=target["id"],
                    port=int(target["port"]),
                    state=target["state"],
                    reason=target.get("reason"),
                    description=target.get("description"),
                )
                for target in targets
            }

    def of(self, arn: str) -> dict[tuple[str, int], TargetHealth]:
        """The group's targets by id and port; empty if nothing was heard of it."""
        return self._groups.get(arn, {})


HEALTH = HealthBoard()
