# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task runs: everything resolved, nothing left to look up."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Takes lines of a container's output, without their line ends.
LogSink = Callable[[Sequence[str]], None]

_LOCALHOST = re.compile(r"(?<![\w.-])(?:localhost|127\.0\.0\.1)(?![\w.-])")


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """A container health check (HealthCheck in the ECS API Reference, with its defaults).

    command: argv. interval, timeout, start_period: seconds. retries: consecutive failures that make it UNHEALTHY.
    """

    command: tuple[str, ...]
    interval: float = 30.0
    timeout: float = 5.0
    retries: int = 3
    start_period: float = 0.0


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """One container. stop_timeout: seconds between SIGTERM and SIGKILL. log: None drops its output."""

    name: str
    command: tuple[str, ...]
    folder: Path
    env: Mapping[str, str]
    essential: bool = True
    stop_timeout: float = 30.0
    health: HealthCheck | None = None
    log: LogSink | None = None


def parse_health_check(definition: Mapping[str, Any] | None, address: str) -> HealthCheck | None:
    """The healthCheck of a container definition; None where there is none, or ["NONE"].

    Containers of an awsvpc task share a network namespace in which localhost is the task itself. Here it is the whole
    machine, so localhost and 127.0.0.1 in the command stand for the task's own address.
    """
    command: Sequence[str] = (definition or {}).get("command") or ()
    if not definition or not command or command[0] == "NONE":
        return None
    local = [_LOCALHOST.sub(address, word) for word in command]
    if local[0] == "CMD-SHELL":
        local = ["/bin/sh", "-c", *local[1:]]
    elif local[0] == "CMD":
        local = local[1:]
    return HealthCheck(
        command=tuple(local),
        interval=float(definition.get("interval") or 30),
        timeout=float(definition.get("timeout") or 5),
        retries=int(definition.get("retries") or 3),
        start_period=float(definition.get("startPeriod") or 0),
    )
