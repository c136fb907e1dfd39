# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Scheduled tasks follow the release: what a deployment, a rollback and site.yml make of them. Pure.

A schedule exists from its service's first release on. It names one revision; the one before stands in its description,
because EventBridge Scheduler has no tags on schedules, and both change in one call.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .match_plan import matches
from .pin_plan import Release, completed, of_digest, release_in, repinned
from .plan_model import Definition, ScheduledTask, ScheduleState, Service, Snapshot
from .steps_plan import RegisterDefinition, Step
from .task_definition_plan import digest_in, normalized
from .worker_steps_plan import CreateScheduleGroup, PointSchedule, RemoveSchedule

PREVIOUS = "Owned by Slipway. Release before: "


def description(previous: str) -> str:
    return f"{PREVIOUS}{previous or 'none'}"


def previous_in(text: str) -> str:
    """The ARN that description wrote, empty when there is none."""
    found = text.removeprefix(PREVIOUS) if text.startswith(PREVIOUS) else ""
    return found if ":" in found else ""


def group_name(cluster: str, service: str) -> str:
    """One group a service; its name may have 64 characters, a service's at most 26."""
    return f"{cluster}-{service}"


def _services(snapshot: Snapshot) -> list[Service]:
    """The ECS services of the service that exist: colors first, whose network settings are the newest."""
    colors = [state.service for state in snapshot.colors.values()]
    workers = [state.service for state in snapshot.workers.values()]
    return [service for service in (*colors, *workers) if service]


def network_of(snapshot: Snapshot) -> Mapping[str, Any]:
    """The awsvpcConfiguration that the service's tasks run with."""
    found = (service.settings.get("networkConfiguration") for service in _services(snapshot))
    network: Mapping[str, Any] = next((item for item in found if item), {})
    awsvpc: Mapping[str, Any] = network.get("awsvpcConfiguration", {})
    return awsvpc


def _cluster_arn(snapshot: Snapshot) -> str:
    arn = next((service.arn for service in _services(snapshot)), "")
    return f"{arn.rpartition(':')[0]}:cluster/{snapshot.cluster}"


def target_of(snapshot: Snapshot, task: ScheduledTask) -> dict[str, Any]:
    """The schedule's Target but for the revision (EventBridge Scheduler API reference, EcsParameters)."""
    network = network_of(snapshot)
    return {
        "Arn": _cluster_arn(snapshot),
        "RoleArn": task.role,
        "EcsParameters": {
            "TaskCount": 1,
            "LaunchType": "FARGATE",
            "PropagateTags": "TASK_DEFINITION",
            "EnableECSManagedTags": True,
            "NetworkConfiguration": {
                "awsvpcConfiguration": {
                    "Subnets": list(network.get("subnets", [])),
                    "SecurityGroups": list(network.get("securityGroups", [])),
                    "AssignPublicIp": network.get("assignPublicIp", "DISABLED"),
                }
            },
        },
        # A run that could not be started is tried again for a while, not for a day: it would come too late.
        "RetryPolicy": {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 10},
    }


def settled(state: ScheduleState, task: ScheduledTask, target: Mapping[str, Any]) -> bool:
    """Whether the schedule is as the inputs ask for, whatever revision it starts."""
    return matches(state.settings, {**task.settings, "Target": target})


def forward(snapshot: Snapshot, tasks: Iterable[ScheduledTask], release: Release) -> list[Step]:
    """Points every schedule to its revision of the release, and creates those that are not there yet."""
    steps: list[Step] = []
    for task in tasks:
        state = snapshot.schedules.get(task.name)
        body = completed(task.template, release)
        aim = normalized(body)
        known = (state.definition, state.latest) if state else ()
        definition = next((found for found in known if found and found.body == aim), None)
        register: list[Step] = [] if definition else [RegisterDefinition(task.family, body)]
        steps += [*register, *_pointed(snapshot, task, state, definition)]
    return steps


def _pointed(
    snapshot: Snapshot, task: ScheduledTask, state: ScheduleState | None, definition: Definition | None
) -> list[Step]:
    target = target_of(snapshot, task)
    now = state.definition if state else None
    same = definition is not None and now is not None and now.arn == definition.arn
    if state and same and settled(state, task, target):
        return []
    before = (state.previous if state else None) if same else now
    return [
        PointSchedule(
            name=task.name,
            group=group_name(snapshot.cluster, snapshot.service),
            family=task.family,
            definition=definition.arn if definition else None,
            settings=task.settings,
            target=target,
            previous=before.arn if before else "",
            exists=state is not None,
        )
    ]


def back(snapshot: Snapshot, tasks: Iterable[ScheduledTask], release: Definition | None) -> list[Step]:
    """Points every schedule to the revision that belongs to the release; one that came with a later one goes."""
    digest = digest_in(release.body) if release else ""
    steps: list[Step] = []
    for task in tasks:
        state = snapshot.schedules.get(task.name)
        if state is None or (digest and state.definition and digest_in(state.definition.body) == digest):
            continue
        if release is None or not digest or state.definition is None or state.previous is None:
            steps.append(RemoveSchedule(task.name, group_name(snapshot.cluster, snapshot.service)))
            continue
        definition = of_digest(digest, (state.previous, state.latest))
        if definition is None:
            steps.append(RegisterDefinition(task.family, repinned(state.definition.body, release_in(release.body))))
        steps += _pointed(snapshot, task, state, definition)
    return steps


def converge(snapshot: Snapshot, tasks: Iterable[ScheduledTask], tags: Mapping[str, str]) -> list[Step]:
    """Brings when they run up to date, leaves what they run, and removes those that the inputs no longer name.

    The group is made here, and the first release creates its schedules in it: one that started nothing would be a lie.
    """
    wanted = {task.name: task for task in tasks}
    group = group_name(snapshot.cluster, snapshot.service)
    steps: list[Step] = []
    if wanted and not snapshot.schedule_group:
        steps.append(CreateScheduleGroup(group, tags))
    for name, state in snapshot.schedules.items():
        task = wanted.get(name)
        if task is None:
            steps.append(RemoveSchedule(name, group))
        elif state.definition:
            steps += _pointed(snapshot, task, state, state.definition)
    return steps
