# SPDX-License-Identifier: GPL-3.0-or-later
"""What /metrics of vLLM and TGI say, and when they say nothing."""

from __future__ import annotations

import pytest

from slipway_llm.metrics_plan import Sample, sample, series

VLLM = """\
# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="llama"} 2.0
vllm:num_requests_running{engine="1",model_name="llama"} 1.0
vllm:num_requests_waiting{engine="0",model_name="a \\"}\\" name"} 4.0
vllm:prompt_tokens_total{engine="0",model_name="llama"} 1.5e+03
vllm:generation_tokens_total{engine="0",model_name="llama"} 700.0 1795500763412
python_info{version="3.12"} 1.0
a line that is none
"""
TGI = """\
tgi_batch_current_size 0
tgi_queue_size 0
"""


def test_series_are_summed_over_their_labels():
    assert series(VLLM) == {
        "vllm:num_requests_running": 3.0,
        "vllm:num_requests_waiting": 4.0,
        "vllm:prompt_tokens_total": 1500.0,
        "vllm:generation_tokens_total": 700.0,
        "python_info": 1.0,
    }


def test_a_value_that_is_no_number_is_left_out():
    assert series("a x\nb NaN\n").keys() == {"b"}


@pytest.mark.parametrize(
    ("engine", "text", "wanted"),
    [
        ("vllm", VLLM, Sample(3, 4, (("vllm:generation_tokens_total", 700), ("vllm:prompt_tokens_total", 1500)), 700)),
        ("vllm", VLLM.replace("num_requests_waiting", "num_requests_other"), None),
        ("vllm", VLLM.replace(" 4.0", " NaN"), None),
        ("vllm", TGI, None),
        ("vllm", "", None),
        # Before its first request TGI has no counters at all.
        ("tgi", TGI, Sample(0, 0, (("tgi_request_count", 0), ("tgi_request_generated_tokens_sum", 0)), 0)),
        (
            "tgi",
            TGI + "tgi_request_count 3\ntgi_request_generated_tokens_sum 90\n",
            Sample(0, 0, (("tgi_request_count", 3), ("tgi_request_generated_tokens_sum", 90)), 90),
        ),
        ("tgi", "tgi_queue_size 0\n", None),
    ],
    ids=[
        "vllm",
        "without the queue",
        "not a number",
        "another engine",
        "nothing",
        "tgi new",
        "tgi",
        "tgi without batch",
    ],
)
def test_what_the_engine_does(engine, text, wanted):
    assert sample(engine, text) == wanted
