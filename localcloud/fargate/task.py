# SPDX-License-Identifier: GPL-3.0-or-later
"""A Fargate task: containers that live and die together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from localcloud.fargate.container import Container
from localcloud.fargate.guard import Guard
from localcloud.fargate.spec import ContainerSpec


class FargateTask:
    """Runs containers at one address until an essential one ends, or all have ended, or stop() is called.

    on_change: called in the event loop after each change of a container's status or health.
    """

    def __init__(self, specs: Sequence[ContainerSpec], guard: Guard, on_change: Callable[[], None]) -> None:
        self.containers = [Container(spec, guard, on_change) for spec in specs]

    async def start(self) -> None:
        """Start all containers. OSError if one cannot be started at all; those that were started are stopped then."""
        try:
            for container in self.containers:
                await container.start()
        except BaseException:
            await self.stop()
            raise

    async def wait(self) -> None:
        """Return when an essential container, or every container, has stopped."""
        waits = {asyncio.create_task(container.wait()) for container in self.containers}
        try:
            while waits:
                _, waits = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
                if any(c.spec.essential and c.status == "STOPPED" for c in self.containers):
                    return
        finally:
            for wait in waits:
                wait.cancel()

    async def stop(self) -> None:
        """Stop every container; each gets its own stop timeout. Returns when all have stopped."""
        await asyncio.gather(*(container.stop() for container in self.containers))

    @property
    def health(self) -> str:
        """healthStatus of the task (ECS API Reference, Task): that of its essential containers with a health check."""
        checked = [c.health for c in self.containers if c.spec.essential and c.spec.health]
        if "UNHEALTHY" in checked:
            return "UNHEALTHY"
        return "HEALTHY" if checked and set(checked) == {"HEALTHY"} else "UNKNOWN"
