# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter slipway.ops.doctor_table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ansible_collections.slipway.ops.plugins.module_utils.doctor import row_plan

DOCUMENTATION = r"""
name: doctor_table
version_added: "0.1.0"
short_description: Show what the doctor found
description:
  - A table of the rows that M(slipway.ops.environment_checks), M(slipway.ops.github_environment_checks) and
    M(slipway.ops.atlas_checks) return, below it each warning and failure in full with its remedy, and how many of each.
options:
  _input:
    description: The rows.
    type: list
    elements: dict
    required: true
author:
  - Contributors to the Slipway project
"""

EXAMPLES = r"""
- name: Show what was found
  ansible.builtin.debug:
    msg: "{{ (account.rows + github.rows) | slipway.ops.doctor_table }}"
"""

RETURN = r"""
_value:
  description: Lines for a terminal.
  type: list
  elements: str
"""


def doctor_table(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """The lines."""
    return row_plan.table(rows)


class FilterModule:
    """What Ansible looks for in a filter plugin."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Filter name to function."""
        return {"doctor_table": doctor_table}
