# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers, peers and custom DNS: the operations of the API on them."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from localcloud.atlas.problems import ApiError
from localcloud.atlas.store import Container, Delays, Peer, Project, new_id

if TYPE_CHECKING:
    from collections.abc import Mapping

_PRIVATE = tuple(ipaddress.IPv4Network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
#: https://www.mongodb.com/docs/atlas/reference/atlas-limits/
_MAX_PEERS, _MAX_PENDING = 50, 25
_DEFAULT_CIDR = "192.168.248.0/21"


def create_container(project: Project, body: Mapping[str, Any], now: float, delays: Delays) -> dict[str, Any]:
    """One container a region; its block must not overlap another container's."""
    if project.container_of(body["regionName"]):
        raise ApiError("CONTAINER_ALREADY_EXISTS", f"A container in {body['regionName']} exists already.")
    block = atlas_block(body["atlasCidrBlock"])
    _refuse_overlap(project, block, None)
    container = Container(new_id(), body["regionName"], str(block), now + delays.settle)
    project.containers[container.id] = container
    return container.view()


def update_container(project: Project, container: Container, body: Mapping[str, Any]) -> dict[str, Any]:
    """Change the block; locked while the project has a peering or an M10+ cluster."""
    if body["regionName"] != container.region:
        raise ApiError("CANNOT_CHANGE_CONTAINER_REGION", "A container's region cannot change.")
    block = atlas_block(body["atlasCidrBlock"])
    if project.peers or project.clusters:
        raise ApiError("CONTAINERS_IN_USE", "The block is locked while the project has a peering or a cluster.")
    _refuse_overlap(project, block, container)
    project.retire_vpc(container)
    container.cidr = str(block)
    return container.view()


def delete_container(project: Project, container: Container, now: float) -> None:
    """Refused while anything is in it, and for a while after that."""
    peers = any(peer.container is container for peer in project.peers.values())
    if peers or any(cluster.region == container.region for cluster in project.clusters.values()):
        raise ApiError("CONTAINERS_IN_USE", f"Container {container.id} is in use.")
    if now < container.settled_at:
        raise ApiError(
            "CANNOT_DELETE_RECENTLY_CREATED_CONTAINER", f"Container {container.id} is too new to be deleted."
        )
    project.retire_vpc(container)
    del project.containers[container.id]


def default_container(project: Project, region: str, now: float, delays: Delays) -> Container:
    """What a cluster gets if its region has no container: one with Atlas's own choice of block."""
    found = project.container_of(region)
    if found is None:
        found = Container(new_id(), region, _DEFAULT_CIDR, now + delays.settle)
        project.containers[found.id] = found
    return found


def create_peer(project: Project, body: Mapping[str, Any], now: float, delays: Delays) -> dict[str, Any]:
    """Take a request; AWS is asked a little later, by the lifecycle."""
    container = project.container(body["containerId"])
    block = _any_block(body["routeTableCidrBlock"])
    if block.overlaps(ipaddress.IPv4Network(container.cidr)):
        raise ApiError("OVERLAPPING_CIDR_BLOCK", f"{block} overlaps the container's {container.cidr}.")
    for other in project.peers.values():
        if other.container is not container:
            continue
        if (other.account_id, other.vpc_id) == (body["awsAccountId"], body["vpcId"]):
            raise ApiError("PEER_ALREADY_EXISTS", f"A peer with {other.vpc_id} exists already: {other.id}.")
        if block.overlaps(ipaddress.IPv4Network(other.route_cidr)):
            raise ApiError("OVERLAPPING_CIDR_BLOCK", f"{block} overlaps {other.route_cidr} of peer {other.id}.")
    pending = sum(peer.status in ("INITIATING", "PENDING_ACCEPTANCE") for peer in project.peers.values())
    if len(project.peers) >= _MAX_PEERS or pending >= _MAX_PENDING:
        raise ApiError("PEER_MAXIMUM_REACHED", f"At most {_MAX_PEERS} peers, {_MAX_PENDING} of them pending.")
    peer = Peer(
        id=new_id(),
        container=container,
        accepter_region=body["accepterRegionName"],
        account_id=body["awsAccountId"],
        vpc_id=body["vpcId"],
        route_cidr=str(block),
        due=now + delays.request,
        requested_at=now,
    )
    project.peers[peer.id] = peer
    return peer.view()


def delete_peer(peer: Peer, now: float, delays: Delays) -> None:
    """Ask for the end of a peer; it is gone a little later."""
    if peer.status == "TERMINATING":
        raise ApiError("PEER_ALREADY_REQUESTED_DELETION", f"Peer {peer.id} is being deleted already.")
    if peer.status == "FINALIZING":
        raise ApiError("PEER_INVALID_STATE", f"Peer {peer.id} cannot be deleted while it is FINALIZING.")
    peer.status, peer.error, peer.due = "TERMINATING", None, now + delays.terminate


def atlas_block(text: str) -> ipaddress.IPv4Network:
    """A block that Atlas can use for itself, /21 to /24 in RFC 1918, or the ApiError."""
    block = _any_block(text)
    if not 21 <= block.prefixlen <= 24:
        raise ApiError("ATLAS_INVALID_CIDR_BLOCK", f"{text} must be between /21 and /24.")
    if not any(block.subnet_of(private) for private in _PRIVATE):
        raise ApiError("ATLAS_INVALID_CIDR_BLOCK_RANGE", f"{text} is not in a private range.")
    return block


def _any_block(text: str) -> ipaddress.IPv4Network:
    try:
        return ipaddress.IPv4Network(text)
    except ValueError as error:
        canonical = "host bits set" not in str(error)
        code = "ATLAS_INVALID_CIDR_BLOCK" if canonical else "ATLAS_NON_CANONICAL_CIDR_BLOCK"
        raise ApiError(code, f"{text} is not a block in canonical form.") from error


def _refuse_overlap(project: Project, block: ipaddress.IPv4Network, own: Container | None) -> None:
    for other in project.containers.values():
        if other is not own and block.overlaps(ipaddress.IPv4Network(other.cidr)):
            raise ApiError("OVERLAPPING_ATLAS_CIDR_BLOCK", f"{block} overlaps {other.cidr} of container {other.id}.")
