# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks as real processes: exit codes, signals, health checks, output, and nothing left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap

import pytest

from localcloud.fargate.guard import Guard
from localcloud.fargate.spec import ContainerSpec, HealthCheck
from localcloud.fargate.task import FargateTask
from tests.unit.localcloud.fixtures.processes import DEADLINE, HERE, alive, wait_until

HOST = "127.19.16.1"


@pytest.fixture
def guard():
    guard = Guard()
    yield guard
    guard.close()


def spec(kind, name="app", command=None, **members):
    env = {"KIND": kind, "HOST": HOST, "PATH": os.environ["PATH"]}
    return ContainerSpec(name, tuple(command or (sys.executable, "program.py")), HERE, env, **members)


def run(scenario):
    """Run the coroutine in a loop of its own, bounded."""
    asyncio.run(asyncio.wait_for(scenario, DEADLINE))


async def come(condition):
    while not condition():  # noqa: ASYNC110  what comes from another process has no event to wait for
        await asyncio.sleep(0.02)


def test_a_container_that_exits_ends_the_task(guard):
    lines = []

    async def scenario():
        task = FargateTask([spec("crash", log=lines.extend)], guard, lambda: None)
        await task.start()
        await task.wait()
        assert (task.containers[0].status, task.containers[0].exit_code) == ("STOPPED", 3)
        await task.stop()

    run(scenario())
    assert lines == ["crash starts", "no way"]


def test_sigterm_ends_it_in_order(guard):
    lines = []

    async def scenario():
        task = FargateTask([spec("serve", log=lines.extend)], guard, lambda: None)
        await task.start()
        await come(lambda: lines)
        await task.stop()
        assert task.containers[0].exit_code == 0

    run(scenario())


def test_sigkill_after_the_stop_timeout(guard):
    lines = []

    async def scenario():
        task = FargateTask([spec("slow", log=lines.extend, stop_timeout=0.3)], guard, lambda: None)
        await task.start()
        await come(lambda: lines)
        await task.stop()
        assert task.containers[0].exit_code == 137

    run(scenario())
    assert lines == ["slow starts", "no hurry"]


def test_an_essential_container_takes_the_others_along(guard):
    async def scenario():
        essential, sidecar = spec("once", "app"), spec("serve", "sidecar", essential=False)
        task = FargateTask([essential, sidecar], guard, lambda: None)
        await task.start()
        await task.wait()
        assert [container.status for container in task.containers] == ["STOPPED", "RUNNING"]
        await task.stop()
        assert [container.status for container in task.containers] == ["STOPPED", "STOPPED"]

    run(scenario())


def test_a_task_outlives_a_container_that_is_not_essential(guard):
    async def scenario():
        task = FargateTask([spec("crash", essential=False), spec("once", "app")], guard, lambda: None)
        await task.start()
        await task.wait()
        assert [container.exit_code for container in task.containers] == [3, 0]

    run(scenario())


def test_what_the_container_started_ends_with_it(guard):
    lines = []

    async def scenario():
        task = FargateTask([spec("orphan", log=lines.extend)], guard, lambda: None)
        await task.start()
        await come(lambda: len(lines) == 2)
        child = int(lines[1].split()[1])
        assert alive(child)
        os.kill(task.containers[0].pid, signal.SIGKILL)
        await task.wait()
        assert task.containers[0].exit_code == 137
        await come(lambda: not alive(child))

    run(scenario())


def test_a_command_that_does_not_exist(guard):
    lines = []

    async def scenario():
        task = FargateTask([spec("serve", command=["no-such-program"], log=lines.extend)], guard, lambda: None)
        await task.start()
        await task.wait()
        assert task.containers[0].exit_code == 127

    run(scenario())
    assert lines == ["exec: 'no-such-program': No such file or directory"]


def test_a_folder_that_does_not_exist_stops_what_was_started(guard):
    async def scenario():
        good = spec("serve")
        bad = ContainerSpec("bad", ("true",), HERE / "nowhere", {})
        task = FargateTask([good, bad], guard, lambda: None)
        with pytest.raises(OSError, match="nowhere"):
            await task.start()
        assert [container.status for container in task.containers] == ["STOPPED", "STOPPED"]

    run(scenario())


@pytest.mark.parametrize(
    ("command", "health"),
    [("true", "HEALTHY"), ("false", "UNHEALTHY"), ("sleep 60", "UNHEALTHY")],
)
def test_health_check(guard, command, health):
    check = HealthCheck(("/bin/sh", "-c", command), interval=0.05, timeout=0.2, retries=2)

    async def scenario():
        changed = asyncio.Event()
        task = FargateTask([spec("serve", health=check)], guard, changed.set)
        assert task.health == "UNKNOWN"
        await task.start()
        await come(lambda: task.health == health)
        await changed.wait()
        await task.stop()

    run(scenario())


def test_health_check_that_recovers(guard, tmp_path):
    mark = tmp_path / "well"
    check = HealthCheck(("test", "-e", str(mark)), interval=0.05, retries=2)

    async def scenario():
        task = FargateTask([spec("serve", health=check)], guard, lambda: None)
        await task.start()
        await come(lambda: task.health == "UNHEALTHY")
        mark.touch()
        await come(lambda: task.health == "HEALTHY")
        await task.stop()

    run(scenario())


def test_failures_in_the_start_period_do_not_count(guard, tmp_path):
    tries = tmp_path / "tries"
    check = HealthCheck(("/bin/sh", "-c", f"echo >> {tries}; exit 1"), interval=0.02, retries=1, start_period=DEADLINE)

    async def scenario():
        task = FargateTask([spec("serve", health=check)], guard, lambda: None)
        await task.start()
        await come(lambda: tries.exists() and len(tries.read_text()) > 3)
        assert task.health == "UNKNOWN"
        await task.stop()

    run(scenario())


def test_long_lines_are_cut_and_a_last_line_needs_no_end(guard):
    lines = []
    script = "import sys; sys.stdout.write('x' * 900_000 + '\\n\\nend')"

    async def scenario():
        task = FargateTask([spec("", command=[sys.executable, "-c", script], log=lines.extend)], guard, lambda: None)
        await task.start()
        await task.wait()

    run(scenario())
    assert lines[-2:] == ["", "end"]
    assert "".join(lines[:-2]) == "x" * 900_000
    assert all(len(line) <= 256 * 1024 for line in lines)


def test_nothing_survives_the_death_of_the_control_process(tmp_path):
    """SIGKILL to the process that runs the task: its first process and the child of that die too."""
    script = textwrap.dedent(f"""
        import asyncio, os, sys
        sys.path[:0] = {sys.path!r}
        from localcloud.fargate.guard import Guard
        from localcloud.fargate.task import FargateTask
        from tests.unit.localcloud.fargate.test_task import spec

        async def main():
            task = FargateTask([spec("orphan", log=lambda lines: print(*lines, sep="\\n", flush=True))], Guard(),
                               lambda: None)
            await task.start()
            print("task", task.containers[0].pid, flush=True)
            await task.wait()

        asyncio.run(main())
    """)
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as control:
        pids = {}
        while len(pids) < 2:
            name, _, value = control.stdout.readline().partition(" ")
            if name in ("task", "child"):
                pids[name] = int(value)
        assert all(alive(pid) for pid in pids.values())
        control.kill()
        wait_until(lambda: not any(alive(pid) for pid in pids.values()), "the end of the task's processes")
