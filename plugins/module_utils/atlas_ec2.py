# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The EC2 calls that a peering needs, one small function each, and what they answer in our own terms."""

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code

from .api import ApiErrors, retry
from .atlas_peering_model_plan import Connection, Route, RouteTable, Vpc


class _Errors(ApiErrors):
    @classmethod
    def _is_missing(cls) -> type[BaseException]:
        return is_boto3_error_code(["InvalidVpcID.NotFound", "InvalidRoute.NotFound", "InvalidRouteTableID.NotFound"])


@_Errors.list_error_handler("describe VPC {vpc_id}", [])
@retry
def _describe_vpc(ec2: Any, vpc_id: str) -> list[dict[str, Any]]:
    return ec2.describe_vpcs(VpcIds=[vpc_id])["Vpcs"]


@_Errors.common_error_handler("describe attribute {name} of VPC {vpc_id}")
@retry
def _attribute(ec2: Any, vpc_id: str, name: str) -> bool:
    answer = ec2.describe_vpc_attribute(VpcId=vpc_id, Attribute=name)
    return answer[name[0].upper() + name[1:]]["Value"]


def get_vpc(ec2: Any, vpc_id: str) -> Vpc | None:
    """None only if EC2 says that there is none."""
    found = _describe_vpc(ec2, vpc_id)
    if not found:
        return None
    vpc = found[0]
    associated = [
        block["CidrBlock"]
        for block in vpc.get("CidrBlockAssociationSet", [])
        if block["CidrBlockState"]["State"] in ("associated", "associating")
    ]
    return Vpc(
        id=vpc["VpcId"],
        owner=vpc["OwnerId"],
        cidrs=tuple(dict.fromkeys([vpc["CidrBlock"], *associated])),
        dns_support=_attribute(ec2, vpc_id, "enableDnsSupport"),
        dns_hostnames=_attribute(ec2, vpc_id, "enableDnsHostnames"),
    )


@_Errors.common_error_handler("describe VPC peering connections")
@retry
def list_connections(ec2: Any, vpc_id: str) -> tuple[Connection, ...]:
    """Those of the VPC, also the ones that AWS still shows after their end."""
    pages = ec2.get_paginator("describe_vpc_peering_connections").paginate()
    rows = pages.build_full_result()["VpcPeeringConnections"]
    return tuple(_connection(row, vpc_id) for row in rows if vpc_id in _ends(row))


def _ends(row: dict[str, Any]) -> tuple[str | None, str | None]:
    return row["AccepterVpcInfo"].get("VpcId"), row["RequesterVpcInfo"].get("VpcId")


def _connection(row: dict[str, Any], vpc_id: str) -> Connection:
    sides = [row["AccepterVpcInfo"], row["RequesterVpcInfo"]]
    own, other = sides if sides[0].get("VpcId") == vpc_id else reversed(sides)
    blocks = [other.get("CidrBlock"), *(block["CidrBlock"] for block in other.get("CidrBlockSet", []))]
    return Connection(
        id=row["VpcPeeringConnectionId"],
        status=row["Status"]["Code"],
        cidrs=tuple(dict.fromkeys(block for block in blocks if block)),
        remote_dns=bool(own.get("PeeringOptions", {}).get("AllowDnsResolutionFromRemoteVpc")),
    )


@_Errors.common_error_handler("describe route tables")
@retry
def list_tables(ec2: Any, table_ids: list[str]) -> tuple[RouteTable, ...]:
    """The tables given, in their order; one that is not there is an error."""
    if not table_ids:
        return ()
    rows = ec2.get_paginator("describe_route_tables").paginate(RouteTableIds=table_ids).build_full_result()
    tables = [_table(row) for row in rows["RouteTables"]]
    return tuple(sorted(tables, key=lambda table: table_ids.index(table.id)))


def _table(row: dict[str, Any]) -> RouteTable:
    routes = tuple(
        Route(route["DestinationCidrBlock"], _target(route), route.get("State") != "blackhole")
        for route in row["Routes"]
        if "DestinationCidrBlock" in route
    )
    return RouteTable(row["RouteTableId"], row["VpcId"], routes)


def _target(route: dict[str, Any]) -> str:
    """The id behind a route: AWS has a key for each kind of target, such as VpcPeeringConnectionId or GatewayId."""
    kinds = [key for key in route if key.endswith("Id") and route[key] and not key.startswith("Destination")]
    # Of an instance's interface AWS shows three keys; the first will do to tell where it leads.
    return str(route[sorted(kinds)[0]]) if kinds else "nowhere"


@_Errors.common_error_handler("accept {connection_id}")
@retry
def accept(ec2: Any, connection_id: str) -> None:
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=connection_id)


@_Errors.common_error_handler("let Atlas resolve names of the VPC over {connection_id}")
@retry
def allow_remote_dns(ec2: Any, connection_id: str) -> None:
    ec2.modify_vpc_peering_connection_options(
        VpcPeeringConnectionId=connection_id,
        AccepterPeeringConnectionOptions={"AllowDnsResolutionFromRemoteVpc": True},
    )


@_Errors.common_error_handler("switch on DNS support of {vpc_id}")
@retry
def set_dns_support(ec2: Any, vpc_id: str) -> None:
    ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsSupport={"Value": True})


@_Errors.common_error_handler("switch on DNS hostnames of {vpc_id}")
@retry
def set_dns_hostnames(ec2: Any, vpc_id: str) -> None:
    ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": True})


@_Errors.common_error_handler("route {cidr} in {table} to {connection_id}")
@retry
def create_route(ec2: Any, table: str, cidr: str, connection_id: str) -> None:
    ec2.create_route(RouteTableId=table, DestinationCidrBlock=cidr, VpcPeeringConnectionId=connection_id)


@_Errors.common_error_handler("route {cidr} in {table} to {connection_id}")
@retry
def replace_route(ec2: Any, table: str, cidr: str, connection_id: str) -> None:
    ec2.replace_route(RouteTableId=table, DestinationCidrBlock=cidr, VpcPeeringConnectionId=connection_id)


@_Errors.deletion_error_handler("delete the route {cidr} of {table}")
@retry
def delete_route(ec2: Any, table: str, cidr: str) -> None:
    ec2.delete_route(RouteTableId=table, DestinationCidrBlock=cidr)
