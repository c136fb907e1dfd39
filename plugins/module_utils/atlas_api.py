# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The calls of Atlas that a peering needs, one small function each, and what they answer in our own terms."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from .atlas_client import Client
from .atlas_errors import AtlasError, UnknownOutcomeError
from .atlas_peering_model_plan import AccessEntry, AtlasPeer, Cluster, Container, atlas_region, aws_region

CLUSTERS_VERSION = "2024-08-05"
_AWS = {"providerName": "AWS"}


def list_containers(client: Client) -> tuple[Container, ...]:
    rows = client.pages("list the network containers", "/containers", **_AWS)
    return tuple(_container(row) for row in rows)


def create_container(client: Client, region: str, cidr: str) -> Container:
    """Make a region's container. Without a clear answer the list tells whether it was made."""
    body = {**_AWS, "regionName": atlas_region(region), "atlasCidrBlock": cidr}
    doing = f"create the network container {cidr} in {region}"
    try:
        return _container(client.call(doing, "POST", "/containers", body=body, repeatable=False))
    except UnknownOutcomeError:
        for container in list_containers(client):
            if container.region == region:
                return container
    return _container(client.call(doing, "POST", "/containers", body=body, repeatable=False))


def update_container(client: Client, container_id: str, region: str, cidr: str) -> None:
    body = {**_AWS, "regionName": atlas_region(region), "atlasCidrBlock": cidr}
    client.call(
        f"change the network container of {region} to {cidr}", "PATCH", f"/containers/{container_id}", body=body
    )


def delete_container(client: Client, container_id: str, region: str) -> None:
    _delete(client, f"delete the network container of {region}", f"/containers/{container_id}", "CONTAINER_NOT_FOUND")


def list_peers(client: Client) -> tuple[AtlasPeer, ...]:
    return tuple(_peer(row) for row in client.pages("list the peerings", "/peers", **_AWS))


def get_peer(client: Client, peer_id: str) -> AtlasPeer | None:
    """None only if Atlas says PEER_NOT_FOUND: any other refusal is an error."""
    try:
        return _peer(client.call("read the peering", "GET", f"/peers/{peer_id}"))
    except AtlasError as error:
        if error.code == "PEER_NOT_FOUND":
            return None
        raise


def create_peer(client: Client, container_id: str, region: str, account: str, vpc: str, route_cidr: str) -> AtlasPeer:
    """Request a peering. Without a clear answer the list tells whether it was. region: the VPC's, AWS form."""
    body = {
        **_AWS,
        "containerId": container_id,
        "accepterRegionName": region,
        "awsAccountId": account,
        "vpcId": vpc,
        "routeTableCidrBlock": route_cidr,
    }
    doing = f"request the peering with {vpc}"
    try:
        return _peer(client.call(doing, "POST", "/peers", body=body, repeatable=False))
    except UnknownOutcomeError:
        for peer in list_peers(client):
            if (peer.container_id, peer.account_id, peer.vpc_id) == (container_id, account, vpc):
                return peer
    return _peer(client.call(doing, "POST", "/peers", body=body, repeatable=False))


def delete_peer(client: Client, peer_id: str) -> None:
    gone = ("PEER_NOT_FOUND", "PEER_ALREADY_REQUESTED_DELETION")
    _delete(client, f"delete the peering {peer_id}", f"/peers/{peer_id}", *gone)


def list_access(client: Client) -> tuple[AccessEntry, ...]:
    """The access list, without the status, which has a call of its own."""
    rows = client.pages("list the access list", "/accessList")
    return tuple(AccessEntry(row.get("awsSecurityGroup") or row["cidrBlock"], row.get("comment", "")) for row in rows)


def add_access(client: Client, entries: list[dict[str, str]]) -> None:
    """One POST for all entries: Atlas does not support POSTs at the same time. The same entry again updates it."""
    client.call("add to the access list", "POST", "/accessList", body=entries)


def access_status(client: Client, value: str) -> str:
    """PENDING, FAILED or ACTIVE."""
    answer = client.call(f"read the access list entry {value}", "GET", f"/accessList/{quote(value, safe='')}/status")
    return str(answer["STATUS"])


def delete_access(client: Client, value: str) -> None:
    doing = f"delete the access list entry {value}"
    _delete(client, doing, f"/accessList/{quote(value, safe='')}", "ATLAS_NETWORK_PERMISSION_ENTRY_NOT_FOUND")


def list_clusters(client: Client) -> tuple[Cluster, ...]:
    rows = client.pages("list the clusters", "/clusters", version=CLUSTERS_VERSION)
    return tuple(_cluster(row) for row in rows)


def get_cluster(client: Client, name: str) -> dict[str, Any] | None:
    """Name, state, instance size and ordinary SRV string ("" before it exists); None only if CLUSTER_NOT_FOUND."""
    path = f"/clusters/{quote(name, safe='')}"
    try:
        row = client.call(f"read the cluster {name}", "GET", path, version=CLUSTERS_VERSION)
    except AtlasError as error:
        if error.code == "CLUSTER_NOT_FOUND":
            return None
        raise
    specs = row["replicationSpecs"][0]["regionConfigs"][0]["electableSpecs"]
    strings = row.get("connectionStrings", {})
    # Not privateSrv: it exists with awsCustomDNS only, and over peering the ordinary one leads to private addresses.
    return {
        "name": row["name"],
        "state": row["stateName"],
        "instance_size": specs["instanceSize"],
        "srv": strings.get("standardSrv", ""),
    }


def get_user_roles(client: Client, name: str) -> list[str] | None:
    """ROLE@DATABASE, sorted; None only if USERNAME_NOT_FOUND."""
    try:
        row = client.call(f"read the database user {name}", "GET", f"/databaseUsers/admin/{quote(name, safe='')}")
    except AtlasError as error:
        if error.code == "USERNAME_NOT_FOUND":
            return None
        raise
    return sorted(f"{role['roleName']}@{role['databaseName']}" for role in row["roles"])


def set_password(client: Client, name: str, password: str) -> None:
    doing = f"set the password of the database user {name}"
    client.call(doing, "PATCH", f"/databaseUsers/admin/{quote(name, safe='')}", body={"password": password})


def _delete(client: Client, doing: str, path: str, *gone: str) -> None:
    """Delete what may be gone already, as after a DELETE whose answer was lost."""
    try:
        client.call(doing, "DELETE", path)
    except AtlasError as error:
        if error.code not in gone:
            raise


def _container(row: dict[str, Any]) -> Container:
    return Container(row["id"], aws_region(row["regionName"]), row["atlasCidrBlock"])


def _peer(row: dict[str, Any]) -> AtlasPeer:
    return AtlasPeer(
        id=row["id"],
        container_id=row["containerId"],
        account_id=row["awsAccountId"],
        vpc_id=row["vpcId"],
        # Atlas answers null when the VPC is in the container's own region.
        region=aws_region(row["accepterRegionName"]) if row.get("accepterRegionName") else None,
        route_cidr=row["routeTableCidrBlock"],
        status=row["statusName"],
        error=row.get("errorStateName") or "",
        connection_id=row.get("connectionId") or "",
    )


def _cluster(row: dict[str, Any]) -> Cluster:
    configs = [config for spec in row["replicationSpecs"] for config in spec["regionConfigs"]]
    regions = frozenset(aws_region(config["regionName"]) for config in configs if config["providerName"] == "AWS")
    return Cluster(row["name"], regions)
