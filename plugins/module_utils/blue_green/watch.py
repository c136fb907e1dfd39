# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The step that watches the target color while it takes traffic."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

from .. import cloudwatch
from ..together import together
from .alarms import read_alarms
from .plan_model import Metric
from .run import Run, StepFailedError
from .steps_plan import Watch
from .waits import look
from .watch_plan import PERIOD, Sight, judge, queries, shown, unread, values_of

# Seconds after which the same picture is shown again, with less time left.
SAY_AGAIN = 15.0


def watch(run: Run, step: Watch) -> None:
    """Looks until the time is over, at least once, and fails at the first look that finds something.

    A read that fails, after its retries, fails the step too: an alarm that was not read is not OK.
    """
    if step.gates.ignored:
        run.progress.say(f"not watched, as in ALARM before this deployment: {', '.join(step.gates.ignored)}")
    begun = datetime.now(UTC)
    deadline = run.progress.clock() + step.seconds
    told, told_at = "", 0.0
    while True:
        sight = _sight(run, step, begun)
        left = max(0.0, deadline - run.progress.clock())
        found = judge(sight, step.gates, step.need)
        if found:
            raise StepFailedError(f"{step.color} failed its {step.name} with {left:.0f} s left: {'; '.join(found)}")
        text = shown(sight, step.gates)
        if text != told or told_at - left >= SAY_AGAIN or not left:
            run.progress.say(f"{step.color} {text}; {left:.0f} s left")
            told, told_at = text, left
        if not left:
            return
        run.pause(min(step.poll_interval, left))


def _sight(run: Run, step: Watch, begun: datetime) -> Sight:
    reads = {"tasks": partial(look, run, step), "alarms": partial(read_alarms, run.clients, step.gates.alarms)}
    if step.gates.metrics:
        reads["values"] = partial(metric_values, run, step.color, step.gates.metrics, begun)
    return Sight(**together(reads))


def metric_values(run: Run, color: str, metrics: tuple[Metric, ...], begun: datetime) -> dict[Metric, list[float]]:
    """From the minute in which the watch began: CloudWatch has nothing finer of a load balancer."""
    rule = run.snapshot.production
    if rule is None:
        raise StepFailedError(f"there is no production rule of {run.scope.service}")
    asked = queries(metrics, rule.arn, run.group(color))
    until = datetime.now(UTC) + timedelta(seconds=PERIOD)
    results = cloudwatch.get_metric_data(run.clients.get("cloudwatch"), asked, begun, until)
    missing = unread(results)
    if missing:
        raise StepFailedError(f"CloudWatch does not give the metrics of {color}: {'; '.join(missing)}")
    return values_of(metrics, results)
