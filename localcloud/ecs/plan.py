# SPDX-License-Identifier: GPL-3.0-or-later
"""What the ECS service scheduler does next for one service: a pure decision.

The rules are those of the ECS Developer Guide ("Amazon ECS services", "Deploy Amazon ECS services by replacing
tasks", "How the Amazon ECS deployment circuit breaker detects failures") and of DeploymentConfiguration in the ECS API
Reference.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

#: The circuit breaker's threshold: half of the desired count within these bounds.
BREAKER_MINIMUM, BREAKER_MAXIMUM = 3, 200

Rollout = Literal["IN_PROGRESS", "COMPLETED", "FAILED"]


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task that shall run. healthy: RUNNING and every check defined for it passes. fault: a check failed for good;
    (stoppedReason, event). A task that is neither is still on its way."""

    id: str
    deployment: str
    healthy: bool = False
    fault: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class DeploymentView:
    """alive: tasks that have not STOPPED, draining ones too. failed: tasks that failed in a row."""

    id: str
    rollout: Rollout = "IN_PROGRESS"
    failed: int = 0
    alive: int = 0
    retry_at: float = 0.0


@dataclass(frozen=True, slots=True)
class ServiceView:
    """deployments: the primary first. tasks: those with desiredStatus RUNNING, oldest first. steady: the steady state
    was announced and not left since."""

    desired: int
    deployments: tuple[DeploymentView, ...]
    tasks: tuple[TaskView, ...] = ()
    active: bool = True
    minimum_percent: int = 100
    maximum_percent: int = 200
    breaker: bool = False
    steady: bool = False


@dataclass(frozen=True, slots=True)
class Start:
    """Start tasks for a deployment; "" is the primary one."""

    count: int
    deployment: str = ""


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop a task. why: scaling, deployment or fault (then reason and event say more)."""

    task: str
    why: Literal["scaling", "deployment", "fault"]
    reason: str = ""
    event: str = ""


@dataclass(frozen=True, slots=True)
class Retire:
    """Drop a deployment without tasks."""

    deployment: str


@dataclass(frozen=True, slots=True)
class Break:
    """The circuit breaker trips on the primary deployment."""


@dataclass(frozen=True, slots=True)
class Complete:
    """The primary deployment's rollout is complete."""


@dataclass(frozen=True, slots=True)
class Steady:
    """The steady state is reached, or left."""

    reached: bool


@dataclass(frozen=True, slots=True)
class Close:
    """The last task of a deleted service is gone."""


Action = Start | Stop | Retire | Break | Complete | Steady | Close


def breaker_threshold(desired: int) -> int:
    """Failures in a row that trip the circuit breaker."""
    return min(BREAKER_MAXIMUM, max(BREAKER_MINIMUM, math.ceil(desired / 2)))


def plan(service: ServiceView, now: float) -> tuple[Action, ...]:
    """The actions for this state; none when all is as it should be. now: seconds, the clock of retry_at."""
    if not service.active:
        return _drain(service)
    primary = service.deployments[0]
    tripped = service.breaker and primary.failed >= breaker_threshold(service.desired)
    if tripped and primary.rollout == "IN_PROGRESS":
        return (Break(),)
    return (*_starts(service, now), *_stops(service), *_bookkeeping(service))


def keep(service: ServiceView, now: float) -> tuple[Action, ...]:
    """Hold the primary deployment at the desired count, and do nothing else."""
    return (*_starts(service, now), *_surplus(service, _mine(service)), *_faulty(service))


def _drain(service: ServiceView) -> tuple[Action, ...]:
    if not any(deployment.alive for deployment in service.deployments):
        return (Close(),)
    return tuple(Stop(task.id, "scaling") for task in service.tasks)


def _starts(service: ServiceView, now: float) -> tuple[Action, ...]:
    primary = service.deployments[0]
    if primary.rollout == "FAILED" or now < primary.retry_at:
        return ()
    count = min(_missing(service), _room(service))
    return (Start(count),) if count > 0 else ()


def _stops(service: ServiceView) -> tuple[Action, ...]:
    if service.deployments[0].rollout == "FAILED":  # nothing is started, so nothing may give way but to a scale-in
        return _surplus(service, list(service.tasks))
    return (*_surplus(service, _mine(service)), *_replaced(service), *_faulty(service))


def _surplus(service: ServiceView, tasks: list[TaskView]) -> tuple[Action, ...]:
    """Scale in: what is not healthy first, then the youngest."""
    good = [task for task in reversed(tasks) if not task.fault]
    by_worth = sorted(good, key=lambda task: task.healthy)
    return tuple(Stop(task.id, "scaling") for task in by_worth[: max(0, len(good) - service.desired)])


def _replaced(service: ServiceView) -> tuple[Action, ...]:
    """Stop tasks of older deployments: all when the primary can stand alone; before, those that are not healthy as far
    as they take the room of new ones, and healthy ones above the minimum."""
    old = [task for task in service.tasks if task.deployment != service.deployments[0].id]
    if _healthy(service) < service.desired:
        floor = math.ceil(service.desired * service.minimum_percent / 100)
        spare = max(0, sum(task.healthy for task in service.tasks) - floor)
        useless = [task for task in old if not task.healthy][: _lacking(service)]
        old = useless + [task for task in old if task.healthy][:spare]
    return tuple(Stop(task.id, "deployment") for task in old)


def _faulty(service: ServiceView) -> tuple[Action, ...]:
    """A faulty task goes when its replacement is healthy, or when there is no room to start one."""
    faulty = [task for task in _mine(service) if task.fault]
    if _healthy(service) < service.desired:
        faulty = faulty[: _lacking(service)]
    return tuple(Stop(task.id, "fault", *task.fault) for task in faulty if task.fault)


def _bookkeeping(service: ServiceView) -> tuple[Action, ...]:
    primary, *others = service.deployments
    retired = [Retire(deployment.id) for deployment in others if not deployment.alive]
    reached = (
        len(retired) == len(others)
        and primary.alive == service.desired == _healthy(service)
        and primary.rollout != "FAILED"
    )
    complete = [Complete()] if reached and primary.rollout == "IN_PROGRESS" else []
    steady = [Steady(reached)] if reached != service.steady else []
    return (*retired, *complete, *steady)


def _mine(service: ServiceView) -> list[TaskView]:
    return [task for task in service.tasks if task.deployment == service.deployments[0].id]


def _healthy(service: ServiceView) -> int:
    return sum(task.healthy for task in _mine(service))


def _missing(service: ServiceView) -> int:
    return service.desired - sum(not task.fault for task in _mine(service))


def _lacking(service: ServiceView) -> int:
    """New tasks for which there is no room."""
    return max(0, _missing(service) - max(0, _room(service)))


def _room(service: ServiceView) -> int:
    return math.floor(service.desired * service.maximum_percent / 100) - len(service.tasks)
