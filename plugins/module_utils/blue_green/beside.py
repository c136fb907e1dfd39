# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reads what runs beside the colors: workers and schedules; and a service that is a worker itself."""

from __future__ import annotations

from dataclasses import replace

from .. import ecs, scheduler
from .observe import Clients, Scope, digest_of_image
from .plan_model import Snapshot
from .schedule_plan import group_name
from .schedules import observe_schedules
from .workers import observe_workers


def with_beside(clients: Clients, scope: Scope, snapshot: Snapshot, *, converging: bool = False) -> Snapshot:
    """The snapshot with its workers and schedules. converging: also the schedules that the inputs do not name."""
    group = group_name(scope.cluster, scope.service)
    grouped = (converging or bool(scope.schedules)) and scheduler.group_exists(clients.get("scheduler"), group)
    names = None if converging else scope.schedules
    schedules = observe_schedules(clients, scope.cluster, scope.service, names) if grouped else {}
    there = f"cluster {scope.cluster}" not in snapshot.missing
    workers = observe_workers(clients, scope.cluster, scope.workers) if there else {}
    return replace(snapshot, workers=workers, schedules=schedules, schedule_group=grouped)


def observe_standalone(clients: Clients, scope: Scope, *, converging: bool = False) -> Snapshot:
    """A service without a load balancer: no colors, and one of its workers bears its own name."""
    if ecs.describe_cluster(clients.ecs, scope.cluster) is None:
        return Snapshot(scope.service, scope.cluster, {}, missing=(f"cluster {scope.cluster}",))
    snapshot = with_beside(clients, scope, Snapshot(scope.service, scope.cluster, {}), converging=converging)
    own = snapshot.workers.get(scope.service)
    found = {scope.service: {"serviceArn": own.service.arn}} if own and own.service else {}
    return replace(snapshot, image_digest=digest_of_image(clients, scope.image, found))
