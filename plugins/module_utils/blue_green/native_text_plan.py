# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a run finds of a service of engine native, in one line for people. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .native_follow_plan import shown
from .native_model_plan import Rollout
from .plan_model import Native, Snapshot
from .task_definition_plan import digest_in
from .worker_text_plan import SHOWN_DIGEST


def unfinished(snapshot: Snapshot, native: Native) -> list[str]:
    """The deployment in flight, or how the last one ended if not as asked; what engine two_service has."""
    found = []
    if native.rollout:
        color = target_color(snapshot, native.rollout)
        state = snapshot.colors[color] if color else None
        digest = digest_in(state.definition.body)[:SHOWN_DIGEST] if state and state.definition else "a revision"
        waits = ", and awaits approval" if state and state.awaiting and native.rollout.awaiting else ""
        where = f" to {color}" if color else ""
        found.append(f"ECS deploys {digest}{where} ({native.rollout.name}: {shown(native.rollout)}){waits}")
    elif native.last and native.last.status != "SUCCESSFUL":
        found.append(f"the last deployment, {native.last.name}, ended {native.last.status}: {native.last.reason}")
    if not native.exists:
        found.append(f"engine native has no service {snapshot.service} yet")
    running = [f"{snapshot.service}-{color} with {each.desired} tasks" for color, each in native.foreign.items()]
    return [*found, *([f"of engine two_service: {', '.join(running)}"] if running else [])]


def in_flight(native: Native | None) -> dict[str, Any]:
    """The result's service_deployment of a run that only looked; empty when nothing is in flight."""
    rollout = native.rollout if native else None
    if rollout is None:
        return {}
    hook = rollout.awaiting
    return {
        "arn": rollout.arn,
        "status": rollout.status,
        "stage": rollout.stage,
        "hook_id": hook.id if hook else None,
        "expires": hook.expires if hook else None,
    }


def expiry(deployment: Mapping[str, Any]) -> str:
    """What becomes of a candidate for which nobody decides, as the end of a message."""
    if not deployment.get("hook_id"):
        return ""
    return f"; ECS takes it back at {deployment['expires']} UTC unless its hook {deployment['hook_id']} is answered"


def target_color(snapshot: Snapshot, rollout: Rollout) -> str | None:
    """Where ECS registers the revision that it deploys; None while it does not say."""
    return snapshot.color_of(rollout.target.group) if rollout.target and rollout.target.group else None
