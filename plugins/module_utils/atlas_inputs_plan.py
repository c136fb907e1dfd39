# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Is the input of an Atlas peering possible at all? Pure; for the module and, before any call, for the role."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from typing import Any

_PRIVATE = tuple(ipaddress.IPv4Network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d|[A-Z]{2}(_[A-Z]+)+_\d")
_PROJECT = re.compile(r"[0-9a-f]{24}")
_ACCOUNT = re.compile(r"\d{12}")
_GROUP = re.compile(r"sg-[0-9a-f]{8,17}")
#: https://www.mongodb.com/docs/atlas/reference/atlas-limits/
_MAX_ENTRIES, _MAX_COMMENT = 200, 80


def atlas_cidr_problem(text: str) -> str:
    """What is wrong with a container's block, empty if nothing."""
    problem = cidr_problem("atlas_cidr", text)
    if problem:
        return problem
    block = ipaddress.IPv4Network(text)
    if not 21 <= block.prefixlen <= 24:
        return f"atlas_cidr {text}: Atlas takes a block between /21 and /24"
    if not any(block.subnet_of(private) for private in _PRIVATE):
        return f"atlas_cidr {text}: Atlas takes a block within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16"
    return ""


def cidr_problem(name: str, text: str) -> str:
    """What is wrong with an IPv4 block, empty if nothing."""
    try:
        block = ipaddress.IPv4Network(text, strict=False)
    except ValueError:
        return f"{name} {text}: no IPv4 block, as in 10.8.0.0/21"
    if str(block) != text:
        return f"{name} {text}: not in canonical form, which is {block}"
    return ""


def _overlap_problem(atlas: str, vpc: str) -> str:
    if ipaddress.IPv4Network(atlas).overlaps(ipaddress.IPv4Network(vpc)):
        return f"atlas_cidr {atlas} overlaps the VPC's {vpc}"
    return ""


def access_value(entry: Mapping[str, Any]) -> str:
    """What names an entry at Atlas: its security group, or its block, an address being a block of one."""
    if entry.get("security_group"):
        return str(entry["security_group"])
    return str(ipaddress.IPv4Network(entry["cidr_block"]))


def access_problems(entries: Iterable[Mapping[str, Any]]) -> list[str]:
    """What is wrong with the access list asked for. Each entry: cidr_block or security_group, and comment or None."""
    problems = []
    values: set[str] = set()
    every = list(entries)
    for entry in every:
        problem = _entry_problem(entry)
        if not problem and access_value(entry) in values:
            problem = f"access_list names {access_value(entry)} twice"
        if problem:
            problems.append(problem)
        else:
            values.add(access_value(entry))
    if len(every) > _MAX_ENTRIES:
        problems.append(f"access_list has {len(every)} entries; Atlas takes {_MAX_ENTRIES}")
    return problems


def _entry_problem(entry: Mapping[str, Any]) -> str:
    block, group = entry.get("cidr_block"), entry.get("security_group")
    if bool(block) == bool(group):
        return "access_list: an entry has either cidr_block or security_group"
    if len(entry.get("comment") or "") > _MAX_COMMENT:
        return f"access_list {block or group}: a comment has at most {_MAX_COMMENT} characters"
    if group:
        return "" if _GROUP.fullmatch(str(group)) else f"access_list: {group} is no security group id"
    text = str(block)
    return cidr_problem("access_list", text if "/" in text else f"{text}/32")


def input_problems(given: Mapping[str, Any]) -> list[str]:
    """Everything that is wrong with the input, one line each.

    Args:
        given: project_id, region, atlas_region, and optional (empty, None or absent) account_id, atlas_cidr,
            route_cidr, vpc_cidr, access_list.
    """
    problems = []
    if not _PROJECT.fullmatch(str(given["project_id"])):
        problems.append("project_id: 24 hexadecimal digits are needed, from the project's settings in Atlas")
    problems += [
        f"{name} {given[name]}: no AWS region, as in us-east-1 or US_EAST_1"
        for name in ("region", "atlas_region")
        if not _REGION.fullmatch(str(given[name]))
    ]
    if given.get("account_id") and not _ACCOUNT.fullmatch(str(given["account_id"])):
        problems.append(f"account_id {given['account_id']}: an AWS account has 12 digits")
    if given.get("atlas_cidr"):
        problems.append(atlas_cidr_problem(str(given["atlas_cidr"])))
    problems += [cidr_problem(name, str(given[name])) for name in ("route_cidr", "vpc_cidr") if given.get(name)]
    if not any(problems) and given.get("atlas_cidr") and given.get("vpc_cidr"):
        problems.append(_overlap_problem(str(given["atlas_cidr"]), str(given["vpc_cidr"])))
    return [problem for problem in problems if problem] + access_problems(given.get("access_list") or ())
