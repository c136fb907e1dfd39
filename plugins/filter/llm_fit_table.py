# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter slipway.ops.llm_fit_table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from itertools import product
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.slipway.ops.plugins.module_utils import llm_fit_plan

DOCUMENTATION = r"""
name: llm_fit_table
version_added: "0.1.0"
short_description: Show which language models fit which GPU instances
description:
  - What P(slipway.ops.llm_fit#filter) answers for each model, quantization and instance type. A row an answer, and
    below, each refusal and each tight fit with its reason and what would do instead.
positional: _input, quantizations, instance_types
options:
  _input:
    description: Models, as P(slipway.ops.llm_fit#filter) takes them.
    type: list
    elements: raw
    required: true
  quantizations:
    description: How the weights are stored.
    type: list
    elements: str
    default: [bf16, fp8, awq]
  instance_types:
    description: The instances.
    type: list
    elements: str
    default: [g5.2xlarge, g5.12xlarge, g5.48xlarge]
  context:
    description: Tokens of one request, prompt and answer.
    type: int
    default: 8192
  concurrency:
    description: Requests of that length at the same time.
    type: int
    default: 4
  utilization:
    description: Share of a GPU's memory that the engine may use.
    type: float
    default: 0.9
  overhead_gib:
    description: GiB of a GPU for all that is neither weights nor cache.
    type: float
    default: 1.8
author:
  - Contributors to the Slipway project
"""

EXAMPLES = r"""
- name: Show what fits
  ansible.builtin.debug:
    msg: "{{ ['llama-3.3-70b', 'qwen2.5-72b'] | slipway.ops.llm_fit_table(context=16384) }}"
"""

RETURN = r"""
_value:
  description: Lines of Markdown.
  type: list
  elements: str
"""


def llm_fit_table(
    models: Sequence[Any],
    quantizations: Sequence[str] = ("bf16", "fp8", "awq"),
    instance_types: Sequence[str] = ("g5.2xlarge", "g5.12xlarge", "g5.48xlarge"),
    **options: Any,
) -> list[str]:
    """The lines."""
    asked = product(models, quantizations, instance_types)
    try:
        fits = [
            llm_fit_plan.fit(model, {**options, "quantization": quantization, "instance_type": instance_type})
            for model, quantization, instance_type in asked
        ]
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error
    return llm_fit_plan.table([asdict(fit) for fit in fits])


class FilterModule:
    """What Ansible looks for in a filter plugin."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Filter name to function."""
        return {"llm_fit_table": llm_fit_table}
