# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudWatch: which datapoints a query is about."""

from __future__ import annotations

import copy
import datetime
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend

from localcloud.mends.patch import wrap


def install() -> None:
    """Put the mends in place."""
    wrap(CloudWatchBackend, "get_metric_statistics", get_metric_statistics)
    wrap(CloudWatchBackend, "get_metric_data", get_metric_data)


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
    """As GetMetricData, from the whole minute on."""
    found: list[dict[str, Any]] = original(self, queries, _whole_minute(start_time), *args, **kwargs)
    return found
