# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What stands in the way of a peering: everything that is checked before the first change. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from .atlas_peering_model_plan import AtlasPeer, Connection, Container, Snapshot, Vpc, Wanted

UNACCEPTED = frozenset({"initiating-request", "pending-acceptance"})
#: A VPC peering connection in one of these states carries, or will carry, traffic.
LIVE = UNACCEPTED | {"provisioning", "active"}


def overlaps(one: str, other: str) -> bool:
    """Whether two IPv4 blocks share an address."""
    return ipaddress.IPv4Network(one).overlaps(ipaddress.IPv4Network(other))


def vpc_obstacle(vpc: Vpc | None, tables: Iterable[tuple[str, str]], wanted: Wanted) -> str:
    """Is the VPC the right one? tables: (route table id, its VPC). Empty if so."""
    if vpc is None:
        return f"there is no VPC {wanted.vpc_id} in {wanted.region} of this account"
    if wanted.account and vpc.owner != wanted.account:
        return f"{vpc.id} belongs to account {vpc.owner}, not to {wanted.account}"
    for table, owner in tables:
        if owner != vpc.id:
            return f"route table {table} is of {owner}, not of {vpc.id}"
    groups = [value for value in wanted.access if value.startswith("sg-")]
    if groups and wanted.region != wanted.atlas_region:
        return (
            f"access_list: {groups[0]} cannot be used from {wanted.region} for clusters in {wanted.atlas_region}: "
            "security groups do not reach across regions; use the CIDR"
        )
    return ""


def container_obstacle(container: Container | None, snapshot: Snapshot, wanted: Wanted) -> str:
    """Is there a container, or can one be made or changed as wanted? Empty if so."""
    if container is None:
        if wanted.cidr is None:
            return f"the project has no container in {wanted.atlas_region}: atlas_cidr is needed to make it"
        return ""
    if wanted.cidr in (None, container.cidr):
        return ""
    holders = [f"peering {peer.id} ({peer.vpc_id})" for peer in snapshot.peers]
    holders += [f"cluster {cluster.name}" for cluster in snapshot.clusters]
    if not holders:
        return ""
    return (
        f"the container of {wanted.atlas_region} has {container.cidr}, which cannot become {wanted.cidr} while the "
        f"project has {', '.join(holders)}: set atlas_cidr to {container.cidr}, or delete those first"
    )


def overlap_obstacle(cidr: str, route_cidr: str, vpc: Vpc, snapshot: Snapshot, peer: AtlasPeer | None) -> str:
    """Are Atlas's addresses free on the VPC's side? peer: this peering, if it is there. Empty if they are.

    A route that is wider than the block, as a default route is, does not matter: the most specific one wins
    (https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html). An equal or narrower one would take
    traffic meant for Atlas.
    """
    for block in (*vpc.cidrs, route_cidr):
        if overlaps(cidr, block):
            return f"Atlas's block {cidr} overlaps {block} of {vpc.id}: choose another atlas_cidr"
    own = peer.connection_id if peer else ""
    for connection in snapshot.connections:
        if connection.id == own or connection.status not in LIVE or _awaited(connection, cidr, peer):
            continue
        for block in connection.cidrs:
            if overlaps(cidr, block):
                return f"Atlas's block {cidr} overlaps {block} behind {connection.id}, another peering of {vpc.id}"
    return _route_obstacle(cidr, snapshot, own)


def _awaited(connection: Connection, cidr: str, peer: AtlasPeer | None) -> bool:
    """May this be the connection that Atlas has just asked AWS for, and which it does not name yet?

    Atlas is read before AWS, so AWS's answer can be the newer one. Nothing flows through it until it is accepted.
    """
    unnamed = peer is not None and not peer.connection_id
    return unnamed and connection.status in UNACCEPTED and connection.cidrs == (cidr,)


def _route_obstacle(cidr: str, snapshot: Snapshot, own: str) -> str:
    block = ipaddress.IPv4Network(cidr)
    live = {connection.id for connection in snapshot.connections if connection.status in LIVE}
    for table in snapshot.tables:
        for route in table.routes:
            stale = not route.active or (route.target.startswith("pcx-") and route.target not in live)
            if route.target != own and not stale and ipaddress.IPv4Network(route.destination).subnet_of(block):
                return f"route table {table.id} sends {route.destination}, addresses of Atlas, to {route.target}"
    return ""


def peer_obstacle(peer: AtlasPeer | None, route_cidr: str) -> str:
    """Can a living peering stay as it is? Empty if so."""
    if peer is None or peer.status in ("FAILED", "TERMINATING") or peer.route_cidr == route_cidr:
        return ""
    return (
        f"peering {peer.id} routes {peer.route_cidr} to the VPC, not {route_cidr}; replacing it would cut its traffic: "
        f"set route_cidr to {peer.route_cidr}, or remove it with state absent first"
    )


def removal_obstacle(container: Container | None, snapshot: Snapshot, wanted: Wanted) -> str:
    """What keeps the container, if it is to go. Empty if nothing."""
    if container is None or wanted.keep_container:
        return ""
    holders = [f"cluster {cluster.name}" for cluster in snapshot.clusters if container.region in cluster.regions]
    holders += [
        f"peering {peer.id} of {peer.vpc_id}"
        for peer in snapshot.peers
        if peer.container_id == container.id and peer.vpc_id != wanted.vpc_id
    ]
    if not holders:
        return ""
    return (
        f"the container of {wanted.atlas_region} is in use (CONTAINERS_IN_USE) by {', '.join(holders)}: "
        "delete those first, or set keep_container"
    )
