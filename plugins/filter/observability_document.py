# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter slipway.ops.observability_document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.slipway.ops.plugins.module_utils import observability_plan as plan
from ansible_collections.slipway.ops.plugins.module_utils.observability_dashboard_plan import dashboard

DOCUMENTATION = r"""
name: observability_document
version_added: "0.1.0"
short_description: One of the documents by which an environment is watched, made from the inputs of role observability
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
    choices: [topic_arn, topic_policy, key_policy, alarms, alarm_names, queries, dashboard]
  target_groups:
    description: Name to ARN, of the target groups that exist. Only for C(dashboard).
    type: dict
author:
  - Contributors to the Slipway project
"""

EXAMPLES = r"""
- name: Show the saved queries
  ansible.builtin.debug:
    msg: "{{ inputs | slipway.ops.observability_document('queries') }}"
"""

RETURN = r"""
_value:
  description: The document.
  type: raw
"""

ALONE: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "topic_arn": plan.topic_arn,
    "topic_policy": plan.topic_policy,
    "key_policy": plan.key_policy,
    "alarms": plan.alarms,
    "alarm_names": plan.alarm_names,
    "queries": plan.queries,
}


def observability_document(inputs: Mapping[str, Any], kind: str, target_groups: Mapping[str, str] | None = None) -> Any:
    """The document of this kind."""
    if kind in ALONE:
        return ALONE[kind](inputs)
    if kind == "dashboard" and target_groups is not None:
        return dashboard(inputs, target_groups)
    raise AnsibleFilterError(f"observability_document: no document {kind!r}, or its target groups are missing")


class FilterModule:
    """What Ansible looks for in a filter plugin."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Filter name to function."""
        return {"observability_document": observability_document}
