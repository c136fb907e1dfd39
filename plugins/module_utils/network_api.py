# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Amazon EC2: subnets and security groups. Asked by filter, so that one that is absent hides no other."""

from __future__ import annotations

from typing import Any

from .api import ApiErrors, retry


@ApiErrors.common_error_handler("describe the subnets {ids}")
@retry
def describe_subnets(client: Any, ids: list[str]) -> dict[str, dict]:
    """Subnet ID -> subnet, for those that exist."""
    pages = client.get_paginator("describe_subnets").paginate(Filters=[{"Name": "subnet-id", "Values": ids}])
    return {item["SubnetId"]: item for page in pages for item in page["Subnets"]}


@ApiErrors.common_error_handler("describe the security groups {ids}")
@retry
def describe_security_groups(client: Any, ids: list[str]) -> dict[str, dict]:
    """Security group ID -> group, for those that exist."""
    pages = client.get_paginator("describe_security_groups").paginate(Filters=[{"Name": "group-id", "Values": ids}])
    return {item["GroupId"]: item for page in pages for item in page["SecurityGroups"]}
