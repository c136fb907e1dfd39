# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What one look at a worker that rolls means: done, still rolling, or failed. Pure.

ECS's own verdict is not enough: of a task without health checks its circuit breaker counts only the end before RUNNING
(Amazon ECS developer guide, deployment circuit breaker), so that a program that crashes a second later passes. Hence a
task of the new revision that dies is a failure here, as for a color.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .health_plan import Verdict, death_of


@dataclass(frozen=True, slots=True)
class WorkerLook:
    """One observation. wanted: the revision that is to run. dead: tasks of it that stopped since the roll began.

    definition, rollout and reason are the primary deployment's; steady: no other deployment has tasks.
    """

    wanted: str
    definition: str
    rollout: str
    reason: str
    running: int
    pending: int
    steady: bool
    dead: tuple[Mapping[str, Any], ...] = ()


def judge_worker(look: WorkerLook, need: int) -> Verdict:
    deaths = [text for text in map(death_of, look.dead) if text]
    why = f": {deaths[0]}" if deaths else ""
    if look.definition != look.wanted:
        return Verdict(
            "failed", f"ECS rolled it back to {look.definition.rpartition('/')[2]}{why or f': {look.reason}'}"
        )
    if look.rollout == "FAILED":
        return Verdict("failed", f"{look.reason}{why}")
    if deaths:
        return Verdict("failed", deaths[0])
    text = f"{look.running}/{need} running, {look.pending} pending, rollout {look.rollout.lower().replace('_', ' ')}"
    done = look.rollout == "COMPLETED" and look.steady and look.running == need and look.pending == 0
    return Verdict("ready" if done else "waiting", text)
