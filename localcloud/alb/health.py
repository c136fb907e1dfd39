# SPDX-License-Identifier: GPL-3.0-or-later
"""Health checks: real HTTP requests to each target of each group in use.

"Health checks for Application Load Balancer target groups": a GET every HealthCheckIntervalSeconds, whatever the
last one took; each on a connection of its own, closed afterwards; User-Agent ELB-HealthChecker/2.0. Redirects are not
followed: the matcher judges their status.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import ClientError
from aiohttp.http_exceptions import HttpProcessingError

from localcloud.alb.config import HealthCheck
from localcloud.alb.targets import (
    CHECKING,
    FAILED,
    PASSED,
    REGISTERING,
    TIMED_OUT,
    CheckResult,
    Group,
    Target,
    advance,
    code_mismatch,
)
from localcloud.alb.upstream import ConnectFailedError, ConnectTimeoutError, Pool, target_tls


class HealthMonitor:
    """Runs one checking task a target."""

    def __init__(self, changed: Callable[[], None]) -> None:
        """`changed` is called after every change of a status."""
        self._changed = changed
        self._tls = target_tls()
        self._tasks: dict[Target, asyncio.Task[None]] = {}

    def start(self, group: Group, target: Target) -> None:
        """Begin to check a target; the first check is made at once."""
        self._tasks[target] = asyncio.create_task(self._watch(group, target))

    def stop(self, target: Target) -> None:
        """Check it no more; the result of a check under way is dropped."""
        task = self._tasks.pop(target, None)
        if task is not None:
            task.cancel()

    def close(self) -> None:
        """Stop all checks."""
        for target in list(self._tasks):
            self.stop(target)

    async def _watch(self, group: Group, target: Target) -> None:
        loop = asyncio.get_running_loop()
        if target.status == REGISTERING:
            target.status = CHECKING
            self._changed()
        while True:
            started = loop.time()
            result = await self._check(target, group.config.health_check)
            # The settings may have changed meanwhile: thresholds and interval are always the current ones.
            before = target.status
            target.status = advance(before, result, group.config.health_check)
            if (before.state, before.description) != (target.status.state, target.status.description):
                group.refresh()
                self._changed()
            await asyncio.sleep(started + group.config.health_check.interval - loop.time())

    async def _check(self, target: Target, check: HealthCheck) -> CheckResult:
        port = check.port or target.key.port
        pool = Pool(target.key.id, port, self._tls if check.protocol == "HTTPS" else None)
        try:
            async with asyncio.timeout(check.timeout):
                status = await _get_status(pool, check)
        except (TimeoutError, ConnectTimeoutError):
            return TIMED_OUT
        except (ConnectFailedError, OSError, ClientError, HttpProcessingError):
            return FAILED
        finally:
            pool.close(abort_active=True)
        return PASSED if check.matches(status) else code_mismatch(status)


async def _get_status(pool: Pool, check: HealthCheck) -> int:
    connection = await pool.acquire(fresh=True)
    connection.expect_response(head=False, read_timeout=check.timeout)
    connection.write(
        f"GET {check.path} HTTP/1.1\r\nHost: {pool.host}:{pool.port}\r\nConnection: close\r\n"
        "User-Agent: ELB-HealthChecker/2.0\r\nAccept-Encoding: gzip, compressed\r\n\r\n".encode()
    )
    connection.start_timeout()
    message, _ = await connection.response()
    return message.code
