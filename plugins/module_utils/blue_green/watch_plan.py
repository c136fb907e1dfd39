# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What one look during a watch means: the gates hold, or why they do not. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .gates_plan import STATE_ALARM
from .health_plan import Look, death_of
from .plan_model import Alarm, Gates, Metric

NAMESPACE = "AWS/ApplicationELB"
# The load balancer's metrics come by the minute (Elastic Load Balancing user guide for Application Load Balancers,
# CloudWatch metrics); a shorter period finds nothing more.
PERIOD = 60
_UNREAD = frozenset({"InternalError", "Forbidden"})


@dataclass(frozen=True, slots=True)
class Sight:
    """All that one look has seen. values: a metric -> its datapoints since the watch began, none while there are none.

    alarms: those of the gates that exist.
    """

    tasks: Look
    alarms: tuple[Alarm, ...] = ()
    values: Mapping[Metric, Sequence[float]] | None = None


def judge(sight: Sight, gates: Gates, need: int) -> list[str]:
    """Every reason to take the traffic back, each in a few words. None: all gates hold at this moment."""
    return [
        *_tasks(sight.tasks, need),
        *_alarms(sight.alarms, gates.alarms),
        *metric_problems(sight.values or {}),
    ]


def metric_problems(values: Mapping[Metric, Sequence[float]]) -> list[str]:
    """Thresholds that were crossed."""
    return [text for metric, found in values.items() for text in _metric(metric, found)]


def _tasks(look: Look, need: int) -> list[str]:
    found = [text for text in map(death_of, look.dead) if text]
    if look.gave_up:
        found.append(look.gave_up)
    unhealthy, healthy = look.states.get("unhealthy", 0), look.states.get("healthy", 0)
    if unhealthy or healthy < need:
        why = f": {'; '.join(look.complaints)}" if look.complaints else ""
        found.append(f"{healthy} of {need} targets are healthy, {unhealthy} unhealthy{why}")
    return found


def _alarms(alarms: Iterable[Alarm], names: Iterable[str]) -> list[str]:
    """An alarm that is gone can no more vouch for the release than one that could not be read."""
    states = {alarm.name: alarm for alarm in alarms}
    found = []
    for name in names:
        alarm = states.get(name)
        if alarm is None:
            found.append(f"alarm {name} was deleted")
        elif alarm.state == STATE_ALARM:
            found.append(f"alarm {name} went off: {alarm.reason or 'no reason given'}")
    return found


def _metric(metric: Metric, values: Sequence[float]) -> list[str]:
    worst = max(values, default=None)
    if worst is None or worst <= metric.at_most:
        return []
    return [f"{metric.name} {metric.statistic} was {worst:g}, more than {metric.at_most:g}"]


def shown(sight: Sight, gates: Gates) -> str:
    """One phrase for progress."""
    look = sight.tasks
    parts = [f"{look.states.get('healthy', 0)} healthy"]
    if gates.alarms:
        waiting = sum(1 for alarm in sight.alarms if alarm.state not in ("OK", STATE_ALARM))
        without = f" ({waiting} without data yet)" if waiting else ""
        parts.append(f"{len(gates.alarms)} alarm{'s' if len(gates.alarms) > 1 else ''} quiet{without}")
    for metric, values in (sight.values or {}).items():
        seen = f"{max(values):g} of at most {metric.at_most:g}" if values else "without data yet"
        parts.append(f"{metric.name} {metric.statistic} {seen}")
    return ", ".join(parts)


def queries(metrics: Sequence[Metric], rule_arn: str, group_arn: str) -> list[dict[str, Any]]:
    """GetMetricData's queries for the target group of one color. The dimensions are the last parts of the two ARNs:
    app/NAME/ID of the load balancer, which a rule's ARN has too, and targetgroup/NAME/ID.
    """
    dimensions = [
        {"Name": "TargetGroup", "Value": group_arn.split(":")[5]},
        {"Name": "LoadBalancer", "Value": "/".join(rule_arn.split(":")[5].split("/")[1:4])},
    ]
    return [
        {
            "Id": f"m{number}",
            "MetricStat": {
                "Metric": {"Namespace": NAMESPACE, "MetricName": metric.name, "Dimensions": dimensions},
                "Period": PERIOD,
                "Stat": metric.statistic,
            },
        }
        for number, metric in enumerate(metrics)
    ]


def values_of(metrics: Sequence[Metric], results: Iterable[Mapping[str, Any]]) -> dict[Metric, list[float]]:
    """GetMetricData's results as metric -> datapoints. A metric without any is no verdict."""
    found: dict[str, list[float]] = {}
    for result in results:
        found.setdefault(str(result["Id"]), []).extend(result.get("Values", []))
    return {metric: found.get(f"m{number}", []) for number, metric in enumerate(metrics)}


def unread(results: Iterable[Mapping[str, Any]]) -> list[str]:
    """Which results GetMetricData could not give: it answers 200 for those too (CloudWatch API, MetricDataResult)."""
    return [f"{result['Label']}: {result['StatusCode']}" for result in results if result.get("StatusCode") in _UNREAD]
