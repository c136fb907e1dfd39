# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line of the container, for vLLM and for TGI alike. Pure."""

from __future__ import annotations

from pathlib import Path

from slipway_llm.settings import Settings

CONTAINER = "slipway-llm"
INSIDE = 8000
"""The port within the container, where it is published on loopback only."""

OFFLINE = {
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    # Caches of compiled kernels outlive a restart of the engine; the image's own home is read-only for no user but its.
    "HOME": "/cache",
    "USAGE_STATS": "off",
    "VLLM_NO_USAGE_STATS": "1",
    "XDG_CACHE_HOME": "/cache",
}
"""No model hub and no telemetry: TGI's and vLLM's are on unless told otherwise."""


def command(settings: Settings, model: Path) -> list[str]:
    """What to run in place of this process. model: the folder itself, as a link would leave the container's sight."""
    engine = vllm(settings) if settings.engine == "vllm" else tgi(settings)
    variables = {**OFFLINE, **settings.environment}
    environment = [f"--env={name}={value}" for name, value in sorted(variables.items())]
    entrypoint = ["--entrypoint=vllm"] if settings.engine == "vllm" else []
    return [
        "docker",
        "run",
        "--rm",
        f"--name={CONTAINER}",
        "--pull=never",
        "--gpus=all",
        # NCCL's ranks share memory; the default of 64 MiB ends them.
        "--ipc=host",
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges",
        *logging(settings),
        f"--publish=127.0.0.1:{settings.engine_port}:{INSIDE}",
        f"--volume={model}:/model:ro",
        f"--volume={settings.models}/.cache:/cache",
        *environment,
        *entrypoint,
        settings.image,
        *engine,
        *settings.args,
    ]


def logging(settings: Settings) -> list[str]:
    """What it prints goes to the journal by this process's own output, and to CloudWatch if there is a log group.

    non-blocking: a log group that does not answer must not stop the engine.
    """
    if not settings.log_group:
        return ["--log-driver=none"]
    options = {"awslogs-group": settings.log_group, "awslogs-region": settings.region, "mode": "non-blocking"}
    return ["--log-driver=awslogs", *(f"--log-opt={name}={value}" for name, value in options.items())]


def vllm(settings: Settings) -> list[str]:
    """`vllm serve`. The context must be said: vLLM refuses to start if the model's own does not fit (vllm#6689)."""
    quantization = [f"--quantization={settings.quantization}"] if settings.quantization else []
    return [
        "serve",
        "/model",
        f"--served-model-name={settings.model_name}",
        "--host=0.0.0.0",
        f"--port={INSIDE}",
        f"--tensor-parallel-size={settings.tensor_parallel}",
        f"--max-model-len={settings.max_model_len}",
        f"--gpu-memory-utilization={settings.gpu_memory_utilization:g}",
        *quantization,
    ]


def tgi(settings: Settings) -> list[str]:
    """text-generation-launcher, which the image starts. It answers to any model name, so it is told none."""
    quantization = [f"--quantize={settings.quantization}"] if settings.quantization else []
    return [
        "--model-id=/model",
        "--hostname=0.0.0.0",
        f"--port={INSIDE}",
        f"--num-shard={settings.tensor_parallel}",
        f"--max-total-tokens={settings.max_model_len}",
        f"--cuda-memory-fraction={settings.gpu_memory_utilization:g}",
        *quantization,
    ]
