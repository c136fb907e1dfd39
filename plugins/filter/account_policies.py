# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter slipway.ops.account_policies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.slipway.ops.plugins.module_utils import operator_permissions_plan
from ansible_collections.slipway.ops.plugins.module_utils.environment import permissions_plan

DOCUMENTATION = r"""
name: account_policies
version_added: "0.1.0"
short_description: The IAM policies of people who build an environment, and of those who only look
description:
  - Documents for managed policies, each no longer than IAM takes. Those of pipelines are role
    C(slipway.ops.github_oidc)'s.
options:
  _input:
    description:
      - The environment, with C(account_id), C(region), C(name), C(table) (of the release store), C(services), C(tags),
        and C(site) with C(bucket), C(distribution_arn) and C(kms_key_arn), or empty for none.
    type: dict
    required: true
author:
  - Contributors to the Slipway project
"""

EXAMPLES = r"""
- name: Show the policies
  ansible.builtin.debug:
    msg: "{{ scope | slipway.ops.account_policies }}"
"""

RETURN = r"""
_value:
  description: Name of a policy to its document, C(operator-1) and so on, and C(status).
  type: dict
"""


def account_policies(scope: Mapping[str, Any]) -> dict[str, Any]:
    """Name to document."""
    full = {"topic": "", "promotion": {}, **scope}
    found = {
        f"operator-{number}": document for number, document in enumerate(operator_permissions_plan.policies(full), 1)
    }
    return found | {"status": permissions_plan.policy(full)}


class FilterModule:
    """What Ansible looks for in a filter plugin."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Filter name to function."""
        return {"account_policies": account_policies}
