# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's one file of settings, written by role llm_server. It holds no secret."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

from slipway_llm.errors import HostError

CONFIG = "/etc/slipway-llm/config.json"


@dataclass(frozen=True)
class Settings:
    """name: dimension of the metrics. models: folder below mount, the instance store. manifest: s3://BUCKET/KEY.

    manifest_sha256, autoscaling_group, log_group: may be empty. port: of the proxy, on all interfaces. engine_port: on
    loopback.
    """

    name: str
    region: str
    engine: str
    image: str
    mount: str
    models: str
    manifest: str
    manifest_sha256: str
    model_name: str
    tensor_parallel: int
    max_model_len: int
    quantization: str
    gpu_memory_utilization: float
    args: list[str]
    environment: dict[str, str]
    bind: str
    port: int
    engine_port: int
    ready_timeout: int
    idle_minutes: int
    grace_minutes: int
    autoscaling_group: str
    log_group: str = ""
    run: str = "/run/slipway-llm"

    @property
    def current(self) -> Path:
        """The link to the complete model."""
        return Path(self.models) / "current"

    @property
    def engine_url(self) -> str:
        """Where the engine answers."""
        return f"http://127.0.0.1:{self.engine_port}"


def load(path: str) -> Settings:
    """The settings in a file. Raises HostError if it cannot be read, or has a name too many or too few."""
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
        return Settings(**document)
    except (OSError, ValueError, TypeError) as error:
        raise HostError(f"{path}: {error}; known are {', '.join(field.name for field in fields(Settings))}") from error


def run(what: str, work: Callable[[Settings], None]) -> int:
    """Run a program with --config; returns its exit status. An error that was foreseen is one line."""
    parser = argparse.ArgumentParser(prog=what)
    parser.add_argument("--config", default=CONFIG)
    try:
        work(load(parser.parse_args().config))
    except HostError as error:
        print(f"{what}: {error}", file=sys.stderr, flush=True)
        return 1
    return 0
