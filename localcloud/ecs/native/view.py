# SPDX-License-Identifier: GPL-3.0-or-later
"""What the planner of deployments by stages sees, gathered under the lock on moto."""

from __future__ import annotations

import time

from localcloud.ecs import views
from localcloud.ecs.model import Deployment, Service
from localcloud.ecs.native import rules
from localcloud.ecs.native.begin import ringing
from localcloud.ecs.native.clock import CLOCK
from localcloud.ecs.native.plan import CourseView, Crew, HookView


def of_course(service: Service) -> CourseView:
    """The service's newest deployment as the planner sees it."""
    deployment, course = service.primary, service.primary.course
    assert course is not None
    alarms = course.configuration.get("alarms") or {}
    breaker = course.configuration["deploymentCircuitBreaker"]
    starting = course.index < 0 and not course.back
    return CourseView(
        desired=service.desired_count,
        target=_crew(service, deployment),
        source=_crew(service, course.source) if course.source else None,
        idle=course.idle,
        others=tuple(_crew(service, d) for d in service.deployments[1:] if d is not course.source),
        phase=course.phase,
        last=course.index == len(course.phases) - 1,
        minutes=CLOCK.minutes(time.monotonic() - course.entered),
        hooks=tuple(HookView(hook.id, hook.status, hook.expired, hook.timeout_action) for hook in course.current_hooks),
        back=course.back,
        ended=course.ended,
        trouble=rules.trouble(service, deployment) if starting else "",
        asked=course.asked,
        denied=course.denied,
        alarms=ringing(service, course.watched),
        alarms_roll_back=alarms.get("rollback", False),
        breaker=breaker["enable"],
        breaker_rolls_back=breaker["rollback"],
    )


def _crew(service: Service, deployment: Deployment) -> Crew:
    tasks = tuple(
        views.of_task(service, task)
        for task in service.tasks
        if task.deployment is deployment and task.desired == "RUNNING"
    )
    return Crew(views.of_deployment(service, deployment), tasks)
