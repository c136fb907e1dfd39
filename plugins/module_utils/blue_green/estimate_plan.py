# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How long a plan waits, and what it costs that both colors run meanwhile. Pure.

Only what the plan itself says is summed up. How long tasks take to start, a one-off task, a person or workers take is
not known, and named as such.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .fargate_plan import PRICE_REGION, PRICES_OF, dollars, stop_timeout
from .health_plan import CONFIRM_INTERVAL, POLLS, PROBE_INTERVAL
from .native_steps_plan import WaitRollout
from .notes_plan import healthy_seconds
from .plan_model import FULL_WEIGHT, Snapshot, Wanted, other
from .steps_plan import (
    AwaitApproval,
    Drain,
    Plan,
    Prove,
    RunOnce,
    ScheduleScaleDown,
    Step,
    WaitHealthy,
    Watch,
)
from .verify_plan import starting
from .worker_steps_plan import RollWorker

_UNKNOWN: dict[type, str] = {
    RunOnce: "the one-off task",
    AwaitApproval: "a person's decision",
    RollWorker: "the workers",
}


@dataclass(frozen=True, slots=True)
class Estimate:
    """parts: what for -> seconds, in the order of the plan. unknown: what comes on top. warm: seconds for which the
    old color keeps its tasks after the run."""

    parts: Mapping[str, float]
    unknown: tuple[str, ...] = ()
    warm: float = 0.0

    @property
    def seconds(self) -> float:
        return sum(self.parts.values())

    @property
    def text(self) -> str:
        shown = ", ".join(f"{name} {seconds:g}" for name, seconds in self.parts.items())
        beyond = f", and {', '.join(self.unknown)}" if self.unknown else ""
        return f"about {self.seconds:g} s of waiting by plan ({shown or 'none'}){beyond}"


def estimate(snapshot: Snapshot, plan: Plan, wanted: Wanted) -> Estimate:
    parts: dict[str, float] = {}
    for step in plan.steps:
        name, seconds = _waiting(step, snapshot, plan, wanted)
        if seconds:
            parts[name] = parts.get(name, 0.0) + seconds
    unknown = ["the start of the tasks"] if starting(plan) else []
    unknown += [_UNKNOWN[type(step)] for step in plan.steps if type(step) in _UNKNOWN]
    warm = sum(step.seconds for step in plan.steps if isinstance(step, ScheduleScaleDown))
    rounded = {name: round(seconds, 1) for name, seconds in parts.items()}
    return Estimate(rounded, tuple(dict.fromkeys(unknown)), warm)


def _waiting(step: Step, snapshot: Snapshot, plan: Plan, wanted: Wanted) -> tuple[str, float]:
    if isinstance(step, WaitHealthy):
        check = {**snapshot.colors[step.color].health_check, **(wanted.health_check or {})}
        confirmed = (POLLS - 1) * min(CONFIRM_INTERVAL, step.poll_interval)
        return "healthy", confirmed + (healthy_seconds(check) if starting(plan) else 0)
    if isinstance(step, Watch):
        return step.name, step.seconds
    if isinstance(step, WaitRollout):
        return step.until, step.expected
    if isinstance(step, Prove):
        return "proof", PROBE_INTERVAL * (step.probe.count if step.share == FULL_WEIGHT else 1)
    if isinstance(step, Drain):
        return "drain", step.seconds
    return "", 0.0


@dataclass(frozen=True, slots=True)
class Cost:
    """What tasks that run beside those that carry the traffic cost. usd: None where no price is kept here."""

    tasks: int
    seconds: float
    usd: float | None
    basis: str

    @property
    def text(self) -> str:
        what = f"{self.tasks} tasks beside the others for about {self.seconds:g} s"
        return f"{what}: {self.basis}" if self.usd is None else f"{what}: ${self.usd:.4f} ({self.basis})"


def cost(snapshot: Snapshot, plan: Plan, found: Estimate, body: Mapping[str, Any]) -> Cost | None:
    """None when at no time both colors have tasks.

    The old color's tasks stay until they are drained, deregistered and stopped, or until the scheduled action.
    """
    if plan.target is None or not plan.steps:
        return None
    old = snapshot.colors[other(plan.target)]
    need = next((step.need for step in plan.steps if isinstance(step, WaitHealthy)), old.desired)
    tasks = min(need, old.desired)
    if not tasks:
        return None
    seconds = found.seconds + (found.warm or old.deregistration_delay + stop_timeout(body))
    region = old.service.arn.split(":")[3] if old.service else PRICE_REGION
    usd = dollars(body, tasks, seconds)
    if usd is None:
        return Cost(tasks, seconds, None, "no list price is kept for this platform")
    elsewhere = "" if region == PRICE_REGION else f", other than in {region}"
    return Cost(tasks, seconds, round(usd, 4), f"list price of {PRICE_REGION}{elsewhere}, Linux, as of {PRICES_OF}")
