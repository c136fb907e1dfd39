# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Workers follow the release: what a deployment, a rollback and site.yml make of them. Pure.

A worker is an ECS service without a load balancer that runs the image of its service. It moves after the traffic has
moved and was watched: before, the release before still works, and a worker that must not run twice never starts beside
its old self. ECS rolls it, with its circuit breaker; a roll that fails takes the whole release back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import schedule_plan
from .converge_plan import matches
from .pin_plan import digest_in, of_digest, repinned
from .plan_model import WITHDRAWN, Definition, Service, Snapshot, Wanted, Worker, WorkerState
from .steps_plan import RegisterDefinition, Step
from .task_definition_plan import normalized
from .worker_steps_plan import CreateWorker, MarkWorker, RollWorker, SettleWorker, WaitWorker

# UpdateService members that start no new deployment (Amazon ECS API reference, UpdateService).
_QUIET = (
    "deploymentConfiguration",
    "availabilityZoneRebalancing",
    "enableECSManagedTags",
    "enableExecuteCommand",
    "propagateTags",
)
_FIXED = ("launchType",)


def rolling(*, exclusive: bool) -> dict[str, Any]:
    """UpdateService members that say how ECS rolls the worker.

    exclusive: the old task stops before the new one starts. Availability Zone rebalancing starts a task beside the one
    it replaces, and ECS refuses it with a maximum of 100 percent (Amazon ECS developer guide).
    """
    least, most = (0, 100) if exclusive else (100, 200)
    return {
        "deploymentConfiguration": {
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            "maximumPercent": most,
            "minimumHealthyPercent": least,
        },
        "availabilityZoneRebalancing": "DISABLED" if exclusive else "ENABLED",
    }


def problems(snapshot: Snapshot, wanted: Wanted) -> list[str]:
    """What forbids to deploy: a worker that site.yml has not made yet."""
    lacking = [worker.name for worker in wanted.workers if worker.name not in snapshot.workers]
    return [f"worker {', '.join(lacking)} missing: run site.yml first"] if lacking else []


def forward(snapshot: Snapshot, wanted: Wanted) -> list[Step]:
    """Everything to the wanted bodies: all rolls begin, then each is waited for, then schedules and marks follow."""
    rolls: list[Step] = []
    waits: list[Step] = []
    marks: list[Step] = []
    for worker in wanted.workers:
        state = snapshot.workers.get(worker.name)
        if state is None or state.service is None:
            continue
        definition = _registered(state, worker.body)
        released = definition is not None and state.service.release == definition.arn
        roll = _roll(state.service, worker, worker.body, definition)
        rolls += roll
        if roll or not released:
            waits.append(_wait(state, worker, wanted))
        if not released:
            marks.append(MarkWorker(worker.name, state.released.arn if state.released else None))
    return [*rolls, *waits, *schedule_plan.forward(snapshot, wanted.schedules), *marks]


def back(snapshot: Snapshot, wanted: Wanted, release: Definition | None) -> list[Step]:
    """Everything to the revisions that belong to a release, whose digest counts.

    A worker that has had no release yet did not belong to it and stops; so does each when there is no release.
    """
    digest = digest_in(release.body) if release else ""
    rolls: list[Step] = []
    waits: list[Step] = []
    marks: list[Step] = []
    for worker in wanted.workers:
        state = snapshot.workers.get(worker.name)
        if state is None or state.service is None or state.definition is None:
            continue
        if not digest or state.released is None:
            rolls += _stop(state.service, worker)
            continue
        definition = of_digest(digest, (state.definition, state.released, state.previous, state.latest))
        body = definition.body if definition else repinned(state.definition.body, digest)
        roll = _roll(state.service, worker, body, definition)
        rolls += roll
        if roll or not _whole(state.service, worker.count):
            waits.append(_wait(state, worker, wanted))
        if definition is None or definition.arn != state.released.arn:
            marks.append(MarkWorker(worker.name, WITHDRAWN))
    return [*rolls, *waits, *schedule_plan.back(snapshot, wanted.schedules, release), *marks]


def _registered(state: WorkerState, body: Mapping[str, Any]) -> Definition | None:
    aim = normalized(body)
    return next((found for found in (state.definition, state.latest) if found and found.body == aim), None)


def _whole(service: Service, count: int) -> bool:
    """As many tasks as wanted, all of what the service runs, and ECS goes on starting them."""
    return service.desired == service.running == count and service.steady and not service.gave_up


def _roll(service: Service, worker: Worker, body: Mapping[str, Any], definition: Definition | None) -> list[Step]:
    runs = definition is not None and service.definition == definition.arn
    if runs and service.desired == worker.count and not service.gave_up:
        return []
    register: list[Step] = [] if definition else [RegisterDefinition(worker.name, body)]
    arn = definition.arn if definition else None
    changes = rolling(exclusive=worker.exclusive)
    return [*register, RollWorker(worker.name, arn, worker.count, changes, force=runs and service.gave_up)]


def _stop(service: Service, worker: Worker) -> list[Step]:
    if not service.desired:
        return []
    return [RollWorker(worker.name, service.definition, 0, rolling(exclusive=worker.exclusive))]


def _wait(state: WorkerState, worker: Worker, wanted: Wanted) -> WaitWorker:
    """The old tasks may take their stopTimeout before the new ones count, or even start."""
    containers = state.definition.body.get("containerDefinitions", []) if state.definition else []
    stopping = max((int(container.get("stopTimeout", 30)) for container in containers), default=0)
    timeout = wanted.healthy_timeout + stopping
    return WaitWorker(worker.name, worker.count, timeout, wanted.poll_interval, state.stopped)


@dataclass(frozen=True, slots=True)
class WorkerWishes:
    """What site.yml asks for. settings: CreateService members that all workers share."""

    workers: tuple[Worker, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


def converge(snapshot: Snapshot, wishes: WorkerWishes) -> list[Step]:
    """Creates what is missing, with no tasks; adapts what is there, and starts no deployment where tasks run."""
    steps: list[Step] = []
    for worker in wishes.workers:
        state = snapshot.workers.get(worker.name) or WorkerState(worker.name)
        settings = {**wishes.settings, **rolling(exclusive=worker.exclusive)}
        if state.service is None:
            steps += _created(state, worker, settings, wishes.tags)
            continue
        idle = not (state.service.desired or state.service.running or state.service.pending)
        members = [key for key in settings if key not in _FIXED] if idle else _QUIET
        changes = {
            key: settings[key]
            for key in members
            if key in settings and not matches(state.service.settings.get(key), settings[key])
        }
        steps += [SettleWorker(worker.name, changes)] if changes else []
    return steps


def _created(state: WorkerState, worker: Worker, settings: Mapping[str, Any], tags: Mapping[str, str]) -> list[Step]:
    """With a bootstrap revision, whose image no build pushes; deployments bring real ones."""
    exists = state.latest is not None and state.latest.body == normalized(worker.body)
    register: list[Step] = [] if exists else [RegisterDefinition(worker.name, worker.body)]
    arn = state.latest.arn if exists and state.latest else None
    return [*register, CreateWorker(worker.name, arn, settings, tags)]
