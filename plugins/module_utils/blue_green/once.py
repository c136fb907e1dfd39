# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs the one-off task (a migration) and waits for its end. What it means is decided in once_plan."""

from __future__ import annotations

import uuid
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError

from .. import ecs, log_events
from .once_plan import LOG_LINES, REMINDER, Ended, container_of, ended, identity, log_stream, started_by, tail
from .plan_model import TAG_MIGRATED
from .run import Run, StepFailedError
from .steps_plan import RunOnce

POLL_SECONDS = 1.0


def run_once(run: Run, step: RunOnce) -> None:
    """Adopts the task of a run that was killed, whether it still runs or has ended well, and starts one else."""
    begin = run.progress.clock()
    definition = step.definition or run.registered[step.color]
    container = step.once.container or run.scope.service
    task = _find(run, step, container) or _start(run, step, definition, container)
    task = _wait(run, step, task, container)
    result = ended(task, container)
    lines = _tail(run, task, container)
    seconds = round(run.progress.clock() - begin, 3)
    run.once.update(exit_code=result.exit_code, task_arn=task["taskArn"], log_tail=lines, seconds=seconds)
    _judge(run, step, result, lines)
    ecs.tag_resource(run.clients.ecs, run.service_arn(step.color), {TAG_MIGRATED: step.digest})


def _judge(run: Run, step: RunOnce, result: Ended, lines: list[str]) -> None:
    shown = f"; its log ends: {' | '.join(lines)}" if lines else "; it has logged nothing"
    if not result.well:
        raise StepFailedError(
            f"the one-off task {' '.join(step.once.command)} of {run.scope.service} failed: {result.why}{shown}. "
            f"{REMINDER}"
        )
    run.progress.say(f"exit code 0{shown}")


def _find(run: Run, step: RunOnce, container: str) -> dict[str, Any] | None:
    """The task of an earlier run for the same digest: one that runs, or one that has ended well."""
    name, client, cluster = started_by(run.scope.service, step.digest), run.clients.ecs, run.scope.cluster
    running = ecs.describe_tasks(client, cluster, ecs.list_running_tasks(client, cluster, name))
    if running:
        run.progress.say(
            f"task {identity(running[0]['taskArn'])} of an earlier run is still at it: waiting for that one"
        )
        return running[0]
    stopped = ecs.describe_tasks(
        client, cluster, ecs.list_stopped_of_family(client, cluster, run.scope.family_of(step.color))
    )
    done = [task for task in stopped if task.get("startedBy") == name and ended(task, container).well]
    if done:
        run.progress.say(f"task {identity(done[0]['taskArn'])} of an earlier run has ended well: not run again")
    return done[0] if done else None


def _start(run: Run, step: RunOnce, definition: str, container: str) -> dict[str, Any]:
    """On the network of the color's own service: what the service reaches, the task reaches."""
    service = run.snapshot.colors[step.color].service
    if service is None:
        raise StepFailedError(f"service {run.scope.name_of(step.color)} does not exist")
    request = {
        "cluster": run.scope.cluster,
        "taskDefinition": definition,
        "launchType": "FARGATE",
        "count": 1,
        "networkConfiguration": service.settings["networkConfiguration"],
        "overrides": {"containerOverrides": [{"name": container, "command": list(step.once.command)}]},
        "startedBy": started_by(run.scope.service, step.digest),
        "propagateTags": "TASK_DEFINITION",
        "enableECSManagedTags": True,
    }
    run.lease.confirm()
    task = ecs.run_task(run.clients.ecs, request, str(uuid.uuid4()))
    run.progress.say(f"started task {identity(task['taskArn'])}")
    return task


def _wait(run: Run, step: RunOnce, task: dict[str, Any], container: str) -> dict[str, Any]:
    arn, deadline = task["taskArn"], run.progress.clock() + step.once.timeout
    while task["lastStatus"] != "STOPPED":
        if run.progress.clock() >= deadline:
            return _give_up(run, step, arn, container)
        run.pause(POLL_SECONDS)
        # ECS is eventually consistent: a task that has just been started may not be found at once.
        task = next(iter(ecs.describe_tasks(run.clients.ecs, run.scope.cluster, [arn])), task)
        state = container_of(task, container).get("lastStatus") or ""
        run.progress.say(f"task {identity(arn)} is {task['lastStatus'].lower()}, its container {state.lower()}")
    return task


def _give_up(run: Run, step: RunOnce, arn: str, container: str) -> dict[str, Any]:
    """Half a migration is nobody's success: it is stopped, and says so."""
    reason = f"slipway: not done within {step.once.timeout:g} s"
    ecs.stop_task(run.clients.ecs, run.scope.cluster, arn, reason)
    lines = _tail(run, {"taskArn": arn, "taskDefinitionArn": step.definition or run.registered[step.color]}, container)
    run.once.update(exit_code=None, task_arn=arn, log_tail=lines, seconds=step.once.timeout)
    shown = f"; its log ends: {' | '.join(lines)}" if lines else ""
    raise StepFailedError(
        f"the one-off task {' '.join(step.once.command)} of {run.scope.service} was not done within "
        f"{step.once.timeout:g} s and was stopped{shown}. {REMINDER}"
    )


def _tail(run: Run, task: dict[str, Any], container: str) -> list[str]:
    """A log that cannot be read does not decide about a migration: it is said instead of the tail."""
    try:
        body = ecs.describe_task_definition(run.clients.ecs, task["taskDefinitionArn"]) or {}
        place = log_stream(body, container, task["taskArn"])
        return tail(log_events.last_messages(run.clients.get("logs"), *place, LOG_LINES)) if place else []
    except AnsibleAWSError as error:
        return [f"(the log could not be read: {' '.join(str(error).split())})"]
