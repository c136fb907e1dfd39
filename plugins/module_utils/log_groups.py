# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Amazon CloudWatch Logs: log groups."""

from __future__ import annotations

from typing import Any

from .api import ApiErrors, retry


def log_group_exists(client: Any, name: str) -> bool:
    return log_group(client, name) is not None


@ApiErrors.common_error_handler("describe log group {name}")
@retry
def log_group(client: Any, name: str) -> dict[str, Any] | None:
    """As DescribeLogGroups tells it, None if there is none of just this name: AWS only searches by the beginning."""
    pages = client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name)
    return next((group for page in pages for group in page["logGroups"] if group["logGroupName"] == name), None)
