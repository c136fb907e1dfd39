# SPDX-License-Identifier: GPL-3.0-or-later
"""States of a service as the planner tests write them, and a model of what steps make of a state."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from ansible_collections.slipway.ops.plugins.module_utils.blue_green.plan_model import (
    TAG_APPROVAL,
    TAG_CANDIDATE,
    TAG_MIGRATED,
    TAG_RELEASE,
    TAG_SCALING,
    WITHDRAWN,
    ColorState,
    Definition,
    Probe,
    Rule,
    Scaling,
    Service,
    Snapshot,
    Wanted,
)
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.steps_plan import (
    AwaitApproval,
    CancelScaleDown,
    CreateService,
    PointRule,
    RegisterDefinition,
    RunOnce,
    ScheduleScaleDown,
    SetHealthCheck,
    SetScaling,
    TagService,
    UntagService,
    UpdateService,
    WaitHealthy,
)
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.task_definition_plan import (
    composed,
    digest_in,
    normalized,
)
from ansible_collections.slipway.ops.plugins.module_utils.rule_actions_plan import forwarding

BOUNDS = Scaling(2, 6)
HELD = Scaling(2, 6, scale_in_suspended=True)
IDLE = Scaling(0, 0)
PROBE = Probe("http://api.example.com/version", None, "X-Slipway-Color", 3, 10)
GIVEN = {"cpu": 256, "memory": 512, "containers": [{"name": "api", "port_mappings": [{"container_port": 8080}]}]}
ACCOUNT = "arn:aws:ecs:us-east-1:111111111111"


def group(color: str) -> str:
    return f"arn:tg/api-{color}"


@cache
def body(release: str, color: str) -> dict[str, Any]:
    """The RegisterTaskDefinition request of a release, v1 or v2, for a color."""
    digest = f"sha256:{release}"
    extra = {"SLIPWAY_COLOR": color, "SLIPWAY_IMAGE_DIGEST": digest}
    return composed(GIVEN, f"api-{color}", f"repo@{digest}", "api", extra)


def arn(release: str, color: str) -> str:
    return f"{ACCOUNT}:task-definition/api-{color}:{release}"


@cache
def definition(release: str, color: str) -> Definition:
    return Definition(arn(release, color), normalized(body(release, color)))


def color(
    name: str,
    runs: str = "boot",
    tasks: int = 0,
    *,
    healthy: int | None = None,
    release: str | None = None,
    scaling: Scaling | None = None,
    candidate: bool = False,
    awaiting: bool = False,
    held: str = "",
    warm_until: str = "",
    **service: Any,
) -> ColorState:
    """A color that runs a release with so many tasks, all of them healthy unless said otherwise.

    release: what its tag names, by default nothing. scaling: by default what belongs to the number of tasks.
    candidate, awaiting: whether it bears the marks of a deployment. held: the bounds that are recorded on it.
    """
    tags = {TAG_CANDIDATE: arn(runs, name)} if candidate or awaiting else {}
    tags |= {TAG_APPROVAL: arn(runs, name)} if awaiting else {}
    tags |= {TAG_SCALING: held} if held else {}
    named = arn(release, name) if release and release != WITHDRAWN else release
    made = Service(f"{ACCOUNT}:service/c/api-{name}", tasks, tasks, 0, arn(runs, name), release=named, tags=tags)
    return ColorState(
        name,
        group(name),
        replace(made, **service),
        definition(runs, name),
        latest=definition(runs, name),
        released=definition(release, name) if release and release != WITHDRAWN else None,
        scaling=scaling or (BOUNDS if tasks else IDLE),
        healthy=tasks if healthy is None else healthy,
        warm_until=warm_until,
    )


def snapshot(blue: ColorState, green: ColorState, weights: tuple[int, int] = (100, 0), **other: Any) -> Snapshot:
    preview = other.pop("preview", weights)
    return Snapshot(
        "api",
        "c",
        {"blue": blue, "green": green},
        production=Rule("arn:rule/production", forwarding({group("blue"): weights[0], group("green"): weights[1]})),
        preview=Rule("arn:rule/preview", forwarding({group("blue"): preview[0], group("green"): preview[1]})),
        **other,
    )


def wanted(release: str | None = "v2", **changes: Any) -> Wanted:
    bodies = {name: body(release, name) for name in ("blue", "green")} if release else {}
    made = Wanted(bodies, 3, BOUNDS, PROBE, drain_floor=120, healthy_timeout=300, poll_interval=2)
    return replace(made, **changes)


def after(state: Snapshot, steps: Any) -> Snapshot:
    """The state that AWS is in once the steps are done and have settled."""
    for step in steps:
        state = _after(state, step)
    return state


def _after(state: Snapshot, step: Any) -> Snapshot:
    if isinstance(step, PointRule):
        return replace(state, **{step.rule: Rule(step.arn, step.actions)})
    name = getattr(step, "color", None)
    if name is None:
        return state
    changed = _color_after(state.colors[name], step)
    return replace(state, colors={**state.colors, name: changed})


def _color_after(state: ColorState, step: Any) -> ColorState:
    if isinstance(step, RegisterDefinition):
        found = normalized(step.request)
        release = digest_in(found).partition(":")[2]
        return replace(state, latest=Definition(arn(release, state.color), found))
    if isinstance(step, SetScaling):
        return replace(state, scaling=step.scaling)
    if isinstance(step, CreateService):
        runs = step.definition or state.latest.arn
        made = Service(f"arn:{state.color}", 0, 0, 0, runs, settings=step.request, tags=step.tags)
        return replace(state, service=made, definition=state.latest)
    if isinstance(step, WaitHealthy):
        return replace(state, healthy=max(step.need, state.healthy))
    if isinstance(step, UpdateService):
        return _updated(state, step)
    if isinstance(step, ScheduleScaleDown | CancelScaleDown):
        return replace(state, warm_until="2026-11-24T10:00:00" if isinstance(step, ScheduleScaleDown) else "")
    if isinstance(step, SetHealthCheck):
        return replace(state, health_check={**state.health_check, **step.changes})
    return _tags_after(state, step)


def _tags_after(state: ColorState, step: Any) -> ColorState:
    service = state.service
    if isinstance(step, TagService) and step.candidate:
        return replace(state, service=replace(service, tags={**service.tags, TAG_CANDIDATE: service.definition}))
    if isinstance(step, TagService):
        return _tagged(state, step)
    if isinstance(step, UntagService):
        kept = {key: value for key, value in service.tags.items() if key not in step.keys}
        return replace(state, service=replace(service, tags=kept))
    if isinstance(step, AwaitApproval):
        return replace(state, service=replace(service, tags={**service.tags, TAG_APPROVAL: service.definition}))
    if isinstance(step, RunOnce):
        return replace(state, service=replace(service, tags={**service.tags, TAG_MIGRATED: step.digest}))
    return state


def _updated(state: ColorState, step: UpdateService) -> ColorState:
    changes = dict(step.changes)
    changes.pop("forceNewDeployment", None)
    tasks = changes.pop("desiredCount", state.service.desired)
    target = state.latest.arn if step.registered else step.definition or state.service.definition
    known = {found.arn: found for found in (state.latest, state.released, state.definition) if found}
    service = replace(
        state.service,
        desired=tasks,
        running=tasks,
        definition=target,
        gave_up=False,
        settings={**state.service.settings, **changes},
    )
    return replace(state, service=service, definition=known[target], healthy=min(state.healthy, tasks))


def _tagged(state: ColorState, step: TagService) -> ColorState:
    if not step.released:
        service = replace(state.service, tags={**state.service.tags, **step.tags})
        release = step.tags.get(TAG_RELEASE, state.service.release)
        released = None if release == WITHDRAWN else state.released
        return replace(state, service=replace(service, release=release), released=released)
    return replace(state, service=replace(state.service, release=state.service.definition), released=state.definition)
