# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter slipway.ops.operator_permissions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.slipway.ops.plugins.module_utils import operator_permissions_plan
from ansible_collections.slipway.ops.plugins.module_utils.doctor import permissions_plan

DOCUMENTATION = r"""
name: operator_permissions
version_added: "0.1.0"
short_description: What whoever builds an environment must be allowed to do
description:
  - Actions, resources and keys of conditions as O(slipway.ops.environment_checks#module:permissions) takes them, from
    the one table of what C(site.yml) and C(destroy.yml) do.
options:
  _input:
    description:
      - The environment, with C(account_id), C(region), C(name), C(table) (of the release store), C(topic) (ARN, or
        empty), C(services) and C(tags).
    type: dict
    required: true
author:
  - Contributors to the Slipway project
"""

EXAMPLES = r"""
- name: See whether the caller may build the environment
  slipway.ops.environment_checks:
    environment: staging
    account_id: "222222222222"
    permissions: "{{ scope | slipway.ops.operator_permissions }}"
"""

RETURN = r"""
_value:
  description: Entries with C(actions), C(resources) and C(context).
  type: list
  elements: dict
"""


def operator_permissions(scope: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The entries."""
    full = {"site": {}, "promotion": {}, **scope}
    return permissions_plan.asked(operator_permissions_plan.policies(full))


class FilterModule:
    """What Ansible looks for in a filter plugin."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Filter name to function."""
        return {"operator_permissions": operator_permissions}
