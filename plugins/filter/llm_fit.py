# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter slipway.ops.llm_fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.slipway.ops.plugins.module_utils import llm_fit_plan

DOCUMENTATION = r"""
name: llm_fit
version_added: "0.1.0"
short_description: Say whether a language model fits a GPU instance, before one is paid for
description:
  - Memory arithmetic alone, no AWS. Weights, overhead of the engine and KV cache of each GPU, and what the kernels can
    split. What it cannot know is the engine's real overhead, which O(overhead_gib) assumes.
positional: _input
options:
  _input:
    description: A model of the catalog by its name, or the content of any model's C(config.json).
    type: raw
    required: true
  quantization:
    description: How the weights are stored.
    type: str
    choices: [bf16, fp8, int8, awq, gptq]
    default: awq
  instance_type:
    description: The instance.
    type: str
    default: g5.12xlarge
  tensor_parallel:
    description: GPUs that share the model. 0 for as many as give the largest cache.
    type: int
    default: 0
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
- name: Refuse what cannot fit
  ansible.builtin.assert:
    that: fit.verdict != 'refused'
    fail_msg: "{{ fit.reason }}"
  vars:
    fit: "{{ 'llama-3.3-70b' | slipway.ops.llm_fit(quantization='awq', instance_type='g5.12xlarge') }}"
"""

RETURN = r"""
_value:
  description:
    - C(verdict) (fits, tight or refused), C(constraint) and C(reason) of a refusal, C(tensor_parallel), C(weights_gib)
      and C(kv_gib) of a GPU, C(kv_tokens), C(max_context) of one request, C(max_concurrency) at the wanted context,
      C(refusals) by tensor parallel size, and C(cheapest), the cheapest instance that takes it.
  type: dict
"""


def llm_fit(model: Any, **options: Any) -> dict[str, Any]:
    """The answer as a mapping."""
    try:
        return asdict(llm_fit_plan.fit(model, options))
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """What Ansible looks for in a filter plugin."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Filter name to function."""
        return {"llm_fit": llm_fit}
