# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes are recognized for good, not by pid alone."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import uuid

import pytest

from localcloud import processes
from localcloud.settings import MARKER


@pytest.fixture
def cloud_id():
    """An id that no cloud has."""
    return uuid.uuid4().hex


@pytest.fixture
def sleeper(cloud_id):
    """A process that carries the marker."""
    with subprocess.Popen(["sleep", "60"], env={MARKER: cloud_id}) as process:
        yield process
        process.kill()


def test_another_process_of_the_same_pid_is_another():
    me = processes.Identity.of(os.getpid())
    assert me.alive
    assert not dataclasses.replace(me, start=me.start + 1).alive
    assert not dataclasses.replace(me, boot="before").alive


def test_a_zombie_is_not_alive(sleeper):
    identity = processes.Identity.of(sleeper.pid)
    assert not identity.wait_gone(0)
    identity.signal(signal.SIGKILL)
    assert identity.wait_gone(5)
    assert processes.Identity.of(sleeper.pid) is None
    identity.signal(signal.SIGKILL)  # nobody is there, nothing happens


def test_sweep_kills_what_carries_the_marker(cloud_id, sleeper):
    assert [identity.pid for identity in processes.marked(cloud_id)] == [sleeper.pid]
    assert processes.sweep(cloud_id) == 1
    assert sleeper.wait(5) == -signal.SIGKILL
    assert processes.sweep(cloud_id) == 0
