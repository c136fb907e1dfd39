# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters and database users: enough to hold a container, and for community.mongodb (v1.0) to make them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.atlas import network
from localcloud.atlas.problems import ApiError
from localcloud.atlas.store import Cluster, Delays, Project

if TYPE_CHECKING:
    from collections.abc import Mapping


def create(project: Project, body: Mapping[str, Any], now: float, delays: Delays) -> Cluster:
    """Make a cluster from a v1.0 or v2 body; a region without a container gets one."""
    if any(name[:23] == body["name"][:23] for name in project.clusters):
        raise ApiError("DUPLICATE_CLUSTER_NAME", f"The first 23 characters of {body['name']} are taken.")
    legacy = dict(body) if "providerSettings" in body else _legacy(body)
    settings = legacy["providerSettings"]
    network.default_container(project, settings["regionName"], now, delays)
    cluster = Cluster(
        name=body["name"],
        region=settings["regionName"],
        size=settings["instanceSizeName"],
        legacy=legacy,
        due=now + delays.cluster,
        protected=bool(body.get("terminationProtectionEnabled")),
    )
    project.clusters[cluster.name] = cluster
    return cluster


def update(cluster: Cluster, body: Mapping[str, Any], now: float, delays: Delays) -> None:
    """Change a cluster in place."""
    cluster.protected = bool(body.get("terminationProtectionEnabled", cluster.protected))
    cluster.legacy |= {key: value for key, value in body.items() if key in cluster.legacy or key != "replicationSpecs"}
    cluster.state, cluster.due = "UPDATING", now + delays.cluster


def delete(cluster: Cluster, now: float, delays: Delays) -> None:
    """Ask for the end of a cluster."""
    if cluster.protected:
        code = "CANNOT_TERMINATE_CLUSTER_WHEN_TERMINATION_PROTECTION_ENABLED"
        raise ApiError(code, f"{cluster.name} is protected from termination.")
    cluster.state, cluster.due = "DELETING", now + delays.cluster


def _legacy(body: Mapping[str, Any]) -> dict[str, Any]:
    region = body["replicationSpecs"][0]["regionConfigs"][0]
    specs = region["electableSpecs"]
    return {
        "name": body["name"],
        "clusterType": body["clusterType"],
        "replicationFactor": specs["nodeCount"],
        "providerSettings": {
            "providerName": region["providerName"],
            "regionName": region["regionName"],
            "instanceSizeName": specs["instanceSize"],
        },
    }


def view(project: Project, cluster: Cluster) -> dict[str, Any]:
    """As v2 shows it."""
    settings = cluster.legacy["providerSettings"]
    specs = {"instanceSize": cluster.size, "nodeCount": cluster.legacy.get("replicationFactor", 3)}
    region = {
        "providerName": settings["providerName"],
        "regionName": cluster.region,
        "priority": 7,
        "electableSpecs": specs,
    }
    return {
        "name": cluster.name,
        "groupId": project.id,
        "clusterType": cluster.legacy["clusterType"],
        "stateName": cluster.state,
        "terminationProtectionEnabled": cluster.protected,
        "connectionStrings": _strings(project, cluster),
        "replicationSpecs": [{"regionConfigs": [region]}],
    }


def legacy_view(project: Project, cluster: Cluster) -> dict[str, Any]:
    """As v1.0 shows it: with settings that nobody sent, so that a comparison by equality never ends."""
    more = {"providerSettings": cluster.legacy["providerSettings"] | {"volumeType": "STANDARD"}}
    rest = more | {"groupId": project.id, "stateName": cluster.state, "connectionStrings": _strings(project, cluster)}
    return cluster.legacy | rest


def _strings(project: Project, cluster: Cluster) -> dict[str, str]:
    """Strings exist once the cluster does; the private ones only with custom DNS.

    https://www.mongodb.com/docs/atlas/reference/faq/connection-changes/ and atlas.md A3: over peering, with the VPC's
    DNS flags on, the standard names lead to private addresses.
    """
    if cluster.state == "CREATING":
        return {}
    host = f"{cluster.name.lower()}.{project.id[:5]}.mongodb.net"
    shown = {"standardSrv": f"mongodb+srv://{host}", "standard": f"mongodb://{host}:27017/?ssl=true"}
    if project.custom_dns:
        private = f"{cluster.name.lower()}-pri.{project.id[:5]}.mongodb.net"
        shown |= {"privateSrv": f"mongodb+srv://{private}", "private": f"mongodb://{private}:27017/?ssl=true"}
    return shown


def create_user(project: Project, body: Mapping[str, Any]) -> dict[str, Any]:
    """Make a database user; its password is kept and never shown."""
    key = (body["databaseName"], body["username"])
    if key in project.users:
        raise ApiError("USER_ALREADY_EXISTS", f"User {body['username']} exists already.")
    project.users[key] = dict(body)
    return user_view(project, project.users[key])


def find_user(project: Project, database: str, name: str) -> dict[str, Any]:
    """The user that a path names, or the ApiError."""
    if (database, name) not in project.users:
        raise ApiError("USERNAME_NOT_FOUND", f"No user {name} exists in {database}.")
    return project.users[database, name]


def user_view(project: Project, user: Mapping[str, Any]) -> dict[str, Any]:
    """As the API shows it."""
    shown = {key: value for key, value in user.items() if key != "password"}
    return {"scopes": [], "roles": []} | shown | {"groupId": project.id}
