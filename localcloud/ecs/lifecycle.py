# SPDX-License-Identifier: GPL-3.0-or-later
"""One ECS task from PROVISIONING to STOPPED (Developer Guide, "Amazon ECS task lifecycle").

Coroutines of the controller's event loop. moto's state and the task change only under the lock on moto, which is never
held while waiting.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from localcloud.control.lock import MOTO
from localcloud.ecs import interfaces, targets
from localcloud.ecs.model import Task
from localcloud.ecs.resolve import Place, StartError, container_spec
from localcloud.fargate.addresses import AddressPool
from localcloud.fargate.guard import Guard
from localcloud.fargate.spec import ContainerSpec
from localcloud.fargate.task import FargateTask
from localcloud.images import Image

log = logging.getLogger(__name__)

#: Seconds that a task's processes must live before it counts as RUNNING: what crashes at once never was.
SETTLE = 0.2


@dataclass(slots=True, kw_only=True)
class Host:
    """What all tasks share. wake: ask the scheduler to look. provision_delay: seconds in PROVISIONING.
    stop_limit: cap of stop timeouts and drain delays in seconds, set while the cloud goes down."""

    endpoint_url: str
    marker: Mapping[str, str]
    images: Mapping[str, Image]
    guard: Guard
    addresses: AddressPool
    wake: Callable[[], None]
    provision_delay: float
    stop_limit: float | None = None

    def limited(self, seconds: float) -> float:
        """This wait, or less while the cloud goes down."""
        return seconds if self.stop_limit is None else min(seconds, self.stop_limit)


class Runner:
    """Runs one task. request_stop() may be called from the event loop at any time, again and again."""

    def __init__(self, host: Host, task: Task, account_id: str, region: str) -> None:
        self._host, self._task, self._account, self._region = host, task, account_id, region
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()
        self._fargate: FargateTask | None = None

    def request_stop(self) -> None:
        """Begin to stop; task.stopping() said why."""
        self._stop.set()

    def hurry(self) -> None:
        """Stop without draining: the cloud goes down."""
        self._stop.set()
        self._hurry.set()

    def kill(self) -> None:
        """SIGKILL to all its processes."""
        for container in self._fargate.containers if self._fargate else ():
            container.kill()

    async def run(self) -> None:
        """The whole life. Whatever goes wrong, the task ends STOPPED and its processes are gone."""
        try:
            await self._start()
        except StartError as error:
            with MOTO:
                self._task.stopping("TaskFailedToStart", str(error))
        except Exception as error:
            log.exception("task %s", self._task.id)
            with MOTO:
                self._task.stopping("TaskFailedToStart", f"InternalError: {error}")
        else:
            await self._live()
        await self._end()

    async def _start(self) -> None:
        task, host = self._task, self._host
        task.address = host.addresses.take()
        with MOTO:
            try:
                interfaces.attach(task, self._account, self._region)
            except LookupError as error:
                raise StartError(str(error)) from error
        if await self._stopped_within(host.provision_delay):
            return
        with MOTO:
            task.move("PENDING", "connectivityAt", "pullStartedAt")
            specs = self._specs()
            task.move("PENDING", "pullStoppedAt")
        host.wake()
        self._fargate = FargateTask(specs, host.guard, self._on_change)
        try:
            await self._fargate.start()
        except OSError as error:
            raise StartError(f"CannotStartContainerError: {error}") from error

    def _specs(self) -> list[ContainerSpec]:
        task = self._task
        overrides = {item["name"]: item for item in task.overrides.get("containerOverrides", ())}
        role = task.overrides.get("taskRoleArn") or getattr(task.definition, "task_role_arn", None)
        place = Place(
            account_id=self._account,
            region=self._region,
            task_arn=task.task_arn,
            address=task.address,
            endpoint_url=self._host.endpoint_url,
            role_arn=role,
            extra=self._host.marker,
        )
        specs = []
        for container in task.containers:
            try:
                override = overrides.get(container.definition["name"], {})
                spec, container.digest = container_spec(place, container.definition, override, self._host.images)
            except StartError as error:
                if str(error).startswith("CannotPull"):
                    container.reason = str(error)
                raise
            specs.append(spec)
            if task.deployment is not None and container.digest:
                task.deployment.digests[container.definition["name"]] = container.digest
        return specs

    async def _live(self) -> None:
        """From started processes until one ends or a stop is asked for."""
        task, fargate = self._task, self._fargate
        if fargate is None:  # stopped while provisioning
            return
        ended = asyncio.create_task(fargate.wait())
        stop = asyncio.create_task(self._stop.wait())
        await asyncio.wait({ended, stop}, timeout=SETTLE, return_when=asyncio.FIRST_COMPLETED)
        if not ended.done() and not stop.done():
            with MOTO:
                task.move("RUNNING", "startedAt")
            self._on_change()
            await asyncio.wait({ended, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        with MOTO:
            crashed = ended.done()
            task.stopping("EssentialContainerExited", "Essential container in task exited")
            drain = self._deregister()
        if not crashed and drain:
            await self._drain(ended, drain)
        ended.cancel()

    def _deregister(self) -> float:
        task = self._task
        task.move("DEACTIVATING", "stoppingAt")
        if not task.targets:
            return 0
        assert task.service is not None
        if task.stop_code == "ServiceSchedulerInitiated":
            task.service.say("has begun draining connections on 1 tasks.")
        return targets.deregister(task)

    async def _drain(self, ended: asyncio.Task[None], seconds: float) -> None:
        """Wait as ECS does for the deregistration delay before SIGTERM."""
        hurry = asyncio.create_task(self._hurry.wait())
        await asyncio.wait({ended, hurry}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        hurry.cancel()

    async def _end(self) -> None:
        task = self._task
        with MOTO:
            task.move("STOPPING", "stoppingAt")
        if self._fargate is not None:
            for container in self._fargate.containers:
                container.stop_timeout = self._host.limited(container.stop_timeout)
            await self._fargate.stop()
        self._on_change()
        with MOTO:
            task.move("DEPROVISIONING", "executionStoppedAt")
            interfaces.detach(task, self._account, self._region)
            for shown in task.containers:
                shown.status = "STOPPED"
            task.move("STOPPED", "stoppedAt")
        if task.address:
            self._host.addresses.give_back(task.address)
        self._host.wake()

    async def _stopped_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._stop.wait(), seconds)
        except TimeoutError:
            return False
        return True

    def _on_change(self) -> None:
        """Copy what Fargate knows; register the targets once the task is RUNNING and no health check says otherwise."""
        fargate, task = self._fargate, self._task
        if fargate is None:
            return
        with MOTO:
            for shown, real in zip(task.containers, fargate.containers, strict=True):
                shown.status, shown.health, shown.exit_code = real.status, real.health, real.exit_code
            task.health = fargate.health
            checked = any(container.spec.health for container in fargate.containers)
            fit = task.status == "RUNNING" and task.desired == "RUNNING"
            if task.service and fit and not task.targets and (task.health == "HEALTHY" or not checked):
                targets.register(task)
        self._host.wake()
