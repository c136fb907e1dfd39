# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reads what runs beside the colors: workers and schedules; and a service that is a worker itself."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from .. import ecs, scheduler
from ..together import together
from .native_observe import observe_native
from .observe import Clients, Scope, image_in_registry, observe
from .plan_model import Snapshot
from .schedule_plan import group_name
from .schedules import observe_schedules
from .workers import observe_workers


def observe_colors(clients: Clients, scope: Scope, *, converging: bool = False) -> Snapshot:
    """The colors, and at the same time what runs beside them. converging: for site.yml, which makes the rules apart."""
    found = together(
        {
            "colors": partial(observe_native if scope.native else observe, clients, scope, with_rules=not converging),
            "beside": partial(_beside, clients, scope, converging=converging),
        }
    )
    return replace(found["colors"], **found["beside"])


def _beside(clients: Clients, scope: Scope, *, converging: bool) -> dict[str, Any]:
    """Workers and schedules, as members of Snapshot. converging: also the schedules that the inputs do not name."""
    workers = observe_workers(clients, scope.cluster, scope.workers)
    group = group_name(scope.cluster, scope.service)
    if not (converging or scope.schedules) or not scheduler.group_exists(clients.get("scheduler"), group):
        return {"workers": workers}
    schedules = observe_schedules(clients, scope.cluster, scope.service, None if converging else scope.schedules)
    return {"workers": workers, "schedules": schedules, "schedule_group": True}


def observe_standalone(clients: Clients, scope: Scope, *, converging: bool = False) -> Snapshot:
    """A service without a load balancer: no colors, and one of its workers bears its own name."""
    if ecs.describe_cluster(clients.ecs, scope.cluster) is None:
        return Snapshot(scope.service, scope.cluster, {}, missing=(f"cluster {scope.cluster}",))
    beside = _beside(clients, scope, converging=converging)
    own = beside["workers"].get(scope.service)
    found = {scope.service: {"serviceArn": own.service.arn}} if own and own.service else {}
    digest, manifest = image_in_registry(clients, scope.image, found) or (None, None)
    return Snapshot(scope.service, scope.cluster, {}, image_digest=digest, manifest=manifest, **beside)
