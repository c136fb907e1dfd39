# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter slipway.ops.status_page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.slipway.ops.plugins.module_utils.environment.status_page import page

DOCUMENTATION = r"""
name: status_page
version_added: "0.1.0"
short_description: Show environments side by side, as an HTML page
description:
  - The same as P(slipway.ops.status_table#filter) as one HTML document, which loads nothing from outside, knows light
    and dark, and fits a phone.
positional: _input
options:
  _input:
    description: Documents of M(slipway.ops.environment_info).
    type: list
    elements: dict
    required: true
author:
  - Contributors to the Slipway project
"""

EXAMPLES = r"""
- name: Keep the page
  ansible.builtin.copy:
    content: "{{ [staging.environment, production.environment] | slipway.ops.status_page }}"
    dest: build/status.html
    mode: "0644"
"""

RETURN = r"""
_value:
  description: The document.
  type: str
"""


def status_page(snapshots: Sequence[Mapping[str, Any]]) -> str:
    """The document."""
    return page(snapshots)


class FilterModule:
    """What Ansible looks for in a filter plugin."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Filter name to function."""
        return {"status_page": status_page}
