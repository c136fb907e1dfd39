# SPDX-License-Identifier: GPL-3.0-or-later
"""What each operation of the contract does, by operationId. The request is valid by then, the caller known."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from localcloud.atlas import access, clusters, network
from localcloud.atlas.problems import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from localcloud.atlas.auth import Principal
    from localcloud.atlas.store import Delays, Project

_PAGE_SIZE = 100


@dataclasses.dataclass(frozen=True, slots=True)
class Call:
    """One valid request. body: the parsed JSON or None; now: seconds of the clock. accounts, keys: the project's."""

    project: Project
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    now: float
    delays: Delays
    accounts: Sequence[Principal] = ()
    keys: Sequence[Principal] = ()


Answer = tuple[int, Any]


def _page(call: Call, rows: Iterable[dict[str, Any]]) -> Answer:
    every = list(rows)
    size = int(call.query.get("itemsPerPage", _PAGE_SIZE))
    first = (int(call.query.get("pageNum", 1)) - 1) * size
    return 200, {"links": [], "results": every[first : first + size], "totalCount": len(every)}


def _list_containers(call: Call) -> Answer:
    return _page(call, (container.view() for container in call.project.containers.values()))


def _create_container(call: Call) -> Answer:
    return 200, network.create_container(call.project, call.body, call.now, call.delays)


def _get_container(call: Call) -> Answer:
    return 200, call.project.container(call.path["containerId"]).view()


def _update_container(call: Call) -> Answer:
    return 200, network.update_container(call.project, call.project.container(call.path["containerId"]), call.body)


def _delete_container(call: Call) -> Answer:
    network.delete_container(call.project, call.project.container(call.path["containerId"]), call.now)
    return 204, None


def _list_peers(call: Call) -> Answer:
    return _page(call, (peer.view() for peer in call.project.peers.values()))


def _create_peer(call: Call) -> Answer:
    return 200, network.create_peer(call.project, call.body, call.now, call.delays)


def _get_peer(call: Call) -> Answer:
    return 200, call.project.peer(call.path["peerId"]).view()


def _delete_peer(call: Call) -> Answer:
    network.delete_peer(call.project.peer(call.path["peerId"]), call.now, call.delays)
    return 202, {}


def _list_access(call: Call) -> Answer:
    return _page(call, (entry.view(call.project.id) for entry in call.project.access.values()))


def _add_access(call: Call) -> Answer:
    access.add(call.project, call.body, call.now, call.delays)
    return _list_access(call)


def _delete_access(call: Call) -> Answer:
    del call.project.access[access.find(call.project, call.path["entry"]).value]
    return 204, None


def _access_status(call: Call) -> Answer:
    return 200, {"STATUS": access.find(call.project, call.path["entry"]).status}


def _get_custom_dns(call: Call) -> Answer:
    return 200, {"enabled": call.project.custom_dns}


def _update_custom_dns(call: Call) -> Answer:
    call.project.custom_dns = call.body["enabled"]
    return _get_custom_dns(call)


def _list_clusters(call: Call) -> Answer:
    return _page(call, (clusters.view(call.project, cluster) for cluster in call.project.clusters.values()))


def _create_cluster(call: Call) -> Answer:
    return 201, clusters.view(call.project, clusters.create(call.project, call.body, call.now, call.delays))


def _get_cluster(call: Call) -> Answer:
    return 200, clusters.view(call.project, call.project.cluster(call.path["clusterName"]))


def _delete_cluster(call: Call) -> Answer:
    clusters.delete(call.project.cluster(call.path["clusterName"]), call.now, call.delays)
    return 202, {}


def _create_legacy_cluster(call: Call) -> Answer:
    made = clusters.create(call.project, call.body, call.now, call.delays)
    return 201, clusters.legacy_view(call.project, made)


def _get_legacy_cluster(call: Call) -> Answer:
    return 200, clusters.legacy_view(call.project, call.project.cluster(call.path["clusterName"]))


def _update_legacy_cluster(call: Call) -> Answer:
    clusters.update(call.project.cluster(call.path["clusterName"]), call.body, call.now, call.delays)
    return _get_legacy_cluster(call)


def _user(call: Call) -> dict[str, Any]:
    return clusters.find_user(call.project, call.path["databaseName"], call.path["username"])


def _create_user(call: Call) -> Answer:
    return 201, clusters.create_user(call.project, call.body)


def _get_user(call: Call) -> Answer:
    return 200, clusters.user_view(call.project, _user(call))


def _update_user(call: Call) -> Answer:
    _user(call).update(call.body)
    return _get_user(call)


def _delete_user(call: Call) -> Answer:
    _user(call)
    del call.project.users[call.path["databaseName"], call.path["username"]]
    return 204, None


def _get_service_account(call: Call) -> Answer:
    wanted = call.path["clientId"]
    roles = [each.role for each in call.accounts if each.id == wanted]
    if not roles:
        raise ApiError("RESOURCE_NOT_FOUND", f"Project {call.project.id} has no service account {wanted}.")
    return 200, {"clientId": wanted, "name": wanted, "roles": roles}


def _list_api_keys(call: Call) -> Answer:
    group = call.project.id
    return _page(
        call, ({"publicKey": key.id, "roles": [{"groupId": group, "roleName": key.role}]} for key in call.keys)
    )


HANDLERS: dict[str, Callable[[Call], Answer]] = {
    "listContainers": _list_containers,
    "createContainer": _create_container,
    "getContainer": _get_container,
    "updateContainer": _update_container,
    "deleteContainer": _delete_container,
    "listPeers": _list_peers,
    "createPeer": _create_peer,
    "getPeer": _get_peer,
    "deletePeer": _delete_peer,
    "listAccess": _list_access,
    "addAccess": _add_access,
    "deleteAccess": _delete_access,
    "getAccessStatus": _access_status,
    "getCustomDns": _get_custom_dns,
    "updateCustomDns": _update_custom_dns,
    "listClusters": _list_clusters,
    "createCluster": _create_cluster,
    "getCluster": _get_cluster,
    "deleteCluster": _delete_cluster,
    "getUser": _get_user,
    "updateUser": _update_user,
    "getServiceAccount": _get_service_account,
    "listApiKeys": _list_api_keys,
    "createLegacyCluster": _create_legacy_cluster,
    "getLegacyCluster": _get_legacy_cluster,
    "updateLegacyCluster": _update_legacy_cluster,
    "deleteLegacyCluster": _delete_cluster,
    "createLegacyUser": _create_user,
    "getLegacyUser": _get_user,
    "updateLegacyUser": _update_user,
    "deleteLegacyUser": _delete_user,
}


def run(operation: str, call: Call) -> Answer:
    """Run one operation: HTTP status and JSON body (None: no body)."""
    handler = HANDLERS.get(operation)
    if handler is None:
        raise ApiError("RESOURCE_NOT_FOUND", f"{operation} is not here.")
    return handler(call)
