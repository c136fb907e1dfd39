# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The two_service engine: two ECS services, NAME-blue and NAME-green, and a rule whose weights this toolkit moves.

observe -> plan -> apply; when a step fails, observe again -> plan the way back -> apply that. All state lives in AWS,
so a run that is killed at any moment is continued by the next one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError

from .apply import STAGES, apply
from .briefing import Briefing, brief
from .converge_plan import Wishes, plan_converge
from .observe import Clients, Scope, observe
from .plan_model import Snapshot, Wanted
from .progress import Progress
from .recovery_plan import plan_recovery
from .run import PlanOutdatedError, Run, StepFailedError, SupersededError
from .steps_plan import Plan, Step
from .swap_plan import plan_rollback
from .task_definition_plan import digest_of, image_of
from .traffic_plan import shown_traffic

# The live color may grow while the target comes up, and again; one that grows without end is another problem.
MAX_PLANS = 5

# Also says what is wanted: the bodies depend on the digest, which only the snapshot knows.
Planner = Callable[[Snapshot], tuple[Plan, Wanted]]


@dataclass
class Job:
    """One run of the module."""

    clients: Clients
    scope: Scope
    progress: Progress
    tags: dict[str, str]
    check_mode: bool
    validate_certs: bool = True
    app_container: str = ""

    def observe(self, *, with_rules: bool = True) -> Snapshot:
        return observe(self.clients, self.scope, with_rules=with_rules)

    def run(self, snapshot: Snapshot) -> Run:
        return Run(self.clients, self.scope, self.progress, snapshot, self.tags, self.validate_certs)


@dataclass
class Ending:
    """How a run ended. message is empty for an outcome that was asked for."""

    outcome: str
    plan: Plan
    snapshot: Snapshot
    message: str = ""
    changed: bool = False
    definitions: dict[str, str] = field(default_factory=dict)
    briefing: Briefing = field(default_factory=Briefing)


def refused(service: str, why: str) -> Ending:
    """The parameters themselves cannot be: AWS was not even asked."""
    return Ending("blocked", Plan(), Snapshot(service, "", {}), f"{service}: nothing was changed: {why}")


def converge(job: Job, wish: Callable[[Snapshot], Wishes]) -> Ending:
    snapshot = job.observe(with_rules=False)
    plan = plan_converge(snapshot, wish(snapshot))
    if plan.needs and not job.check_mode:
        message = f"{job.scope.service}: nothing was changed: {', '.join(plan.needs)} missing: run site.yml"
        return Ending("blocked", plan, snapshot, message)
    ending = Ending("converged", plan, snapshot, changed=plan.changed)
    if job.check_mode:
        return ending
    run = job.run(snapshot)
    try:
        apply(run, plan)
    except (StepFailedError, AnsibleAWSError) as error:
        return Ending("failed", plan, snapshot, f"{job.scope.service}: {one_line(error)}. Run site.yml again", True)
    ending.definitions = run.definitions
    return ending


def deploy(job: Job, planner: Planner) -> Ending:
    return _carry_out(job, planner, "promoted")


def rollback(job: Job, wanted: Wanted) -> Ending:
    return _carry_out(job, lambda snapshot: (plan_rollback(snapshot, wanted), wanted), "rolled_back")


def _carry_out(job: Job, planner: Planner, success: str) -> Ending:
    snapshot = job.observe()
    plan, wanted = planner(snapshot)
    if plan.blocked:
        return Ending("blocked", plan, snapshot, f"{job.scope.service}: nothing was changed: {plan.blocked}")
    briefing = brief(job.clients, job.scope, job.progress, snapshot, plan, wanted, job.app_container)
    if briefing.findings.problems:
        why = "; ".join(briefing.findings.problems)
        message = f"{job.scope.service}: nothing was changed: {why}"
        return Ending("blocked", Plan(blocked=why), snapshot, message, briefing=briefing)
    first = plan
    ending = Ending(success, first, snapshot, changed=first.changed, briefing=briefing)
    for _attempt in range(0 if job.check_mode else MAX_PLANS):
        run = job.run(snapshot)
        try:
            apply(run, plan)
        except PlanOutdatedError as outdated:
            job.progress.say(f"planning again: {outdated}")
        except SupersededError as error:
            return _superseded(job, plan, str(error))
        except (StepFailedError, AnsibleAWSError) as error:
            return _take_back(job, plan, plan.steps[run.done :], wanted, one_line(error), success)
        else:
            ending.definitions = run.definitions
            return ending
        snapshot = job.observe()
        plan, wanted = planner(snapshot)
        if plan.blocked:
            return _superseded(job, first, plan.blocked)
    if job.check_mode:
        return ending
    return _take_back(job, plan, plan.steps, wanted, "the live color went on growing", success)


def _superseded(job: Job, plan: Plan, why: str) -> Ending:
    """Whoever changed the traffic owns it now: nothing more is written, not even to tidy up."""
    message = f"{job.scope.service}: {why}. Nothing more was written. Find out who else deploys, then deploy again"
    return Ending("superseded", plan, job.observe(), message, changed=True)


def _take_back(job: Job, plan: Plan, left: tuple[Step, ...], wanted: Wanted, why: str, success: str) -> Ending:
    """Before the shift only the target goes; after it the traffic goes back first. left: steps of plan not done."""
    name = job.scope.service
    job.progress.say(f"failed: {why}")
    try:
        before = job.observe()
        way_back = plan_recovery(before, wanted, plan, left)
        if not way_back.blocked:
            apply(job.run(before), way_back)
        now = job.observe()
    except (StepFailedError, SupersededError, AnsibleAWSError) as error:
        return Ending("failed", plan, Snapshot(name, job.scope.cluster, {}), _stuck(name, why, one_line(error)), True)
    if way_back.blocked:
        return Ending("failed", plan, now, f"{name}: {why}. Nothing was taken back: {way_back.blocked}", True)
    message = f"{name}: {why}. Taken back: {shown_traffic(now)}. Repair the release, then deploy again"
    outcome = "rolled_back" if success == "promoted" else "failed"
    return Ending(outcome, plan, now, message, changed=True)


def _stuck(name: str, why: str, error: str) -> str:
    return (
        f"{name}: {why}. Taking it back failed too: {error}. Look at the rule's weights, then run rollback_backend.yml"
    )


def one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def result_of(ending: Ending, progress: Progress, app_container: str) -> dict[str, Any]:
    """The module's result. In check mode the steps are those that would be taken."""
    plan = ending.plan
    states = ending.snapshot.colors
    definitions = {color: state.service.definition for color, state in states.items() if state.service}
    definitions.update(ending.definitions)
    body = plan.after.get("task_definition", {})
    steps = [record.shown() for record in progress.records] or [
        planned(step.title, STAGES[type(step)]) for step in plan.steps
    ]
    return {
        "outcome": ending.outcome,
        "changed": ending.changed,
        "colors": {"from": plan.origin, "to": plan.target},
        "image": image_of(body, app_container),
        "digest": digest_of(body, app_container),
        "task_definitions": definitions,
        "started": progress.started,
        "steps": steps,
        "timings": progress.timings(),
        "diff": {"before": dict(plan.before), "after": dict(plan.after)},
        "plan": dict(ending.briefing.summary),
        "notes": list(ending.briefing.findings.notes),
    }


def planned(title: str, stage: str) -> dict[str, Any]:
    return {"name": title, "stage": stage, "status": "planned", "started": 0.0, "seconds": 0.0, "detail": ""}
