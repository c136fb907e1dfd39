# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the alarms of all roles have in common, as slipway.ops.metric_alarms takes them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Document = dict[str, Any]


def alarm(
    name: str,
    description: str,
    measured: Mapping[str, Any],
    threshold: float,
    alarm_actions: Sequence[str],
    ok_actions: Sequence[str],
    periods: int = 3,
) -> Document:
    """An alarm for a value that is above the threshold in each of the last PERIODS; no data is no breach.

    measured: members that say what is measured, a metric with its period in seconds or an expression over several.
    """
    return {
        "alarm_name": name,
        "alarm_description": description,
        **measured,
        "comparison_operator": "GreaterThanThreshold",
        "threshold": threshold,
        "evaluation_periods": periods,
        "datapoints_to_alarm": periods,
        "treat_missing_data": "notBreaching",
        "actions_enabled": True,
        "alarm_actions": list(alarm_actions),
        "ok_actions": list(ok_actions),
        "insufficient_data_actions": [],
    }
