# SPDX-License-Identifier: GPL-3.0-or-later
"""What a deployment by stages does next: a pure decision.

Where a rule has no page of its own here, it is that of "workflow" (see the package).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from localcloud.ecs import plan as rolling
from localcloud.ecs.native.phases import Count, Phase
from localcloud.ecs.plan import Action, DeploymentView, Retire, ServiceView, Start, TaskView

#: Minutes that a stage may take (the page "blue-green": 24 hours); a pause hook has its own limit.
STAGE_LIMIT = 24 * 60
BECAUSE = "Service deployment rolled back because "
NO_CANDIDATE = "No rollback candidate was found to run the rollback."


@dataclass(frozen=True, slots=True)
class Crew:
    """A revision and those of its tasks that shall run, oldest first."""

    deployment: DeploymentView
    tasks: tuple[TaskView, ...] = ()


@dataclass(frozen=True, slots=True)
class HookView:
    """A hook of this phase. expired: its time is up, and nobody has answered."""

    id: str
    status: str = "AWAITING_ACTION"
    expired: bool = False
    timeout_action: str = "ROLLBACK"


@dataclass(frozen=True, slots=True)
class CourseView:
    """target: the new revision; source: the one that serves, idle: with no tasks; others: whatever else has tasks.

    phase: None before the first stage, or before the first one on the way back. minutes: time in the phase.
    trouble: why the listener rules do not allow a deployment (looked at before the first stage only).
    asked: why somebody wants a rollback. denied: why ECS may not move the phase's traffic.
    alarms: those that are in ALARM and count. ended: it failed, and stays so.
    """

    desired: int
    target: Crew
    source: Crew | None = None
    idle: bool = False
    others: tuple[Crew, ...] = ()
    phase: Phase | None = None
    last: bool = False
    minutes: float = 0.0
    hooks: tuple[HookView, ...] = ()
    back: bool = False
    ended: bool = False
    trouble: str = ""
    asked: str = ""
    denied: str = ""
    alarms: tuple[str, ...] = ()
    alarms_roll_back: bool = True
    breaker: bool = False
    breaker_rolls_back: bool = False


@dataclass(frozen=True, slots=True)
class Enter:
    """Go to the next phase."""


@dataclass(frozen=True, slots=True)
class Expire:
    """A hook's time is up."""

    hook: str


@dataclass(frozen=True, slots=True)
class RollBack:
    """Turn round, back to the source."""

    reason: str
    alarms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fail:
    """End without a way back. status: ROLLBACK_FAILED, or STOPPED when no rollback was configured."""

    status: str
    reason: str
    alarms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finish:
    """The last phase is done: success, or the rollback's."""


Move = Enter | Expire | RollBack | Fail | Finish


def plan(view: CourseView, now: float) -> tuple[Action | Move, ...]:
    """The actions for this state; none while something is waited for. now: seconds, the clock of retry_at."""
    return (*_tasks(view, now), *_moves(view))


def _tasks(view: CourseView, now: float) -> tuple[Action, ...]:
    target, source = _counts(view)
    crews = [(view.target, target), *((crew, "none") for crew in view.others)]
    if view.source is not None:
        crews.append((view.source, "none" if view.idle else source))
    actions = [action for crew, count in crews for action in _keep(view, crew, count, now)]
    return (*actions, *(Retire(crew.deployment.id) for crew in view.others if not crew.deployment.alive))


def _counts(view: CourseView) -> tuple[Count, Count]:
    if view.ended or (view.back and view.phase is None):
        return "left", "full"
    if view.phase is None:
        return "none", "full"
    return view.phase.target, view.phase.source


def _keep(view: CourseView, crew: Crew, count: Count, now: float) -> tuple[Action, ...]:
    """Hold the revision at its count. Each revision has room for twice that: the strategies double the capacity, and
    what maximumPercent means to them is not documented."""
    if count == "left":
        return ()
    desired = view.desired if count == "full" else 0
    alone = ServiceView(desired=desired, deployments=(crew.deployment,), tasks=crew.tasks)
    return tuple(
        dataclasses.replace(action, deployment=crew.deployment.id) if isinstance(action, Start) else action
        for action in rolling.keep(alone, now)
    )


def _moves(view: CourseView) -> tuple[Move, ...]:
    if view.ended:
        return ()
    failure = _stuck(view) if view.back else _failure(view)
    if failure is not None:
        return (failure,)
    expired = [Expire(hook.id) for hook in view.hooks if hook.expired and hook.status == "AWAITING_ACTION"]
    if expired:
        return tuple(expired)
    if view.phase is None:
        return (Enter(),)
    if not _done(view, view.phase):
        return ()
    return (Finish(),) if view.last else (Enter(),)


def _stuck(view: CourseView) -> Move | None:
    """What ends the way back, which nothing but itself can do."""
    return Fail("ROLLBACK_FAILED", view.denied) if view.denied else None


def _failure(view: CourseView) -> Move | None:
    """What ends the way forward, if anything does."""
    reason = view.asked or _trouble(view)
    if reason:
        return _rolled_back(view, reason)
    if view.alarms and not (view.phase and view.phase.stage == "CLEAN_UP"):
        reason = f"{BECAUSE}these alarms went into the ALARM state: {', '.join(view.alarms)}."
        return _rolled_back(view, reason, view.alarms_roll_back, view.alarms)
    failed = view.target.deployment.failed >= rolling.breaker_threshold(view.desired)
    if view.breaker and failed:
        # The words were seen in the field; that it works for these strategies too, although its page speaks of rolling
        # ones only, is what the acceptance tests of Terraform's provider expect.
        return _rolled_back(view, f"{BECAUSE}the circuit breaker threshold was exceeded.", view.breaker_rolls_back)
    return None


def _trouble(view: CourseView) -> str:
    """Reasons that always roll back."""
    if view.phase is None:
        return view.trouble
    stage = view.phase.stage
    if view.denied:
        return f"{BECAUSE}{stage} lifecycle hook(s) failed. {view.denied}"
    for hook in view.hooks:
        if hook.status == "FAILED":
            return f"{BECAUSE}{stage} pause hook was answered with ROLLBACK."
        if hook.status == "TIMED_OUT" and hook.timeout_action == "ROLLBACK":
            return f"{BECAUSE}{stage} pause hook timed out."  # the page "troubleshooting"
    if view.phase.goal in ("target_ready", "others_gone") and view.minutes >= STAGE_LIMIT:
        return f"{BECAUSE}{stage} took longer than 24 hours."
    return ""


def _rolled_back(
    view: CourseView, reason: str, configured: bool = True, alarms: tuple[str, ...] = ()
) -> RollBack | Fail:
    if not configured:
        return Fail("STOPPED", reason, alarms)
    if view.source is None:
        return Fail("ROLLBACK_FAILED", reason, alarms)
    return RollBack(reason, alarms)


def _done(view: CourseView, phase: Phase) -> bool:
    if view.minutes < phase.minutes or any(hook.status == "AWAITING_ACTION" for hook in view.hooks):
        return False
    match phase.goal:
        case "others_gone":
            return all(not crew.deployment.alive for crew in view.others)
        case "target_ready":
            return _ready(view, view.target)
        case "source_ready":
            return view.idle or _ready(view, view.source)
        case "source_gone":
            return view.source is None or not view.source.deployment.alive
        case "target_gone":
            return not view.target.deployment.alive
        case _:
            return True


def _ready(view: CourseView, crew: Crew | None) -> bool:
    return crew is None or sum(task.healthy for task in crew.tasks) >= view.desired
