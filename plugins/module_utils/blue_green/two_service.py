# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The two_service engine: two ECS services, NAME-blue and NAME-green, and a rule whose weights this toolkit moves.

observe -> plan -> apply; when a step fails, observe again -> plan the way back -> apply that. All state lives in AWS,
so a run that is killed at any moment is continued by the next one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError

from ..lease import Lease, LeaseHeldError, LeaseLostError, NoLease
from .apply import STAGES, apply
from .beside import observe_colors, observe_standalone
from .briefing import Briefing, brief
from .converge_plan import Wishes, plan_converge
from .ending_plan import again, look, next_command, with_advice
from .found_plan import found_text
from .native_converge_plan import plan_native_converge
from .native_recovery_plan import plan_native_recovery
from .native_text_plan import expiry, in_flight
from .observe import Clients, Scope
from .plan_model import Snapshot, Wanted
from .progress import Progress
from .recovery_plan import plan_recovery
from .run import PlanOutdatedError, Run, StepFailedError, Stop, StoppedError, SupersededError
from .steps_plan import Plan, Step
from .task_definition_plan import digest_of, image_of
from .traffic_plan import shown_traffic

# The live color may grow while the target comes up, and again; one that grows without end is another problem.
MAX_PLANS = 5

# Also says what is wanted: the bodies depend on the digest, which only the snapshot knows.
Planner = Callable[[Snapshot], tuple[Plan, Wanted]]


@dataclass
class Job:
    """One run of the module. lock_wait: seconds to wait for whoever has the lease. image: the one asked for, if any.

    plan: what is being carried out; smoke: what its smoke checks saw; once: how its one-off task ended; rollout: what
    is known of ECS's own deployment.
    """

    clients: Clients
    scope: Scope
    progress: Progress
    tags: dict[str, str]
    check_mode: bool
    validate_certs: bool = True
    app_container: str = ""
    action: str = "deploy"
    image: str | None = None
    lease: Lease | NoLease = field(default_factory=NoLease)
    lock_wait: float = 0.0
    stop: Stop = field(default_factory=Stop)
    plan: Plan = field(default_factory=Plan)
    smoke: list[dict[str, Any]] = field(default_factory=list)
    once: dict[str, Any] = field(default_factory=dict)
    rollout: dict[str, Any] = field(default_factory=dict)

    def observe(self, *, with_rules: bool = True) -> Snapshot:
        """with_rules False: for site.yml, which makes the rules apart."""
        if self.scope.worker:
            return observe_standalone(self.clients, self.scope, converging=not with_rules)
        return observe_colors(self.clients, self.scope, converging=not with_rules)

    def run(self, snapshot: Snapshot) -> Run:
        return Run(
            self.clients,
            self.scope,
            self.progress,
            snapshot,
            self.tags,
            self.validate_certs,
            lease=self.lease,
            stop=self.stop,
            smoke=self.smoke,
            once=self.once,
            rollout=self.rollout,
        )


@dataclass
class Ending:
    """How a run ended. message is empty for an outcome that was asked for. found: what there was before."""

    outcome: str
    plan: Plan
    snapshot: Snapshot
    message: str = ""
    changed: bool = False
    reason: str = ""
    found: str = ""
    definitions: dict[str, str] = field(default_factory=dict)
    briefing: Briefing = field(default_factory=Briefing)


def refused(service: str, why: str) -> Ending:
    """The parameters themselves cannot be: AWS was not even asked."""
    return Ending("blocked", Plan(), Snapshot(service, "", {}), _nothing(service, why), reason=why)


def _nothing(service: str, why: str) -> str:
    return f"{service}: nothing was changed: {why}"


def leased(job: Job, work: Callable[[], Ending]) -> Ending:
    """work, with the lease. Check mode changes nothing and needs none.

    Whatever ends the work, the lease is given back, so that the next run need not wait until it runs out.
    """
    if job.check_mode:
        return work()
    try:
        job.lease.acquire(job.lock_wait, job.progress.say)
    except LeaseHeldError as error:
        return refused(job.scope.service, str(error))
    except StoppedError as error:
        return refused(job.scope.service, f"{error} while it waited for the lease")
    try:
        return work()
    except LeaseLostError as error:
        return superseded(job, job.plan, str(error))
    except StoppedError as error:
        return _stopped(job, str(error))
    finally:
        job.lease.release()


def _stopped(job: Job, why: str) -> Ending:
    """Ends where it is: to take a deployment back takes longer than whoever stopped it may wait."""
    now = job.observe()
    name = job.scope.service
    message = (
        f"{name}: {why}. Nothing more was done; {shown_traffic(now)}. {again(job.action, name, job.image)} goes on "
        f"from there, {again('rollback', name, None)} takes it back"
    )
    return Ending("failed", job.plan, now, message, changed=True, reason=why)


def converge(job: Job, wish: Callable[[Snapshot], Wishes]) -> Ending:
    """Changes are made with the lease, or they could meet a deployment that is just bringing the idle color up."""
    snapshot = job.observe(with_rules=job.scope.native)
    plan = _converging(job)(snapshot, wish(snapshot))
    if plan.blocked:
        return Ending("blocked", plan, snapshot, _nothing(job.scope.service, plan.blocked), reason=plan.blocked)
    if plan.needs and not job.check_mode:
        why = f"{', '.join(plan.needs)} missing: run site.yml"
        return Ending("blocked", plan, snapshot, _nothing(job.scope.service, why), reason=why)
    if job.check_mode or not plan.changed:
        return Ending("converged", plan, snapshot, changed=plan.changed)
    return leased(job, lambda: _converge(job, wish))


def _converging(job: Job) -> Callable[[Snapshot, Wishes], Plan]:
    """Of engine native the rules come first: ECS is told of them."""
    return plan_native_converge if job.scope.native else plan_converge


def _converge(job: Job, wish: Callable[[Snapshot], Wishes]) -> Ending:
    snapshot = job.observe(with_rules=job.scope.native)
    plan = job.plan = _converging(job)(snapshot, wish(snapshot))
    ending = Ending("converged", plan, snapshot, changed=plan.changed)
    run = job.run(snapshot)
    try:
        apply(run, plan)
    except PlanOutdatedError as error:
        return _unconverged(job, plan, snapshot, str(error))
    except (StepFailedError, AnsibleAWSError) as error:
        return _unconverged(job, plan, snapshot, one_line(error))
    ending.definitions = run.definitions
    return ending


def _unconverged(job: Job, plan: Plan, snapshot: Snapshot, why: str) -> Ending:
    message = f"{job.scope.service}: {why}. Run site.yml again"
    return Ending("failed", plan, snapshot, message, changed=True, reason=why)


def deploy(job: Job, planner: Planner) -> Ending:
    return _carry_out(job, planner, "promoted")


def rollback(job: Job, planner: Planner) -> Ending:
    return _carry_out(job, planner, "rolled_back")


def _carry_out(job: Job, planner: Planner, success: str) -> Ending:
    snapshot = job.observe()
    found = found_text(snapshot)
    job.progress.say(f"found {found}")
    plan, wanted = planner(snapshot)
    blocked = plan.blocked
    briefing = Briefing()
    if not blocked:
        # A run that changes something has the lease itself by now.
        lock = job.lease.holder() if job.check_mode else None
        briefing = brief(job.clients, job.scope, job.progress, snapshot, plan, wanted, job.app_container, lock)
        blocked = "; ".join(briefing.findings.problems)
    if blocked:
        message = _nothing(job.scope.service, blocked)
        refusal = Plan(blocked=blocked)
        return Ending("blocked", refusal, snapshot, message, reason=blocked, found=found, briefing=briefing)
    ways = Ways(partial(_done, job, success), partial(_take_back, job, success), partial(superseded, job))
    ending = ways.done(plan, snapshot) if job.check_mode else attempts(job, planner, snapshot, plan, wanted, ways)
    return replace(ending, found=found, briefing=briefing)


@dataclass(frozen=True)
class Ways:
    """How a plan may end. failed: with the steps that were left, and why. blocked: what no new plan may go on with."""

    done: Callable[[Plan, Snapshot], Ending]
    failed: Callable[[Plan, tuple[Step, ...], Wanted, str], Ending]
    blocked: Callable[[Plan, str], Ending]


def attempts(job: Job, planner: Planner, snapshot: Snapshot, plan: Plan, wanted: Wanted, ways: Ways) -> Ending:
    """Applies the plan; a new one while the old one is outdated, as the service's load goes up and down meanwhile."""
    first, why = plan, ""
    for _attempt in range(MAX_PLANS):
        job.plan = plan
        run = job.run(snapshot)
        try:
            apply(run, plan)
        except PlanOutdatedError as outdated:
            why = str(outdated)
            job.progress.say(f"planning again: {why}")
        except SupersededError as error:
            return superseded(job, plan, str(error))
        except (StepFailedError, AnsibleAWSError) as error:
            return ways.failed(plan, plan.steps[run.done :], wanted, one_line(error))
        else:
            ending = ways.done(plan, snapshot)
            return replace(ending, plan=first, changed=first.changed, definitions=run.definitions)
        snapshot = job.observe()
        plan, wanted = planner(snapshot)
        if plan.blocked:
            return ways.blocked(first, plan.blocked)
    return ways.failed(plan, plan.steps, wanted, f"{why}, {MAX_PLANS} times in a row")


def _done(job: Job, success: str, plan: Plan, snapshot: Snapshot) -> Ending:
    if not plan.awaits:
        return Ending(success, plan, snapshot, changed=plan.changed)
    name = job.scope.service
    waits = expiry(job.rollout or in_flight(snapshot.native))
    message = f"{name}: {plan.target} has passed the gates and awaits approval; {shown_traffic(snapshot)}{waits}"
    return Ending("awaiting_approval", plan, snapshot, message, changed=plan.changed)


def superseded(job: Job, plan: Plan, why: str) -> Ending:
    """Whoever changed the traffic owns it now: nothing more is written, not even to tidy up."""
    now = job.observe()
    message = f"{job.scope.service}: {why}. Nothing more was written; {shown_traffic(now)}"
    return Ending("superseded", plan, now, message, changed=True, reason=why)


def _take_back(job: Job, success: str, plan: Plan, left: tuple[Step, ...], wanted: Wanted, why: str) -> Ending:
    """Before the shift only the target goes; after it the traffic goes back first. left: steps of plan not done."""
    name = job.scope.service
    job.progress.say(f"failed: {why}")
    # DynamoDB being down must not keep users on a release that fails; a lease that is lost still stops the run.
    job.lease.lenient = True
    try:
        before = job.observe()
        recovering = plan_native_recovery if job.scope.native else plan_recovery
        way_back = recovering(before, wanted, plan, left)
        if not way_back.blocked:
            apply(job.run(before), way_back)
        now = job.observe()
    except (StepFailedError, PlanOutdatedError, SupersededError, AnsibleAWSError) as error:
        message = _stuck(name, why, one_line(error), plan)
        return Ending("failed", plan, Snapshot(name, job.scope.cluster, {}), message, changed=True, reason=why)
    if way_back.blocked:
        message = f"{name}: {why}. Nothing was taken back: {way_back.blocked}"
        return Ending("failed", plan, now, message, changed=True, reason=why)
    message = f"{name}: {why}. Taken back: {shown_traffic(now)}"
    outcome = "rolled_back" if success == "promoted" else "failed"
    return Ending(outcome, plan, now, message, changed=True, reason=why)


def _stuck(name: str, why: str, error: str, plan: Plan) -> str:
    """AWS could not be asked any more, so where the traffic is must be looked up."""
    between = f"the traffic is on {plan.origin}, on {plan.target}, or between them"
    return f"{name}: {why}. Taking it back failed too: {error}; {between}: {look(name)} shows it"


def one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def result_of(ending: Ending, job: Job) -> dict[str, Any]:
    """The module's result. In check mode the steps are those that would be taken."""
    plan, progress = ending.plan, job.progress
    states = ending.snapshot.colors
    definitions = {color: state.service.definition for color, state in states.items() if state.service}
    definitions.update(ending.definitions)
    body, before = plan.after.get("task_definition", {}), plan.before.get("task_definition", {})
    steps = [record.shown() for record in progress.records] or [
        planned(step.title, STAGES[type(step)]) for step in plan.steps
    ]
    about = (ending.outcome, job.action, job.scope.service, job.image)
    message = with_advice(ending.message, *about)
    return {
        "outcome": ending.outcome,
        "engine": _engine(ending.snapshot),
        "changed": ending.changed,
        "msg": message,
        "found": ending.found,
        "reason": ending.reason,
        "next": next_command(message, *about),
        "colors": {"from": plan.origin, "to": plan.target},
        "image": image_of(body, job.app_container),
        "digest": digest_of(body, job.app_container),
        "previous_image": image_of(before, job.app_container),
        "task_definitions": definitions,
        "started": progress.started,
        "steps": steps,
        "timings": progress.timings(),
        "smoke": job.smoke,
        "one_off_task": job.once or None,
        "service_deployment": dict(job.rollout) or in_flight(ending.snapshot.native) or None,
        "diff": {"before": dict(plan.before), "after": dict(plan.after)},
        "plan": dict(ending.briefing.summary),
        "problems": list(ending.briefing.findings.problems),
        "notes": list(ending.briefing.findings.notes),
    }


def _engine(snapshot: Snapshot) -> str:
    """Which one has the tasks: a service that changes to native does it with its next deployment."""
    native = snapshot.native
    return "two_service" if native is None or (native.foreign and not native.exists) else "native"


def planned(title: str, stage: str) -> dict[str, Any]:
    return {"name": title, "stage": stage, "status": "planned", "started": 0.0, "seconds": 0.0, "detail": ""}
