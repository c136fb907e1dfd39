# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Repairs a rule that no deployment may touch. What fails on the way is reported and never taken back.

There is no state before it that is worth returning to, and a repair that took tasks away could take the last ones.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError

from .commands_plan import repair as command
from .found_plan import found_text
from .native_converge_plan import plan_native_repair
from .plan_model import Snapshot, Wanted
from .repair_plan import plan_repair
from .steps_plan import Plan
from .traffic_plan import shown_traffic
from .two_service import Ending, Job, Ways, attempts, one_line


def repair(job: Job, wanted: Wanted, *, confirmed: bool) -> Ending:
    """Outcome repaired, also when nothing was broken. Check mode needs no confirmation."""
    service = job.scope.service
    snapshot = job.observe()
    found = found_text(snapshot)
    job.progress.say(f"found {found}")
    planner = plan_native_repair if job.scope.native else plan_repair
    plan = planner(snapshot, wanted)
    refusal = plan.blocked
    if plan.steps and not (confirmed or job.check_mode):
        refusal = f"{shown_traffic(snapshot)}: {_unconfirmed(service, plan)}"
    if refusal:
        return Ending(
            "blocked", plan, snapshot, f"{service}: nothing was changed: {refusal}", reason=refusal, found=found
        )
    if job.check_mode:
        return Ending("repaired", plan, snapshot, changed=plan.changed, found=found)
    ways = Ways(
        lambda plan, seen: Ending("repaired", plan, seen),
        lambda plan, _left, _wanted, why: _failed(job, plan, why),
        partial(_failed, job),
    )

    def plan_again(seen: Snapshot) -> tuple[Plan, Wanted]:
        return planner(seen, wanted), wanted

    return replace(attempts(job, plan_again, snapshot, plan, wanted, ways), found=found)


def _unconfirmed(service: str, plan: Plan) -> str:
    steps = "; ".join(step.title for step in plan.steps)
    return f"a repair would do this: {steps}. {command(service)} does it"


def _failed(job: Job, plan: Plan, why: str) -> Ending:
    """Where the traffic is now goes into the message, unless that cannot be read any more."""
    service = job.scope.service
    try:
        now = job.observe()
    except AnsibleAWSError as error:
        raise AnsibleAWSError(message=f"{service}: {why}. Then: {one_line(error)}") from error
    message = f"{service}: {why}. Nothing was taken back; {shown_traffic(now)}"
    return Ending("failed", plan, now, message, changed=True, reason=why)
