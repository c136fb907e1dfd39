# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters that say what fits, and the table in the docs, which is what they say."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.slipway.ops.plugins.filter import llm_fit, llm_fit_table

DOCS = Path(__file__).resolve().parents[4] / "docs" / "gpu-hosts.md"
MODELS = ["llama-3.1-8b", "llama-3.3-70b", "qwen2.5-72b", "mixtral-8x7b", "deepseek-r1-distill-llama-70b"]

fit = llm_fit.FilterModule().filters()["llm_fit"]
table = llm_fit_table.FilterModule().filters()["llm_fit_table"]


def test_an_answer_is_a_mapping():
    found = fit("llama-3.3-70b", quantization="awq", context=4096)
    assert (found["verdict"], found["tensor_parallel"], found["context"]) == ("fits", 4, 4096)
    assert found["cheapest"]["instance_type"] == "g5.12xlarge"


def test_nonsense_fails_in_one_line():
    with pytest.raises(AnsibleFilterError, match=r"tensor_parallel: g5\.12xlarge has 4 GPUs, got 9"):
        fit("llama-3.3-70b", tensor_parallel=9)
    with pytest.raises(AnsibleFilterError, match="'gpt-5' is not in the catalog"):
        table(["gpt-5"])


def test_the_docs_show_the_table_as_it_is():
    """To renew it: gpu_plan.yml prints it."""
    lines = table(MODELS)
    assert len(lines) == 2 + 5 * 3 * 3 + 1 + sum(line.startswith("- ") for line in lines)
    assert "\n".join(lines) in DOCS.read_text(encoding="utf-8")
