# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Whether the load balancer reaches the tasks, as far as security groups say. Pure.

Rules are as DescribeSecurityGroups shows them (Amazon EC2 API reference, IpPermission).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

_ALL_PROTOCOLS = "-1"


def admits(groups: Iterable[Mapping[str, Any]], sources: Collection[str], port: int) -> bool:
    """One of the groups lets TCP in on the port, from one of the sources or from an address range.

    Whether the load balancer's addresses are in a range is not looked into: the answer is no only when it is sure.
    """
    return any(_admits(rule, sources, port) for group in groups for rule in group.get("IpPermissions", []))


def _admits(rule: Mapping[str, Any], sources: Collection[str], port: int) -> bool:
    ranges = rule.get("IpRanges") or rule.get("Ipv6Ranges") or rule.get("PrefixListIds")
    named = {pair.get("GroupId") for pair in rule.get("UserIdGroupPairs", [])}
    return _covers(rule, port) and bool(ranges or named & set(sources))


def _covers(rule: Mapping[str, Any], port: int) -> bool:
    if rule.get("IpProtocol") == _ALL_PROTOCOLS:
        return True
    return rule.get("IpProtocol") in ("tcp", "6") and int(rule["FromPort"]) <= port <= int(rule["ToPort"])
