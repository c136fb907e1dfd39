# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Repairs a rule that no deployment may touch. What fails on the way is reported and never taken back.

There is no state before it that is worth returning to, and a repair that took tasks away could take the last ones.
"""

from __future__ import annotations

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError

from .apply import apply
from .commands_plan import repair as command
from .plan_model import Wanted
from .repair_plan import plan_repair
from .run import PlanOutdatedError, StepFailedError, SupersededError
from .steps_plan import Plan
from .traffic_plan import shown_traffic
from .two_service import MAX_PLANS, Ending, Job, one_line


def repair(job: Job, wanted: Wanted, *, confirmed: bool) -> Ending:
    """Outcome repaired, also when nothing was broken. Check mode needs no confirmation."""
    service = job.scope.service
    snapshot = job.observe()
    plan = plan_repair(snapshot, wanted)
    refusal = plan.blocked
    if plan.steps and not (confirmed or job.check_mode):
        refusal = f"{shown_traffic(snapshot)}: {_unconfirmed(service, plan)}"
    if refusal:
        return Ending("blocked", plan, snapshot, f"{service}: nothing was changed: {refusal}")
    ending = Ending("repaired", plan, snapshot, changed=plan.changed)
    if job.check_mode:
        return ending
    why = ""
    for _attempt in range(MAX_PLANS):
        run = job.run(snapshot)
        try:
            apply(run, plan)
        except PlanOutdatedError as outdated:
            why = str(outdated)
            job.progress.say(f"planning again: {why}")
        except SupersededError as error:
            return _ended(job, plan, "superseded", str(error))
        except (StepFailedError, AnsibleAWSError) as error:
            return _ended(job, plan, "failed", one_line(error))
        else:
            ending.definitions = run.definitions
            return ending
        snapshot = job.observe()
        plan = plan_repair(snapshot, wanted)
        if plan.blocked:
            return _ended(job, plan, "failed", plan.blocked)
    return _ended(job, plan, "failed", f"{why}, {MAX_PLANS} times")


def _unconfirmed(service: str, plan: Plan) -> str:
    steps = "; ".join(step.title for step in plan.steps)
    return f"a repair would do this: {steps}. {command(service)} does it"


def _ended(job: Job, plan: Plan, outcome: str, why: str) -> Ending:
    """Where the traffic is now goes into the message, unless that cannot be read any more."""
    service = job.scope.service
    try:
        now = job.observe()
    except AnsibleAWSError as error:
        raise AnsibleAWSError(message=f"{service}: {why}. Then: {one_line(error)}") from error
    message = f"{service}: {why}. Nothing more was written; {shown_traffic(now)}. Look at it, then {command(service)}"
    return Ending(outcome, plan, now, message, changed=True)
