# SPDX-License-Identifier: GPL-3.0-or-later
"""What deployments by stages add to what the ECS API shows. Call under the lock on moto."""

from __future__ import annotations

from typing import Any

from localcloud.ecs.model import Deployment, Service
from localcloud.ecs.native.course import Course, Hook, in_charge

Json = dict[str, Any]


def traffic(deployment: Deployment, newest: Deployment) -> Json:
    """The traffic weights of a ServiceRevisionSummary while the newest deployment is on its way."""
    course = newest.course
    if course is None:
        return {}
    if deployment is newest:
        shares = (course.production, course.test)
    elif deployment is course.source:
        shares = (100 - course.production, 100 - course.test)
    else:
        shares = (0.0, 0.0)
    return {"requestedProductionTrafficWeight": float(shares[0]), "requestedTestTrafficWeight": float(shares[1])}


def requested(service: Service, deployment: Deployment) -> int:
    """The tasks that a revision of the service shall have; none once the service is deleted."""
    if not service.deployments:
        return 0
    if not in_charge(service):
        return service.desired_count if deployment is service.primary else 0
    course = service.primary.course
    assert course is not None
    target, source = ("none", "full") if course.phase is None else (course.phase.target, course.phase.source)
    count = {id(service.primary): target, id(course.source): source}.get(id(deployment), "none")
    if count == "none" or (course.idle and deployment is course.source):
        return 0
    return service.desired_count


def stage(course: Course) -> Json:
    """The members of a ServiceDeployment that only these strategies have."""
    shown: Json = {"deploymentConfiguration": course.configuration}
    if course.phase is not None:
        shown["lifecycleStage"] = course.phase.stage
    if course.hooks:
        shown["lifecycleHookDetails"] = [_hook(hook) for hook in course.hooks]
    alarms = course.configuration.get("alarms") or {}
    if alarms.get("alarmNames"):
        shown["alarms"] = {
            "status": _alarm_status(course),
            "alarmNames": alarms["alarmNames"],
            "triggeredAlarmNames": course.triggered,
        }
    return shown


def _hook(hook: Hook) -> Json:
    return {
        "hookId": hook.id,
        "targetType": "PAUSE",
        "status": hook.status,
        "expiresAt": hook.expires_at,
        "timeoutAction": hook.timeout_action,
    }


def _alarm_status(course: Course) -> str:
    if not course.watched:
        return "DISABLED"
    if course.triggered:
        return "TRIGGERED"
    return "MONITORING_COMPLETE" if course.ended else "MONITORING"


def resolved(deployment: Deployment) -> Json:
    """The resolvedConfiguration of a ServiceRevision: which groups serve it, by which rules."""
    return {
        "loadBalancers": [
            {
                "targetGroupArn": mine["targetGroupArn"],
                "productionListenerRule": entry.get("advancedConfiguration", {}).get("productionListenerRule"),
            }
            for entry, mine in zip(deployment.load_balancers, deployment.resolved, strict=True)
        ]
    }
