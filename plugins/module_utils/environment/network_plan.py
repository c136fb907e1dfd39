# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What EC2 and Elastic Load Balancing describe, as parts of the snapshot: network and load balancer. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Described = Mapping[str, Any]
Document = dict[str, Any]

# A connection in these states carries nothing, and AWS shows it for a while after its end (Amazon VPC user guide, "VPC
# peering connection lifecycle").
GONE = ("deleted", "deleting", "rejected", "failed", "expired")


def name_of(described: Described) -> str:
    """What its tag Name says, else empty."""
    return next((str(tag["Value"]) for tag in described.get("Tags", []) if tag["Key"] == "Name"), "")


def network(vpc: Described, found: Mapping[str, Sequence[Described]], peering: Document | None) -> Document:
    """found: subnets, tables, nats, endpoints and logs of the VPC as EC2 describes them."""
    shown = [_subnet(each, found["tables"]) for each in found["subnets"]]
    subnets = sorted(shown, key=lambda each: (each["kind"] != "public", each["zone"], each["id"]))
    zones = sorted({str(each["zone"]) for each in subnets})
    return {
        "vpc_id": vpc["VpcId"],
        "cidr": vpc["CidrBlock"],
        "zones": zones,
        "subnets": subnets,
        "nat": _nat(found["nats"], zones),
        "s3_endpoint": _endpoint(found["endpoints"]),
        "flow_log": any(each.get("FlowLogStatus") == "ACTIVE" for each in found["logs"]),
        "peering": peering,
    }


def _subnet(described: Described, tables: Iterable[Described]) -> Document:
    return {
        "id": described["SubnetId"],
        "name": name_of(described) or described["SubnetId"],
        "cidr": described["CidrBlock"],
        "zone": described["AvailabilityZone"],
        "kind": "public" if _leads_out(described["SubnetId"], list(tables)) else "private",
    }


def _leads_out(subnet: str, tables: list[Described]) -> bool:
    """Whether its route table has an internet gateway: its own, else the VPC's main one."""
    own = [each for each in tables if any(link.get("SubnetId") == subnet for link in each.get("Associations", []))]
    main = [each for each in tables if any(link.get("Main") for link in each.get("Associations", []))]
    routes = [route for table in (own or main)[:1] for route in table.get("Routes", [])]
    return any(str(route.get("GatewayId", "")).startswith("igw-") for route in routes)


def _nat(gateways: Sequence[Described], zones: Sequence[str]) -> str:
    count = sum(each.get("State") in ("pending", "available") for each in gateways)
    if not count:
        return "none"
    return "per_zone" if len(zones) > 1 and count >= len(zones) else "single"


def _endpoint(endpoints: Iterable[Described]) -> Document | None:
    """The gateway endpoint of S3."""
    of_s3 = [
        each
        for each in endpoints
        if str(each["ServiceName"]).endswith(".s3") and each.get("VpcEndpointType", "Gateway") == "Gateway"
    ]
    return next(({"id": each["VpcEndpointId"], "state": str(each["State"]).lower()} for each in of_s3), None)


def peering(connections: Iterable[Described], project: str) -> Document | None:
    """The one that Atlas asked for and the VPC accepts. project: the Atlas project that the inventory names."""
    alive = [each for each in connections if each["Status"]["Code"] not in GONE]
    # The newest attempt stands for all: one that is active comes before one that is not.
    alive.sort(key=lambda each: (each["Status"]["Code"] != "active", str(each["VpcPeeringConnectionId"])))
    return next(
        (
            {
                "id": each["VpcPeeringConnectionId"],
                "state": each["Status"]["Code"],
                "atlas_cidr": each["RequesterVpcInfo"].get("CidrBlock"),
                "project_id": project or None,
            }
            for each in alive
        ),
        None,
    )


def load_balancer(
    balancer: Described, listeners: Sequence[tuple[Described, Sequence[Described]]], acl: str
) -> Document:
    """listeners: each with its rules, which have their tags as a dict Tags. acl: ARN of the web ACL, or empty."""
    ports = sorted(int(listener["Port"]) for listener, _rules in listeners)
    shown = [
        {
            "port": int(listener["Port"]),
            "protocol": listener["Protocol"],
            "kind": _kind(listener, rules, ports),
        }
        for listener, rules in listeners
    ]
    return {
        "arn": balancer["LoadBalancerArn"],
        "name": balancer["LoadBalancerName"],
        "dns_name": balancer["DNSName"],
        "listeners": sorted(shown, key=lambda each: each["port"]),
        "firewall": acl_name(acl),
    }


def _kind(listener: Described, rules: Iterable[Described], ports: Sequence[int]) -> str:
    """By the rules that it carries; one without any by its port, as the lower one is the visitors'."""
    kinds = {rule.get("Tags", {}).get("slipway:rule") for rule in rules}
    if any(action["Type"] == "redirect" for action in listener.get("DefaultActions", [])):
        return "redirect"
    for kind in ("production", "preview"):
        if kind in kinds:
            return kind
    return "production" if int(listener["Port"]) == ports[0] else "preview"


def acl_name(arn: str) -> str | None:
    """arn:aws:wafv2:REGION:ACCOUNT:SCOPE/webacl/NAME/ID."""
    parts = arn.split("/")
    return parts[2] if len(parts) > 3 else None
