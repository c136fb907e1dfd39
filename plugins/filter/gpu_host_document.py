# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter slipway.ops.gpu_host_document."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.slipway.ops.plugins.module_utils import gpu_host_plan as plan

DOCUMENTATION = r"""
name: gpu_host_document
version_added: "0.1.0"
short_description: One of the GPU hosts' documents, made from the inputs of role gpu_host
description:
  - Keeps the documents in one tested place instead of in templates.
positional: _input, kind
options:
  _input:
    description: The role's inputs without their prefix.
    type: dict
    required: true
  kind:
    description: Which document.
    type: str
    required: true
    choices:
      - problems
      - fit
      - trust_policy
      - instance_policy
      - launch_template
      - uptime_alarm
      - log_group
      - role_name
      - endpoints
  security_group_id:
    description: The hosts' security group (C(launch_template)).
    type: str
    default: ""
  boot_key:
    description: Key of the bundle that a host starts (C(launch_template)).
    type: str
    default: ""
  boot_sha256:
    description: Its digest (C(launch_template)).
    type: str
    default: ""
  off_policy_arn:
    description: The scaling policy that switches the hosts off (C(uptime_alarm)).
    type: str
    default: ""
author:
  - Contributors to the Slipway project
"""

EXAMPLES = r"""
- name: Show what a host may do
  ansible.builtin.debug:
    msg: "{{ inputs | slipway.ops.gpu_host_document('instance_policy') }}"
"""

RETURN = r"""
_value:
  description: The document; for C(problems) a list with one line a finding, empty when the hosts can be built.
  type: raw
"""

ALONE: dict[str, Callable[..., Any]] = {
    "problems": lambda host: list(plan.problems(host)),
    "fit": lambda host: asdict(plan.fit_of(host)),
    "trust_policy": plan.trust_policy,
    "instance_policy": plan.instance_policy,
    "log_group": plan.log_group,
    "role_name": plan.role_name,
    "endpoints": lambda host: [f"com.amazonaws.{host['region']}.{service}" for service in plan.ENDPOINTS],
}


def gpu_host_document(
    host: Mapping[str, Any],
    kind: str,
    security_group_id: str = "",
    boot_key: str = "",
    boot_sha256: str = "",
    off_policy_arn: str = "",
) -> Any:
    """The document of this kind."""
    if kind in ALONE:
        return ALONE[kind](host)
    if kind == "launch_template":
        script = plan.user_data(host, boot_key, boot_sha256)
        return plan.launch_template(host, security_group_id, b64encode(script.encode()).decode())
    if kind == "uptime_alarm":
        return plan.uptime_alarm(host, off_policy_arn)
    raise AnsibleFilterError(f"gpu_host_document: no document {kind!r}")


class FilterModule:
    """What Ansible looks for in a filter plugin."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Filter name to function."""
        return {"gpu_host_document": gpu_host_document}
