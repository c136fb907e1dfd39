# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What one look at a color that is coming up means: ready, still coming, or never going to come. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

# Looks in a row that must find it ready: a target that flaps is not healthy, and what crashes a moment after its start
# is no release.
POLLS = 3
# Seconds between the polls that only confirm, and between probes.
CONFIRM_INTERVAL = 1.0
PROBE_INTERVAL = 0.1

# A task that ECS could not place for lack of capacity is started anew by ECS, often with success (Amazon ECS developer
# guide, stopped tasks error messages); every other failed start repeats itself.
_PASSING = ("Capacity is unavailable",)
_FAILED_CODES = {"TaskFailedToStart", "EssentialContainerExited"}


@dataclass(frozen=True, slots=True)
class Look:
    """One observation. states: target state -> count. dead: tasks of the wanted revision that stopped since the start.

    fresh: running tasks of the wanted revision; ECS may have others of the revision before, and those are healthy too.
    steady: only the primary deployment has tasks. gave_up: why ECS ended the deployment, empty while it goes on.
    complaints: what the load balancer says about unhealthy targets. definition: the revision the service runs.
    """

    desired: int
    running: int
    fresh: int
    pending: int
    steady: bool
    gave_up: str
    states: Mapping[str, int]
    complaints: tuple[str, ...] = ()
    dead: tuple[Mapping[str, Any], ...] = ()
    definition: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    state: Literal["ready", "waiting", "failed"]
    text: str


def counted(descriptions: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """DescribeTargetHealth's answer as state -> count."""
    return dict(Counter(item["TargetHealth"]["State"] for item in descriptions))


def complaints_of(descriptions: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Why targets are unhealthy, each reason once."""
    bad = [item["TargetHealth"] for item in descriptions if item["TargetHealth"]["State"] == "unhealthy"]
    return tuple(sorted({str(health.get("Description") or health.get("Reason") or "unhealthy") for health in bad}))


def death_of(task: Mapping[str, Any]) -> str | None:
    """Why a stopped task is a failure of its revision, in one line; None when it is not one.

    A scale-in, a person or a reclaimed host stop tasks too (stopCode, Amazon ECS API reference, Task); failed health
    checks come as ServiceSchedulerInitiated and are told from a scale-in by their reason only.
    """
    reason = str(task.get("stoppedReason", ""))
    unhealthy = "failed" in reason and "health checks" in reason
    if task.get("stopCode") not in _FAILED_CODES and not unhealthy:
        return None
    if any(text in reason for text in _PASSING):
        return None
    parts = [reason]
    for container in task.get("containers", []):
        code = container.get("exitCode")
        if code is not None:
            parts.append(f"container {container['name']} exited with {code}")
        if container.get("reason") and container["reason"] not in reason:
            parts.append(f"{container['name']}: {container['reason']}")
    shown = "; ".join(dict.fromkeys(" ".join(part.split()) for part in parts if part))
    return f"task {str(task['taskArn']).rpartition('/')[2]} stopped: {shown}"


def judge(look: Look, need: int) -> Verdict:
    """Ready needs healthy targets and a settled service: a task that just replaced a dead one is not settled."""
    healthy = look.states.get("healthy", 0)
    deaths = [text for text in map(death_of, look.dead) if text]
    if deaths:
        return Verdict("failed", deaths[0])
    if look.gave_up:
        return Verdict("failed", look.gave_up)
    if look.steady and look.running > look.desired and look.states.get("unhealthy"):
        # ECS starts the replacement of an unhealthy task before it stops the task (Amazon ECS developer guide, service
        # scheduler concepts), so a target that never gets healthy shows as a task too many, not as one that stopped.
        return Verdict("failed", f"ECS replaces unhealthy tasks: {'; '.join(look.complaints)}")
    others = ", ".join(f"{count} {state}" for state, count in sorted(look.states.items()) if state != "healthy")
    text = f"{healthy}/{need} healthy, {look.running} running" + (f" ({others})" if others else "")
    text += f": {'; '.join(look.complaints)}" if look.complaints else ""
    settled = look.steady and look.running == look.desired and look.pending == 0
    return Verdict("ready" if settled and healthy >= need and look.fresh >= need else "waiting", text)
