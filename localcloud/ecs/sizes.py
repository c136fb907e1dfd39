# SPDX-License-Identifier: GPL-3.0-or-later
"""The sizes of Fargate tasks.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html, "Task CPU and memory".
"""

from __future__ import annotations

import re

from moto.ecs.exceptions import EcsClientException

#: CPU units to memory in MiB.
_SIZES: dict[int, range | tuple[int, ...]] = {
    256: (512, 1024, 2048),
    512: range(1024, 4096 + 1, 1024),
    1024: range(2048, 8192 + 1, 1024),
    2048: range(4096, 16384 + 1, 1024),
    4096: range(8192, 30720 + 1, 1024),
    8192: range(16384, 61440 + 1, 4096),
    16384: range(32768, 122880 + 1, 8192),
    32768: (61440, 122880, 249856),
}
_AMOUNT = re.compile(r"(?i)([0-9]*\.?[0-9]+) *(vcpu|gb)?")


def check(cpu: str | None, memory: str | None) -> None:
    """EcsClientException, in ECS's words, unless Fargate has this size; amounts as in the API, "256" or ".25 vCPU"."""
    if not cpu or not memory:
        missing = "cpu" if not cpu else "memory"
        raise EcsClientException(f"Fargate requires that '{missing}' be defined at the task level.")
    if units(memory) not in _SIZES.get(units(cpu), ()):
        raise EcsClientException(f"No Fargate configuration exists for given values: {cpu} CPU, {memory} memory.")


def units(amount: str) -> int:
    """CPU units or MiB of an amount; 0 for what is none."""
    match = _AMOUNT.fullmatch(amount.strip())
    if not match:
        return 0
    return round(float(match[1]) * (1024 if match[2] else 1))
