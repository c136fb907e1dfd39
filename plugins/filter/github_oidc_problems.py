# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter slipway.ops.github_oidc_problems."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.slipway.ops.plugins.module_utils import github_oidc_roles_plan

DOCUMENTATION = r"""
name: github_oidc_problems
version_added: "0.1.0"
short_description: Say what is wrong with the repositories that may deploy, before anything is created
description:
  - Checks the inputs of role C(slipway.ops.github_oidc) beyond their types, such as an id that GitHub gives to nobody,
    a ref with a wildcard, which would match nothing, or a policy that is longer than IAM takes.
options:
  _input:
    description: The role's inputs without their prefix.
    type: dict
    required: true
author:
  - Contributors to the Slipway project
"""

EXAMPLES = r"""
- name: Check the repositories
  ansible.builtin.assert:
    that: inputs | slipway.ops.github_oidc_problems == []
"""

RETURN = r"""
_value:
  description: One line a finding; empty when the roles can be made.
  type: list
  elements: str
"""


def github_oidc_problems(inputs: Mapping[str, Any]) -> list[str]:
    """One line a finding; empty when the roles can be made."""
    return github_oidc_roles_plan.problems_of(inputs)


class FilterModule:
    """What Ansible looks for in a filter plugin."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Filter name to function."""
        return {"github_oidc_problems": github_oidc_problems}
