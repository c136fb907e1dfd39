# SPDX-License-Identifier: GPL-3.0-or-later
"""The container's command line: what vLLM and TGI get from the same settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway_llm.engine_plan import command

VLLM = [
    "serve",
    "/model",
    "--served-model-name=llama",
    "--host=0.0.0.0",
    "--port=8000",
    "--tensor-parallel-size=4",
    "--max-model-len=16384",
    "--gpu-memory-utilization=0.9",
]
TGI = [
    "--model-id=/model",
    "--hostname=0.0.0.0",
    "--port=8000",
    "--num-shard=4",
    "--max-total-tokens=16384",
    "--cuda-memory-fraction=0.9",
]


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, VLLM),
        ({"quantization": "awq_marlin", "args": ["--x=1"]}, [*VLLM, "--quantization=awq_marlin", "--x=1"]),
        ({"engine": "tgi"}, TGI),
        ({"engine": "tgi", "quantization": "awq"}, [*TGI, "--quantize=awq"]),
    ],
    ids=["vllm", "vllm with more", "tgi", "tgi quantized"],
)
def test_the_engine_gets_the_settings(settings, given, wanted):
    made = settings(**given)
    found = command(made, Path("/nvme/models/abc"))
    assert found[found.index(made.image) + 1 :] == wanted
    assert ("--entrypoint=vllm" in found) == (made.engine == "vllm")


def test_it_is_on_loopback_offline_and_cannot_write_the_model(settings):
    made = settings(environment={"NCCL_P2P_DISABLE": "1", "HF_HUB_OFFLINE": "0"}, engine_port=8001)
    found = command(made, Path("/nvme/models/abc"))
    assert {
        "--publish=127.0.0.1:8001:8000",
        "--volume=/nvme/models/abc:/model:ro",
        "--env=NCCL_P2P_DISABLE=1",
        "--env=USAGE_STATS=off",
        "--env=HF_HUB_OFFLINE=0",  # whoever says so has a reason
        "--pull=never",
        "--cap-drop=ALL",
    } <= set(found)
    assert found[:2] == ["docker", "run"]
    assert [argument for argument in found if argument.startswith("--publish")] == ["--publish=127.0.0.1:8001:8000"]


def test_what_it_prints_goes_to_cloudwatch_if_asked(settings):
    assert "--log-driver=none" in command(settings(), Path("/nvme/models/abc"))
    found = command(settings(log_group="/gpu/llm", region="eu-west-1"), Path("/nvme/models/abc"))
    assert [item for item in found if item.startswith("--log-")] == [
        "--log-driver=awslogs",
        "--log-opt=awslogs-group=/gpu/llm",
        "--log-opt=awslogs-region=eu-west-1",
        "--log-opt=mode=non-blocking",
    ]
