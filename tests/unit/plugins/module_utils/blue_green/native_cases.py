# SPDX-License-Identifier: GPL-3.0-or-later
"""States of a service of engine native, as its planners' tests write them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ansible_collections.slipway.ops.plugins.module_utils.blue_green.native_model_plan import (
    GATE_STAGE,
    Hook,
    Revision,
    Rollout,
)
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.native_view_plan import colors_of
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.plan_model import (
    TAG_APPROVAL,
    TAG_PREVIOUS,
    TAG_RELEASE,
    WITHDRAWN,
    ColorState,
    Native,
    Scaling,
    Service,
    Smoke,
    Snapshot,
)

from tests.unit.plugins.module_utils.blue_green.cases import (
    ACCOUNT,
    BOUNDS,
    IDLE,
    arn,
    color,
    definition,
    group,
    snapshot,
    wanted,
)

ROLE = "arn:aws:iam::111111111111:role/c-api-infrastructure"
SMOKE = Smoke("http://preview/healthz")
DEPLOYMENT = f"{ACCOUNT}:service-deployment/c/api/dep1"
BALANCING = {
    "targetGroupArn": group("blue"),
    "containerName": "api",
    "containerPort": 8080,
    "advancedConfiguration": {
        "alternateTargetGroupArn": group("green"),
        "productionListenerRule": "arn:rule/production",
        "testListenerRule": "arn:rule/preview",
        "roleArn": ROLE,
    },
}


def find(name: str) -> Any:
    """A task definition by the ARN that cases.arn makes: .../api-COLOR:RELEASE."""
    family, _, release = name.rpartition("/")[2].partition(":")
    return definition(release, family.rpartition("-")[2])


def revision(release: str, name: str, tasks: int = 3, **other: Any) -> Revision:
    made = Revision(f"arn:revision/{release}-{name}", arn(release, name), group(name), {}, tasks, tasks)
    return replace(made, **other)


def rollout(target: Revision | None, stage: str = "SCALE_UP", status: str = "IN_PROGRESS", **other: Any) -> Rollout:
    return Rollout(DEPLOYMENT, status, stage, target=target, **other)


def gate(target: Revision, **other: Any) -> Rollout:
    """It waits at its gate."""
    hook = Hook("ecs-pause-1", "AWAITING_ACTION", "2026-11-25T10:00:00", "ROLLBACK")
    return rollout(target, GATE_STAGE, hooks=(hook,), gated=True, **other)


def native(
    blue: Revision | None = None,
    green: Revision | None = None,
    weights: tuple[int, int] = (100, 0),
    *,
    release: str = "",
    previous: str = "",
    approval: str = "",
    flying: Rollout | None = None,
    last: Rollout | None = None,
    scaling: Scaling | None = BOUNDS,
    healthy: dict[str, int] | None = None,
    foreign: dict[str, Service] | None = None,
    exists: bool = True,
    **other: Any,
) -> Snapshot:
    """release, previous, approval: what the tags name, as RELEASE-COLOR."""
    named = {TAG_RELEASE: release, TAG_PREVIOUS: previous, TAG_APPROVAL: approval}
    tags = {key: value if value == WITHDRAWN else arn(*value.rsplit("-", 1)) for key, value in named.items() if value}
    desired = max((each.requested for each in (blue, green) if each), default=0)
    service = Service(f"{ACCOUNT}:service/c/api", desired, desired, 0, "", release=tags.get(TAG_RELEASE), tags=tags)
    runs = {each.group: each for each in (blue, green) if each}
    count = {name: each.running if each else 0 for name, each in (("blue", blue), ("green", green))} | (healthy or {})
    groups = {name: ColorState("", group(name), healthy=count[name]) for name in ("blue", "green")}
    colors = colors_of(groups, service if exists else None, runs, find, scaling if exists else None, flying)
    return replace(
        snapshot(color("blue"), color("green"), weights),
        colors=colors,
        native=Native(
            exists=exists,
            desired=desired,
            rollout=flying,
            last=last,
            known=frozenset({"arn:old"}),
            balancing=(BALANCING,) if exists else (),
            foreign=foreign or {},
            tags=tags if exists else {},
        ),
        **other,
    )


FRESH = native(None, revision("boot", "green", 0), (0, 100), scaling=IDLE)
LIVE = native(revision("v1", "blue"), release="v1-blue")
WITH_TWO = native(revision("v2", "blue"), release="v2-blue", previous="v1-green")


def asked(release: str | None = "v2", **changes: Any) -> Any:
    return wanted(release, infrastructure_role=ROLE, **changes)


def titles(plan: Any) -> list[str]:
    return [step.title for step in plan.steps]
