# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluates the metric alarms of all accounts, each once a period.

As on AWS, a state that SetAlarmState gives lasts until the alarm's next evaluation. An alarm that has something which
is not modeled keeps the state it has; why is in the log.
"""

from __future__ import annotations

import logging
import threading
import time
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import Alarm, CloudWatchBackend, MetricAggregatedDatum, cloudwatch_backends

from localcloud.cloudwatch.expressions import Series, UnsupportedError, evaluate
from localcloud.cloudwatch.states import RANGE_BEYOND, Rule, find, supported
from localcloud.control.lock import MOTO

log = logging.getLogger(__name__)

#: Seconds between two looks for alarms whose period has ended.
_LOOK = 1.0
#: Seconds after which a period's last counts have come in from the load balancer.
_SETTLE = 2.0


class Evaluator:
    """A thread that keeps the alarms' states."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._seen: dict[tuple[str, str, Any], int] = {}

    def start(self) -> None:
        """Begin; the thread ends with the process, or with stop()."""
        threading.Thread(target=self._run, name="alarms", daemon=True).start()

    def stop(self) -> None:
        """No more evaluations."""
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.wait(_LOOK):
            with MOTO:
                self.evaluate_due(time.time() - _SETTLE)

    def evaluate_due(self, now: float) -> None:
        """Evaluate every alarm that is new, or whose period has ended since it was evaluated. Under the lock.

        now: Unix seconds.
        """
        seen = {}
        for account in list(cloudwatch_backends.values()):
            for backend in list(account.values()):
                for alarm in list(backend.alarms.values()):
                    period = period_of(alarm)
                    if alarm.rule is not None or not period:
                        continue
                    key = (alarm.alarm_arn, alarm.name, alarm.configuration_updated_timestamp)
                    seen[key] = int(now // period)
                    if self._seen.get(key) != seen[key]:
                        _evaluate(backend, alarm, seen[key] * period, period)
        self._seen = seen


def period_of(alarm: Alarm) -> int:
    """Seconds of a period: the alarm's own, or that of its queries; 0 when there is none."""
    periods = [alarm.period, *(item.period for item in alarm.metric_data_queries)]
    periods += [item.metric_stat.period for item in alarm.metric_data_queries if item.metric_stat]
    return max((int(period) for period in periods if period), default=0)


def _evaluate(backend: CloudWatchBackend, alarm: Alarm, end: int, period: int) -> None:
    if not supported(alarm.comparison_operator):
        return
    periods = int(alarm.evaluation_periods)
    datapoints = int(alarm.datapoints_to_alarm or periods)
    rule = Rule(
        alarm.comparison_operator,
        float(alarm.threshold),
        periods,
        datapoints,
        alarm.treat_missing_data or "missing",
    )
    length = periods + RANGE_BEYOND
    try:
        found = find(rule, _Range(backend, end - length * period, period, length).of(alarm))
    except UnsupportedError as error:
        log.warning("alarm %s keeps its state: %s", alarm.name, error)
        return
    if found.state is not None and found.state != alarm.state_value:
        alarm.update_state(found.reason, "{}", found.state)


class _Range:
    """The evaluation range: length periods from start, in Unix seconds."""

    def __init__(self, backend: CloudWatchBackend, start: int, period: int, length: int) -> None:
        self._start, self._period, self._length = start, period, length
        since, until = (_moto_time(start + count * period) for count in (0, length))
        self._data = [datum for datum in backend.metric_data if since <= datum.timestamp < until]

    def of(self, alarm: Alarm) -> Series:
        """The series that the threshold is compared with."""
        if not alarm.metric_data_queries:
            stat = alarm.statistic or alarm.extended_statistic or ""
            return self._metric(alarm.namespace, alarm.metric_name, alarm.dimensions, stat)
        known: dict[str, Series] = {}
        returned: Series | None = None
        metrics_first = sorted(alarm.metric_data_queries, key=lambda query: query.metric_stat is None)
        for query in metrics_first:
            if query.metric_stat:
                metric = query.metric_stat.metric
                found = self._metric(metric.namespace, metric.metric_name, metric.dimensions, query.metric_stat.stat)
            else:
                found = evaluate(query.expression or "", known, self._length)
            known[query.id] = found
            if str(query.return_data).lower() != "false":
                returned = found
        if returned is None:
            raise UnsupportedError("no query returns data")
        return returned

    def _metric(self, namespace: str, name: str, dimensions: list[Any], stat: str) -> Series:
        wanted = {(item.name, item.value) for item in dimensions}
        slots: list[list[Any]] = [[] for _ in range(self._length)]
        for datum in self._data:
            mine = datum.namespace == namespace and datum.name == name
            if mine and {(item.name, item.value) for item in datum.dimensions} == wanted:
                seconds = datum.timestamp.replace(tzinfo=UTC).timestamp() - self._start
                slots[int(seconds // self._period)].append(datum)
        return [statistic(stat, data) for data in slots]


def _moto_time(seconds: float) -> datetime:
    """As moto keeps times: UTC, without saying so."""
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)


def statistic(stat: str, data: list[Any]) -> float | None:
    """One of the five plain statistics of a period's data; None without any."""
    if not data:
        return None
    sets = [_as_set(datum) for datum in data]
    counts, sums, least, most = ([item[index] for item in sets] for index in range(4))
    if stat == "Sum":
        return sum(sums)
    if stat == "SampleCount":
        return sum(counts)
    if stat == "Average":
        return sum(sums) / sum(counts) if sum(counts) else None
    if stat == "Minimum":
        return min(least)
    if stat == "Maximum":
        return max(most)
    raise UnsupportedError(f"statistic {stat} is not modeled")


def _as_set(datum: Any) -> tuple[float, float, float, float]:
    """Samples, sum, minimum and maximum."""
    if isinstance(datum, MetricAggregatedDatum):
        return float(datum.sample_count), float(datum.sum), float(datum.min), float(datum.max)
    return 1.0, float(datum.value), float(datum.value), float(datum.value)
