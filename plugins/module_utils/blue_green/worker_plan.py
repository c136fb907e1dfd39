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
from .match_plan import matches
from .pin_plan import Release, completed, of_digest, release_in, repinned
from .plan_model import (
    TAG_WORKER_OF,
    WITHDRAWN,
    Definition,
    ScheduledTask,
    Service,
    Snapshot,
    Wanted,
    Worker,
    WorkerState,
)
from .steps_plan import RegisterDefinition, Step
from .task_definition_plan import digest_in, normalized
from .worker_steps_plan import CreateWorker, EmptyWorker, MarkWorker, RollWorker, SettleWorker, WaitWorker

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

    exclusive: ECS is not to start a task beside another one, also not to rebalance Availability Zones, which it refuses
    with a maximum of 100 percent (Amazon ECS developer guide). That alone is not enough: ECS starts the new task as
    soon as it has told the old one to stop (containers-roadmap#959). So a deployment waits for the end of the old task
    itself, and does the way back too.
    """
    least, most = (0, 100) if exclusive else (100, 200)
    return {
        "deploymentConfiguration": {
            "deploymentCircuitBreaker": {"enable": True, "rollback": not exclusive},
            "maximumPercent": most,
            "minimumHealthyPercent": least,
        },
        "availabilityZoneRebalancing": "DISABLED" if exclusive else "ENABLED",
    }


def problems(snapshot: Snapshot, wanted: Wanted) -> list[str]:
    """What forbids to deploy: what site.yml has not made yet."""
    lacking = [f"worker {worker.name}" for worker in wanted.workers if worker.name not in snapshot.workers]
    if wanted.schedules and not snapshot.schedule_group:
        lacking.append(f"schedule group {schedule_plan.group_name(snapshot.cluster, snapshot.service)}")
    return [f"{', '.join(lacking)} missing: run site.yml first"] if lacking else []


@dataclass
class _Moves:
    """The steps of several workers, by kind: all rolls begin, then each is waited for, then all are marked."""

    rolls: list[Step] = field(default_factory=list)
    waits: list[Step] = field(default_factory=list)
    marks: list[Step] = field(default_factory=list)

    def add(self, wanted: Wanted, worker: Worker, state: WorkerState, body: Mapping[str, Any], previous: str) -> None:
        """A worker to a revision with this body. previous: the release that its mark is to name as the one before."""
        if state.service is None:
            return
        aim = normalized(body)
        known = (state.definition, state.released, state.previous, state.latest)
        definition = next((found for found in known if found and found.body == aim), None)
        released = definition is not None and state.service.release == definition.arn
        roll = _roll(state.service, worker, body, definition, _empty(state, worker, wanted))
        self.rolls += roll
        if roll or not released or not state.service.steady:
            self.waits.append(_wait(state, worker, wanted))
        if not released:
            self.marks.append(MarkWorker(worker.name, previous or None))


def forward(snapshot: Snapshot, wanted: Wanted, release: Release) -> list[Step]:
    """Everything to the release, with the settings that the inputs have."""
    moves = _Moves()
    for worker in wanted.workers:
        state = snapshot.workers.get(worker.name)
        if state:
            before = state.released.arn if state.released else ""
            moves.add(wanted, worker, state, completed(worker.template, release), before)
    schedules = schedule_plan.forward(snapshot, wanted.schedules, release)
    return [*moves.rolls, *moves.waits, *schedules, *moves.marks]


def back(snapshot: Snapshot, wanted: Wanted, release: Definition | None) -> list[Step]:
    """Everything to the revisions that belong to a color's release, whose digest counts.

    A worker that has had no release yet did not belong to it and stops; so does each when there is no release.
    """
    digest = digest_in(release.body) if release else ""
    moves = _Moves()
    for worker in wanted.workers:
        state = snapshot.workers.get(worker.name)
        if state is None or state.definition is None:
            continue
        if release is None or not digest or state.released is None:
            moves.rolls += _stop(state.service, worker)
            continue
        found = of_digest(digest, (state.definition, state.released, state.previous, state.latest))
        body = found.body if found else repinned(state.definition.body, release_in(release.body))
        moves.add(wanted, worker, state, body, WITHDRAWN)
    return [*moves.rolls, *moves.waits, *schedule_plan.back(snapshot, wanted.schedules, release), *moves.marks]


def _roll(
    service: Service, worker: Worker, body: Mapping[str, Any], definition: Definition | None, empty: list[Step]
) -> list[Step]:
    runs = definition is not None and service.definition == definition.arn
    if runs and service.desired == worker.count and not service.gave_up:
        return []
    register: list[Step] = [] if definition else [RegisterDefinition(worker.name, body)]
    arn = definition.arn if definition else None
    changes = rolling(exclusive=worker.exclusive)
    return [*register, *empty, RollWorker(worker.name, arn, worker.count, changes, force=runs and service.gave_up)]


def _empty(state: WorkerState, worker: Worker, wanted: Wanted) -> list[Step]:
    return [EmptyWorker(worker.name, _patience(state, wanted), wanted.poll_interval)] if worker.exclusive else []


def _patience(state: WorkerState, wanted: Wanted) -> float:
    """The old tasks may take their stopTimeout before the new ones count, or even start."""
    containers = state.definition.body.get("containerDefinitions", []) if state.definition else []
    stopping = max((int(container.get("stopTimeout", 30)) for container in containers), default=0)
    return wanted.healthy_timeout + stopping


def _stop(service: Service | None, worker: Worker) -> list[Step]:
    if service is None or not service.desired:
        return []
    return [RollWorker(worker.name, service.definition, 0, rolling(exclusive=worker.exclusive))]


def _wait(state: WorkerState, worker: Worker, wanted: Wanted) -> WaitWorker:
    return WaitWorker(worker.name, worker.count, _patience(state, wanted), wanted.poll_interval, state.stopped)


def to_revision(snapshot: Snapshot, wanted: Wanted, aim: Definition | None, *, withdraw: bool) -> list[Step]:
    """A service that is a worker itself to exactly this revision, and its schedules to that release; None: stop it.

    withdraw: it leaves a release that no rollback is to bring back.
    """
    moves = _Moves()
    for worker in wanted.workers:
        state = snapshot.workers.get(worker.name)
        if state and aim:
            moves.add(wanted, worker, state, aim.body, WITHDRAWN if withdraw else "")
        elif state:
            moves.rolls += _stop(state.service, worker)
    return [*moves.rolls, *moves.waits, *schedule_plan.back(snapshot, wanted.schedules, aim), *moves.marks]


@dataclass(frozen=True, slots=True)
class WorkerWishes:
    """What site.yml asks for. settings: CreateService members that all workers share."""

    workers: tuple[Worker, ...] = ()
    schedules: tuple[ScheduledTask, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


def converge(snapshot: Snapshot, wishes: WorkerWishes) -> list[Step]:
    """Creates what is missing, with no tasks; adapts what is there, and starts no deployment where tasks run."""
    steps: list[Step] = []
    for worker in wishes.workers:
        wanted = {**wishes.tags, **({TAG_WORKER_OF: snapshot.service} if worker.name != snapshot.service else {})}
        state = snapshot.workers.get(worker.name) or WorkerState(worker.name)
        settings = {**wishes.settings, **rolling(exclusive=worker.exclusive)}
        if state.service is None:
            steps += _created(state, worker, settings, wanted)
            continue
        idle = not (state.service.desired or state.service.running or state.service.pending)
        members = [key for key in settings if key not in _FIXED] if idle else _QUIET
        changes = {
            key: settings[key]
            for key in members
            if key in settings and not matches(state.service.settings.get(key), settings[key])
        }
        tags = {key: value for key, value in wanted.items() if state.service.tags.get(key) != value}
        steps += [SettleWorker(worker.name, changes, tags)] if changes or tags else []
    return [*steps, *schedule_plan.converge(snapshot, wishes.schedules, wishes.tags)]


def _created(state: WorkerState, worker: Worker, settings: Mapping[str, Any], tags: Mapping[str, str]) -> list[Step]:
    """With a bootstrap revision, whose image no build pushes; deployments bring real ones."""
    exists = state.latest is not None and state.latest.body == normalized(worker.template)
    register: list[Step] = [] if exists else [RegisterDefinition(worker.name, worker.template)]
    arn = state.latest.arn if exists and state.latest else None
    return [*register, CreateWorker(worker.name, arn, settings, tags)]
