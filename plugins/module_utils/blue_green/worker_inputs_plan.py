# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""From the module's parameters to workers, schedules and the one-off task. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .plan_model import Once, ScheduledTask, Worker
from .task_definition_plan import composed
from .task_definition_plan import problems as definition_problems
from .worker_plan import WorkerWishes

Params = Mapping[str, Any]

# DescribeServices takes 10 names (Amazon ECS API reference).
MAX_WORKERS = 10
_NAME = re.compile(r"[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?")
# rate(5 minutes), cron(0 3 * * ? *), at(2026-11-24T10:00:00): EventBridge Scheduler user guide, schedule types.
_EXPRESSION = re.compile(
    r"rate\([1-9][0-9]* (?:minute|hour|day)s?\)|cron\(\S+(?: \S+){5}\)|at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)"
)
# Colors' services and families are named alike.
_TAKEN = ("blue", "green")


def standalone(params: Params) -> bool:
    """The service is a worker itself: no load balancer, no colors."""
    return bool(params["kind"] == "worker")


def problems(params: Params, container: str) -> list[str]:
    """container: the one that gets the image."""
    found = _name_problems(params)
    if standalone(params):
        found += _standalone_problems(params)
    if len(params["workers"]) > MAX_WORKERS:
        found.append(f"workers: {len(params['workers'])} are more than {MAX_WORKERS}")
    entries = [("worker", entry) for entry in params["workers"]] + [
        ("schedule", entry) for entry in params["schedules"]
    ]
    for kind, entry in entries:
        complaints = definition_problems(entry["task_definition"], container, "any")
        found += [f"{kind} {entry['name']}: {complaint}" for complaint in complaints]
    for worker in params["workers"]:
        if worker["desired_count"] < 0 or (worker["exclusive"] and worker["desired_count"] > 1):
            found.append(f"worker {worker['name']}: desired_count {worker['desired_count']} must be {_counts(worker)}")
    for schedule in params["schedules"]:
        if not _EXPRESSION.fullmatch(schedule["expression"]):
            found.append(
                f"schedule {schedule['name']}: {schedule['expression']!r} is none of rate(5 minutes), "
                "cron(0 3 * * ? *) with six fields, and at(2026-11-24T10:00:00)"
            )
    return found + _once_problems(params)


def _standalone_problems(params: Params) -> list[str]:
    found = []
    if params["action"] in ("continue", "repair"):
        found.append(f"action {params['action']}: a service of kind worker has no traffic to move")
    if params["workers"]:
        found.append("workers: a service of kind worker has no workers of its own")
    if params["one_off_task"]:
        found.append("one_off_task: a service of kind worker has none; give it to the service whose data it changes")
    if params["exclusive"] and params["desired_count"] > 1:
        found.append(f"desired_count {params['desired_count']} must be 1, as the worker is exclusive")
    return found


def _counts(worker: Params) -> str:
    return "0 or 1, as it is exclusive" if worker["exclusive"] else "at least 0"


def _name_problems(params: Params) -> list[str]:
    names = [str(entry["name"]) for entry in (*params["workers"], *params["schedules"])]
    bad = sorted({name for name in names if not _NAME.fullmatch(name) or name in _TAKEN})
    twice = sorted({name for name in names if names.count(name) > 1})
    found = [f"workers and schedules: {name!r} is no name for one (1 to 32 of a-z, 0-9, -; no color)" for name in bad]
    return found + [f"workers and schedules: {name} is named twice, and its task definitions with it" for name in twice]


def _once_problems(params: Params) -> list[str]:
    once = params["one_off_task"]
    if not once:
        return []
    found = [] if once["command"] else ["one_off_task.command is empty"]
    return found + ([] if once["timeout"] >= 1 else [f"one_off_task.timeout {once['timeout']:g} is less than 1"])


def once_from(params: Params, container: str) -> Once | None:
    given = params["one_off_task"]
    return Once(tuple(given["command"]), given["timeout"], container) if given else None


def _template(entry: Params, family: str, container: str, image: str) -> dict[str, Any]:
    return composed(entry["task_definition"], family, image, container, {})


def workers_from(params: Params, container: str, image: str = "") -> tuple[Worker, ...]:
    """image: what a bootstrap revision names; without one the release's is filled in."""
    if standalone(params):
        if not params["task_definition"]:
            return (Worker(params["service"], {}, params["desired_count"], params["exclusive"]),)
        body = _template(params, params["service"], container, image)
        return (Worker(params["service"], body, params["desired_count"], params["exclusive"]),)
    found = []
    for entry in params["workers"]:
        name = f"{params['service']}-{entry['name']}"
        template = _template(entry, name, container, image)
        found.append(Worker(name, template, entry["desired_count"], entry["exclusive"]))
    return tuple(found)


def schedules_from(params: Params, container: str) -> tuple[ScheduledTask, ...]:
    found = []
    for entry in params["schedules"]:
        family = f"{params['service']}-{entry['name']}"
        settings = {
            "ScheduleExpression": entry["expression"],
            "ScheduleExpressionTimezone": entry["timezone"],
            "State": "ENABLED" if entry["enabled"] else "DISABLED",
            "FlexibleTimeWindow": {"Mode": "OFF"},
        }
        template = _template(entry, family, container, "")
        found.append(ScheduledTask(entry["name"], family, template, settings, entry["role_arn"]))
    return tuple(found)


def fargate_settings(params: Params) -> dict[str, Any]:
    """CreateService members that every service has, with and without a load balancer."""
    network = params["network_configuration"]
    return {
        "launchType": "FARGATE",
        "platformVersion": "LATEST",
        "networkConfiguration": {
            "awsvpcConfiguration": {
                "subnets": list(network["subnets"]),
                "securityGroups": list(network["security_groups"]),
                "assignPublicIp": "ENABLED" if network["assign_public_ip"] else "DISABLED",
            }
        },
        "propagateTags": "TASK_DEFINITION",
        "enableECSManagedTags": True,
        "enableExecuteCommand": False,
    }


def worker_wishes(params: Params, container: str) -> WorkerWishes:
    """What site.yml asks for."""
    workers = workers_from(params, container, params["image"] or "")
    return WorkerWishes(workers, schedules_from(params, container), fargate_settings(params), params["tags"])


def names_of(params: Params) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the workers' ECS services, and of the schedules."""
    own = (params["service"],) if standalone(params) else ()
    workers = (*own, *(f"{params['service']}-{entry['name']}" for entry in params["workers"]))
    return workers, tuple(entry["name"] for entry in params["schedules"])
