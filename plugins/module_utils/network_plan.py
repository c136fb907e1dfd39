# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which subnets a VPC gets, and what is wrong with a network before anything is created. Pure: no I/O, no AWS.

The plan cuts the VPC's CIDR into eight equal blocks and never moves one::

    block 0 1 2    public subnet of the 1st, 2nd, 3rd availability zone
    block 3        reserved
    block 4 5 6    private subnet of the 1st, 2nd, 3rd availability zone
    block 7        reserved

A zone's blocks depend on its place in the list alone, so that appending the third zone later renumbers nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

BLOCK_BITS = 3
"""Eight blocks: the VPC's prefix length plus three is a subnet's."""

FIRST_BLOCK = {"public": 0, "private": 4}
"""Tier to the block of its first zone."""

MIN_ZONES = 2
MAX_ZONES = 3

LARGEST_VPC = 16
"""AWS allows /16 to /28: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html"""

SMALLEST_VPC = 28

SMALLEST_PUBLIC_SUBNET = 27
"""An ALB needs a subnet of at least /27 with 8 free addresses:
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html
"""

PRIVATE_RANGES = tuple(IPv4Network(cidr) for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
"""RFC 1918."""

ZONE = re.compile(r"(?P<region>[a-z]{2,4}(?:-[a-z]+)+-[0-9]+)[a-z]")
"""A zone name such as us-east-1a: region and letter. Local Zones (us-west-2-lax-1a) hold no Fargate and no ALB node."""


@dataclass(frozen=True)
class Subnet:
    """One planned subnet."""

    tier: str
    """public or private."""
    zone: str
    cidr: str


def plan_subnets(cidr: str, zones: Sequence[str]) -> tuple[Subnet, ...]:
    """The subnets of a VPC, tier by tier in the order of the zones.

    Args:
        cidr: the VPC's CIDR, one that network_problems finds nothing wrong with.
        zones: two or three availability zone names; a zone's place decides its blocks.
    """
    blocks = list(IPv4Network(cidr).subnets(prefixlen_diff=BLOCK_BITS))
    return tuple(
        Subnet(tier, zone, str(blocks[first + place]))
        for tier, first in FIRST_BLOCK.items()
        for place, zone in enumerate(zones)
    )


def network_problems(cidr: str, zones: Sequence[str], peer_cidrs: Sequence[str]) -> tuple[str, ...]:
    """All that is wrong with a network, one line a finding; empty when it can be built.

    Args:
        cidr: the VPC's CIDR as the inventory has it.
        zones: availability zone names.
        peer_cidrs: CIDRs that a peering connection (MongoDB Atlas, another VPC) will route here.
    """
    return (
        *_cidr_problems(cidr),
        *_zone_problems(zones),
        *(problem for peer in peer_cidrs for problem in _peer_problems(cidr, peer)),
    )


def network_drift(cidr: str, zones: Sequence[str], existing: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    """What an edit of the inventory asks of a living VPC that AWS cannot do in place; one line, or empty.

    Args:
        cidr: the VPC's CIDR as the inventory has it.
        zones: availability zone names as the inventory has them.
        existing: the VPC's subnets as read: mappings with `cidr_block` and `availability_zone`. Subnets outside of the
            plan's blocks belong to somebody else and are left alone.
    """
    planned = {subnet.cidr: subnet.zone for subnet in plan_subnets(cidr, zones)}
    ours = {subnet.cidr for subnet in plan_subnets(cidr, ("",) * MAX_ZONES)}
    lying = sorted((subnet["cidr_block"], subnet["availability_zone"]) for subnet in existing)
    moves = [
        f"{block} from {zone} to {planned.get(block, 'no zone')}"
        for block, zone in lying
        if block in ours and planned.get(block) != zone
    ]
    if not moves:
        return ()
    asked = f"vpc_availability_zones {', '.join(zones)} would move subnets ({', '.join(moves)})"
    return (f"{asked}: zones keep their place in the list, new ones are appended",)


def _cidr_problems(cidr: str) -> tuple[str, ...]:
    network, problem = _parse("vpc_cidr", cidr)
    if network is None:
        return (problem,)
    if not LARGEST_VPC <= network.prefixlen <= SMALLEST_VPC:
        return (f"vpc_cidr {cidr}: a VPC is a /{LARGEST_VPC} to a /{SMALLEST_VPC}",)
    if network.prefixlen + BLOCK_BITS > SMALLEST_PUBLIC_SUBNET:
        eighths = (
            f"its eighths would be /{network.prefixlen + BLOCK_BITS}, a load balancer needs /{SMALLEST_PUBLIC_SUBNET}"
        )
        return (f"vpc_cidr {cidr} is too small: {eighths}; give a /{SMALLEST_PUBLIC_SUBNET - BLOCK_BITS} or larger",)
    if not any(network.subnet_of(private) for private in PRIVATE_RANGES):
        return (f"vpc_cidr {cidr} is not private: it must lie in {', '.join(map(str, PRIVATE_RANGES))}",)
    return ()


def _zone_problems(zones: Sequence[str]) -> tuple[str, ...]:
    problems = [f"vpc_availability_zones: {zone} is no availability zone" for zone in zones if not ZONE.fullmatch(zone)]
    if not MIN_ZONES <= len(zones) <= MAX_ZONES:
        problems.append(f"vpc_availability_zones: {len(zones)} given, two or three are needed")
    if len(set(zones)) < len(zones):
        problems.append(f"vpc_availability_zones: each zone once, not {', '.join(zones)}")
    regions = sorted({match["region"] for match in map(ZONE.fullmatch, zones) if match})
    if len(regions) > 1:
        problems.append(f"vpc_availability_zones: all of one region, not of {' and '.join(regions)}")
    return tuple(problems)


def _peer_problems(cidr: str, peer: str) -> tuple[str, ...]:
    other, problem = _parse("vpc_peer_cidrs", peer)
    if other is None:
        return (problem,)
    network = _parse("vpc_cidr", cidr)[0]
    if network is not None and network.overlaps(other):
        return (f"vpc_cidr {cidr} overlaps {peer} of vpc_peer_cidrs: peering could not route between them",)
    return ()


def _parse(name: str, cidr: str) -> tuple[IPv4Network | None, str]:
    """The network, or None and what is wrong with its text."""
    address, slash, length = cidr.partition("/")
    try:
        network = IPv4Network(cidr, strict=False)
    except ValueError:
        return None, f"{name} {cidr}: not an IPv4 CIDR such as 10.20.0.0/16"
    if not slash or not length.isdecimal():
        return None, f"{name} {cidr}: not an IPv4 CIDR such as 10.20.0.0/16"
    if str(network.network_address) != address:
        return None, f"{name} {cidr} has host bits set: did you mean {network}?"
    return network, ""
