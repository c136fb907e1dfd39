# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A service that is a worker itself: deploy, rollback and the way back, decided without a cloud. Pure and total.

There is no traffic to move: ECS rolls its one service, and what it was before stands in its tags.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .image_plan import ImageReference
from .pin_plan import Release
from .plan_model import Snapshot, Wanted, WorkerState
from .steps_plan import Plan
from .worker_plan import forward, problems, to_revision
from .worker_text_plan import worker_text


def planner(wanted: Wanted, image: ImageReference | None) -> Callable[[Snapshot], tuple[Plan, Wanted]]:
    """image None: a rollback."""

    def plan(snapshot: Snapshot) -> tuple[Plan, Wanted]:
        if image is None:
            return plan_worker_rollback(snapshot, wanted), wanted
        return plan_worker_deploy(snapshot, wanted, image), wanted

    return plan


def plan_worker_deploy(snapshot: Snapshot, wanted: Wanted, image: ImageReference) -> Plan:
    found = _problems(snapshot, wanted)
    digest = snapshot.image_digest
    if not found and digest is None:
        found = [f"image {image.digest or image.image_id['imageTag']} is not in repository {image.uri}: push it first"]
    if found or digest is None:
        return Plan(blocked="; ".join(found))
    steps = forward(snapshot, wanted, Release(image.pinned(digest), digest))
    return _shown(snapshot, Plan(steps=tuple(steps)), digest)


def plan_worker_rollback(snapshot: Snapshot, wanted: Wanted) -> Plan:
    """To the release before; after an interrupted deployment to the one that was live."""
    found = _problems(snapshot, wanted)
    if found:
        return Plan(blocked="; ".join(found))
    state = snapshot.workers[snapshot.service]
    service = state.service
    interrupted = service is not None and state.released is not None and service.definition != state.released.arn
    aim = state.released if interrupted else state.previous
    if aim is None:
        return Plan(blocked=f"there is no earlier release to return to; {worker_text(snapshot)}")
    steps = to_revision(snapshot, wanted, aim, withdraw=not interrupted)
    return _shown(snapshot, Plan(steps=tuple(steps), definition=aim.arn), "")


def plan_worker_recovery(snapshot: Snapshot, wanted: Wanted) -> Plan:
    """After a failed deployment: to the release that its tag still names, or to nothing when there is none."""
    state = snapshot.workers.get(snapshot.service)
    if state is None:
        return Plan(blocked=worker_text(snapshot))
    return _shown(snapshot, Plan(steps=tuple(to_revision(snapshot, wanted, state.released, withdraw=False))), "")


def _problems(snapshot: Snapshot, wanted: Wanted) -> list[str]:
    if snapshot.missing:
        return [f"{', '.join(snapshot.missing)} missing: run site.yml first"]
    return problems(snapshot, wanted)


def _shown(snapshot: Snapshot, made: Plan, digest: str) -> Plan:
    state = snapshot.workers[snapshot.service]
    before = {"worker": _state(state)}
    after: dict[str, Any] = {"worker": {**before["worker"]}}
    if made.steps:
        after["worker"]["task_definition"] = made.definition or f"the revision of {digest or 'the release before'}"
    body = dict(state.definition.body) if state.definition else {}
    return Plan(
        before={**before, "task_definition": body},
        after={**after, "task_definition": body},
        steps=made.steps,
        definition=made.definition,
    )


def _state(state: WorkerState) -> dict[str, Any]:
    service = state.service
    return {
        "tasks": service.desired if service else 0,
        "task_definition": service.definition if service else None,
        "release": service.release if service else None,
    }
