# SPDX-License-Identifier: GPL-3.0-or-later
"""The project's access list: who may reach its clusters."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from localcloud.atlas.problems import ApiError
from localcloud.atlas.store import AccessEntry, Delays, Project

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KINDS = ("cidrBlock", "ipAddress", "awsSecurityGroup")
_MAX_ENTRIES = 200


def add(project: Project, body: Sequence[Mapping[str, Any]], now: float, delays: Delays) -> None:
    """Add or update entries, all or none. A security group needs a peering of its project first."""
    entries = [_entry(project, given, now + delays.access) for given in body]
    if len(set(project.access) | {entry.value for entry in entries}) > _MAX_ENTRIES:
        raise ApiError("INVALID_ATTRIBUTE", f"An access list has at most {_MAX_ENTRIES} entries.")
    for entry in entries:
        known = project.access.get(entry.value)
        if known:
            known.comment = entry.comment
        else:
            project.access[entry.value] = entry


def _entry(project: Project, given: Mapping[str, Any], due: float) -> AccessEntry:
    kinds = [kind for kind in KINDS if given.get(kind)]
    if len(kinds) != 1:
        raise ApiError("INVALID_ATTRIBUTE", f"An entry has exactly one of {', '.join(KINDS)}.")
    kind, value = kinds[0], given[kinds[0]]
    if kind == "awsSecurityGroup":
        if not any(peer.status == "AVAILABLE" for peer in project.peers.values()):
            code = "CANNOT_USE_AWS_SECURITY_GROUP_WITHOUT_VPC_PEERING_CONNECTION"
            raise ApiError(code, f"{value} needs a peering in this project first.")
        if given.get("deleteAfterDate"):
            raise ApiError("INVALID_ATTRIBUTE", "A security group cannot be a temporary entry.")
        return AccessEntry(kind, value, given.get("comment") or "", due)
    try:
        block = ipaddress.ip_network(value)
    except ValueError as error:
        raise ApiError("INVALID_ATTRIBUTE", f"{value} is not an address or block in canonical form.") from error
    return AccessEntry("cidrBlock", str(block), given.get("comment") or "", due)


def find(project: Project, key: str) -> AccessEntry:
    """The entry that a path names, or the ApiError."""
    entry = project.access.get(key) or project.access.get(f"{key}/32")
    if entry is None:
        code = "ATLAS_NETWORK_PERMISSION_ENTRY_NOT_FOUND"
        raise ApiError(code, f"{key} is not in the access list of project {project.id}.")
    return entry


def drop_security_groups(project: Project) -> None:
    """What Atlas does when a project's last peering goes."""
    for key, entry in list(project.access.items()):
        if entry.kind == "awsSecurityGroup":
            del project.access[key]
