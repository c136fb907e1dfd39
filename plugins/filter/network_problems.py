# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter slipway.ops.network_problems."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ansible_collections.slipway.ops.plugins.module_utils import network_plan

DOCUMENTATION = r"""
name: network_problems
version_added: "0.1.0"
short_description: Say what is wrong with a VPC's CIDR and zones, before anything is created
description:
  - Finds a malformed CIDR, host bits, an address range that is not private, a prefix outside of /16 to /28 or too small
    for the subnet plan, an overlap with a peer, and a list of availability zones that is too short, too long, repeated
    or of several regions.
positional: _input, zones, peer_cidrs
options:
  _input:
    description: The VPC's CIDR.
    type: str
    required: true
  zones:
    description: The availability zones.
    type: list
    elements: str
    required: true
  peer_cidrs:
    description: CIDRs that a peering connection will route here.
    type: list
    elements: str
    default: []
author:
  - Contributors to the Slipway project
"""

EXAMPLES = r"""
- name: Check a network
  ansible.builtin.assert:
    that: vpc_cidr | slipway.ops.network_problems(vpc_availability_zones) == []
"""

RETURN = r"""
_value:
  description: One line a finding; empty when the network can be built.
  type: list
  elements: str
"""


def network_problems(cidr: str, zones: Sequence[str], peer_cidrs: Sequence[str] = ()) -> list[str]:
    """All findings, as a list."""
    return list(network_plan.network_problems(cidr, zones, peer_cidrs))


class FilterModule:
    """What Ansible looks for in a filter plugin."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Filter name to function."""
        return {"network_problems": network_problems}
