# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Creates an ECS service, of a color or of a worker."""

from __future__ import annotations

import uuid

from .. import ecs
from .run import Run
from .steps_plan import CreateService
from .worker_steps_plan import CreateWorker


def create(run: Run, step: CreateService | CreateWorker, key: str, name: str) -> None:
    """With no tasks. key: under which the run knows the revision that it registered for the service. name: ECS's."""
    request = {
        **step.request,
        "cluster": run.scope.cluster,
        "desiredCount": 0,
        "taskDefinition": step.definition or run.registered[key],
    }
    if step.tags:
        request["tags"] = ecs.tag_list(dict(step.tags))
    # A token of its own for each creation: ECS would answer an old token with the service that it once made, even if
    # that has been deleted since.
    ecs.create_service(run.clients.ecs, name, request, str(uuid.uuid4()))
    run.definitions[key] = request["taskDefinition"]
