# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Amazon CloudWatch: one call, one function. Shapes are boto3's."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .api import ApiErrors, retry

# DescribeAlarms accepts at most 100 names a call (CloudWatch API reference, DescribeAlarms).
_NAMES_PAGE = 100


def describe_alarms(client: Any, names: list[str]) -> list[dict]:
    """Metric and composite alarms of these names, as far as they exist."""
    pages = range(0, len(names), _NAMES_PAGE)
    return [found for start in pages for found in _describe_alarms(client, names[start : start + _NAMES_PAGE])]


@ApiErrors.common_error_handler("describe the alarms {names}")
@retry
def _describe_alarms(client: Any, names: list[str]) -> list[dict]:
    """Without AlarmTypes CloudWatch answers with metric alarms only."""
    pages = client.get_paginator("describe_alarms").paginate(
        AlarmNames=names, AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )
    return [found for page in pages for kind in ("MetricAlarms", "CompositeAlarms") for found in page.get(kind, [])]


@ApiErrors.common_error_handler("get metric data")
@retry
def get_metric_data(client: Any, queries: list[dict], start: datetime, end: datetime) -> list[dict]:
    """The results of all pages; a metric may have one on each."""
    pages = client.get_paginator("get_metric_data").paginate(MetricDataQueries=queries, StartTime=start, EndTime=end)
    return [result for page in pages for result in page["MetricDataResults"]]
