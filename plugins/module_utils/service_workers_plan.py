# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Workers and schedules of a service: what is wrong with their inputs, and their documents. Pure: no I/O, no AWS.

They run the service's image with another command. What an entry does not name is the service's: CPU, memory,
environment, secrets, roles, log group, user, writable paths.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.slipway.ops.plugins.module_utils import service_problems_plan as checks
from ansible_collections.slipway.ops.plugins.module_utils.service_documents_plan import (
    Document,
    Inputs,
    policy_document,
    role_arn,
    statement,
    task_definition,
)

NAME = re.compile(r"[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?")
#: Services of a color and of a worker are named alike.
COLORS = ("blue", "green")
#: DescribeServices takes 10 names (ECS API).
MAX_WORKERS = 10
WORKER_KEYS = frozenset(
    {"name", "command", "cpu", "memory", "desired_count", "environment", "secrets", "stop_timeout", "exclusive"}
)
SCHEDULE_KEYS = frozenset(
    {"name", "expression", "timezone", "command", "cpu", "memory", "environment", "secrets", "enabled"}
)
EXPRESSION = re.compile(
    r"rate\([1-9][0-9]* (?:minute|hour|day)s?\)|cron\(\S+(?: \S+){5}\)|at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)"
)


def worker_problems(service: Inputs) -> Iterator[str]:
    """All findings about workers, schedules and the one-off task, one line each."""
    if service["kind"] == "worker":
        yield from _standalone(service)
    if len(service["workers"]) > MAX_WORKERS:
        yield f"workers: at most {MAX_WORKERS}, got {len(service['workers'])}"
    seen: set[str] = set()
    for key, known in (("workers", WORKER_KEYS), ("schedules", SCHEDULE_KEYS)):
        for entry in service[key]:
            yield from _entry(service, key, entry, known, seen)
    for entry in service["workers"]:
        yield from _worker(entry)
    for entry in service["schedules"]:
        yield from _schedule(entry)
    yield from _once(service["one_off_task"])


def _standalone(service: Inputs) -> Iterator[str]:
    if service["workers"]:
        yield "workers: a service of kind worker has no workers of its own"
    if service["one_off_task"]:
        yield "one_off_task: a service of kind worker has none; give it to the service whose data it changes"
    if checks.flag(service["exclusive"]) and checks.number(service["desired_count"]) != 1:
        yield f"desired_count: must be 1 for an exclusive worker, got {service['desired_count']!r}"


def _entry(service: Inputs, key: str, entry: Inputs, known: frozenset[str], seen: set[str]) -> Iterator[str]:
    name = str(entry.get("name", ""))
    if not NAME.fullmatch(name) or name in COLORS:
        yield f"{key}: name must be 1 to 32 lower-case letters, digits and hyphens and no color, got {name!r}"
    if name in seen:
        yield f"{key}: {name} is the name of two workers or schedules"
    seen.add(name)
    unknown = sorted(str(found) for found in entry if found not in known)
    if unknown:
        yield f"{key}: {name} has unknown keys {', '.join(unknown)}; there are {', '.join(sorted(known))}"
    if not isinstance(entry.get("command", []), list):
        yield f"{key}: command of {name} must be a list, a program and its arguments"
    # The same checks as for the service itself: sizes, names of variables, what looks like a secret, ARNs.
    whole = of_entry(service, entry)
    for check in (checks.size_problems, checks.environment_problems):
        yield from (f"{key}: {name}: {problem}" for problem in check(whole))


def _worker(entry: Inputs) -> Iterator[str]:
    count = checks.number(entry.get("desired_count", 1))
    if count is None or not 0 <= count <= 1000:
        yield f"workers: desired_count of {entry.get('name')} must be from 0 to 1000, got {entry['desired_count']!r}"
    elif checks.flag(entry.get("exclusive", False)) and count > 1:
        yield f"workers: {entry.get('name')} is exclusive, so that desired_count must be 0 or 1, got {count}"
    stop = checks.number(entry.get("stop_timeout", 30))
    if stop is None or not 2 <= stop <= 120:
        yield f"workers: stop_timeout of {entry.get('name')} must be from 2 to 120, got {entry['stop_timeout']!r}"


def _schedule(entry: Inputs) -> Iterator[str]:
    name = entry.get("name")
    if not entry.get("command"):
        yield f"schedules: {name} needs a command"
    if not EXPRESSION.fullmatch(str(entry.get("expression", ""))):
        yield (
            f"schedules: expression of {name} must be rate(5 minutes), cron(0 3 * * ? *) with six fields, or "
            f"at(2026-11-24T10:00:00), got {entry.get('expression')!r}"
        )


def _once(once: Any) -> Iterator[str]:
    if not once:
        return
    command = once.get("command") if isinstance(once, Mapping) else None
    if not isinstance(command, list) or not command:
        yield "one_off_task: command must be a list, a program and its arguments"
        return
    unknown = sorted(str(found) for found in once if found not in ("command", "timeout"))
    if unknown:
        yield f"one_off_task: unknown keys {', '.join(unknown)}; there are command and timeout"
    timeout = checks.number(once.get("timeout", 600))
    if timeout is None or not 1 <= timeout <= 86400:
        yield f"one_off_task: timeout must be from 1 to 86400 seconds, got {once['timeout']!r}"


def of_entry(service: Inputs, entry: Inputs) -> dict[str, Any]:
    """The service with what the entry changes."""
    changed = {key: entry[key] for key in ("cpu", "memory", "stop_timeout") if key in entry}
    merged = {key: {**service[key], **entry.get(key, {})} for key in ("environment", "secrets")}
    return {**service, **merged, **changed}


def _definition(service: Inputs, entry: Inputs) -> Document:
    """Without port, health check and image: the deployment fills the release's in."""
    made = task_definition({**of_entry(service, entry), "kind": "worker", "health_check_command": []})
    container = made["containers"][0]
    container["log_configuration"]["options"]["awslogs-stream-prefix"] = entry["name"]
    if entry.get("command"):
        container["command"] = [str(part) for part in entry["command"]]
    return made


def workers(service: Inputs) -> list[Document]:
    """As slipway.ops.ecs_blue_green takes them."""
    return [
        {
            "name": entry["name"],
            "task_definition": _definition(service, entry),
            "desired_count": int(entry.get("desired_count", 1)),
            "exclusive": checks.flag(entry.get("exclusive", False)),
        }
        for entry in service["workers"]
    ]


def schedules(service: Inputs) -> list[Document]:
    """As slipway.ops.ecs_blue_green takes them."""
    return [
        {
            "name": entry["name"],
            "task_definition": _definition(service, entry),
            "expression": entry["expression"],
            "timezone": entry.get("timezone", "UTC"),
            "enabled": checks.flag(entry.get("enabled", True)),
            "role_arn": role_arn(service, "scheduler"),
        }
        for entry in service["schedules"]
    ]


def names(service: Inputs) -> Document:
    """What to take down: ECS services, families of task definitions, and the group of schedules."""
    name = service["name"]
    # Of both engines: the service may have changed from one to the other.
    colors = [name] if service["kind"] == "worker" else [name, *(f"{name}-{color}" for color in COLORS)]
    return {
        "services": colors,
        "workers": [f"{name}-{entry['name']}" for entry in service["workers"]],
        "families": [f"{name}-{entry['name']}" for entry in service["schedules"]],
        "schedule_group": f"{service['cluster']}-{name}",
    }


def scheduler_trust(service: Inputs) -> Document:
    """Only the schedules of this service's group may take the role (confused deputy):
    https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
    """
    group = f"{service['region']}:{service['account_id']}:schedule-group/{service['cluster']}-{service['name']}"
    return policy_document(
        {
            "Sid": "Schedules",
            "Effect": "Allow",
            "Principal": {"Service": "scheduler.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {
                    "aws:SourceAccount": str(service["account_id"]),
                    "aws:SourceArn": f"arn:aws:scheduler:{group}",
                }
            },
        }
    )


def scheduler_policy(service: Inputs) -> Document:
    """Run the schedules' task definitions on this cluster, with the service's two roles, and nothing else."""
    if not service["schedules"]:
        return policy_document()
    scope = f"arn:aws:ecs:{service['region']}:{service['account_id']}"
    families = [f"{scope}:task-definition/{service['name']}-{entry['name']}:*" for entry in service["schedules"]]
    return policy_document(
        statement("Run", ["ecs:RunTask"], families)
        | {"Condition": {"ArnEquals": {"ecs:cluster": f"{scope}:cluster/{service['cluster']}"}}},
        statement("Tag", ["ecs:TagResource"], f"{scope}:task/{service['cluster']}/*")
        | {"Condition": {"StringEquals": {"ecs:CreateAction": "RunTask"}}},
        statement("Pass", ["iam:PassRole"], [role_arn(service, "task"), role_arn(service, "execution")])
        | {"Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}},
    )
