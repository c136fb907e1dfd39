# SPDX-License-Identifier: GPL-3.0-or-later
"""Application Auto Scaling's scheduled actions, carried out when they are due.

Restores what the user guide says ("How scheduled scaling works",
https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-policy-overview.html): at its time an
action sets the target's minimum and maximum, either of which it may leave out, and brings the capacity in between;
unless ScheduledScalingSuspended (API_SuspendedState), in which case that time is missed. The suspension of dynamic
scaling is about scaling policies only. at() and rate() expressions run; cron() is kept and never due. An at() action
goes after its time, for it can never be due again.
"""

from __future__ import annotations

import datetime
import logging
import re
from typing import Any
from zoneinfo import ZoneInfo

from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.ecs.models import ecs_backends

from localcloud.ecs import scaling

log = logging.getLogger(__name__)

_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?)\)")
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}


def due_at(schedule: str, timezone: str | None, last: float) -> float | None:
    """When a schedule is next due, in Unix seconds; None if never. last: when it last was, or the action's creation."""
    if match := _AT.fullmatch(schedule):
        local = datetime.datetime.fromisoformat(match[1]).replace(tzinfo=ZoneInfo(timezone or "UTC"))
        return local.timestamp()
    if match := _RATE.fullmatch(schedule):
        return last + int(match[1]) * _SECONDS[match[2]]
    return None


def pending() -> bool:
    """Whether there is any action to wait for. Caller holds lock.MOTO."""
    return any(backend.scheduled_actions for backend in _backends())


def run_due(now: float) -> None:
    """Carry out what is due at the Unix time now. Caller holds lock.MOTO."""
    for backend in _backends():
        for action in list(backend.scheduled_actions):
            try:
                _look(backend, action, now)
            except Exception:
                log.exception("the scheduled action %s failed; the others go on", action.arn)
                backend.scheduled_actions.remove(action)


def _look(backend: Any, action: Any, now: float) -> None:
    due = due_at(action.schedule, action.timezone, getattr(action, "last_run", action.creation_time))
    if due is None or due > now:
        return
    _run(backend, action)
    if action.schedule.startswith("at("):
        backend.scheduled_actions.remove(action)
    action.last_run = due


def _backends() -> list[Any]:
    return [backend for regions in list(applicationautoscaling_backends.values()) for backend in list(regions.values())]


def _run(backend: Any, action: Any) -> None:
    target = backend.targets.get(action.scalable_dimension, {}).get(action.resource_id)
    if target is None or (target.suspended_state or {}).get("ScheduledScalingSuspended"):
        return
    wanted = action.scalable_target_action or {}
    target.min_capacity = wanted.get("MinCapacity", target.min_capacity)
    target.max_capacity = wanted.get("MaxCapacity", target.max_capacity)
    log.info("%s: %s..%s", action.scheduled_action_name, target.min_capacity, target.max_capacity)
    service = scaling.service_of(ecs_backends[backend.account_id][backend.region_name], target)
    if service is not None:
        service.desired_count = scaling.bounded(service.desired_count, target.min_capacity, target.max_capacity, {})
