# SPDX-License-Identifier: GPL-3.0-or-later
"""EC2: names of resource types in tags, which rule of a security group is meant, and what goes with a VPC."""

from __future__ import annotations

from copy import copy
from typing import Any

from moto.ec2.models.security_groups import SecurityGroupRule
from moto.ec2.models.tags import TagBackend
from moto.ec2.models.vpcs import VPCBackend
from moto.ec2.responses.elastic_block_store import ElasticBlockStore

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
    wrap(SecurityGroupRule, "__eq__", same_rule)
    wrap(VPCBackend, "delete_vpc", delete_vpc)
    wrap(ElasticBlockStore, "describe_snapshots", describe_snapshots)


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


def describe_snapshots(original: Any, self: Any) -> Any:
    """Whoever asks for the snapshots of an owner gets those; `self` is the account that asks.

    moto gives everyone the snapshots of all its stock images, some 1,300 that belong to others.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSnapshots.html
    """
    answer = original(self)
    owners = {self.current_account if owner == "self" else owner for owner in self._get_param("OwnerIds", [])}
    if owners:
        answer.result["Snapshots"] = [each for each in answer.result["Snapshots"] if each.owner_id in owners]
    return answer


def delete_vpc(original: Any, self: Any, vpc_id: str) -> Any:
    """With a VPC goes its default network ACL, which nobody else can delete.

    https://docs.aws.amazon.com/vpc/latest/userguide/delete-vpc.html
    """
    deleted = original(self, vpc_id)
    for acl in [each for each in self.network_acls.values() if each.vpc_id == vpc_id and each.default]:
        del self.network_acls[acl.id]
    return deleted


def same_rule(original: Any, self: Any, other: Any) -> bool:
    """A rule is known by protocol, ports and peer; its description tells no two apart.

    moto compares the description too where the peer is a group, so that one can neither be changed, nor its rule be
    revoked without it. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RevokeSecurityGroupIngress.html
    """
    return bool(original(_bare(self), _bare(other)))


def _bare(rule: Any) -> Any:
    """The rule without its description."""
    bare = copy(rule)
    bare.source_group = {key: value for key, value in (rule.source_group or {}).items() if key != "Description"}
    return bare
