# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The steps that wait: each polls lightly, says what it sees when that changes, and ends at its deadline."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from .. import ecs, elb
from ..together import together
from .bits import confirm_bits
from .health_plan import (
    CONFIRM_INTERVAL,
    POLLS,
    PROBE_INTERVAL,
    Look,
    Verdict,
    complaints_of,
    counted,
    judge,
)
from .observe import service_from
from .plan_model import FULL_WEIGHT
from .probe import Prober
from .run import PlanOutdatedError, Run, StepFailedError
from .steps_plan import ConfirmCapacity, Drain, Prove, WaitHealthy, Watch
from .worker_steps_plan import WaitWorker


def wait_healthy(run: Run, step: WaitHealthy) -> None:
    seen: list[Look] = []

    def verdict() -> Verdict:
        seen.append(look(run, step))
        return judge(seen[-1], step.need)

    wait_ready(run, step, step.color, "healthy", verdict)
    confirm_bits(run, step.color, seen[-1].definition)


def wait_ready(run: Run, step: WaitHealthy | WaitWorker, name: str, aim: str, verdict: Callable[[], Verdict]) -> None:
    """Until POLLS verdicts in a row are ready. Raises StepFailedError for one that is failed, and at the deadline for
    one that is not ready: what is ready by then is confirmed still.
    """
    deadline = run.progress.clock() + step.timeout
    streak = 0
    while True:
        found = verdict()
        run.progress.say(f"{name} {found.text}")
        streak = streak + 1 if found.state == "ready" else 0
        if streak >= POLLS:
            return
        if found.state == "failed":
            raise StepFailedError(f"{name}: {found.text}")
        if not streak and run.progress.clock() >= deadline:
            raise StepFailedError(f"{name} was not {aim} within {step.timeout:g} s: {found.text}")
        run.pause(min(CONFIRM_INTERVAL, step.poll_interval) if streak else step.poll_interval)


def look(run: Run, step: WaitHealthy | Watch) -> Look:
    """While no task runs there are no targets to ask for."""
    described = run.describe(step.color)
    service = service_from(described)
    reads = {"dead": partial(dead_tasks, run, run.scope.name_of(step.color), step.ignore)}
    if service.running:
        reads["health"] = partial(elb.describe_target_health, run.clients.elbv2, run.group(step.color))
    found = together(reads)
    health = found.get("health", [])
    primary = next((item for item in described["deployments"] if item["status"] == "PRIMARY"), {})
    return Look(
        desired=service.desired,
        running=service.running,
        fresh=primary.get("runningCount", 0),
        pending=service.pending,
        steady=service.steady,
        gave_up=primary.get("rolloutStateReason", "") if service.gave_up else "",
        states=counted(health),
        complaints=complaints_of(health),
        dead=tuple(task for task in found["dead"] if task["taskDefinitionArn"] == service.definition),
        definition=service.definition,
    )


def dead_tasks(run: Run, service: str, ignore: frozenset[str]) -> list[dict]:
    """The tasks of an ECS service that have stopped, but for those that had before.

    ECS's own count of failed tasks does not tell: it ends with the first task that runs (Amazon ECS API reference,
    Deployment.failedTasks).
    """
    stopped = ecs.list_stopped_tasks(run.clients.ecs, run.scope.cluster, service)
    return ecs.describe_tasks(run.clients.ecs, run.scope.cluster, [arn for arn in stopped if arn not in ignore])


def confirm_capacity(run: Run, step: ConfirmCapacity) -> None:
    found = together(
        {
            "live": partial(run.service, step.live),
            "target": partial(elb.describe_target_health, run.clients.elbv2, run.group(step.target)),
        }
    )
    service, healthy = found["live"], counted(found["target"]).get("healthy", 0)
    carries = max(service.desired, service.running)
    run.progress.say(f"{step.live} carries {carries}, {step.target} has {healthy} of {step.need} healthy")
    if carries > step.need or healthy < step.need:
        raise PlanOutdatedError(f"{step.live} carries {carries}, {step.target} has {healthy} of {step.need} healthy")


def prove(run: Run, step: Prove) -> None:
    """Answers in a row, every address of the load balancer at least once among them.

    Of a share of the traffic one answer is enough, and a server error before it is a failure, whichever color made it:
    the load balancer itself answers for targets that do not.
    """
    prober = Prober(step.probe, run.validate_certs)
    need = max(step.probe.count, prober.addresses()) if step.share == FULL_WEIGHT else 1
    times = f"{need} times in a row" if need > 1 else "once"
    deadline = run.progress.clock() + step.probe.timeout
    streak = 0
    while streak < need:
        answer = prober.ask()
        streak = streak + 1 if answer.color == step.color else 0
        run.progress.say(f"probe: {answer.text}")
        if answer.broken and step.share < FULL_WEIGHT:
            _unproven(run, step, f"{step.probe.url} failed while {step.color} had {step.share} %: {answer.text}")
            return
        if streak < need and run.progress.clock() >= deadline:
            _unproven(run, step, f"{step.probe.url} did not answer from {step.color} {times}: {answer.text}")
            return
        run.pause(PROBE_INTERVAL)
    run.progress.say(f"{need} of {need} probes answered by {step.color}")


def _unproven(run: Run, step: Prove, text: str) -> None:
    if step.required:
        raise StepFailedError(text)
    run.progress.say(f"unproven: {text}")


def drain(run: Run, step: Drain) -> None:
    delay = f", then ECS drains {step.deregistration_delay} s more" if step.deregistration_delay else ""
    run.progress.say(f"{step.color} finishes its requests for {step.seconds:g} s{delay}")
    run.pause(step.seconds)
