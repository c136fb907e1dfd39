# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter slipway.ops.swap_report: the report page of a deployment's result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.slipway.ops.plugins.module_utils import swap_report as report

DOCUMENTATION = """
name: swap_report
author: Slipway contributors
version_added: 0.1.0
short_description: The report page of a deployment
description:
  - Makes one self-contained HTML page from the result of M(slipway.ops.ecs_blue_green).
  - The page loads nothing from outside and follows the reader's light or dark color scheme.
options:
  _input:
    description: What M(slipway.ops.ecs_blue_green) returned.
    type: dict
    required: true
  service:
    description: Name of the service, for the head of the page.
    type: str
    required: true
  environment:
    description: Name of the environment, for the head of the page.
    type: str
    required: true
"""

EXAMPLES = """
- name: Leave a report of the deployment
  ansible.builtin.copy:
    content: "{{ result | slipway.ops.swap_report(service='api', environment='staging') }}"
    dest: build/deploy-local-api.html
    mode: "0644"
"""

RETURN = """
_value:
  description: The HTML document.
  type: str
"""


def swap_report(result: Any, service: str, environment: str) -> str:
    """The page for RESULT; raises AnsibleFilterError for what is no result of ecs_blue_green."""
    if not isinstance(result, Mapping) or "outcome" not in result:
        raise AnsibleFilterError("slipway.ops.swap_report needs the result of slipway.ops.ecs_blue_green")
    return report.render(result, service=service, environment=environment)


class FilterModule:
    """Ansible's way to find the filters of a file."""

    def filters(self) -> dict[str, Callable[..., str]]:
        """The filters by name."""
        return {"swap_report": swap_report}
