# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter slipway.ops.site_drift."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.slipway.ops.plugins.module_utils.environment.drift_plan import drift

DOCUMENTATION = r"""
name: site_drift
version_added: "0.1.0"
short_description: What a check run of site.yml would change
description:
  - Reads what Ansible's default callback has printed.
positional: _input, status
options:
  _input:
    description: The output.
    type: str
    required: true
  status:
    description: Exit status of the run.
    type: int
    required: true
author:
  - Contributors to the Slipway project
"""

EXAMPLES = r"""
- name: Show what drifted
  ansible.builtin.debug:
    msg: "{{ checked.stdout | slipway.ops.site_drift(checked.rc) }}"
"""

RETURN = r"""
_value:
  description: C(changes), a list of C(host) and C(task), and C(failed), why the run ended early or empty.
  type: dict
"""


def site_drift(output: str, status: int) -> dict[str, Any]:
    """What would change."""
    return drift(output, status)


class FilterModule:
    """What Ansible looks for in a filter plugin."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Filter name to function."""
        return {"site_drift": site_drift}
