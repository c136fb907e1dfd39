# SPDX-License-Identifier: GPL-3.0-or-later
"""Workers and schedules as the planner tests write them, and what steps make of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ansible_collections.slipway.ops.plugins.module_utils.blue_green.pin_plan import Release, completed
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.plan_model import (
    TAG_PREVIOUS,
    TAG_RELEASE,
    WITHDRAWN,
    Definition,
    ScheduledTask,
    ScheduleState,
    Service,
    Snapshot,
    Worker,
    WorkerState,
)
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.schedule_plan import description
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.task_definition_plan import composed, normalized
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.worker_steps_plan import (
    CreateScheduleGroup,
    CreateWorker,
    MarkWorker,
    PointSchedule,
    RemoveSchedule,
    RollWorker,
    SettleWorker,
)

ACCOUNT = "arn:aws:ecs:us-east-1:111111111111"
NETWORK = {"awsvpcConfiguration": {"subnets": ["s1"], "securityGroups": ["g1"], "assignPublicIp": "ENABLED"}}
SCHEDULE_SETTINGS = {"ScheduleExpression": "rate(5 minutes)", "State": "ENABLED", "FlexibleTimeWindow": {"Mode": "OFF"}}
ROLE = "arn:aws:iam::111111111111:role/scheduler"


def template(family: str, *command: str) -> dict[str, Any]:
    given = {"containers": [{"name": "api", "command": list(command) or ["work"], "stop_timeout": 7}]}
    return composed(given, family, "", "api", {})


def release(name: str) -> Release:
    return Release(f"repo@sha256:{name}", f"sha256:{name}")


def revision(family: str, name: str, *command: str) -> Definition:
    body = completed(template(family, *command), release(name))
    return Definition(f"{ACCOUNT}:task-definition/{family}:{name}", normalized(body))


BOOT = "boot"


def boot(family: str) -> Definition:
    body = composed({"containers": [{"name": "api", "command": ["work"]}]}, family, "repo:unreleased", "api", {})
    return Definition(f"{ACCOUNT}:task-definition/{family}:boot", normalized(body))


def known(family: str, name: str) -> Definition:
    return boot(family) if name == BOOT else revision(family, name)


def worker(name: str = "api-mail", **changes: Any) -> Worker:
    return replace(Worker(name, template(name)), **changes)


def state(runs: str = BOOT, tasks: int = 0, released: str = "", previous: str = "", **service: Any) -> WorkerState:
    """Worker api-mail, which runs a revision with so many tasks; its tags name these releases."""
    family = service.pop("name", "api-mail")
    now = known(family, runs)
    tags = {TAG_RELEASE: known(family, released).arn} if released else {}
    tags |= {TAG_PREVIOUS: known(family, previous).arn} if previous else {}
    made = Service(
        f"{ACCOUNT}:service/c/{family}",
        tasks,
        tasks,
        0,
        now.arn,
        release=tags.get(TAG_RELEASE),
        settings={"networkConfiguration": NETWORK},
        tags=tags,
    )
    return WorkerState(
        family,
        replace(made, **service),
        now,
        now,
        known(family, released) if released else None,
        known(family, previous) if previous else None,
    )


def schedule(**changes: Any) -> ScheduledTask:
    family = "api-report"
    return replace(ScheduledTask("report", family, template(family, "report"), SCHEDULE_SETTINGS, ROLE), **changes)


def scheduled(runs: str, previous: str = "", **settings: Any) -> ScheduleState:
    """Schedule report, as a PointSchedule left it."""
    family = "api-report"
    target = {
        "Arn": f"{ACCOUNT}:cluster/c",
        "RoleArn": ROLE,
        "EcsParameters": {
            "TaskDefinitionArn": revision(family, runs).arn,
            "TaskCount": 1,
            "LaunchType": "FARGATE",
            "PropagateTags": "TASK_DEFINITION",
            "EnableECSManagedTags": True,
            "NetworkConfiguration": {
                "awsvpcConfiguration": {"Subnets": ["s1"], "SecurityGroups": ["g1"], "AssignPublicIp": "ENABLED"}
            },
        },
        "RetryPolicy": {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 10},
    }
    now = revision(family, runs, "report")
    before = revision(family, previous, "report") if previous else None
    shown = {
        **SCHEDULE_SETTINGS,
        "Target": target,
        "Description": description(before.arn if before else ""),
        **settings,
    }
    return ScheduleState("report", now, before, now, shown)


def seen(*workers: WorkerState, schedules: tuple[ScheduleState, ...] = (), **other: Any) -> Snapshot:
    return Snapshot(
        other.pop("service", "api"),
        "c",
        {},
        workers={each.name: each for each in workers},
        schedules={each.name: each for each in schedules},
        schedule_group=other.pop("schedule_group", True),
        **other,
    )


def after(snapshot: Snapshot, steps: Any, name: str) -> Snapshot:
    """What AWS is like when the steps for the release of this name are done and have settled."""
    for step in steps:
        snapshot = _after(snapshot, step, name)
    return snapshot


def _after(snapshot: Snapshot, step: Any, name: str) -> Snapshot:
    if isinstance(step, RollWorker | MarkWorker):
        changed = _worker_after(snapshot.workers[step.name], step, name)
        return replace(snapshot, workers={**snapshot.workers, step.name: changed})
    if isinstance(step, CreateWorker):
        made = state(name=step.name, settings=dict(step.request), tags=dict(step.tags))
        return replace(snapshot, workers={**snapshot.workers, step.name: made})
    if isinstance(step, SettleWorker):
        now = snapshot.workers[step.name]
        assert now.service
        service = replace(
            now.service, settings={**now.service.settings, **step.changes}, tags={**now.service.tags, **step.tags}
        )
        return replace(snapshot, workers={**snapshot.workers, step.name: replace(now, service=service)})
    if isinstance(step, PointSchedule):
        before = step.previous.rpartition(":")[2]
        made = scheduled(name, before, **step.settings)
        return replace(snapshot, schedules={**snapshot.schedules, step.name: made})
    if isinstance(step, RemoveSchedule):
        return replace(snapshot, schedules={key: each for key, each in snapshot.schedules.items() if key != step.name})
    return replace(snapshot, schedule_group=True) if isinstance(step, CreateScheduleGroup) else snapshot


def _worker_after(now: WorkerState, step: Any, name: str) -> WorkerState:
    assert now.service
    if isinstance(step, MarkWorker):
        tags = {**now.service.tags, TAG_RELEASE: now.service.definition}
        tags |= {TAG_PREVIOUS: step.previous} if step.previous else {}
        previous = now.released if step.previous and step.previous != WITHDRAWN else None
        service = replace(now.service, tags=tags, release=now.service.definition)
        return replace(now, service=service, released=now.definition, previous=previous)
    runs = now.definition if step.definition and now.definition and step.definition == now.definition.arn else None
    runs = runs or revision(step.name, name)
    service = replace(now.service, definition=runs.arn, desired=step.count, running=step.count, gave_up=False)
    return replace(now, service=service, definition=runs, latest=runs)
