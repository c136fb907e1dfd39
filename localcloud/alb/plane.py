# SPDX-License-Identifier: GPL-3.0-or-later
"""The data plane: keeps listeners, target groups and health checks equal to the last configuration.

Targets, their health and listeners follow a configuration at once; the rules of an open listener follow after its
`weight_delay` (routing.RuleSchedule). What changes about a listener besides its rules closes and opens it anew.
A request still in flight when its target's deregistration delay ends is cut (502, or a broken body): AWS documents that
the delay lets requests complete, not what happens to those that outlast it.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from localcloud.alb.config import Config, ListenerConfig, TargetGroupConfig
from localcloud.alb.health import HealthMonitor
from localcloud.alb.metrics import Metrics
from localcloud.alb.proxy import Backends, ListenerProxy
from localcloud.alb.routing import RuleSchedule
from localcloud.alb.server import Listener
from localcloud.alb.targets import Group, Target
from localcloud.alb.upstream import Pool, target_tls

Emit = Callable[[Mapping[str, Any]], None]


class DataPlane:
    """All listeners and target groups of one process. Use from one event loop."""

    def __init__(self, emit: Emit, choose: Callable[[], float] = random.random) -> None:
        """`emit` takes output messages; `choose` gives numbers in [0, 1) for weights."""
        self._emit = emit
        self._choose = choose
        self._loop = asyncio.get_running_loop()
        self._config = Config()
        self._groups: dict[str, Group] = {}
        self._pools: dict[Target, Pool] = {}
        self._listeners: dict[str, Listener] = {}
        self._schedules: dict[str, RuleSchedule] = {}
        self._metrics = Metrics()
        self._monitor = HealthMonitor(self._report_health)
        self._reported: dict[str, list[dict[str, Any]]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._tls = target_tls()
        self._backends = Backends(self._groups, self._pool, self._metrics, choose)

    async def apply(self, config: Config) -> None:
        """Take over a configuration."""
        for problem in config.problems:
            if problem not in self._config.problems:
                self._emit({"type": "error", "message": problem})
        self._config = config
        now = self._loop.time()
        for arn in [arn for arn, listener in self._listeners.items() if _reopens(listener, config.listeners.get(arn))]:
            await self._listeners.pop(arn).close()
        for arn in [arn for arn in self._schedules if arn not in config.listeners]:
            del self._schedules[arn]
        for arn, wanted in config.listeners.items():
            schedule = self._schedules.setdefault(arn, RuleSchedule(wanted.rules))
            schedule.change(wanted.rules, now, config.weight_delay)
        self._settle()
        for arn, wanted in config.listeners.items():
            if arn in self._listeners:
                self._listeners[arn].proxy.config = wanted
            else:
                await self._open(wanted)

    async def _open(self, config: ListenerConfig) -> None:
        listener = Listener(ListenerProxy(config, self._schedules[config.arn], self._backends), self._metrics)
        place = {"listener": config.arn, "host": config.host, "port": config.port}
        try:
            await listener.open()
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            self._emit({"type": "error", "message": f"listener {config.arn}: {config.host}:{config.port}: {error}"})
            return
        self._listeners[config.arn] = listener
        self._emit({"type": "listening", **place, "protocol": config.protocol})

    def _settle(self) -> None:
        """Do what is due now: rule changes, ended drainings, and what follows from them for health checks."""
        now = self._loop.time()
        for schedule in self._schedules.values():
            schedule.advance(now)
        in_use = frozenset[str]().union(*(schedule.group_arns() for schedule in self._schedules.values()))
        for arn, wanted in self._config.groups.items():
            group = self._groups.setdefault(arn, Group(wanted, self._choose))
            self._reconcile(group, wanted, arn in in_use, now)
        for arn in [arn for arn in self._groups if arn not in self._config.groups]:
            group = self._groups.pop(arn)
            self._reconcile(group, replace(group.config, targets=()), False, now)
        for group in self._groups.values():
            for target in group.expire(now):
                self._drop_pool(target, abort=True)
        self._report_health()
        self._wake_up_next()

    def _reconcile(self, group: Group, config: TargetGroupConfig, in_use: bool, now: float) -> None:
        before = set(group.targets.values())
        changes = group.reconcile(config, in_use, now)
        for target in changes.stopped:
            self._monitor.stop(target)
        for target in changes.started:
            self._monitor.start(group, target)
        for target in before - set(group.targets.values()):
            self._drop_pool(target, abort=False)

    def _wake_up_next(self) -> None:
        times = [schedule.due for schedule in self._schedules.values()]
        times += [group.next_expiry() for group in self._groups.values()]
        if self._timer is not None:
            self._timer.cancel()
        due = min((when for when in times if when is not None), default=None)
        self._timer = None if due is None else self._loop.call_at(due, self._settle)

    def _pool(self, target: Target) -> Pool:
        pool = self._pools.get(target)
        if pool is None:
            group = self._groups.get(target.group)
            tls = self._tls if group is not None and group.config.protocol == "HTTPS" else None
            pool = self._pools[target] = Pool(target.key.id, target.key.port, tls)
        return pool

    def _drop_pool(self, target: Target, *, abort: bool) -> None:
        pool = self._pools.pop(target, None)
        if pool is not None:
            pool.close(abort_active=abort)

    def _report_health(self) -> None:
        current = {arn: group.describe() for arn, group in self._groups.items()}
        if current != self._reported:
            self._reported = current
            self._emit({"type": "health", "target_groups": current})

    async def report_metrics(self) -> None:
        """Emit one metrics line each second, and close connections that were idle too long; runs until cancelled."""
        second = int(time.time())
        while True:
            await asyncio.sleep(second + 1 - time.time())
            balancers = {item.load_balancer.arn: item.load_balancer for item in self._config.listeners.values()}
            self._emit(self._metrics.line(second, self._groups, balancers))
            idle = min((item.idle_timeout for item in balancers.values()), default=0.0)
            for pool in self._pools.values():
                pool.prune(self._loop.time() - idle)
            second = max(second + 1, int(time.time()))  # a sleep may end a moment early

    async def close(self) -> None:
        """Close everything at once; in-flight requests are cut."""
        if self._timer is not None:
            self._timer.cancel()
        self._monitor.close()
        await asyncio.gather(*(listener.close() for listener in self._listeners.values()))
        for pool in self._pools.values():
            pool.close(abort_active=True)


def _reopens(listener: Listener, wanted: ListenerConfig | None) -> bool:
    """Whether the open socket is of no use for the wanted listener; rules and attributes do not matter to it."""
    if wanted is None:
        return True
    current = listener.proxy.config
    return replace(wanted, rules=(), load_balancer=current.load_balancer) != replace(current, rules=())
