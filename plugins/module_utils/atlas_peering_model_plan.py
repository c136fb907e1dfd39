# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the planner of a peering knows and says: both sides as they are, what is wanted, the steps. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Container:
    """Atlas's network in a region of a project. region: AWS form."""

    id: str
    region: str
    cidr: str


@dataclass(frozen=True)
class AtlasPeer:
    """A peering as Atlas sees it. region: AWS form, None when it is the container's. error, connection_id: or empty."""

    id: str
    container_id: str
    account_id: str
    vpc_id: str
    region: str | None
    route_cidr: str
    status: str
    error: str = ""
    connection_id: str = ""


@dataclass(frozen=True)
class AccessEntry:
    """An entry of the access list. value: CIDR or security group. status: PENDING, FAILED, ACTIVE; empty: not read."""

    value: str
    comment: str = ""
    status: str = ""


@dataclass(frozen=True)
class Cluster:
    """A cluster and the AWS regions it is in, in AWS form."""

    name: str
    regions: frozenset[str]


@dataclass(frozen=True)
class Vpc:
    """The VPC. cidrs: every associated IPv4 block, the primary one first."""

    id: str
    owner: str
    cidrs: tuple[str, ...]
    dns_support: bool
    dns_hostnames: bool


@dataclass(frozen=True)
class Connection:
    """A VPC peering connection of the VPC. cidrs: the other side's. remote_dns: the VPC's own side lets the other side
    resolve its public names to private addresses."""

    id: str
    status: str
    cidrs: tuple[str, ...]
    remote_dns: bool = False


@dataclass(frozen=True)
class Route:
    """An IPv4 route. target: an id, such as pcx-... or nat-...; active: False for a blackhole."""

    destination: str
    target: str
    active: bool = True


@dataclass(frozen=True)
class RouteTable:
    """A route table and its IPv4 routes."""

    id: str
    vpc_id: str
    routes: tuple[Route, ...] = ()


@dataclass(frozen=True)
class Snapshot:
    """Both sides at one moment. vpc: None if there is no such VPC in the account and region."""

    vpc: Vpc | None
    containers: tuple[Container, ...] = ()
    peers: tuple[AtlasPeer, ...] = ()
    access: tuple[AccessEntry, ...] = ()
    clusters: tuple[Cluster, ...] = ()
    connections: tuple[Connection, ...] = ()
    tables: tuple[RouteTable, ...] = ()


@dataclass(frozen=True)
class Wanted:
    """What the inventory asks for.

    region: the VPC's; atlas_region: the clusters'; both in AWS form. cidr: the container's; None adopts whatever the
    region has. account: None takes the VPC's owner's word. route_cidr: what Atlas routes to the VPC, None
    is the VPC's primary block. access: value -> comment, None leaves the comment as it is.
    """

    vpc_id: str
    region: str
    atlas_region: str
    cidr: str | None = None
    account: str | None = None
    route_cidr: str | None = None
    dns: bool = True
    access: Mapping[str, str | None] = field(default_factory=dict)
    keep_container: bool = False


#: Steps that only wait. They change nothing that would not change without us.
WAITS = frozenset({"wait_request", "wait_available", "wait_peer_gone", "wait_access"})


@dataclass(frozen=True)
class Step:
    """One step. action: one of atlas_peering_steps.ACTIONS; about: for people; arguments: what is known beforehand."""

    action: str
    about: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """The one value that check mode, diff mode and the real run share."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    steps: tuple[Step, ...] = ()
    blocked: str = ""

    @property
    def changed(self) -> bool:
        """True for a step that changes something: to wait for what an earlier run began is no change."""
        return any(step.action not in WAITS for step in self.steps)


def aws_region(name: str) -> str:
    """US_EAST_1 or us-east-1 -> us-east-1."""
    return name.lower().replace("_", "-")


def atlas_region(name: str) -> str:
    """us-east-1 or US_EAST_1 -> US_EAST_1."""
    return name.upper().replace("-", "_")
