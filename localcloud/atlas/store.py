# SPDX-License-Identifier: GPL-3.0-or-later
"""What Atlas remembers: projects and what is in them. Plain data; who may change it when is in the other modules."""

from __future__ import annotations

import dataclasses
import secrets
from typing import Any

from localcloud.atlas.problems import ApiError


def new_id() -> str:
    """An id as Atlas makes them: 24 hexadecimal digits."""
    return secrets.token_hex(12)


@dataclasses.dataclass(slots=True)
class Container:
    """One AWS region's network in a project. vpc_id: the VPC in Atlas's account once there is one."""

    id: str
    region: str
    cidr: str
    settled_at: float
    vpc_id: str | None = None

    def view(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "id": self.id,
            "providerName": "AWS",
            "regionName": self.region,
            "atlasCidrBlock": self.cidr,
            "provisioned": self.vpc_id is not None,
            "vpcId": self.vpc_id,
        }


@dataclasses.dataclass(slots=True)
class Peer:
    """One peering of a container with a VPC. due: when the lifecycle looks at it again, in seconds of the clock."""

    id: str
    container: Container
    accepter_region: str
    account_id: str
    vpc_id: str
    route_cidr: str
    due: float
    status: str = "INITIATING"
    error: str | None = None
    connection_id: str | None = None
    requested_at: float = 0.0

    def view(self) -> dict[str, Any]:
        """As the API shows it: no connectionId before AWS was asked, no region if it is the container's own.

        The null accepterRegionName: github.com/mongodb/terraform-provider-mongodbatlas, issue 53.
        """
        same = self.accepter_region == aws_region(self.container.region)
        shown = {
            "id": self.id,
            "providerName": "AWS",
            "containerId": self.container.id,
            "accepterRegionName": None if same else self.accepter_region,
            "awsAccountId": self.account_id,
            "vpcId": self.vpc_id,
            "routeTableCidrBlock": self.route_cidr,
            "statusName": self.status,
            "errorStateName": self.error,
        }
        return shown | ({"connectionId": self.connection_id} if self.connection_id else {})


@dataclasses.dataclass(slots=True)
class AccessEntry:
    """One entry of the access list. kind: cidrBlock or awsSecurityGroup; an address is a block of one."""

    kind: str
    value: str
    comment: str
    due: float
    status: str = "PENDING"

    def view(self, project: str) -> dict[str, Any]:
        """As the API shows it; a block of one is also shown as an address."""
        shown = {self.kind: self.value, "comment": self.comment, "groupId": project}
        return shown | ({"ipAddress": self.value.removesuffix("/32")} if self.value.endswith("/32") else {})


@dataclasses.dataclass(slots=True)
class Cluster:
    """One cluster: enough to hold a container and to be made by community.mongodb. legacy: the v1.0 body."""

    name: str
    region: str
    size: str
    legacy: dict[str, Any]
    due: float
    state: str = "CREATING"
    protected: bool = False


@dataclasses.dataclass(slots=True)
class Project:
    """A project ("group" in the API)."""

    id: str
    containers: dict[str, Container] = dataclasses.field(default_factory=dict)
    peers: dict[str, Peer] = dataclasses.field(default_factory=dict)
    access: dict[str, AccessEntry] = dataclasses.field(default_factory=dict)
    clusters: dict[str, Cluster] = dataclasses.field(default_factory=dict)
    users: dict[tuple[str, str], dict[str, Any]] = dataclasses.field(default_factory=dict)
    custom_dns: bool = False
    #: VPCs behind containers that are gone, as (region, VPC id): the lifecycle deletes them.
    retired: list[tuple[str, str]] = dataclasses.field(default_factory=list)

    def retire_vpc(self, container: Container) -> None:
        """Let go of the VPC behind a container."""
        if container.vpc_id:
            self.retired.append((container.region, container.vpc_id))
            container.vpc_id = None

    def container(self, container_id: str) -> Container:
        """The container with this id, or the ApiError."""
        if container_id not in self.containers:
            raise ApiError("CONTAINER_NOT_FOUND", f"No container with id {container_id} exists in project {self.id}.")
        return self.containers[container_id]

    def container_of(self, region: str) -> Container | None:
        """The container of a region in Atlas's spelling."""
        return next((container for container in self.containers.values() if container.region == region), None)

    def peer(self, peer_id: str) -> Peer:
        """The peer with this id, or the ApiError."""
        if peer_id not in self.peers:
            raise ApiError("PEER_NOT_FOUND", f"No peer with id {peer_id} exists in project {self.id}.")
        return self.peers[peer_id]

    def cluster(self, name: str) -> Cluster:
        """The cluster with this name, or the ApiError."""
        if name not in self.clusters:
            raise ApiError("CLUSTER_NOT_FOUND", f"No cluster named {name} exists in project {self.id}.")
        return self.clusters[name]


@dataclasses.dataclass(slots=True)
class Delays:
    """Seconds that things take; Atlas takes minutes for most of them.

    request: until AWS is asked for the peering; finalize: from accepted to AVAILABLE; terminate: from DELETE to gone;
    expire: how long AWS keeps a request; access: from PENDING to ACTIVE; cluster: to create or delete one;
    settle: how long a container cannot be deleted after it or a cluster in it came or went.
    """

    request: float = 0.3
    finalize: float = 0.4
    terminate: float = 0.4
    expire: float = 7 * 86400.0
    access: float = 0.3
    cluster: float = 1.0
    settle: float = 0.5


def aws_region(region: str) -> str:
    """US_EAST_1 -> us-east-1."""
    return region.lower().replace("_", "-")
