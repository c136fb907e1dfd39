# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter slipway.ops.service_document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.slipway.ops.plugins.module_utils import service_documents_plan as plan
from ansible_collections.slipway.ops.plugins.module_utils import service_infrastructure_plan as infrastructure
from ansible_collections.slipway.ops.plugins.module_utils import service_workers_plan as beside

DOCUMENTATION = r"""
name: service_document
version_added: "0.1.0"
short_description: One of a service's documents, made from the inputs of role ecs_service
description:
  - Keeps the documents in one tested place instead of in templates.
positional: _input, kind, target_groups
options:
  _input:
    description: The role's inputs without their prefix, already validated.
    type: dict
    required: true
  kind:
    description: Which document.
    type: str
    required: true
    choices:
      - task_definition
      - trust_policy
      - execution_policy
      - task_policy
      - egress_rules
      - scaling_policies
      - alarms
      - log_group
      - repository_uri
      - repository_policy
      - workers
      - schedules
      - scheduler_trust
      - scheduler_policy
      - names
      - infrastructure_trust
      - infrastructure_policy
  target_groups:
    description: Color to ARN of its target group. Required for C(scaling_policies) and C(alarms).
    type: dict
author:
  - Contributors to the Slipway project
"""

EXAMPLES = r"""
- name: Show what the tasks may do
  ansible.builtin.debug:
    msg: "{{ inputs | slipway.ops.service_document('task_policy') }}"
"""

RETURN = r"""
_value:
  description: The document.
  type: raw
"""

ALONE: dict[str, Callable[..., Any]] = {
    "task_definition": plan.task_definition,
    "trust_policy": plan.trust_policy,
    "execution_policy": plan.execution_policy,
    "task_policy": plan.task_policy,
    "egress_rules": plan.egress_rules,
    "log_group": plan.log_group,
    "repository_uri": plan.repository_uri,
    "repository_policy": plan.repository_policy,
    "workers": beside.workers,
    "schedules": beside.schedules,
    "scheduler_trust": beside.scheduler_trust,
    "scheduler_policy": beside.scheduler_policy,
    "names": beside.names,
    "infrastructure_trust": infrastructure.infrastructure_trust,
    "infrastructure_policy": infrastructure.infrastructure_policy,
}
WITH_TARGET_GROUPS: dict[str, Callable[..., Any]] = {
    "scaling_policies": plan.scaling_policies,
    "alarms": plan.alarms,
}


def service_document(service: Mapping[str, Any], kind: str, target_groups: Mapping[str, str] | None = None) -> Any:
    """The document of this kind."""
    if kind in ALONE:
        return ALONE[kind](service)
    if kind in WITH_TARGET_GROUPS and target_groups:
        return WITH_TARGET_GROUPS[kind](service, target_groups)
    raise AnsibleFilterError(f"service_document: no document {kind!r}, or its target groups are missing")


class FilterModule:
    """What Ansible looks for in a filter plugin."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Filter name to function."""
        return {"service_document": service_document}
