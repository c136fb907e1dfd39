# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter slipway.ops.network_drift."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ansible_collections.slipway.ops.plugins.module_utils import network_plan

DOCUMENTATION = r"""
name: network_drift
version_added: "0.1.0"
short_description: Say which subnets of a living VPC the inventory would have to move
description:
  - A subnet cannot change its zone. Reordering or shortening the list of zones therefore has to be refused before the
    first change.
positional: _input, zones, existing
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
  existing:
    description: The VPC's subnets as M(amazon.aws.ec2_vpc_subnet_info) returns them.
    type: list
    elements: dict
    required: true
author:
  - Contributors to the Slipway project
"""

EXAMPLES = r"""
- name: Refuse to move a subnet
  ansible.builtin.assert:
    that: vpc_cidr | slipway.ops.network_drift(vpc_availability_zones, found.subnets) == []
"""

RETURN = r"""
_value:
  description: One line a subnet that would have to move; empty when none has to.
  type: list
  elements: str
"""


def network_drift(cidr: str, zones: Sequence[str], existing: Sequence[Mapping[str, str]]) -> list[str]:
    """All findings, as a list."""
    return list(network_plan.network_drift(cidr, zones, existing))


class FilterModule:
    """What Ansible looks for in a filter plugin."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Filter name to function."""
        return {"network_drift": network_drift}
