# SPDX-License-Identifier: GPL-3.0-or-later
"""The scheduler's loop: look at every service, plan, apply; and the tasks' lives in the same event loop.

One thread with one event loop starts every process, because the kernel ties a task's life to the thread that started
it (fargate/launcher.py). It sleeps until something changes, or for a short while as long as tasks have health checks to
watch.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import Counter
from typing import Any

from moto.ecs.models import ecs_backends

from localcloud import images
from localcloud.control.lock import MOTO
from localcloud.ecs import api, apply, scheduled, schedules, views
from localcloud.ecs.lifecycle import Host, Runner
from localcloud.ecs.model import Service, Task, now
from localcloud.ecs.native import apply as native_apply
from localcloud.ecs.native import course
from localcloud.ecs.native import plan as native
from localcloud.ecs.native.view import of_course
from localcloud.ecs.plan import plan
from localcloud.fargate.addresses import AddressPool
from localcloud.fargate.guard import Guard
from localcloud.settings import Settings

log = logging.getLogger(__name__)

#: Seconds between two looks while there are tasks to watch.
LOOK = 0.1
#: Seconds that a stopped task stays listed (AWS: "at least one hour").
KEEP_STOPPED = 3600
#: Seconds that a task may take to stop when the cloud goes down.
LAST_STOP = 5.0


class Controller:
    """Makes moto's ECS real. Made before the endpoint answers (it installs the mends), then start() and stop().

    provision_delay: seconds that a task stays PROVISIONING (AWS: 10 to 60).
    """

    def __init__(self, settings: Settings, provision_delay: float = 0.1) -> None:
        self._services: list[Service] = []
        self._tasks: list[Task] = []
        self._runners: dict[str, Runner] = {}
        self._lives: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._wake = asyncio.Event()
        self._down = asyncio.Event()
        self._host = Host(
            endpoint_url=settings.endpoint_url,
            marker=settings.marker,
            images=images.load(settings.images),
            guard=Guard(),
            addresses=AddressPool(settings.network),
            wake=self._wake.set,
            provision_delay=provision_delay,
        )
        self._thread = threading.Thread(target=self._run, name="ecs", daemon=True)
        api.install(self)

    def start(self) -> None:
        """Begin to schedule."""
        self._thread.start()

    def stop(self) -> None:
        """Stop every task (SIGTERM, soon SIGKILL), then the scheduler."""
        self._loop.call_soon_threadsafe(self._down.set)
        self.wake()
        self._thread.join()
        api.uninstall()
        self._host.guard.close()

    def wake(self) -> None:
        """Look at the services now. Thread-safe."""
        self._loop.call_soon_threadsafe(self._wake.set)

    def status(self) -> dict[str, Any]:
        """Services and tasks by state, for people."""
        with MOTO:
            services = {
                service.arn: f"{service.status}, {views.running(service)} of {service.desired_count} running"
                for service in self._services
            }
            return {"services": services, "tasks": dict(Counter(task.status for task in self._tasks))}

    def add_service(self, service: Service) -> None:
        """Schedule this service from now on. Under the lock."""
        self._services.append(service)
        self.wake()

    def add_task(self, task: Task, account_id: str, region: str) -> None:
        """Run this task. Under the lock; thread-safe."""
        self._tasks.append(task)
        ecs_backends[account_id][region].tasks.setdefault(task.cluster_name, {})[task.task_arn] = task
        runner = self._runners[task.task_arn] = Runner(self._host, task, account_id, region)
        self._loop.call_soon_threadsafe(self._begin, runner)

    def stop_task(self, task: Task, code: str, reason: str) -> None:
        """Stop this task. Under the lock; thread-safe."""
        task.stopping(code, reason)
        runner = self._runners.get(task.task_arn)
        if runner is not None:
            self._loop.call_soon_threadsafe(runner.request_stop)

    def _begin(self, runner: Runner) -> None:
        life = self._loop.create_task(runner.run())
        self._lives.add(life)
        life.add_done_callback(self._end)

    def _end(self, life: asyncio.Task[None]) -> None:
        self._lives.discard(life)
        if not life.cancelled() and life.exception():
            log.error("a task's life broke off", exc_info=life.exception())

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._schedule())
        finally:
            self._loop.close()

    async def _schedule(self) -> None:
        while not self._down.is_set():
            self._wake.clear()
            with MOTO:
                watching = self._look()
            try:
                await asyncio.wait_for(self._wake.wait(), LOOK if watching else None)
            except TimeoutError:
                continue
        await self._stop_all()

    async def _stop_all(self) -> None:
        self._host.stop_limit = LAST_STOP
        for runner in self._runners.values():
            runner.hurry()
        lives = set(self._lives)
        if lives:
            await asyncio.wait(lives, timeout=LAST_STOP)
        for runner in self._runners.values():  # those that were already stopping, with more time than there is now
            runner.kill()
        if lives:
            await asyncio.wait(lives)

    def _look(self) -> bool:
        """One look at everything. Returns whether there is something to watch."""
        scheduled.run_due(time.time())
        schedules.run_due(self, time.time())
        self._forget_stopped()
        for service in list(self._services):
            self._advance(service)
            if service.status == "INACTIVE":
                self._services.remove(service)
        self._count()
        waiting = any(views.waiting(service) or course.under_way(service) for service in self._services)
        return bool(self._runners) or waiting or scheduled.pending() or schedules.pending()

    def _advance(self, service: Service) -> None:
        try:
            if service.status == "ACTIVE" and course.in_charge(service):
                self._advance_course(service)
            else:
                for action in plan(views.of_service(service), time.monotonic()):
                    apply.apply(self, service, action)
        except Exception:
            log.exception("the ECS scheduler failed on %s; it goes on with the other services", service.arn)

    def _advance_course(self, service: Service) -> None:
        for move in native.plan(of_course(service), time.monotonic()):
            if isinstance(move, native.Move):
                native_apply.apply(service, move)
                self._wake.set()  # a stage in which nothing is waited for needs no time
            else:
                apply.apply(self, service, move)

    def _forget_stopped(self) -> None:
        """Drop runners of stopped tasks at once, the tasks after KEEP_STOPPED."""
        for task in [task for task in self._tasks if task.status == "STOPPED"]:
            if self._runners.pop(task.task_arn, None) is not None:
                apply.stopped(task)
            if (now() - task.times["stoppedAt"]).total_seconds() > KEEP_STOPPED:
                self._tasks.remove(task)
                for regions in list(ecs_backends.values()):
                    for backend in list(regions.values()):
                        backend.tasks.get(task.cluster_name, {}).pop(task.task_arn, None)

    def _count(self) -> None:
        """The counts that DescribeClusters shows."""
        for regions in list(ecs_backends.values()):
            for backend in list(regions.values()):
                for cluster in backend.clusters.values():
                    statuses = Counter(task.status for task in backend.tasks.get(cluster.name, {}).values())
                    cluster.running_tasks_count = statuses["RUNNING"]
                    cluster.pending_tasks_count = statuses["PENDING"] + statuses["PROVISIONING"]
                    cluster.active_services_count = sum(
                        service.cluster_name == cluster.name and service.status == "ACTIVE"
                        for service in backend.services.values()
                    )
