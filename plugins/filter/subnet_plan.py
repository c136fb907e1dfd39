# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter slipway.ops.subnet_plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict

from ansible_collections.slipway.ops.plugins.module_utils.network_plan import plan_subnets

DOCUMENTATION = r"""
name: subnet_plan
version_added: "0.1.0"
short_description: Cut a VPC's CIDR into its public and private subnets
description:
  - Eight equal blocks; blocks 0 to 2 are the public subnets of the first, second and third availability zone, blocks 4
    to 6 the private ones, 3 and 7 are reserved. Appending a zone moves no subnet.
positional: _input, zones
options:
  _input:
    description: The VPC's CIDR.
    type: str
    required: true
  zones:
    description: The availability zones, in the order that decides their blocks.
    type: list
    elements: str
    required: true
author:
  - Contributors to the Slipway project
"""

EXAMPLES = r"""
- name: Show the public subnets
  ansible.builtin.debug:
    msg: "{{ '10.20.0.0/16' | slipway.ops.subnet_plan(zones) | selectattr('tier', 'eq', 'public') }}"
  vars:
    zones: [us-east-1a, us-east-1b]
"""

RETURN = r"""
_value:
  description: The subnets, tier by tier in the order of the zones; each has tier (public or private), zone and cidr.
  type: list
  elements: dict
"""


def subnet_plan(cidr: str, zones: Sequence[str]) -> list[dict[str, str]]:
    """The planned subnets as Ansible takes them: a list of mappings tier, zone, cidr."""
    return [asdict(subnet) for subnet in plan_subnets(cidr, zones)]


class FilterModule:
    """What Ansible looks for in a filter plugin."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Filter name to function."""
        return {"subnet_plan": subnet_plan}
