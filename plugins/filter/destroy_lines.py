# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter slipway.ops.destroy_lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.slipway.ops.plugins.module_utils.leftovers import leftovers_plan

DOCUMENTATION = r"""
name: destroy_lines
version_added: "0.1.0"
short_description: Say what of an environment would go and what would stay, or what is left
description:
  - Lines about what M(slipway.ops.environment_resources_info) has listed, with what it costs and how to remove it.
options:
  _input:
    description: The resources.
    type: list
    elements: dict
    required: true
  gone:
    description: Whether the environment has been taken down, so that they are what is left.
    type: bool
    default: false
author:
  - Contributors to the Slipway project
"""

EXAMPLES = r"""
- name: Show what is left
  ansible.builtin.debug:
    msg: "{{ found.resources | slipway.ops.destroy_lines(gone=true) }}"
"""

RETURN = r"""
_value:
  description: Lines for a terminal.
  type: list
  elements: str
"""


def destroy_lines(resources: Sequence[Mapping[str, Any]], gone: bool = False) -> list[str]:
    """The lines."""
    return leftovers_plan.left(resources) if gone else leftovers_plan.going(resources)


class FilterModule:
    """What Ansible looks for in a filter plugin."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Filter name to function."""
        return {"destroy_lines": destroy_lines}
