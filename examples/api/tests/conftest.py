# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the example share: the service importable as in its image, and releases as processes."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(FOLDER))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Running:
    """A release in a process of its own."""

    def __init__(self, release, **environ):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        base = {"PATH": os.environ["PATH"], "PYTHONPATH": ".", "HOST": "127.0.0.1", "PORT": str(self.port)}
        self.process = subprocess.Popen(
            [sys.executable, f"releases/{release}/main.py"],
            cwd=FOLDER,
            env=base | environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._wait()

    def _wait(self):
        for _ in range(600):
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/healthz", timeout=5):
                return
            assert self.process.poll() is None, self.process.communicate()[0]
            time.sleep(0.05)
        raise AssertionError("the service never answered")


@pytest.fixture
def release():
    """Start a release: release("1.0.0", BUCKET="b").url; all are gone after the test."""
    started = []

    def start(version, **environ):
        started.append(Running(version, **environ))
        return started[-1]

    yield start
    for running in started:
        running.process.kill()
        running.process.communicate()
