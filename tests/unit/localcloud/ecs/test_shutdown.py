# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a cloud with running tasks, in order and by SIGKILL, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from tests.unit.localcloud.fixtures.processes import DEADLINE, alive, wait_until

SCRIPT = f"""
    import os, sys
    from pathlib import Path
    sys.path[:0] = {sys.path!r}
    from localcloud.ecs import controller
    from tests.unit.localcloud.fixtures.cloud import Cloud, environment
    from tests.unit.localcloud.fixtures.processes import wait_until

    controller.LAST_STOP = 0.5
    cloud = Cloud(Path(sys.argv[1]))
    cloud.start()
    names = [cloud.create(image, groups=[cloud.target_group(delay=300)]) for image in ("serve:1", "slow:1", "orphan:1")]
    for name in names:
        cloud.steady(name)
        print(environment(cloud.tasks(name)[0])["PID"], flush=True)
    slow = cloud.tasks(names[1])[0]["taskArn"]
    cloud.ecs.stop_task(cluster="main", task=slow)
    cloud.update(names[0], taskDefinition=cloud.define("nothing:1"), desiredCount=3)
    print("up", flush=True)
    sys.stdin.readline()
    cloud.stop()
    print("down", flush=True)
"""


@pytest.fixture
def cloud(tmp_path):
    """A process with a cloud and three tasks: Popen and the tasks' pids."""
    command = [sys.executable, "-c", textwrap.dedent(SCRIPT), str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        lines = list(iter(lambda: process.stdout.readline().strip(), "up"))
        yield process, [int(line) for line in lines]
        process.kill()


def gone(pids):
    wait_until(lambda: not any(map(alive, pids)), "the end of all tasks")


def test_stop_leaves_nothing(cloud):
    """Neither a drain of 300 s nor a program that ignores SIGTERM holds it up."""
    process, pids = cloud
    assert all(map(alive, pids))
    process.stdin.write("\n")
    process.stdin.flush()
    assert process.stdout.readline() == "down\n"
    assert not any(map(alive, pids))
    assert process.wait(DEADLINE) == 0


def test_sigkill_leaves_nothing(cloud):
    process, pids = cloud
    assert all(map(alive, pids))
    process.kill()
    gone(pids)
