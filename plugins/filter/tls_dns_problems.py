# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter slipway.ops.tls_dns_problems."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.slipway.ops.plugins.module_utils import tls_dns_plan

DOCUMENTATION = r"""
name: tls_dns_problems
version_added: "0.1.0"
short_description: Say what is wrong with an environment's names and certificates, before anything is requested
description:
  - Checks the inputs of role C(slipway.ops.tls_dns) beyond their types, such as a name outside of the zone.
options:
  _input:
    description: The role's inputs without their prefix.
    type: dict
    required: true
author:
  - Contributors to the Slipway project
"""

EXAMPLES = r"""
- name: Check the names
  ansible.builtin.assert:
    that: inputs | slipway.ops.tls_dns_problems == []
"""

RETURN = r"""
_value:
  description: One line a finding; empty when certificates and records can be made.
  type: list
  elements: str
"""


def tls_dns_problems(inputs: Mapping[str, Any]) -> list[str]:
    """One line a finding; empty when certificates and records can be made."""
    return tls_dns_plan.problems(inputs)


class FilterModule:
    """What Ansible looks for in a filter plugin."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Filter name to function."""
        return {"tls_dns_problems": tls_dns_problems}
