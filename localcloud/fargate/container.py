# SPDX-License-Identifier: GPL-3.0-or-later
"""One container: a process in its own process group, its output, its health check, its end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from signal import SIGTERM

from localcloud.fargate.guard import Guard, kill_group
from localcloud.fargate.spec import ContainerSpec, HealthCheck, LogSink

_LAUNCHER = Path(__file__).with_name("launcher.py")
#: Bytes of one log event: CloudWatch Logs' limit is 256 KiB with 26 bytes of overhead (PutLogEvents).
_LINE_LIMIT = 256 * 1024 - 26
#: Seconds to read on after the end of a container whose output an escaped child may still hold open.
_LAST_WORDS = 1.0


class Container:
    """Runs a ContainerSpec once. All of it belongs to one event loop.

    status: PENDING, RUNNING or STOPPED. health: UNKNOWN, HEALTHY or UNHEALTHY; stays UNKNOWN without a health check.
    exit_code: 128 + signal for a process that a signal ended, as container runtimes report it.
    stop_timeout: the spec's; may be shortened before stop().
    """

    def __init__(self, spec: ContainerSpec, guard: Guard, on_change: Callable[[], None]) -> None:
        self.spec = spec
        self.status = "PENDING"
        self.health = "UNKNOWN"
        self.exit_code: int | None = None
        self.stop_timeout = spec.stop_timeout
        self._guard = guard
        self._on_change = on_change
        self._process: Process | None = None
        self._ended = asyncio.Event()
        self._jobs: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start the process; its end sets the status."""
        spec = self.spec
        output, transport, write_end = await _open_pipe()
        try:
            self._process = await _launch(spec.command, spec.folder, spec.env, output=write_end)
        except BaseException:
            transport.close()
            raise
        finally:
            os.close(write_end)
        self._guard.add(self._process.pid)
        self.status = "RUNNING"
        pump = asyncio.create_task(_split_lines(output, spec.log))
        self._jobs = [asyncio.create_task(self._reap(self._process, pump, transport))]
        if spec.health:
            self._jobs.append(asyncio.create_task(self._check(spec.health)))

    @property
    def pid(self) -> int | None:
        """Its first process, which leads its process group; None before the start."""
        return self._process.pid if self._process else None

    async def wait(self) -> None:
        """Return when the container has STOPPED."""
        await self._ended.wait()

    async def stop(self) -> None:
        """SIGTERM to the container's first process, SIGKILL to all of them after stop_timeout."""
        if self._process is None:
            self._finish(None)
            return
        if not self._ended.is_set():
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(SIGTERM)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), self.stop_timeout)
        self.kill()
        await asyncio.wait(self._jobs)

    def kill(self) -> None:
        """SIGKILL to all of its processes, now. After its end the process group may be somebody else's."""
        if self._process and not self._ended.is_set():
            kill_group(self._process.pid)

    async def _reap(self, process: Process, pump: asyncio.Task[None], output: asyncio.ReadTransport) -> None:
        code = await process.wait()
        kill_group(process.pid)  # a container's other processes end with its first one
        self._guard.remove(process.pid)
        await asyncio.wait([pump], timeout=_LAST_WORDS)
        pump.cancel()
        output.close()
        self._finish(code if code >= 0 else 128 - code)

    def _finish(self, code: int | None) -> None:
        self.status, self.exit_code = "STOPPED", code
        for job in self._jobs[1:]:
            job.cancel()
        self._ended.set()
        self._on_change()

    async def _check(self, check: HealthCheck) -> None:
        """As Docker does it: first after one interval; failures in the start period do not count."""
        started, failures = asyncio.get_running_loop().time(), 0
        while True:
            await asyncio.sleep(check.interval)
            if await self._probe(check):
                failures, health = 0, "HEALTHY"
            else:
                young = asyncio.get_running_loop().time() - started < check.start_period
                failures += 0 if young and self.health == "UNKNOWN" else 1
                health = "UNHEALTHY" if failures >= check.retries else self.health
            if health != self.health:
                self.health = health
                self._on_change()

    async def _probe(self, check: HealthCheck) -> bool:
        process = await _launch(check.command, self.spec.folder, self.spec.env, output=DEVNULL)
        self._guard.add(process.pid)
        try:
            return await asyncio.wait_for(process.wait(), check.timeout) == 0
        except TimeoutError:
            return False
        finally:
            kill_group(process.pid)
            await process.wait()
            self._guard.remove(process.pid)


async def _launch(command: Sequence[str], folder: Path, env: Mapping[str, str], output: int) -> Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", str(_LAUNCHER), str(os.getpid()), *command),
        cwd=folder,
        env=env,
        stdin=DEVNULL,
        stdout=output,
        stderr=STDOUT,
        start_new_session=True,
    )


async def _open_pipe() -> tuple[asyncio.StreamReader, asyncio.ReadTransport, int]:
    """A pipe to read from, its transport, and the descriptor to write to.

    Not asyncio's own for a subprocess: with it the end of the process is not seen before the end of the pipe, which
    whatever the process has started may hold open.
    """
    read_end, write_end = os.pipe()
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read_end, "rb", 0)
    )
    return reader, transport, write_end


async def _split_lines(stream: asyncio.StreamReader, sink: LogSink | None) -> None:
    rest = b""
    while chunk := await stream.read(65536):
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > _LINE_LIMIT:
            lines.append(rest[:_LINE_LIMIT])
            rest = rest[_LINE_LIMIT:]
        if lines and sink:
            sink([event for line in lines for event in _events(line)])
    if rest and sink:
        sink(_events(rest))


def _events(line: bytes) -> list[str]:
    """A line in pieces that fit into one event each."""
    starts = range(0, max(len(line), 1), _LINE_LIMIT)
    return [line[start : start + _LINE_LIMIT].decode(errors="replace") for start in starts]
