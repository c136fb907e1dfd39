# SPDX-License-Identifier: GPL-3.0-or-later
"""EventBridge Scheduler: groups that are there, or not, are told as AWS tells it. Schedules run: localcloud.ecs."""

from __future__ import annotations

from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.scheduler.exceptions import ScheduleGroupNotFound
from moto.scheduler.models import EventBridgeSchedulerBackend

from localcloud.mends.patch import wrap


def install() -> None:
    """Put the mends in place."""
    wrap(EventBridgeSchedulerBackend, "create_schedule_group", _new)
    wrap(EventBridgeSchedulerBackend, "create_schedule", _in_group)
    wrap(EventBridgeSchedulerBackend, "delete_schedule_group", _existing)


def _new(original: Any, self: EventBridgeSchedulerBackend, name: str, tags: Any) -> Any:
    """CreateScheduleGroup refuses a name that is taken; moto puts an empty group in its place.

    https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateScheduleGroup.html
    """
    if name in self.schedule_groups:
        error = JsonRESTError("ConflictException", f"Schedule group {name} already exists.")
        error.code = 409
        raise error
    return original(self, name=name, tags=tags or [])


def _in_group(original: Any, self: EventBridgeSchedulerBackend, **members: Any) -> Any:
    """CreateSchedule in a group that does not exist is ResourceNotFoundException; moto breaks off with a 500.

    https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
    """
    self.get_schedule_group(members.get("group_name"))
    return original(self, **members)


def _existing(original: Any, self: EventBridgeSchedulerBackend, name: str | None) -> None:
    """DeleteScheduleGroup of none is ResourceNotFoundException; moto breaks off with a 500.

    https://docs.aws.amazon.com/scheduler/latest/APIReference/API_DeleteScheduleGroup.html
    """
    if name not in self.schedule_groups:
        raise ScheduleGroupNotFound(name or "default")
    original(self, name)
