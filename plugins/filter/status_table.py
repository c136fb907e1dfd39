# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter slipway.ops.status_table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.slipway.ops.plugins.module_utils.environment.table_plan import table

DOCUMENTATION = r"""
name: status_table
version_added: "0.1.0"
short_description: Show environments side by side, as text
description:
  - What M(slipway.ops.environment_info) has read of each environment, a column each. Below, what a promotion from one
    to the other would change, and what needs somebody.
positional: _input, width
options:
  _input:
    description: Documents of M(slipway.ops.environment_info).
    type: list
    elements: dict
    required: true
  width:
    description: Characters of a line.
    type: int
    default: 100
author:
  - Contributors to the Slipway project
"""

EXAMPLES = r"""
- name: Show what there is
  ansible.builtin.debug:
    msg: "{{ [staging.environment, production.environment] | slipway.ops.status_table }}"
"""

RETURN = r"""
_value:
  description: The text.
  type: str
"""


def status_table(snapshots: Sequence[Mapping[str, Any]], width: int = 100) -> str:
    """The text."""
    return "\n".join(table(snapshots, width))


class FilterModule:
    """What Ansible looks for in a filter plugin."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Filter name to function."""
        return {"status_table": status_table}
