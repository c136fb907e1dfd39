# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Observe both sides of a peering, and carry out a plan: loops over steps, waits, decides nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from . import atlas_api, atlas_ec2
from .atlas_client import Client
from .atlas_errors import AtlasError
from .atlas_obstacles_plan import LIVE
from .atlas_peering_model_plan import AtlasPeer, Connection, Plan, Snapshot, Step, Wanted
from .atlas_peering_plan import find_container, find_peers
from .blue_green.progress import Progress

#: Refusals that pass by themselves: Atlas cleans up behind a peering or a cluster in its own time.
_PASSING_PEER = ("PEER_INVALID_STATE",)
_PASSING_CONTAINER = ("CANNOT_DELETE_RECENTLY_CREATED_CONTAINER", "CONTAINERS_IN_USE")


class StepFailedError(Exception):
    """A step did not reach what it is for. The text is one line, for people."""


def observe(client: Client, ec2: Any, wanted: Wanted, tables: list[str]) -> Snapshot:
    """Read both sides. Reads that fail raise AtlasError or AnsibleAWSError: nothing is taken for absent."""
    access = []
    for entry in atlas_api.list_access(client):
        status = atlas_api.access_status(client, entry.value) if entry.value in wanted.access else ""
        access.append(replace(entry, status=status))
    return Snapshot(
        vpc=atlas_ec2.get_vpc(ec2, wanted.vpc_id),
        containers=atlas_api.list_containers(client),
        peers=atlas_api.list_peers(client),
        access=tuple(access),
        clusters=atlas_api.list_clusters(client),
        connections=atlas_ec2.list_connections(ec2, wanted.vpc_id),
        tables=atlas_ec2.list_tables(ec2, tables),
    )


@dataclass
class Run:
    """One carrying out of a plan. timeout: seconds that each wait may take; the ids are learned on the way."""

    client: Client
    ec2: Any
    vpc_id: str
    progress: Progress
    timeout: float
    poll_interval: float
    sleep: Callable[[float], None] = time.sleep
    container_id: str = ""
    peer_id: str = ""
    connection_id: str = ""
    done: list[Step] = field(default_factory=list)

    def know(self, snapshot: Snapshot, wanted: Wanted) -> None:
        """Take the ids from what was observed."""
        container = find_container(snapshot, wanted)
        peers = find_peers(snapshot, wanted, container)
        self.container_id = container.id if container else ""
        self.peer_id = peers[0].id if peers else ""
        self.connection_id = peers[0].connection_id if peers else ""

    def ticks(self, what: str) -> Iterator[None]:
        """Poll until the deadline; the one who iterates leaves when it is satisfied."""
        deadline = self.progress.clock() + self.timeout
        while True:
            yield
            if self.progress.clock() >= deadline:
                raise StepFailedError(f"{what} within {self.timeout:g} s: run again to go on waiting")
            self.sleep(self.poll_interval)


def apply(run: Run, plan: Plan) -> None:
    """Do the steps in order."""
    for step in plan.steps:
        with run.progress.step(f"{step.action}: {step.about}", step.action):
            ACTIONS[step.action](run, **step.arguments)
        run.done.append(step)


def _create_container(run: Run, region: str, cidr: str) -> None:
    run.container_id = atlas_api.create_container(run.client, region, cidr).id


def _update_container(run: Run, id: str, region: str, cidr: str) -> None:  # noqa: A002 -- the step's own word
    atlas_api.update_container(run.client, id, region, cidr)


def _delete_container(run: Run, id: str, region: str) -> None:  # noqa: A002
    _patiently(run, lambda: atlas_api.delete_container(run.client, id, region), _PASSING_CONTAINER)


def _create_peer(run: Run, vpc_id: str, account: str, region: str, route_cidr: str) -> None:
    peer = atlas_api.create_peer(run.client, run.container_id, region, account, vpc_id, route_cidr)
    run.peer_id, run.connection_id = peer.id, peer.connection_id


def _delete_peer(run: Run, id: str) -> None:  # noqa: A002
    _patiently(run, lambda: atlas_api.delete_peer(run.client, id), _PASSING_PEER)


def _patiently(run: Run, call: Callable[[], None], passing: Sequence[str]) -> None:
    """Repeat a call that Atlas refuses for reasons that pass by themselves; at the deadline its word stands."""
    deadline = run.progress.clock() + run.timeout
    while True:
        try:
            return call()
        except AtlasError as error:
            if error.code not in passing or run.progress.clock() >= deadline:
                raise
            run.progress.say(f"Atlas is not ready for it: {error.code}")
        run.sleep(run.poll_interval)


def _look(run: Run) -> tuple[AtlasPeer, Connection | None]:
    """Both sides now; raises if the peering has failed or is gone."""
    peer = atlas_api.get_peer(run.client, run.peer_id)
    if peer is None:
        raise StepFailedError(f"peering {run.peer_id} was deleted while this ran")
    run.connection_id = peer.connection_id or run.connection_id
    connections = atlas_ec2.list_connections(run.ec2, run.vpc_id) if run.connection_id else ()
    connection = next((one for one in connections if one.id == run.connection_id), None)
    aws = f"{run.connection_id} is {connection.status}" if connection else "nothing is in AWS yet"
    run.progress.say(f"Atlas says {peer.status}, {aws}")
    if peer.status == "FAILED":
        raise StepFailedError(f"peering {peer.id} FAILED{_reason(peer.error)}; run again to request it anew")
    if peer.status == "TERMINATING" or (connection and connection.status not in LIVE):
        raise StepFailedError(f"peering {peer.id} is ending: Atlas says {peer.status}, {aws}")
    return peer, connection


def _reason(error: str) -> str:
    meaning = {
        "REJECTED": "somebody rejected or deleted the request in AWS",
        "EXPIRED": "nobody accepted the request in time",
        "INVALID_ARGUMENT": "AWS found no such VPC; check account_id, vpc_id and region",
    }
    return f" ({error}: {meaning.get(error, 'see the project in Atlas')})" if error else ""


def _wait_request(run: Run) -> None:
    for _tick in run.ticks("Atlas's request did not appear in AWS"):
        _peer, connection = _look(run)
        if connection and connection.status != "initiating-request":
            return


def _accept(run: Run) -> None:
    """Accept, unless somebody has done so since."""
    connections = atlas_ec2.list_connections(run.ec2, run.vpc_id)
    if any(one.id == run.connection_id and one.status in ("active", "provisioning") for one in connections):
        return
    atlas_ec2.accept(run.ec2, run.connection_id)


def _wait_available(run: Run) -> None:
    for _tick in run.ticks("The peering was not AVAILABLE at Atlas and active in AWS"):
        peer, connection = _look(run)
        if peer.status == "AVAILABLE" and connection and connection.status == "active":
            return


def _wait_peer_gone(run: Run, id: str) -> None:  # noqa: A002
    for _tick in run.ticks(f"Peering {id} was not gone from Atlas"):
        peer = atlas_api.get_peer(run.client, id)
        if peer is None:
            return
        run.progress.say(f"Atlas says {peer.status}")


def _set_dns_support(run: Run, vpc_id: str) -> None:
    atlas_ec2.set_dns_support(run.ec2, vpc_id)


def _set_dns_hostnames(run: Run, vpc_id: str) -> None:
    atlas_ec2.set_dns_hostnames(run.ec2, vpc_id)


def _allow_remote_dns(run: Run) -> None:
    atlas_ec2.allow_remote_dns(run.ec2, run.connection_id)


def _create_route(run: Run, table: str, cidr: str) -> None:
    atlas_ec2.create_route(run.ec2, table, cidr, run.connection_id)


def _replace_route(run: Run, table: str, cidr: str) -> None:
    atlas_ec2.replace_route(run.ec2, table, cidr, run.connection_id)


def _delete_route(run: Run, table: str, cidr: str) -> None:
    atlas_ec2.delete_route(run.ec2, table, cidr)


def _add_access(run: Run, entries: list[dict[str, str]]) -> None:
    atlas_api.add_access(run.client, entries)


def _wait_access(run: Run, values: list[str]) -> None:
    waiting = list(values)
    for _tick in run.ticks(f"The access list did not have {', '.join(values)} ACTIVE"):
        statuses = {value: atlas_api.access_status(run.client, value) for value in waiting}
        failed = [value for value, status in statuses.items() if status == "FAILED"]
        if failed:
            raise StepFailedError(f"Atlas says FAILED of {', '.join(failed)} in the access list")
        waiting = [value for value, status in statuses.items() if status != "ACTIVE"]
        if not waiting:
            return
        run.progress.say(f"waiting for {', '.join(waiting)}")


def _delete_access(run: Run, value: str) -> None:
    atlas_api.delete_access(run.client, value)


ACTIONS: dict[str, Callable[..., None]] = {
    "create_container": _create_container,
    "update_container": _update_container,
    "delete_container": _delete_container,
    "create_peer": _create_peer,
    "delete_peer": _delete_peer,
    "wait_peer_gone": _wait_peer_gone,
    "wait_request": _wait_request,
    "accept": _accept,
    "wait_available": _wait_available,
    "set_dns_support": _set_dns_support,
    "set_dns_hostnames": _set_dns_hostnames,
    "allow_remote_dns": _allow_remote_dns,
    "create_route": _create_route,
    "replace_route": _replace_route,
    "delete_route": _delete_route,
    "add_access": _add_access,
    "wait_access": _wait_access,
    "delete_access": _delete_access,
}
