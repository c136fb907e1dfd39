# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Amazon CloudWatch Logs: log groups."""

from __future__ import annotations

from typing import Any

from .api import ApiErrors, retry


@ApiErrors.common_error_handler("describe log group {name}")
@retry
def log_group_exists(client: Any, name: str) -> bool:
    pages = client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name)
    return any(group["logGroupName"] == name for page in pages for group in page["logGroups"])
