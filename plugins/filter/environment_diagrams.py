# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter slipway.ops.environment_diagrams: the pictures of environments, drawn from their documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.slipway.ops.plugins.module_utils.diagram import page

DOCUMENTATION = """
name: environment_diagrams
author: Slipway contributors
version_added: 0.1.0
short_description: The pictures of environments as SVG
description:
  - Draws the backend and the frontend of each environment and one picture of how releases reach them all.
  - The pictures load nothing from outside, follow the reader's light or dark color scheme, and tell ids and digests to
    whoever points at a part. The same document makes the same bytes.
  - What could not be read stands below the picture; it is not taken for absent.
options:
  _input:
    description: What M(slipway.ops.environment_info) returned as RV(slipway.ops.environment_info#module:environment).
    type: list
    elements: dict
    required: true
"""

EXAMPLES = """
- name: Draw the environment
  ansible.builtin.copy:
    content: "{{ item.content }}"
    dest: "build/diagrams/{{ item.name }}"
    mode: "0644"
  loop: "{{ [read.environment] | slipway.ops.environment_diagrams }}"
  loop_control:
    label: "{{ item.name }}"
"""

RETURN = """
_value:
  description: A file each. C(backend-NAME.svg) and C(frontend-NAME.svg) of each environment, C(cicd.svg), C(index.html)
  type: list
  elements: dict
  contains:
    name:
      description: Name of the file.
      type: str
    content:
      description: What is in it.
      type: str
"""


def environment_diagrams(snapshots: Any) -> list[dict[str, str]]:
    """The files for SNAPSHOTS; raises AnsibleFilterError for what is no list of environments' documents."""
    usable = isinstance(snapshots, list) and snapshots
    if not usable or not all(isinstance(each, Mapping) and each.get("name") for each in snapshots):
        raise AnsibleFilterError("slipway.ops.environment_diagrams needs a list of documents of environment_info")
    return [{"name": name, "content": content} for name, content in page.files(snapshots).items()]


class FilterModule:
    """Ansible's way to find the filters of a file."""

    def filters(self) -> dict[str, Callable[..., list[dict[str, str]]]]:
        """The filters by name."""
        return {"environment_diagrams": environment_diagrams}
