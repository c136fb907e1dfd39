# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Carries out the steps of a deployment that Amazon ECS does: begin it, follow it, answer it, have it taken back."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError

from .. import autoscaling, ecs, ecs_deployments
from .bits import confirm_containers
from .health_plan import death_of
from .native_follow_plan import Progressed, judge
from .native_model_plan import Rollout, rank
from .native_steps_plan import BACK, AnswerHook, RemoveColors, StartRollout, StopRollout, WaitRollout
from .native_view_plan import rollout_of
from .run import Run, StepFailedError, SupersededError
from .waits import dead_tasks
from .watch import metric_values
from .watch_plan import metric_problems

# Of UpdateService, while ECS does not take it. One that may have begun something is never sent again.
ATTEMPTS = 5
PAUSE = 2.0
# Seconds within which a deployment that was begun must be listed.
LISTED = 30.0
# Seconds that ECS has to take a deployment back.
BACK_PATIENCE = 900.0
# The issue's own bound for looking.
MAX_POLL = 5.0


def start_rollout(run: Run, step: StartRollout) -> None:
    """Begins the deployment once, and knows it by its ARN from then on."""
    definition = step.definition or run.registered[step.color]
    run.lease.confirm()
    if step.create:
        _create(run, step, definition)
    else:
        _update(run, step, definition)
    arn = run.rollout.get("arn") or _listed(run, step, LISTED)
    if arn is None:
        raise StepFailedError(f"ECS lists no new deployment of {run.scope.service} within {LISTED:g} s")
    run.rollout.update(arn=arn, definition=definition)
    run.definitions[step.color] = definition
    run.progress.say(f"ECS deploys {definition.rpartition('/')[2]}, deployment {arn.rpartition('/')[2]}")
    _confirm_ours(run, arn, definition)


def _create(run: Run, step: StartRollout, definition: str) -> None:
    request = {**step.changes, "cluster": run.scope.cluster, "taskDefinition": definition}
    request["tags"] = ecs.tag_list({**run.tags, **step.tags})
    made = ecs.create_service(run.clients.ecs, run.scope.service, request, str(uuid.uuid4()))
    run.created = made["serviceArn"]


def _update(run: Run, step: StartRollout, definition: str) -> None:
    """Never a second time while the first one may have begun a deployment."""
    changes = {**step.changes, "taskDefinition": definition, "forceNewDeployment": True}
    for _attempt in range(ATTEMPTS):
        answer = ecs_deployments.update_service_once(
            run.clients.get("ecs:once"), run.scope.cluster, run.scope.service, changes
        )
        if answer == "done":
            return
        if answer == "unknown":
            run.rollout["arn"] = _adopted(run, step)
            return
        run.progress.say("ECS did not take UpdateService: once more")
        run.pause(PAUSE)
    raise StepFailedError(f"ECS took no UpdateService of {run.scope.service} in {ATTEMPTS} attempts")


def _adopted(run: Run, step: StartRollout) -> str:
    """The deployment that a request without an answer has begun."""
    arn = _listed(run, step, LISTED)
    if arn is None:
        raise StepFailedError(
            f"ECS did not answer UpdateService of {run.scope.service} and lists no new deployment within {LISTED:g} s. "
            "It was not sent again, as that could begin a second one: run this again, which looks first"
        )
    run.progress.say(f"ECS did not answer but has begun deployment {arn.rpartition('/')[2]}: taken over")
    return arn


def _listed(run: Run, step: StartRollout, seconds: float) -> str | None:
    """A deployment that was not there before, looked for at least twice."""
    deadline = run.progress.clock() + seconds
    while True:
        listed = ecs_deployments.list_service_deployments(run.clients.ecs, run.scope.cluster, run.scope.service)
        found = [item["serviceDeploymentArn"] for item in listed if item["serviceDeploymentArn"] not in step.known]
        if found or run.progress.clock() >= deadline:
            return found[0] if found else None
        run.pause(min(1.0, seconds / 2))


def _confirm_ours(run: Run, arn: str, definition: str) -> None:
    """Two deployments that were begun at once cannot be told by their answers, as an answer names none."""
    rollout = read(run, arn, with_revisions=True)
    began = rollout.target.definition if rollout.target else ""
    if began and began != definition:
        raise SupersededError(f"ECS deploys {began.rpartition('/')[2]}, which somebody else asked for")


def read(run: Run, arn: str, *, with_revisions: bool = False) -> Rollout:
    """The deployment as it is now."""
    found = ecs_deployments.describe_service_deployments(run.clients.ecs, [arn])
    if not found:
        raise StepFailedError(f"ECS knows no deployment {arn}")
    target = found[0].get("targetServiceRevision")
    arns = [target["arn"]] if target and with_revisions else []
    return rollout_of(found[0], ecs_deployments.describe_service_revisions(run.clients.ecs, arns))


def current(run: Run) -> str:
    """ARN of the deployment that this run is about: the one it began, or the one that it found."""
    if run.rollout.get("arn"):
        return str(run.rollout["arn"])
    native = run.snapshot.native
    if native is not None and native.rollout is not None:
        run.rollout["arn"] = native.rollout.arn
        return native.rollout.arn
    # A service that was created or updated since then.
    listed = ecs_deployments.list_service_deployments(run.clients.ecs, run.scope.cluster, run.scope.service)
    if not listed:
        raise StepFailedError(f"ECS has no deployment of {run.scope.service}")
    run.rollout["arn"] = listed[0]["serviceDeploymentArn"]
    return str(run.rollout["arn"])


def wait_rollout(run: Run, step: WaitRollout) -> None:
    arn = current(run)
    begun, since = run.progress.clock(), datetime.now(UTC)
    returning: float | None = None
    while True:
        rollout = _look(run, step, arn)
        found = judge(rollout, step.until)
        run.progress.say(found.text)
        _remember(run, rollout)
        if found.state == "superseded":
            raise SupersededError(found.text)
        if found.state == "failed":
            raise StepFailedError(f"{found.text}{_deaths(run, step, rollout)}")
        problem = None if rollout.backward or step.until == BACK else _problem(run, step, rollout, since)
        if problem:
            raise StepFailedError(problem)
        if found.state == "ready":
            return
        now = run.progress.clock()
        if rollout.backward and returning is None:
            returning = now
        _patience(run, step, rollout, found, now - begun, None if returning is None else now - returning)
        run.pause(min(step.poll_interval, MAX_POLL))


def _patience(
    run: Run, step: WaitRollout, rollout: Rollout, found: Progressed, waited: float, returning: float | None
) -> None:
    """A deployment that ECS takes back has its own time."""
    if returning is not None and returning >= BACK_PATIENCE:
        raise StepFailedError(f"ECS has not taken its deployment back within {BACK_PATIENCE:g} s: {found.text}")
    if returning is None and waited >= step.timeout:
        raise StepFailedError(
            f"ECS was not done with '{step.title}' within {step.timeout:g} s: {found.text}{_deaths(run, step, rollout)}"
        )


def _look(run: Run, step: WaitRollout, arn: str) -> Rollout:
    """Until the digests are known and compared the revision is read too."""
    known = bool(run.rollout.get("proven"))
    rollout = read(run, arn, with_revisions=not known)
    target = rollout.target
    if not known and step.until != BACK and target and any(digest for _image, digest in target.images.values()):
        confirm_containers(run, step.color, target.arn, target.images)
        run.rollout["proven"] = {name: digest for name, (_image, digest) in target.images.items()}
        run.progress.say(
            f"{step.color} runs what was deployed: {', '.join(sorted(set(run.rollout['proven'].values())))}"
        )
    return rollout


def _remember(run: Run, rollout: Rollout) -> None:
    hook = rollout.awaiting
    run.rollout.update(
        status=rollout.status,
        stage=rollout.stage,
        hook_id=hook.id if hook else None,
        expires=hook.expires if hook else None,
    )


def _problem(run: Run, step: WaitRollout, rollout: Rollout, since: datetime) -> str | None:
    """What is no reason for ECS to take the deployment back, but is one for us."""
    if rank(rollout.stage) >= rank("CLEAN_UP") or not rollout.in_flight:
        return None
    deaths = _dead(run, step)
    if deaths:
        return f"{step.color}: {deaths[0]}"
    if step.metrics and rollout.target and rollout.target.production > 0:
        crossed = metric_problems(metric_values(run, step.color, step.metrics, since))
        return f"{step.color}: {'; '.join(crossed)}" if crossed else None
    return None


def _dead(run: Run, step: WaitRollout) -> list[str]:
    definition = run.definitions.get(step.color)
    dead = dead_tasks(run, run.scope.service, step.ignore)
    found = (death_of(task) for task in dead if task["taskDefinitionArn"] == definition)
    return [text for text in found if text]


def _deaths(run: Run, step: WaitRollout, rollout: Rollout) -> str:
    """Why tasks of the new revision have stopped, for a deployment that failed."""
    if rollout.target is None:
        return ""
    found = _dead(run, step)
    return f"; {found[0]}" if found else ""


def answer_hook(run: Run, step: AnswerHook) -> None:
    """An answer that was lost is seen by the hook, which waits no more."""
    arn = current(run)
    hook = read(run, arn).awaiting
    if hook is None:
        raise SupersededError(
            f"no hook of ECS's deployment {arn.rpartition('/')[2]} waits any more: somebody else answered"
        )
    run.lease.confirm()
    try:
        ecs_deployments.continue_service_deployment(run.clients.ecs, arn, hook.id, step.action)
    except AnsibleAWSError:
        left = read(run, arn).awaiting
        if left is not None and left.id == hook.id:
            raise
    run.progress.say(f"hook {hook.id}: {step.action}")


def stop_rollout(run: Run, step: StopRollout) -> None:
    """Refused by ECS when it takes the deployment back already, or has ended it."""
    arn = current(run)
    try:
        ecs_deployments.stop_service_deployment(run.clients.ecs, arn)
    except AnsibleAWSError:
        rollout = read(run, arn)
        if rollout.in_flight and not rollout.backward:
            raise
    run.progress.say(f"{step.color}: ECS was told to take its deployment back")


def remove_colors(run: Run, step: RemoveColors) -> None:
    for name in step.names:
        run.lease.confirm()
        for resource in autoscaling.describe_scalable_targets(
            run.clients.autoscaling, [autoscaling.resource_id(run.scope.cluster, name)]
        ):
            autoscaling.deregister_target(run.clients.autoscaling, resource)
        ecs_deployments.delete_service(run.clients.ecs, run.scope.cluster, name)
        run.progress.say(f"deleted {name}")
