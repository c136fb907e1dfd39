# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A service of engine native seen as two colors, so that whatever knows colors knows it too. Pure.

A color is the target group of that name; what runs there is the service revision that ECS registers in it. The colors
share one ECS service, its tags and its bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Optional

from .native_model_plan import GATE_STAGE, Hook, Revision, Rollout
from .plan_model import (
    TAG_CANDIDATE,
    TAG_PREVIOUS,
    TAG_RELEASE,
    ColorState,
    Definition,
    Scaling,
    Service,
)

Find = Callable[[str], Optional[Definition]]  # noqa: UP045


def revision_of(described: Mapping[str, Any], summary: Mapping[str, Any]) -> Revision:
    """described: of DescribeServiceRevisions, {} while it is not known; summary: of the deployment or the service."""
    balancers = described.get("resolvedConfiguration", {}).get("loadBalancers", [])
    return Revision(
        arn=summary["arn"],
        definition=described.get("taskDefinition", ""),
        group=next((item["targetGroupArn"] for item in balancers if item.get("targetGroupArn")), ""),
        images={
            item["containerName"]: (item.get("image", ""), item.get("imageDigest", ""))
            for item in described.get("containerImages", [])
        },
        requested=summary.get("requestedTaskCount", 0),
        running=summary.get("runningTaskCount", 0),
        pending=summary.get("pendingTaskCount", 0),
        production=float(summary.get("requestedProductionTrafficWeight", 0.0)),
        test=float(summary.get("requestedTestTrafficWeight", 0.0)),
    )


def rollout_of(described: Mapping[str, Any], revisions: Mapping[str, Mapping[str, Any]]) -> Rollout:
    """described: of DescribeServiceDeployments. revisions: ARN -> of DescribeServiceRevisions, as far as known.

    While it rolls back, ECS says why in rollback.
    """
    target = described.get("targetServiceRevision")
    alarms = described.get("alarms", {})
    hooks = described.get("deploymentConfiguration", {}).get("lifecycleHooks", [])
    return Rollout(
        arn=described["serviceDeploymentArn"],
        status=described["status"],
        stage=described.get("lifecycleStage", ""),
        reason=described.get("rollback", {}).get("reason") or described.get("statusReason", ""),
        target=revision_of(revisions.get(target["arn"], {}), target) if target else None,
        sources=tuple(
            revision_of(revisions.get(source["arn"], {}), source)
            for source in described.get("sourceServiceRevisions", [])
        ),
        hooks=tuple(
            Hook(
                item.get("hookId", ""),
                item.get("status", ""),
                _time(item.get("expiresAt")),
                item.get("timeoutAction", ""),
            )
            for item in described.get("lifecycleHookDetails", [])
        ),
        gated=any(hook.get("targetType") == "PAUSE" and GATE_STAGE in hook["lifecycleStages"] for hook in hooks),
        watched=tuple(alarms.get("alarmNames", ())),
        alarms=tuple(alarms.get("triggeredAlarmNames", ())),
    )


def _time(when: Any) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%S") if when else ""


def colors_of(
    groups: Mapping[str, ColorState],
    service: Service | None,
    revisions: Mapping[str, Revision],
    find: Find,
    scaling: Scaling | None,
    rollout: Rollout | None,
) -> dict[str, ColorState]:
    """groups: color -> what its target group tells. revisions: ARN of a target group -> what runs there.

    find: a task definition by its ARN, as it is registered. A color without tasks shows the release that a rollback
    would bring there.
    """
    if service is None:
        return {color: replace(state, color=color) for color, state in groups.items()}
    target = rollout.target if rollout and rollout.in_flight else None
    made = {}
    for color, state in groups.items():
        revision = revisions.get(str(state.target_group))
        candidate = revision is not None and target is not None and revision.arn == target.arn
        runs, released = _definitions(service, revision, find, candidate=candidate)
        made[color] = replace(
            state,
            color=color,
            service=_service(service, revision, candidate=candidate),
            scaling=scaling,
            definition=runs,
            released=released,
        )
    return made


def _service(service: Service, revision: Revision | None, *, candidate: bool) -> Service:
    tags = {key: value for key, value in service.tags.items() if key not in (TAG_CANDIDATE, TAG_RELEASE)}
    before = service.tags.get(TAG_PREVIOUS)
    if revision is None:
        return replace(service, desired=0, running=0, pending=0, definition=before or "", release=before, tags=tags)
    mark = {TAG_CANDIDATE: revision.definition} if candidate else {}
    return replace(
        service,
        desired=revision.requested,
        running=revision.running,
        pending=revision.pending,
        definition=revision.definition,
        release=None if candidate else service.release,
        tags={**tags, **mark},
    )


def _definitions(
    service: Service, revision: Revision | None, find: Find, *, candidate: bool
) -> tuple[Definition | None, Definition | None]:
    """What runs, and the release that a rollback would bring, or has brought, there."""
    released = service.tags.get(TAG_PREVIOUS, "") if revision is None or candidate else service.release or ""
    runs = revision.definition if revision else released
    return _found(find, runs), _found(find, released)


def _found(find: Find, arn: str) -> Definition | None:
    """The tag of a release that was withdrawn names no revision."""
    return find(arn) if ":" in arn else None
