# SPDX-License-Identifier: GPL-3.0-or-later
"""What the scheduler keeps of services, deployments and tasks. Changed only under the controller's lock.

Services and tasks lie in moto's ECS backend (backend.services, backend.tasks) in the place of moto's own objects, so
that what moto does well (tags, the tagging API) works on them: hence the moto names of some members.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from localcloud.ecs.native.course import Course
from localcloud.ecs.plan import Rollout

#: Events that DescribeServices shows (Service.events, ECS API Reference).
EVENT_LIMIT = 100


def now() -> datetime:
    """The time for timestamps of the API."""
    return datetime.now(UTC)


@dataclass(slots=True, kw_only=True)
class Deployment:
    """One deployment of a service, and its service revision.

    definition: moto's TaskDefinition; the deployment keeps it also when it is deregistered or deleted meanwhile.
    load_balancers, network: as in the API. proven: one of its tasks was healthy. failures: tasks in a row that ended
    without having been healthy, for the back-off. retry_at: monotonic seconds before which no task starts.
    source_revision: ARN of the revision it replaced.
    history: status, reason and times as DescribeServiceDeployments has them.
    resolved: load_balancers with the target group that its tasks register in. course: of a strategy other than ROLLING.
    digests: container -> image digest, once a task has pulled it.
    """

    id: str
    arn: str
    revision_arn: str
    definition: Any
    load_balancers: list[dict[str, Any]]
    network: dict[str, Any]
    platform_version: str
    source_revision: str | None
    resolved: list[dict[str, Any]]
    course: Course | None = None
    digests: dict[str, str] = field(default_factory=dict)
    status: str = "PRIMARY"
    rollout: Rollout = "IN_PROGRESS"
    reason: str = ""
    failed_tasks: int = 0
    proven: bool = False
    failures: int = 0
    retry_at: float = 0.0
    created: datetime = field(default_factory=now)
    updated: datetime = field(default_factory=now)
    history: dict[str, Any] = field(default_factory=dict)

    @property
    def task_definition(self) -> str:
        """ARN of the task definition."""
        return str(self.definition.arn)

    def move(self, rollout: Rollout, reason: str) -> None:
        """Set rolloutState and its reason."""
        self.rollout, self.reason, self.updated = rollout, reason, now()


@dataclass(slots=True, kw_only=True)
class Container:
    """One container of a task, as DescribeTasks shows it."""

    arn: str
    definition: dict[str, Any]
    digest: str | None = None
    status: str = "PENDING"
    health: str = "UNKNOWN"
    exit_code: int | None = None
    reason: str | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class Task:
    """One task. `definition` is moto's TaskDefinition; times maps timestamp members of the API to times.

    service: None for a task of RunTask. running_since: monotonic seconds of RUNNING. targets: arns of the target
    groups that it is registered in. proven: it was healthy once. version grows with every change of state.
    """

    task_arn: str
    cluster_name: str
    cluster_arn: str
    definition: Any
    group: str
    started_by: str
    launch_type: str
    platform_version: str
    network: dict[str, Any]
    overrides: dict[str, Any]
    tags: list[dict[str, str]]
    containers: list[Container]
    service: Service | None = None
    deployment: Deployment | None = None
    capacity_provider: str | None = None
    address: str = ""
    zone: str | None = None
    attachments: list[dict[str, Any]] = field(default_factory=list)
    status: str = "PROVISIONING"
    desired: str = "RUNNING"
    health: str = "UNKNOWN"
    stop_code: str | None = None
    stopped_reason: str | None = None
    times: dict[str, datetime] = field(default_factory=lambda: {"createdAt": now()})
    running_since: float | None = None
    targets: list[str] = field(default_factory=list)
    proven: bool = False
    faulty: bool = False
    version: int = 1

    @property
    def id(self) -> str:
        """The last part of the ARN."""
        return self.task_arn.rsplit("/", 1)[1]

    @property
    def task_definition_arn(self) -> str:
        """ARN of the task definition."""
        return str(self.definition.arn)

    def move(self, status: str, *stamps: str) -> None:
        """Go to this lastStatus and stamp these timestamps with now."""
        self.status = status
        self.version += 1
        for stamp in stamps:
            self.times.setdefault(stamp, now())
        if status == "RUNNING":
            self.running_since = time.monotonic()

    def stopping(self, code: str, reason: str) -> None:
        """Note why it stops; the first reason stays."""
        self.desired = "STOPPED"
        if self.stop_code is None:
            self.stop_code, self.stopped_reason = code, reason


@dataclass(slots=True, kw_only=True, eq=False)
class Service:
    """One service. Names follow moto where moto reads them (name, arn, cluster_name, status, tags, ...)."""

    name: str
    arn: str
    cluster_name: str
    cluster_arn: str
    account_id: str
    region: str
    desired_count: int
    definition: Any
    load_balancers: list[dict[str, Any]]
    network: dict[str, Any]
    launch_type: str | None
    capacity_provider_strategy: list[dict[str, Any]]
    platform_version: str
    configuration: dict[str, Any]
    grace_period: int | None
    settings: dict[str, Any]
    tags: list[dict[str, str]]
    propagate_tags: str = "NONE"
    client_token: str | None = None
    scheduling_strategy: str = "REPLICA"
    status: str = "ACTIVE"
    created: datetime = field(default_factory=now)
    deployments: list[Deployment] = field(default_factory=list)
    past: list[Deployment] = field(default_factory=list)
    completed: Deployment | None = None
    tasks: list[Task] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    task_sets: list[Any] = field(default_factory=list)
    steady: bool = False

    @property
    def physical_resource_id(self) -> str:
        """moto's name of the ARN, for the tagging API."""
        return self.arn

    @property
    def task_definition(self) -> str:
        """ARN of the task definition."""
        return str(self.definition.arn)

    @property
    def primary(self) -> Deployment:
        """The deployment that tasks are started for."""
        return self.deployments[0]

    def alive(self, deployment: Deployment | None = None) -> Iterator[Task]:
        """Its tasks (of one deployment) that have not STOPPED."""
        return (t for t in self.tasks if t.status != "STOPPED" and deployment in (None, t.deployment))

    def say(self, message: str) -> None:
        """Add an event, newest first."""
        event = {"id": str(uuid.uuid4()), "createdAt": now(), "message": f"(service {self.name}) {message}"}
        self.events = [event, *self.events[: EVENT_LIMIT - 1]]
