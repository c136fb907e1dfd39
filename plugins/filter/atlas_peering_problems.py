# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter slipway.ops.atlas_peering_problems."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.slipway.ops.plugins.module_utils.atlas_inputs_plan import input_problems

DOCUMENTATION = r"""
name: atlas_peering_problems
version_added: "0.1.0"
short_description: Say what is wrong with the inputs of an Atlas peering, before anything is created
description:
  - Finds a malformed project id, region, account, block or access list entry, a block that Atlas cannot use, and one
    that overlaps the VPC.
options:
  _input:
    description:
      - C(project_id), C(region), C(atlas_region), and if they are known C(account_id), C(atlas_cidr), C(route_cidr),
        C(vpc_cidr) and C(access_list).
    type: dict
    required: true
author:
  - Contributors to the Slipway project
"""

EXAMPLES = r"""
- name: Check a peering
  ansible.builtin.assert:
    that: inputs | slipway.ops.atlas_peering_problems == []
"""

RETURN = r"""
_value:
  description: One line a finding; empty when the peering can be tried.
  type: list
  elements: str
"""


def atlas_peering_problems(given: Mapping[str, Any]) -> list[str]:
    """All findings, as a list."""
    return input_problems(given)


class FilterModule:
    """What Ansible looks for in a filter plugin."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Filter name to function."""
        return {"atlas_peering_problems": atlas_peering_problems}
