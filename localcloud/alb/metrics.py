# SPDX-License-Identifier: GPL-3.0-or-later
"""Counters of one second, by target group and by load balancer.

Names after "CloudWatch metrics for your Application Load Balancer": `requests` is RequestCount (a target was chosen),
`target_Nxx` HTTPCode_Target_NXX_Count, `elb_Nxx` and `elb_502` etc. HTTPCode_ELB_*, `connection_errors`
TargetConnectionErrorCount, `response_seconds_sum` the sum of TargetResponseTime (from the request sent to the response
head received), `client_closed` the requests logged as 460, `new_connections` NewConnectionCount.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

_TARGET_FIELDS = ("requests", "target_2xx", "target_3xx", "target_4xx", "target_5xx", "connection_errors")
_GROUP_FIELDS = (*_TARGET_FIELDS, "elb_5xx")
_BALANCER_FIELDS = (
    *_TARGET_FIELDS,
    "elb_4xx",
    "elb_5xx",
    "elb_502",
    "elb_503",
    "elb_504",
    "client_closed",
    "fixed_responses",
    "redirects",
    "new_connections",
)


class Counters(defaultdict[str, int]):
    """The counts of one target group or load balancer, by name."""

    def __init__(self) -> None:
        super().__init__(int)
        self.response_seconds = 0.0

    def report(self, names: Iterable[str]) -> dict[str, int | float]:
        """The counts under these names, 0 included, and the sum of response times."""
        return {**{name: self.get(name, 0) for name in names}, "response_seconds_sum": round(self.response_seconds, 6)}


class Metrics:
    """Collects until `line` takes all of it away."""

    def __init__(self) -> None:
        self.groups: defaultdict[str, Counters] = defaultdict(Counters)
        self.balancers: defaultdict[str, Counters] = defaultdict(Counters)

    def target_chosen(self, balancer: str, group: str) -> None:
        """A request goes to a target."""
        self.balancers[balancer]["requests"] += 1
        self.groups[group]["requests"] += 1

    def target_response(self, balancer: str, group: str, status: int, seconds: float) -> None:
        """A target answered."""
        for counters in (self.balancers[balancer], self.groups[group]):
            counters[f"target_{status // 100}xx"] += 1
            counters.response_seconds += seconds

    def connection_error(self, balancer: str, group: str) -> None:
        """No connection to a target could be made."""
        self.balancers[balancer]["connection_errors"] += 1
        self.groups[group]["connection_errors"] += 1

    def elb_response(self, balancer: str, group: str | None, status: int) -> None:
        """The load balancer answered itself; `group` is the one chosen, if it got so far."""
        counters = self.balancers[balancer]
        counters[f"elb_{status // 100}xx"] += 1
        if status >= 500:
            counters[f"elb_{status}"] += 1
            if group is not None:
                self.groups[group]["elb_5xx"] += 1

    def line(self, second: int, groups: Iterable[str], balancers: Iterable[str]) -> dict[str, Any]:
        """The metrics line for `second` (Unix time); those named appear even if nothing happened. Starts over."""
        counted_groups, counted_balancers = self.groups, self.balancers
        self.groups, self.balancers = defaultdict(Counters), defaultdict(Counters)
        return {
            "type": "metrics",
            "second": second,
            "target_groups": {
                arn: counted_groups[arn].report(_GROUP_FIELDS) for arn in sorted({*groups, *counted_groups})
            },
            "load_balancers": {
                arn: counted_balancers[arn].report(_BALANCER_FIELDS) for arn in sorted({*balancers, *counted_balancers})
            },
        }
