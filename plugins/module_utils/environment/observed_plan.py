# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What was read of an environment. Data only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..site.state_plan import Current


@dataclass
class Observed:
    """What was read, in AWS's shapes. None: it is not there, or could not be read, which problems tells."""

    account: str = ""
    vpc: dict[str, Any] | None = None
    of_vpc: dict[str, list[Any]] = field(default_factory=dict)
    balancer: dict[str, Any] | None = None
    listeners: list[Any] = field(default_factory=list)
    acl: str = ""
    groups: dict[str, str] = field(default_factory=dict)
    health: dict[str, list[Any]] = field(default_factory=dict)
    ecs: dict[str, dict[str, Any]] = field(default_factory=dict)
    tasks: dict[str, list[Any]] = field(default_factory=dict)
    definitions: dict[str, dict[str, Any]] = field(default_factory=dict)
    targets: dict[str, dict[str, Any]] = field(default_factory=dict)
    warm: dict[str, str] = field(default_factory=dict)
    schedules: dict[str, list[Any]] = field(default_factory=dict)
    records: dict[str, list[Any]] = field(default_factory=dict)
    locks: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    alarms: list[Any] = field(default_factory=list)
    distribution: dict[str, Any] | None = None
    invalidations: list[Any] = field(default_factory=list)
    current: Current | None = None
    gpu: dict[str, Any] | None = None
    instances: dict[str, dict[str, Any]] = field(default_factory=dict)
    provider: bool = False
    roles: list[Any] = field(default_factory=list)
    atlas: dict[str, Any] | None = None
    problems: list[dict[str, str]] = field(default_factory=list)
