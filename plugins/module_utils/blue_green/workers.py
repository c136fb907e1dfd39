# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reads workers, and carries out the steps that concern them."""

from __future__ import annotations

from functools import partial
from typing import Any

from .. import ecs
from ..together import together
from .creation import create
from .observe import Clients, definition_of, service_from
from .once_plan import identity
from .plan_model import TAG_PREVIOUS, TAG_RELEASE, Definition, WorkerState
from .run import Run, StepFailedError
from .waits import dead_tasks, wait_ready
from .worker_health_plan import WorkerLook, judge_worker
from .worker_steps_plan import CreateWorker, EmptyWorker, MarkWorker, RollWorker, SettleWorker, WaitWorker


def observe_workers(clients: Clients, cluster: str, names: tuple[str, ...]) -> dict[str, WorkerState]:
    """Name -> worker, for those that have a service; at most 10 names (DescribeServices)."""
    found = ecs.describe_services(clients.ecs, cluster, list(names)) if names else {}
    return together({name: partial(_worker, clients, cluster, name, described) for name, described in found.items()})


def _worker(clients: Clients, cluster: str, name: str, described: dict) -> WorkerState:
    service = service_from(described)
    known: dict[str, Definition | None] = {}

    def find(reference: str | None) -> Definition | None:
        if not reference or (reference != name and ":" not in reference):
            return None
        if reference not in known:
            known[reference] = definition_of(clients, reference)
        return known[reference]

    return WorkerState(
        name=name,
        service=service,
        definition=find(service.definition),
        latest=find(name),
        released=find(service.release),
        previous=find(service.tags.get(TAG_PREVIOUS)),
        stopped=frozenset(ecs.list_stopped_tasks(clients.ecs, cluster, name)),
    )


def create_worker(run: Run, step: CreateWorker) -> None:
    create(run, step, step.name, step.name)


def settle_worker(run: Run, step: SettleWorker) -> None:
    service = run.snapshot.workers[step.name].service
    if step.changes:
        ecs.update_service(run.clients.ecs, run.scope.cluster, step.name, dict(step.changes))
    if step.tags and service:
        ecs.tag_resource(run.clients.ecs, service.arn, dict(step.tags))


def empty_worker(run: Run, step: EmptyWorker) -> None:
    """ECS counts a task that it has told to stop no longer, while its program may well go on for its stopTimeout."""
    client, cluster = run.clients.ecs, run.scope.cluster
    deadline = run.progress.clock() + step.timeout
    run.lease.confirm()
    ecs.update_service(client, cluster, step.name, {"desiredCount": 0})
    while True:
        arns = [
            *ecs.list_service_tasks(client, cluster, step.name),
            *ecs.list_stopped_tasks(client, cluster, step.name),
        ]
        left = [task for task in ecs.describe_tasks(client, cluster, arns) if task["lastStatus"] != "STOPPED"]
        if not left:
            return
        states = ", ".join(f"{identity(task['taskArn'])} {task['lastStatus'].lower()}" for task in left)
        run.progress.say(f"worker {step.name}: {states}")
        if run.progress.clock() >= deadline:
            raise StepFailedError(f"worker {step.name} did not stop within {step.timeout:g} s: {states}")
        run.pause(step.poll_interval)


def roll_worker(run: Run, step: RollWorker) -> None:
    definition = step.definition or run.registered[step.name]
    changes = {"taskDefinition": definition, "desiredCount": step.count, **step.changes}
    if step.force:
        changes["forceNewDeployment"] = True
    run.lease.confirm()
    ecs.update_service(run.clients.ecs, run.scope.cluster, step.name, changes)
    run.definitions[step.name] = definition


def wait_worker(run: Run, step: WaitWorker) -> None:
    """Raises StepFailedError when ECS gave the roll up or rolled it back, when a new task died, and at the deadline."""
    wait_ready(run, step, f"worker {step.name}", "rolled out", lambda: judge_worker(_look(run, step), step.count))


def _look(run: Run, step: WaitWorker) -> WorkerLook:
    wanted = _definition(run, step.name)
    described = describe(run, step.name)
    service = service_from(described)
    primary: dict[str, Any] = next((item for item in described["deployments"] if item["status"] == "PRIMARY"), {})
    return WorkerLook(
        wanted=wanted,
        definition=service.definition,
        rollout=primary.get("rolloutState", ""),
        reason=primary.get("rolloutStateReason", ""),
        running=service.running,
        pending=service.pending,
        steady=service.steady,
        dead=tuple(task for task in dead_tasks(run, step.name, step.ignore) if task["taskDefinitionArn"] == wanted),
    )


def describe(run: Run, name: str) -> dict:
    """The worker's service as ECS describes it now."""
    found = ecs.describe_services(run.clients.ecs, run.scope.cluster, [name])
    if name not in found:
        raise StepFailedError(f"worker {name} was deleted while this ran: run site.yml")
    return found[name]


def _definition(run: Run, name: str) -> str:
    """The revision that the worker is to run: the one this run rolled it to, or what it had."""
    service = run.snapshot.workers[name].service
    return run.definitions.get(name) or (service.definition if service else "")


def mark_worker(run: Run, step: MarkWorker) -> None:
    tags = {TAG_RELEASE: _definition(run, step.name)}
    if step.previous:
        tags[TAG_PREVIOUS] = step.previous
    service = run.snapshot.workers[step.name].service
    if service is None:
        raise StepFailedError(f"worker {step.name} does not exist: run site.yml")
    ecs.tag_resource(run.clients.ecs, service.arn, tags)
