# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs beside the server: worker, migrate, report, each as a process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from .conftest import FOLDER


def job(*arguments):
    return subprocess.Popen(
        [sys.executable, "releases/2.0.0/main.py", *arguments],
        cwd=FOLDER,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": ".", "SLIPWAY_IMAGE_DIGEST": "sha256:1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize(
    ("name", "status", "text"),
    [
        ("migrate", 0, "api 2.0.0: 0 items fit the schema of 2.0.0\n"),
        ("report", 0, "api 2.0.0: report: 0 items\n"),
        ("nonsense", 2, "api 2.0.0: no job 'nonsense'; there are worker, migrate, report\n"),
    ],
)
def test_a_job_ends(name, status, text):
    process = job(name)
    assert (process.communicate(timeout=30)[0], process.returncode) == (text, status)


def test_a_worker_works_until_it_is_told_to_stop():
    with job("worker") as process:
        lines = [process.stdout.readline() for _ in range(2)]
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=30)[0] == "api 2.0.0: worker stops\n"
    assert lines == ["api 2.0.0: worker of sha256:1 starts\n", "api 2.0.0: 0 items\n"]
    assert process.returncode == 0
