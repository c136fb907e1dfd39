# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudWatch: which datapoints a query is about."""

from __future__ import annotations

import copy
import datetime
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend, Dimension

from localcloud.mends.patch import wrap


def install() -> None:
    """Put the mends in place."""
    wrap(CloudWatchBackend, "get_metric_statistics", get_metric_statistics)
    wrap(CloudWatchBackend, "get_metric_data", get_metric_data)
    wrap(CloudWatchBackend, "put_metric_alarm", put_metric_alarm)
    wrap(Dimension, "__lt__", less)


def _whole_minute(time: datetime.datetime) -> datetime.datetime:
    """StartTime is "rounded down to the nearest whole minute" (API_GetMetricStatistics, API_GetMetricData).

    moto does not round, and misses the running minute, whose datapoint bears the minute's start.
    """
    return time.replace(second=0, microsecond=0)


def get_metric_statistics(
    original: Any,
    self: CloudWatchBackend,
    namespace: str,
    metric_name: str,
    start_time: datetime.datetime,
    end_time: datetime.datetime,
    period: int,
    stats: list[str],
    dimensions: list[dict[str, str]],
    **kwargs: Any,
) -> list[Any]:
    """A metric is its name and exactly these dimensions.

    moto takes in every metric that has these dimensions among others, so that a load balancer's RequestCount comes out
    as twice its value: its own and its target groups'. "CloudWatch treats each unique combination of dimensions as a
    separate metric" (API_GetMetricStatistics).
    """
    wanted = {(item["Name"], item["Value"]) for item in dimensions or ()}
    view = copy.copy(self)
    view.metric_data = [
        datum for datum in self.metric_data if {(item.name, item.value) for item in datum.dimensions} == wanted
    ]
    start = _whole_minute(start_time)
    found: list[Any] = original(
        view, namespace, metric_name, start, end_time, period, stats, dimensions=dimensions, **kwargs
    )
    return found


def get_metric_data(
    original: Any,
    self: CloudWatchBackend,
    queries: list[dict[str, Any]],
    start_time: datetime.datetime,
    *args: Any,
    **kwargs: Any,
) -> list[dict[str, Any]]:
    """As GetMetricData, from the whole minute on, and without values for a statistic that moto cannot tell.

    moto answers a percentile with values that are none, which no client can read.
    """
    found: list[dict[str, Any]] = original(self, queries, _whole_minute(start_time), *args, **kwargs)
    for result in found:
        pairs = [
            (value, time)
            for value, time in zip(result["values"], result["timestamps"], strict=True)
            if value is not None
        ]
        result["values"] = [value for value, _ in pairs]
        result["timestamps"] = [time for _, time in pairs]
    return found


def less(original: Any, self: Dimension, other: Dimension) -> bool:  # noqa: ARG001
    """The order in which dimensions are named does not make another metric.

    moto sorts them to compare them, by an order in which two may each come before the other, or neither.
    """
    return (str(self.name), str(self.value)) < (str(other.name), str(other.value))


def put_metric_alarm(original: Any, self: CloudWatchBackend, name: str, *args: Any, **kwargs: Any) -> Any:
    """An alarm that is new is in INSUFFICIENT_DATA until it is evaluated; one that is updated keeps its state.

    moto has every alarm begin anew, as OK. "When you update an existing alarm, its state is left unchanged, but the
    update completely overwrites the previous configuration of the alarm" (API_PutMetricAlarm).
    """
    before = self.alarms.get(name)
    alarm = original(self, name, *args, **kwargs)
    if before is None and alarm.rule is None:
        alarm.state_value = "INSUFFICIENT_DATA"
    elif before is not None:
        alarm.history, alarm.state_value, alarm.state_reason = before.history, before.state_value, before.state_reason
        alarm.state_reason_data = before.state_reason_data
        alarm.state_updated_timestamp = before.state_updated_timestamp
    return alarm
