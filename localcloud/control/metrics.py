# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS/ApplicationELB metrics in moto's CloudWatch, from the ALB's counts by the second.

As AWS does, one datapoint per metric and 60-second interval, and none for traffic metrics while no request flows
(https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html). Unlike
AWS, which publishes an interval a while after its end, the datapoint of the running interval grows by the second.
"""

from __future__ import annotations

import datetime
from typing import Any

from moto.cloudwatch.models import MetricAggregatedDatum, cloudwatch_backends

from localcloud.control import alb_config
from localcloud.control.data_plane import HEALTH

_NAMESPACE = "AWS/ApplicationELB"
_PERIOD = 60
#: Count in the ALB's report -> metric. An interval's Sum is the count: the statistic that AWS's docs call useful.
_GROUP_COUNTS = {
    "requests": "RequestCount",
    "target_2xx": "HTTPCode_Target_2XX_Count",
    "target_3xx": "HTTPCode_Target_3XX_Count",
    "target_4xx": "HTTPCode_Target_4XX_Count",
    "target_5xx": "HTTPCode_Target_5XX_Count",
    "connection_errors": "TargetConnectionErrorCount",
}
_BALANCER_COUNTS = _GROUP_COUNTS | {
    "elb_4xx": "HTTPCode_ELB_4XX_Count",
    "elb_5xx": "HTTPCode_ELB_5XX_Count",
    "elb_502": "HTTPCode_ELB_502_Count",
    "elb_503": "HTTPCode_ELB_503_Count",
    "elb_504": "HTTPCode_ELB_504_Count",
    "fixed_responses": "HTTP_Fixed_Response_Count",
    "redirects": "HTTP_Redirect_Count",
    "new_connections": "NewConnectionCount",
}
_RESPONSES = ("target_2xx", "target_3xx", "target_4xx", "target_5xx")

type _Key = tuple[str, str, str]


class Metrics:
    """The datapoints of the running interval. Caller holds lock.MOTO."""

    def __init__(self) -> None:
        self._interval = 0
        self._open: dict[_Key, MetricAggregatedDatum] = {}

    def take(self, report: dict[str, Any]) -> None:
        """Add one second: {"second", "target_groups": {arn: counts}, "load_balancers": {arn: counts}}."""
        interval = int(report["second"]) // _PERIOD * _PERIOD
        if interval != self._interval:
            self._interval, self._open = interval, {}
        balancers = {group: balancer for balancer, group in sorted(alb_config.groups_in_use())}
        for arn, counts in report["load_balancers"].items():
            self._traffic(arn, "", counts, _BALANCER_COUNTS)
        for arn, counts in report["target_groups"].items():
            if arn in balancers:
                self._traffic(balancers[arn], arn, counts, _GROUP_COUNTS)
        for group, balancer in balancers.items():
            self._hosts(balancer, group)

    def _traffic(self, balancer: str, group: str, counts: dict[str, float], names: dict[str, str]) -> None:
        for count, name in names.items():
            if counts.get(count):
                self._add(name, balancer, group, samples=counts[count], total=counts[count], unit="Count")
        responses = sum(counts.get(name, 0) for name in _RESPONSES)
        if responses:
            seconds = counts["response_seconds_sum"]
            self._add("TargetResponseTime", balancer, group, samples=responses, total=seconds, unit="Seconds")

    def _hosts(self, balancer: str, group: str) -> None:
        states = [target.state for target in HEALTH.of(group).values()]
        for name, state in (("HealthyHostCount", "healthy"), ("UnHealthyHostCount", "unhealthy")):
            self._add(name, balancer, group, samples=1, total=states.count(state), unit="Count")

    def _add(self, name: str, balancer: str, group: str, *, samples: float, total: float, unit: str) -> None:
        key = (name, balancer, group)
        mean = total / samples
        found = self._open.get(key)
        if found is None:
            self._open[key] = self._datum(key, mean, samples, total, unit)
            return
        found.sample_count += samples
        found.sum += total
        found.min, found.max = min(found.min, mean), max(found.max, mean)

    def _datum(self, key: _Key, mean: float, samples: float, total: float, unit: str) -> MetricAggregatedDatum:
        name, balancer, group = key
        dimensions = [{"Name": "LoadBalancer", "Value": balancer.partition(":loadbalancer/")[2]}]
        if group:
            dimensions.insert(0, {"Name": "TargetGroup", "Value": group.rpartition(":")[2]})
        timestamp = datetime.datetime.fromtimestamp(self._interval, datetime.UTC).replace(tzinfo=None)
        datum = MetricAggregatedDatum(
            namespace=_NAMESPACE,
            name=name,
            min_stat=mean,
            max_stat=mean,
            sample_count=samples,
            sum_stat=total,
            dimensions=dimensions,
            timestamp=timestamp,
            unit=unit,
        )
        _, _, _, region, account_id, _ = balancer.split(":", 5)
        cloudwatch_backends[account_id][region].metric_data.append(datum)
        return datum
