# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reads schedules, and carries out the steps that concern them."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

from .. import scheduler
from ..together import together
from .observe import Clients, definition_of
from .plan_model import Definition, ScheduleState
from .run import Run
from .schedule_plan import description, group_name, previous_in
from .worker_steps_plan import CreateScheduleGroup, PointSchedule, RemoveSchedule


def observe_schedules(
    clients: Clients, cluster: str, service: str, names: tuple[str, ...] | None
) -> dict[str, ScheduleState]:
    """Name -> schedule, for those of names that exist; None: all of the service's group."""
    group, client = group_name(cluster, service), clients.get("scheduler")
    wanted = scheduler.list_schedules(client, group) if names is None else names
    found = together({name: partial(scheduler.get_schedule, client, group, name) for name in wanted})
    return {
        name: _schedule(clients, f"{service}-{name}", name, described) for name, described in found.items() if described
    }


def _schedule(clients: Clients, family: str, name: str, described: dict[str, Any]) -> ScheduleState:
    known: dict[str, Definition | None] = {}

    def find(reference: str) -> Definition | None:
        if reference and reference not in known:
            known[reference] = definition_of(clients, reference)
        return known.get(reference)

    target = described.get("Target", {})
    return ScheduleState(
        name=name,
        definition=find(target.get("EcsParameters", {}).get("TaskDefinitionArn", "")),
        previous=find(previous_in(described.get("Description") or "")),
        latest=find(family),
        settings=described,
    )


def create_group(run: Run, step: CreateScheduleGroup) -> None:
    scheduler.create_group(run.clients.get("scheduler"), step.name, dict(step.tags), str(uuid.uuid4()))


def point_schedule(run: Run, step: PointSchedule) -> None:
    """One call changes what the schedule starts, and what it says of the release before."""
    definition = step.definition or run.registered[step.family]
    target = {
        **step.target,
        "EcsParameters": {**step.target["EcsParameters"], "TaskDefinitionArn": definition},
    }
    members = {**step.settings, "Target": target, "Description": description(step.previous)}
    run.lease.confirm()
    write = scheduler.update_schedule if step.exists else scheduler.create_schedule
    write(run.clients.get("scheduler"), step.group, step.name, members, str(uuid.uuid4()))
    run.progress.say(f"schedule {step.name} starts {definition.rpartition('/')[2]}")


def remove_schedule(run: Run, step: RemoveSchedule) -> None:
    scheduler.delete_schedule(run.clients.get("scheduler"), step.group, step.name)
