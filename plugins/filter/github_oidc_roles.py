# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter slipway.ops.github_oidc_roles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.slipway.ops.plugins.module_utils import github_oidc_roles_plan

DOCUMENTATION = r"""
name: github_oidc_roles
version_added: "0.1.0"
short_description: The IAM roles that GitHub Actions takes, with trust policies and permissions
description:
  - Makes them from the inputs of role C(slipway.ops.github_oidc), two a repository at most, one that deploys and one
    that only pushes images.
options:
  _input:
    description: The role's inputs without their prefix.
    type: dict
    required: true
author:
  - Contributors to the Slipway project
"""

EXAMPLES = r"""
- name: Show who is trusted
  ansible.builtin.debug:
    msg: "{{ inputs | slipway.ops.github_oidc_roles | map(attribute='trust') }}"
"""

RETURN = r"""
_value:
  description: The roles, each with name, purpose, arn, repository, description, trust and policy.
  type: list
  elements: dict
"""


def github_oidc_roles(inputs: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The roles, each with name, purpose, arn, repository, description, trust and policy."""
    return github_oidc_roles_plan.roles_of(inputs)


class FilterModule:
    """What Ansible looks for in a filter plugin."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Filter name to function."""
        return {"github_oidc_roles": github_oidc_roles}
