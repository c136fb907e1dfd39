# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter slipway.ops.observability_problems."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.slipway.ops.plugins.module_utils import observability_plan

DOCUMENTATION = r"""
name: observability_problems
version_added: "0.1.0"
short_description: Say what is wrong with how an environment is watched, before anything is made
description:
  - Checks the inputs of role C(slipway.ops.observability) beyond their types, such as an address that no protocol has.
options:
  _input:
    description: The role's inputs without their prefix.
    type: dict
    required: true
author:
  - Contributors to the Slipway project
"""

EXAMPLES = r"""
- name: Check the inputs
  ansible.builtin.assert:
    that: inputs | slipway.ops.observability_problems == []
"""

RETURN = r"""
_value:
  description: One line a finding; empty when everything can be made.
  type: list
  elements: str
"""


def observability_problems(inputs: Mapping[str, Any]) -> list[str]:
    """One line a finding; empty when everything can be made."""
    return observability_plan.problems(inputs)


class FilterModule:
    """What Ansible looks for in a filter plugin."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Filter name to function."""
        return {"observability_problems": observability_problems}
