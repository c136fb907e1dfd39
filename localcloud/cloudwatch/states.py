# SPDX-License-Identifier: GPL-3.0-or-later
"""Which state an alarm's datapoints mean. Pure.

"Configuring how CloudWatch alarms treat missing data"
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html): the evaluation range is
wider than the evaluation periods (by how much is not documented; here by two). While it holds as many datapoints as
there are evaluation periods, the most recent of those count and nothing is filled in.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from localcloud.cloudwatch.expressions import Series

#: Periods that are looked at beyond the evaluation periods.
RANGE_BEYOND = 2

_OPERATORS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}


@dataclass(frozen=True)
class Rule:
    """periods: N; datapoints: M of N that must breach; missing: how missing datapoints are treated."""

    comparison: str
    threshold: float
    periods: int
    datapoints: int
    missing: str


@dataclass(frozen=True)
class Finding:
    """state None: the alarm keeps the one that it has."""

    state: str | None
    reason: str = ""


def supported(comparison: str) -> bool:
    """Whether it compares with a threshold that does not move, unlike anomaly detection."""
    return comparison in _OPERATORS


def find(rule: Rule, series: Series) -> Finding:
    """series: the evaluation range, oldest first."""
    breaches, words = _OPERATORS[rule.comparison]
    there = [value for value in series if value is not None][-rule.periods :]
    breaching = sum(1 for value in there if breaches(value, rule.threshold))
    lacking = rule.periods - len(there)
    filled = breaching + (lacking if rule.missing == "breaching" else 0)
    if lacking and rule.missing in ("missing", "ignore"):
        state = _with_gaps(rule, series, breaching)
    else:
        state = "ALARM" if filled >= rule.datapoints else "OK"
    return Finding(state, _reason(rule, there, breaching, words, lacking, state))


def _with_gaps(rule: Rule, series: Series, breaching: int) -> str | None:
    """Fewer datapoints than evaluation periods, and none made up for them.

    Breaching datapoints among nothing but gaps alarm early, once the oldest is datapoints-to-alarm periods old.
    """
    breaches = _OPERATORS[rule.comparison][0]
    marks = [value if value is None else breaches(value, rule.threshold) for value in series]
    if all(mark is None for mark in marks):
        return "INSUFFICIENT_DATA" if rule.missing == "missing" else None
    early = _alarms_early(marks, rule.datapoints)
    if breaching >= rule.datapoints or (early and rule.missing == "missing"):
        return "ALARM"
    return None if early else "OK"


def _alarms_early(marks: Sequence[bool | None], datapoints: int) -> bool:
    oldest = next((index for index, mark in enumerate(marks) if mark), None)
    return oldest is not None and len(marks) - oldest >= datapoints and False not in marks


def _reason(rule: Rule, there: Sequence[float], breaching: int, words: str, lacking: int, state: str | None) -> str:
    if state == "INSUFFICIENT_DATA":
        return "Insufficient Data: all datapoints are missing"
    crossed = state == "ALARM"
    count = breaching if crossed else len(there) - breaching
    shown = ", ".join(f"{value:g}" for value in there)
    gaps = f" and {lacking} missing, treated as {rule.missing}," if lacking else ""
    was = "was" if crossed else "was not"
    return (
        f"Threshold Crossed: {count} out of the last {rule.periods} datapoints [{shown}]{gaps} {was} {words} the"
        f" threshold ({rule.threshold:g}) (minimum {rule.datapoints} for OK -> ALARM transition)."
    )
