# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter slipway.ops.service_problems."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.slipway.ops.plugins.module_utils import service_problems_plan, service_workers_plan

DOCUMENTATION = r"""
name: service_problems
version_added: "0.1.0"
short_description: Say what is wrong with a service's inputs, before anything is created
description:
  - Checks the inputs of role C(slipway.ops.ecs_service) beyond their types, from names that are too long over pairs of
    CPU and memory that Fargate does not offer to secrets given as plain text.
options:
  _input:
    description: The role's inputs without their prefix.
    type: dict
    required: true
author:
  - Contributors to the Slipway project
"""

EXAMPLES = r"""
- name: Check a service
  ansible.builtin.assert:
    that: inputs | slipway.ops.service_problems == []
"""

RETURN = r"""
_value:
  description: One line a finding; empty when the service can be built.
  type: list
  elements: str
"""


def service_problems(service: Mapping[str, Any]) -> list[str]:
    """All findings, as a list."""
    return [*service_problems_plan.service_problems(service), *service_workers_plan.worker_problems(service)]


class FilterModule:
    """What Ansible looks for in a filter plugin."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Filter name to function."""
        return {"service_problems": service_problems}
