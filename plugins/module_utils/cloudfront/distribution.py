# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A distribution as it is, and a plan's steps done to it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError

from . import api, log_delivery
from .distribution_plan import Distribution, Plan, Snapshot, Step
from .log_delivery_plan import Delivery, LogStep

POLLS = (1, 1, 2, 3, 5, 10, 15)
"""Seconds between two looks at a distribution; the last goes on. AWS takes some minutes."""


@dataclass
class Run:
    """What applying needs. deadline: a value of clock."""

    client: Any
    logs: Any
    name: str
    say: Callable[[str], None]
    wait_timeout: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    done: list[str] = field(default_factory=list)


def observe(client: Any, logs: Any, name: str, *, with_logs: bool) -> Snapshot:
    """The distributions whose comment is the name, and its log delivery.

    A staging distribution of CloudFront's continuous deployment is a copy, comment included, and none of ours.
    """
    listed = [item for item in api.items(client, "list_distributions") if not item.get("Staging")]
    ids = [item["Id"] for item in listed if item.get("Comment") == name]
    found = [read(client, distribution_id) for distribution_id in ids]
    return Snapshot(
        distributions=tuple(distribution for distribution in found if distribution),
        logs=log_delivery.observe(logs, name) if with_logs else Delivery(),
    )


def read(client: Any, distribution_id: str) -> Distribution | None:
    """The distribution, None when there is none."""
    answer = api.get_distribution(client, distribution_id)
    if answer is None:
        return None
    found = answer["Distribution"]
    return described(found, answer["ETag"], api.tags_of(client, found["ARN"]))


def described(found: dict[str, Any], etag: str, tags: dict[str, str]) -> Distribution:
    """A distribution of an answer of the API."""
    return Distribution(
        id=found["Id"],
        arn=found["ARN"],
        domain_name=found["DomainName"],
        status=found["Status"],
        etag=etag,
        config=found["DistributionConfig"],
        tags=tags,
    )


def apply(run: Run, plan: Plan, live: Distribution | None) -> Distribution | None:
    """Make the plan's steps in order; the answer is the distribution as it is then, None when it is gone."""
    for step in plan.steps:
        run.say(f"{step.action.replace('_', ' ')}: {run.name}")
        live = _do(run, step, live)
        run.done.append(step.action)
    return live


def _do(run: Run, step: Step, live: Distribution | None) -> Distribution | None:
    if step.action == "create":
        return create(run, step.arguments["config"], step.arguments["tags"])
    if step.action.endswith(("_logs", "_log_source", "_log_destination")):
        log_delivery.apply(run.logs, run.name, LogStep(step.action, step.arguments), live.arn if live else "")
        return live
    # All other steps are about a distribution that was observed.
    return _change(run, step, live) if live else None


def _change(run: Run, step: Step, live: Distribution) -> Distribution | None:
    if step.action == "tag":
        api.tag(run.client, live.arn, step.arguments["tags"])
    elif step.action == "untag":
        api.untag(run.client, live.arn, step.arguments["keys"])
    elif step.action == "delete":
        return delete(run, live)
    else:
        answer = api.update_distribution(run.client, live.id, live.etag, step.arguments["config"])
        return described(answer["Distribution"], answer["ETag"], dict(live.tags))
    return live


def create(run: Run, config: dict[str, Any], tags: dict[str, str]) -> Distribution:
    """A reference of its own for each run: CloudFront remembers those of distributions that are gone."""
    reference = {"CallerReference": f"slipway:{run.name}:{uuid.uuid4()}"}
    answer = api.create_distribution(run.client, {**config, **reference}, tags)
    return described(answer["Distribution"], answer["ETag"], tags)


def delete(run: Run, live: Distribution) -> None:
    """Delete it once it is disabled everywhere, which the API demands (DistributionNotDisabled)."""
    settled = wait_deployed(run, live, "visitors of some edge locations are still served")
    api.delete_distribution(run.client, settled.id, settled.etag)


def wait_deployed(run: Run, live: Distribution, meanwhile: str) -> Distribution:
    """Until every edge location has the last change. meanwhile: what visitors get until then."""
    began, polls = run.clock(), 0
    while live.status != "Deployed":
        spent = run.clock() - began
        if spent >= run.wait_timeout:
            raise AnsibleAWSError(
                message=f"Distribution {live.id} is still {live.status} after {spent:.0f} s, and {meanwhile}. "
                "Nothing is lost: CloudFront goes on by itself, and the same playbook, run again, waits on. To look: "
                f"aws cloudfront get-distribution --id {live.id} --query Distribution.Status"
            )
        run.say(f"{live.id} is {live.status} since {spent:.0f} s: {meanwhile}")
        run.sleep(POLLS[min(polls, len(POLLS) - 1)])
        polls += 1
        answer = api.get_distribution(run.client, live.id)
        if answer is None:
            raise AnsibleAWSError(
                message=f"Distribution {live.id} was deleted by somebody else while this waited for it"
            )
        live = described(answer["Distribution"], answer["ETag"], dict(live.tags))
    return live
