# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The steps that concern workers and schedules. Each is data, like those of steps_plan. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class CreateWorker:
    """Creates a worker's service with no tasks. definition None: the revision registered by the step before."""

    name: str
    definition: str | None
    request: Mapping[str, Any]
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return f"create worker {self.name}"


@dataclass(frozen=True, slots=True)
class SettleWorker:
    """UpdateService with members that leave the worker's revision and count as they are, and tags."""

    name: str
    changes: Mapping[str, Any]
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return f"update worker {self.name}"


@dataclass(frozen=True, slots=True)
class EmptyWorker:
    """Stops a worker's tasks and waits until the last one has really ended."""

    name: str
    timeout: float
    poll_interval: float

    @property
    def title(self) -> str:
        return f"stop worker {self.name} and wait for its end"


@dataclass(frozen=True, slots=True)
class RollWorker:
    """Has ECS roll a worker to a revision: definition, or None for the one registered before.

    changes: UpdateService members on top. force: also when nothing changes, because ECS gave up.
    """

    name: str
    definition: str | None
    count: int
    changes: Mapping[str, Any]
    force: bool = False

    @property
    def title(self) -> str:
        return f"roll worker {self.name}" if self.count else f"stop worker {self.name}"


@dataclass(frozen=True, slots=True)
class WaitWorker:
    """Until ECS has finished the roll and the new tasks have lived through several polls. ignore: stopped before."""

    name: str
    count: int
    timeout: float
    poll_interval: float
    ignore: frozenset[str] = frozenset()

    @property
    def title(self) -> str:
        return f"wait for {self.count} of worker {self.name}"


@dataclass(frozen=True, slots=True)
class MarkWorker:
    """Tags a worker's service: what it runs is its release. previous: the one before, None to leave it."""

    name: str
    previous: str | None

    @property
    def title(self) -> str:
        return f"mark the release of worker {self.name}"


@dataclass(frozen=True, slots=True)
class PointSchedule:
    """Creates a schedule, or points it to a revision: definition, or None for the one registered before.

    settings: members of CreateSchedule but for the target, whose other members target holds. previous: the revision
    that it started before, kept in the schedule's description, empty when there is none. exists: update it.
    """

    name: str
    group: str
    family: str
    definition: str | None
    settings: Mapping[str, Any]
    target: Mapping[str, Any]
    previous: str
    exists: bool

    @property
    def title(self) -> str:
        return f"{'point' if self.exists else 'create'} schedule {self.name}"


@dataclass(frozen=True, slots=True)
class RemoveSchedule:
    name: str
    group: str

    @property
    def title(self) -> str:
        return f"remove schedule {self.name}"


@dataclass(frozen=True, slots=True)
class CreateScheduleGroup:
    name: str
    tags: Mapping[str, str]

    @property
    def title(self) -> str:
        return f"create schedule group {self.name}"
