# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""From both sides of a peering as they are to what is wanted: the steps, in order, and what check mode shows. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .atlas_obstacles_plan import (
    LIVE,
    container_obstacle,
    overlap_obstacle,
    peer_obstacle,
    removal_obstacle,
    vpc_obstacle,
)
from .atlas_peering_model_plan import AtlasPeer, Connection, Container, Plan, RouteTable, Snapshot, Step, Vpc, Wanted

#: The better state first: with several peerings for one VPC, as after an interrupted run, the best one counts.
_ORDER = ("AVAILABLE", "FINALIZING", "PENDING_ACCEPTANCE", "INITIATING", "TERMINATING", "FAILED")


def find_container(snapshot: Snapshot, wanted: Wanted) -> Container | None:
    """The container of the wanted region, not just any."""
    return next((one for one in snapshot.containers if one.region == wanted.atlas_region), None)


def find_peers(snapshot: Snapshot, wanted: Wanted, container: Container | None) -> list[AtlasPeer]:
    """The region's peerings with the VPC, the best first. A peering without a region has the container's."""
    if container is None:
        return []
    mine = [
        peer
        for peer in snapshot.peers
        if (peer.container_id, peer.vpc_id, peer.region or container.region)
        == (container.id, wanted.vpc_id, wanted.region)
    ]
    return sorted(mine, key=lambda peer: _ORDER.index(peer.status))


def plan_present(snapshot: Snapshot, wanted: Wanted) -> Plan:
    """The steps until traffic can flow, or what blocks them; total."""
    before = view(snapshot, wanted)
    container = find_container(snapshot, wanted)
    peers = find_peers(snapshot, wanted, container)
    peer = peers[0] if peers else None
    blocked = vpc_obstacle(snapshot.vpc, ((table.id, table.vpc_id) for table in snapshot.tables), wanted)
    blocked = blocked or container_obstacle(container, snapshot, wanted)
    if blocked or snapshot.vpc is None:
        return Plan(before, before, blocked=blocked)
    vpc = snapshot.vpc
    cidr = wanted.cidr or (container.cidr if container else "")
    route_cidr = wanted.route_cidr or vpc.cidrs[0]
    connection = _connection(snapshot, peer)
    own = connection.id if connection else ""
    blocked = overlap_obstacle(cidr, route_cidr, vpc, snapshot, peer) or peer_obstacle(peer, route_cidr)
    if blocked:
        return Plan(before, before, blocked=blocked)
    arguments = {"vpc_id": vpc.id, "account": vpc.owner, "region": wanted.region, "route_cidr": route_cidr}
    peering = _peering_steps(peer, connection, arguments)
    renewed = any(step.action == "create_peer" for step in peering)
    steps = [
        *_container_steps(container, wanted, cidr),
        *peering,
        *_dns_steps(vpc, None if renewed else connection, wanted),
        *_route_steps(snapshot.tables, cidr, "" if renewed else own),
        *_access_steps(snapshot, wanted, renewed=renewed),
    ]
    return Plan(before, _after(snapshot, wanted, cidr, renewed=renewed), tuple(steps))


def plan_absent(snapshot: Snapshot, wanted: Wanted) -> Plan:
    """The steps until nothing of the peering is left, in the order that Atlas and AWS need; total."""
    before = view(snapshot, wanted)
    container = find_container(snapshot, wanted)
    blocked = removal_obstacle(container, snapshot, wanted)
    if blocked:
        return Plan(before, before, blocked=blocked)
    peers = find_peers(snapshot, wanted, container)
    listed = {entry.value for entry in snapshot.access}
    steps = [Step("delete_access", value, {"value": value}) for value in wanted.access if value in listed]
    steps += _route_removals(snapshot, wanted, peers)
    steps += [step for peer in peers for step in _end(peer)]
    if container and not wanted.keep_container:
        about = f"{container.cidr} in {container.region}"
        steps.append(Step("delete_container", about, {"id": container.id, "region": container.region}))
    return Plan(before, _gone(before, wanted), tuple(steps))


def _connection(snapshot: Snapshot, peer: AtlasPeer | None) -> Connection | None:
    if peer is None or not peer.connection_id:
        return None
    return next((one for one in snapshot.connections if one.id == peer.connection_id), None)


def _container_steps(container: Container | None, wanted: Wanted, cidr: str) -> list[Step]:
    arguments = {"region": wanted.atlas_region, "cidr": cidr}
    if container is None:
        return [Step("create_container", f"{cidr} in {wanted.atlas_region}", arguments)]
    if container.cidr != cidr:
        return [Step("update_container", f"{container.cidr} becomes {cidr}", {"id": container.id, **arguments})]
    return []


def _peering_steps(peer: AtlasPeer | None, connection: Connection | None, arguments: Mapping[str, Any]) -> list[Step]:
    """One row a state of the two sides; see the table in tests/unit."""
    available = Step("wait_available", "Atlas says AVAILABLE and AWS says active")
    accept = Step("accept", "the request, on the AWS side")
    request = Step("wait_request", "until the request is in AWS")
    anew = [Step("create_peer", f"with {arguments['vpc_id']}", arguments), request, accept, available]
    if peer is None:
        return anew
    if peer.status in ("FAILED", "TERMINATING"):
        return [*_end(peer), *anew]
    status = connection.status if connection else ""
    if peer.status == "INITIATING" or (peer.status == "PENDING_ACCEPTANCE" and not status):
        return [request, accept, available]
    if peer.status == "FINALIZING":
        return [available]
    if status in ("pending-acceptance", "initiating-request"):
        return [accept, available]
    if status in LIVE:
        return [] if (peer.status, status) == ("AVAILABLE", "active") else [available]
    return [*_end(peer, status or "no longer in AWS"), *anew]


def _end(peer: AtlasPeer, reason: str = "") -> list[Step]:
    gone = Step("wait_peer_gone", f"until {peer.id} is gone", {"id": peer.id})
    if peer.status == "TERMINATING":
        return [gone]
    why = reason or " ".join(part for part in (peer.status, peer.error) if part)
    return [Step("delete_peer", f"{peer.id} ({why})", {"id": peer.id}), gone]


def _dns_steps(vpc: Vpc, connection: Connection | None, wanted: Wanted) -> list[Step]:
    """connection: None for one that is yet to come, whose options are AWS's defaults: off."""
    if not wanted.dns:
        return []
    steps = []
    if not vpc.dns_support:
        steps.append(Step("set_dns_support", f"of {vpc.id}", {"vpc_id": vpc.id}))
    if not vpc.dns_hostnames:
        steps.append(Step("set_dns_hostnames", f"of {vpc.id}", {"vpc_id": vpc.id}))
    if connection is None or not connection.remote_dns:
        steps.append(Step("allow_remote_dns", "over the peering"))
    return steps


def _route_steps(tables: Iterable[RouteTable], cidr: str, own: str) -> list[Step]:
    """own: the pcx- that routes must lead to, empty if it is yet to come."""
    steps = []
    for table in tables:
        route = next((one for one in table.routes if one.destination == cidr), None)
        arguments = {"table": table.id, "cidr": cidr}
        if route is None:
            steps.append(Step("create_route", f"{cidr} in {table.id}", arguments))
        elif not own or route.target != own:
            steps.append(Step("replace_route", f"{cidr} in {table.id}, which led to {route.target}", arguments))
    return steps


def _access_steps(snapshot: Snapshot, wanted: Wanted, *, renewed: bool) -> list[Step]:
    """Atlas drops security groups with a project's last peering, so that a renewed one needs them again."""
    known = {entry.value: entry for entry in snapshot.access}
    entries, waiting = [], []
    for value, comment in wanted.access.items():
        entry = known.get(value)
        lost = renewed and value.startswith("sg-")
        same = entry is not None and comment in (None, entry.comment) and entry.status != "FAILED"
        if entry is None or lost or not same:
            kind = "awsSecurityGroup" if value.startswith("sg-") else "cidrBlock"
            kept = entry.comment if entry and comment is None else comment
            entries.append({kind: value} | ({"comment": kept} if kept else {}))
            waiting.append(value)
        elif entry.status == "PENDING":
            waiting.append(value)
    steps = []
    if entries:
        named = ", ".join(next(iter(entry.values())) for entry in entries)
        steps.append(Step("add_access", named, {"entries": entries}))
    if waiting:
        steps.append(Step("wait_access", f"until {', '.join(waiting)} ACTIVE", {"values": waiting}))
    return steps


def _route_removals(snapshot: Snapshot, wanted: Wanted, peers: Iterable[AtlasPeer]) -> list[Step]:
    """Routes to this peering, and to peerings that are gone if they are for Atlas's block."""
    own = {peer.connection_id for peer in peers}
    live = {connection.id for connection in snapshot.connections if connection.status in LIVE}
    container = find_container(snapshot, wanted)
    blocks = {container.cidr if container else "", wanted.cidr}
    steps = []
    for table in snapshot.tables:
        for route in table.routes:
            dead = route.target.startswith("pcx-") and (route.target not in live or not route.active)
            if route.target in own or (dead and route.destination in blocks):
                arguments = {"table": table.id, "cidr": route.destination}
                steps.append(Step("delete_route", f"{route.destination} in {table.id}", arguments))
    return steps


def view(snapshot: Snapshot, wanted: Wanted) -> dict[str, Any]:
    """What there is, without ids that a promise could not know."""
    container = find_container(snapshot, wanted)
    peers = find_peers(snapshot, wanted, container)
    peer = peers[0] if peers else None
    connection = _connection(snapshot, peer)
    own = connection.id if connection else ""
    entries = {entry.value: entry for entry in snapshot.access if entry.value in wanted.access}
    shown: dict[str, Any] = {
        "container": {"region": container.region, "cidr": container.cidr} if container else None,
        "peering": None,
        "routes": {},
        "access_list": {value: [entry.status, entry.comment] for value, entry in entries.items()},
    }
    if peer:
        aws = connection.status if connection else "none"
        shown["peering"] = {"vpc": peer.vpc_id, "atlas": peer.status, "aws": aws}
        shown["peering"]["remote_dns"] = bool(connection and connection.remote_dns)
    for table in snapshot.tables:
        leading = sorted(route.destination for route in table.routes if own and route.target == own)
        shown["routes"] |= {table.id: leading} if leading else {}
    if snapshot.vpc:
        shown["vpc_dns"] = {"support": snapshot.vpc.dns_support, "hostnames": snapshot.vpc.dns_hostnames}
    return shown


def _after(snapshot: Snapshot, wanted: Wanted, cidr: str, *, renewed: bool) -> dict[str, Any]:
    now = view(snapshot, wanted)
    remote_dns = wanted.dns or (not renewed and now["peering"]["remote_dns"])
    comments = {value: shown[1] for value, shown in now["access_list"].items()}
    access = {
        value: ["ACTIVE", comments.get(value, "") if comment is None else comment]
        for value, comment in wanted.access.items()
    }
    now |= {
        "container": {"region": wanted.atlas_region, "cidr": cidr},
        "peering": {"vpc": wanted.vpc_id, "atlas": "AVAILABLE", "aws": "active", "remote_dns": remote_dns},
        "routes": {table.id: sorted({*now["routes"].get(table.id, ()), cidr}) for table in snapshot.tables},
        "access_list": access,
    }
    if wanted.dns:
        now["vpc_dns"] = {"support": True, "hostnames": True}
    return now


def _gone(before: Mapping[str, Any], wanted: Wanted) -> dict[str, Any]:
    kept = before["container"] if wanted.keep_container else None
    return {**before, "container": kept, "peering": None, "routes": {}, "access_list": {}}
