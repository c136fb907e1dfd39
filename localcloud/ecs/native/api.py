# SPDX-License-Identifier: GPL-3.0-or-later
"""StopServiceDeployment and ContinueServiceDeployment. Requests come under the lock on moto.

The refusals of ContinueServiceDeployment are those of the page "troubleshooting". The words of StopServiceDeployment's
are not documented; its errors are those of its page in the API Reference.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from moto.ecs.exceptions import ECSException, InvalidParameterException

from localcloud.ecs.native.plan import BECAUSE

if TYPE_CHECKING:
    from localcloud.ecs.controller import Controller
    from localcloud.ecs.model import Deployment

Json = dict[str, Any]

_HOOK_ID = re.compile(r"ecs-[a-z]+-[\w-]+")
#: Statuses on the way forward.
_UNDER_WAY = ("PENDING", "IN_PROGRESS")


def stop_service_deployment(controller: Controller, backend: Any, request: Json) -> Json:
    """StopServiceDeployment: back to the source. ABORT is in the enumeration, but not among the valid values."""
    deployment = _find(backend, request["serviceDeploymentArn"])
    kind = request.get("stopType", "ROLLBACK")
    if kind != "ROLLBACK":
        raise InvalidParameterException(f"Invalid stopType. Valid values are: ROLLBACK. Got: {kind}")
    if deployment.history["status"] not in _UNDER_WAY:
        raise ECSException("ConflictException", "The service deployment is not in progress and cannot be stopped.")
    if deployment.course is None:
        raise InvalidParameterException("The local cloud does not stop deployments of the strategy ROLLING.")
    deployment.course.asked = f"{BECAUSE}StopServiceDeployment was called."
    deployment.history["status"] = "ROLLBACK_REQUESTED"
    controller.wake()
    return {"serviceDeploymentArn": deployment.arn}


def continue_service_deployment(controller: Controller, backend: Any, request: Json) -> Json:
    """ContinueServiceDeployment: answer a pause hook."""
    hook_id, action = request["hookId"], request.get("action", "CONTINUE")
    if not _HOOK_ID.fullmatch(hook_id):
        raise InvalidParameterException("Invalid hookId: hookId must follow the format: ecs-{hookType}-{id}")
    deployment = _find(backend, request["serviceDeploymentArn"])
    if action not in ("CONTINUE", "ROLLBACK"):
        raise InvalidParameterException("Invalid action. Valid values are: CONTINUE, ROLLBACK")
    if deployment.history["status"] not in _UNDER_WAY:
        raise InvalidParameterException(
            "Continuing a service deployment is not allowed for service deployment in terminal states."
        )
    hooks = deployment.course.hooks if deployment.course else ()
    hook = next((hook for hook in hooks if hook.id == hook_id and hook.status == "AWAITING_ACTION"), None)
    if hook is None:
        raise InvalidParameterException(
            "Provided hookId is either completed, unavailable, or not associated with the given Resource ARN"
        )
    hook.status = "SUCCEEDED" if action == "CONTINUE" else "FAILED"
    controller.wake()
    return {"serviceDeploymentArn": deployment.arn}


def _find(backend: Any, arn: str) -> Deployment:
    for service in backend.services.values():
        for deployment in service.past:
            if deployment.arn == arn:
                found: Deployment = deployment
                return found
    raise ECSException("ServiceDeploymentNotFoundException", "The service deployment does not exist.")
