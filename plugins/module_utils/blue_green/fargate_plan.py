# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What AWS Fargate runs, and what it costs. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..service_problems_plan import FARGATE_MEMORY

# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html, "Task CPU and memory".
SIZES: dict[int, Sequence[int]] = {
    **{cpu: range(least, most + 1, step) for cpu, (least, most, step) in FARGATE_MEMORY.items()},
    256: (512, 1024, 2048),
    32768: (61440, 122880, 249856),
}
_AMOUNT = re.compile(r"(\d*\.?\d+) *(vcpu|gb)?", re.IGNORECASE)

# Amazon ECS API reference, EphemeralStorage and ContainerDefinition.
EPHEMERAL = (21, 200)
STOP_TIMEOUT = (2, 120)
# Amazon ECS service quotas: task definition size in KiB, containers per task definition.
MAX_DEFINITION_BYTES = 64 * 1024
MAX_CONTAINERS = 10

FREE_EPHEMERAL_GB = 20
HOUR = 3600
# A task is billed for a minute at least.
LEAST_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars an hour: of a vCPU and of a GB of memory."""

    cpu: float
    memory: float


# https://aws.amazon.com/fargate/pricing/, Linux, on demand, as of PRICES_OF. The Price List API knows all regions, but
# takes a permission of its own and seconds.
PRICE_REGION = "us-east-1"
PRICES_OF = "2026-06"
PRICES = {"X86_64": Price(0.04048, 0.004445), "ARM64": Price(0.03238, 0.00356)}
EPHEMERAL_PRICE = 0.000111


def amount(value: Any) -> int:
    """CPU units or MiB of "256", "1 vCPU" or "2 GB"; 0 for what is none (Amazon ECS API reference,
    RegisterTaskDefinition)."""
    match = _AMOUNT.fullmatch(str(value).strip())
    return round(float(match[1]) * (1024 if match[2] else 1)) if match else 0


def size_problem(body: Mapping[str, Any]) -> str | None:
    cpu, memory = amount(body.get("cpu")), amount(body.get("memory"))
    sizes = SIZES.get(cpu)
    if sizes is None:
        return f"cpu {body.get('cpu')}: Fargate offers {', '.join(map(str, sorted(SIZES)))} units"
    if memory in sizes:
        return None
    shown = f"{sizes[0]} to {sizes[-1]} in steps of {sizes.step}" if isinstance(sizes, range) else _listed(sizes)
    return f"memory {body.get('memory')}: with cpu {cpu} Fargate offers {shown} MiB"


def _listed(values: Sequence[int]) -> str:
    return f"{', '.join(map(str, values[:-1]))} or {values[-1]}"


def total_problems(body: Mapping[str, Any]) -> list[str]:
    """What all containers together ask for beyond what the task has."""
    containers = body.get("containerDefinitions", [])
    found = []
    if len(containers) > MAX_CONTAINERS:
        found.append(f"{len(containers)} containers, Amazon ECS takes {MAX_CONTAINERS}")
    for name, unit, parts in (
        ("cpu", "units", [amount(item.get("cpu") or 0) for item in containers]),
        ("memory", "MiB", [_reserved(item) for item in containers]),
    ):
        if 0 < amount(body.get(name)) < sum(parts):
            found.append(f"the containers ask for {sum(parts)} {unit} of {name}, the task has {amount(body[name])}")
    size = len(json.dumps(body).encode())
    if size > MAX_DEFINITION_BYTES:
        found.append(f"{size} bytes, Amazon ECS takes {MAX_DEFINITION_BYTES}: move configuration out of the variables")
    return found


def _reserved(container: Mapping[str, Any]) -> int:
    """Only what is reserved counts towards the task's memory; a limit alone is a reservation."""
    return amount(container.get("memoryReservation") or container.get("memory") or 0)


def limit_problems(body: Mapping[str, Any]) -> list[str]:
    found = []
    storage = (body.get("ephemeralStorage") or {}).get("sizeInGiB")
    if storage is not None and not EPHEMERAL[0] <= storage <= EPHEMERAL[1]:
        found.append(f"ephemeralStorage {storage} GiB is outside {EPHEMERAL[0]} to {EPHEMERAL[1]}")
    for container in body.get("containerDefinitions", []):
        seconds = container.get("stopTimeout")
        if seconds is not None and not STOP_TIMEOUT[0] <= seconds <= STOP_TIMEOUT[1]:
            shown = f"{STOP_TIMEOUT[0]} to {STOP_TIMEOUT[1]}"
            found.append(f"stopTimeout {seconds} s of container {container['name']} is outside {shown}")
    return found


def stop_timeout(body: Mapping[str, Any]) -> int:
    """Seconds from SIGTERM to SIGKILL of the slowest container; 30 unless said otherwise."""
    return max((int(item.get("stopTimeout") or 30) for item in body.get("containerDefinitions", [])), default=0)


def dollars(body: Mapping[str, Any], tasks: int, seconds: float) -> float | None:
    """List price of tasks for so long; None for what no price is kept here of."""
    platform = body.get("runtimePlatform") or {}
    price = PRICES.get(str(platform.get("cpuArchitecture") or "X86_64"))
    if price is None or str(platform.get("operatingSystemFamily") or "LINUX") != "LINUX":
        return None
    storage = (body.get("ephemeralStorage") or {}).get("sizeInGiB") or FREE_EPHEMERAL_GB
    hourly = (
        amount(body.get("cpu")) / 1024 * price.cpu
        + amount(body.get("memory")) / 1024 * price.memory
        + (storage - FREE_EPHEMERAL_GB) * EPHEMERAL_PRICE
    )
    return tasks * hourly * max(seconds, LEAST_SECONDS) / HOUR
