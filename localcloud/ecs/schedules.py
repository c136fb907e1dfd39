# SPDX-License-Identifier: GPL-3.0-or-later
"""EventBridge Scheduler: schedules whose target is an ECS cluster run their task when they are due.

The task is started as RunTask would (EcsParameters, EventBridge Scheduler API reference). What goes wrong is logged and
that time is missed: neither the retry policy nor the dead-letter queue is modelled, and the role's policy is not
checked, as no policy is.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from moto.ecs.models import ecs_backends
from moto.scheduler.models import scheduler_backends

from localcloud.ecs import requests
from localcloud.ecs.timetable import last_due

if TYPE_CHECKING:
    from localcloud.ecs.controller import Controller

log = logging.getLogger(__name__)


def pending() -> bool:
    """Whether there is any schedule to wait for. Under the lock on moto."""
    return any(schedule.state == "ENABLED" for _backend, _group, schedule in _all())


def run_due(controller: Controller, now: float) -> None:
    """Run what is due at the Unix time now. Under the lock on moto."""
    for backend, group, schedule in _all():
        if schedule.state != "ENABLED" or "EcsParameters" not in schedule.target:
            continue
        try:
            _look(controller, backend, group, schedule, now)
        except Exception:
            log.exception("the schedule %s failed", schedule.arn)


def _all() -> list[tuple[Any, Any, Any]]:
    return [
        (backend, group, schedule)
        for regions in list(scheduler_backends.values())
        for backend in list(regions.values())
        for group in list(backend.schedule_groups.values())
        for schedule in list(group.schedules.values())
    ]


def _look(controller: Controller, backend: Any, group: Any, schedule: Any, now: float) -> None:
    due = last_due(schedule.schedule_expression, schedule.schedule_expression_timezone, schedule.creation_date, now)
    before = getattr(schedule, "last_run", None)
    if due is None or (before is not None and due <= before):
        return
    # A schedule that was made, or changed, after its time has missed it.
    if not schedule.schedule_expression.startswith("rate(") and due < schedule.creation_date // 60 * 60:
        return
    schedule.last_run = due
    _run(controller, backend, schedule)
    if schedule.schedule_expression.startswith("at(") and schedule.action_after_completion == "DELETE":
        group.delete_schedule(schedule.name)


def _run(controller: Controller, backend: Any, schedule: Any) -> None:
    account, region = backend.account_id, backend.region_name
    ecs = ecs_backends[account][region]
    parameters = schedule.target["EcsParameters"]
    network = (parameters.get("NetworkConfiguration") or {}).get("awsvpcConfiguration") or {}
    request = {
        "cluster": schedule.target["Arn"].rpartition("/")[2],
        "taskDefinition": parameters["TaskDefinitionArn"],
        "launchType": parameters.get("LaunchType", "FARGATE"),
        "count": parameters.get("TaskCount", 1),
        "startedBy": f"chronos-schedule/{schedule.name}",
        "networkConfiguration": {
            "awsvpcConfiguration": {
                "subnets": network.get("Subnets", []),
                "securityGroups": network.get("SecurityGroups", []),
                "assignPublicIp": network.get("AssignPublicIp", "DISABLED"),
            }
        },
    }
    for task in requests.run_task(ecs, request):
        controller.add_task(task, account, region)
        log.info("schedule %s started task %s", schedule.name, task.id)
