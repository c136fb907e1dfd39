# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What one look at a deployment of Amazon ECS means for whoever waits for it. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from .native_model_plan import GATE_STAGE, Revision, Rollout, rank
from .native_steps_plan import BACK, DONE, GATE, SCALED, SHIFTED
from .plan_model import FULL_WEIGHT

SUCCESSFUL = "SUCCESSFUL"


@dataclass(frozen=True, slots=True)
class Progressed:
    """state: ready, waiting, failed, or superseded by somebody else."""

    state: Literal["ready", "waiting", "failed", "superseded"]
    text: str


def judge(rollout: Rollout, until: str) -> Progressed:
    """Has it come so far, may it still, or never."""
    text = shown(rollout)
    if until == BACK:
        return Progressed(_returned(rollout), text)
    if rollout.status == "STOPPED":
        return Progressed("superseded", f"ECS's deployment {rollout.name} was stopped: {_why(rollout)}")
    if rollout.status in ("ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"):
        did = "took back" if rollout.status == "ROLLBACK_SUCCESSFUL" else "could not take back"
        return Progressed("failed", f"ECS {did} its deployment {rollout.name}: {_why(rollout)}")
    if rollout.backward:
        return Progressed("waiting", text)
    if until == GATE and _past(rollout, GATE_STAGE):
        return Progressed("superseded", f"ECS's deployment {rollout.name} went past its gate: somebody else answered")
    return Progressed("ready" if _REACHED[until](rollout) else "waiting", text)


def _returned(rollout: Rollout) -> Literal["ready", "waiting", "failed", "superseded"]:
    if rollout.in_flight:
        return "waiting"
    return "ready" if rollout.status in ("ROLLBACK_SUCCESSFUL", "STOPPED") else "failed"


def _why(rollout: Rollout) -> str:
    fired = f"alarm {', '.join(rollout.alarms)} went off" if rollout.alarms else ""
    return "; ".join(text for text in (rollout.reason.rstrip("."), fired) if text) or "ECS does not say why"


def _past(rollout: Rollout, stage: str) -> bool:
    return rollout.status == SUCCESSFUL or rank(rollout.stage) > rank(stage)


def _scaled(rollout: Rollout) -> bool:
    weight = rollout.target.production if rollout.target else 0.0
    return _past(rollout, "SCALE_UP") or weight > 0 or (rank(rollout.stage) < 0 and rollout.awaiting is not None)


def _shifted(rollout: Rollout) -> bool:
    """A stage not known here says nothing, the weight does."""
    if rollout.status == SUCCESSFUL or rank(rollout.stage) >= rank("BAKE_TIME"):
        return True
    return rollout.target is not None and rollout.target.production >= FULL_WEIGHT


_REACHED: dict[str, Callable[[Rollout], bool]] = {
    SCALED: _scaled,
    GATE: lambda rollout: rollout.awaiting is not None,
    SHIFTED: _shifted,
    DONE: lambda rollout: rollout.status == SUCCESSFUL,
}


def shown(rollout: Rollout) -> str:
    """One phrase: status and stage, both revisions, weights, hook and alarms."""
    parts = [f"{rollout.status}{f' {rollout.stage}' if rollout.stage else ''}"]
    parts += [f"new {_revision(rollout.target)}"] if rollout.target else []
    parts += [f"old {_revision(source)}" for source in rollout.sources]
    hook = rollout.awaiting
    if hook:
        parts.append(f"hook {hook.id} waits until {hook.expires or 'it is answered'}, then {hook.timeout_action}")
    if rollout.watched:
        fired = ", ".join(rollout.alarms)
        parts.append(f"alarm {fired} went off" if fired else f"{len(rollout.watched)} alarms watched")
    if rollout.reason and (rollout.backward or not rollout.in_flight):
        parts.append(rollout.reason)
    return "; ".join(parts)


def _revision(revision: Revision) -> str:
    pending = f", {revision.pending} pending" if revision.pending else ""
    return f"{revision.running}/{revision.requested} running{pending}, {revision.production:g} %"
