# SPDX-License-Identifier: GPL-3.0-or-later
"""EC2: the names of resource types in tags."""

from __future__ import annotations

from typing import Any

from moto.ec2.models.tags import TagBackend

from localcloud.mends.patch import wrap

#: moto's name of a resource type -> EC2's.
_TYPES = {
    "dedicated_host": "dedicated-host",
    "flow-logs": "vpc-flow-log",
    "managed-prefix-list": "prefix-list",
    "nat-gateway": "natgateway",
    "spot-instance-request": "spot-instances-request",
}
_MOTO_TYPES = {name: moto for moto, name in _TYPES.items()}


def install() -> None:
    """Put the mend in place."""
    wrap(TagBackend, "describe_tags", describe_tags)


def describe_tags(original: Any, self: Any, filters: dict[str, list[str]] | None = None) -> list[dict[str, str]]:
    """Resource types have EC2's names (the enum ResourceType of the API), in the answer and in the filter.

    amazon.aws.ec2_vpc_nat_gateway asks for the tags of a `natgateway`, finds none under moto's name, and tags anew on
    every run. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeTags.html
    """
    if filters and "resource-type" in filters:
        wanted = [_MOTO_TYPES.get(name, name) for name in filters["resource-type"]]
        filters = filters | {"resource-type": wanted}
    found: list[dict[str, str]] = original(self, filters)
    return [tag | {"resource_type": _TYPES.get(tag["resource_type"], tag["resource_type"])} for tag in found]
