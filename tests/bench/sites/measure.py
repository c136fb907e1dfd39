# SPDX-License-Identifier: GPL-3.0-or-later
"""One command measured: seconds, processor time and memory of it and its children, requests as the server counted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from dataclasses import asdict, dataclass, field
from pathlib import Path

from localcloud.images import ROOT
from tests.bench.sites.bundle import IN_PLACE
from tests.bench.sites.contenders import TOOLS, Contender, Target
from tests.bench.sites.front import BUCKET, FOLDER

UVLOOP = "uvloop==0.23.0"


class CommandFailedError(Exception):
    """A contender did not do what it was to do. The text is for people."""


@dataclass(frozen=True)
class Measured:
    """seconds: of the clock. cpu: seconds. memory: of the largest process, in MB. stale: old files still served.

    server: seconds of processor time that the server took: near `seconds` it would be what was measured.
    own: seconds of its work, as the command tells them itself.
    """

    seconds: float
    cpu: float
    memory: float
    server: float
    stale: list[str]
    requests: dict[str, int] = field(default_factory=dict)
    own: float | None = None

    def shown(self) -> dict[str, object]:
        return asdict(self)


class Server:
    """The S3 in memory, in a process of its own."""

    def __init__(self, delay: float) -> None:
        path = os.pathsep.join([str(ROOT), str(TOOLS / "uvloop")])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.sites.server", "--delay", str(delay)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": path},
        )
        assert self._process.stdout
        self.url, self.edge = self._process.stdout.readline().split()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_error: object) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(10)

    def control(self, name: str) -> dict[str, object]:
        """Its figures, after what name asks for."""
        with urllib.request.urlopen(f"{self.url}/_bench/{name}") as answer:
            return json.load(answer)

    def body(self, path: str) -> bytes:
        with urllib.request.urlopen(f"{self.url}/{BUCKET}/{FOLDER}{urllib.parse.quote(path)}") as answer:
            return answer.read()


def measure(server: Server, contender: Contender, target: Target, bundle: Path) -> Measured:
    """Publishes a bundle and sees whether the four files that keep their names are now those of the bundle."""
    command, environment = contender.command(target, bundle), contender.environment(target)
    server.control("reset")
    began = time.monotonic()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=environment, cwd=ROOT
    ) as process:
        assert process.stdout
        said = process.stdout.read()
        _pid, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - began
    if process.returncode:
        last = said.decode(errors="replace").strip()[-2000:]
        raise CommandFailedError(f"{' '.join(command)[:200]} ended with {process.returncode}: {last}")
    stats = server.control("stats")
    return Measured(
        seconds=seconds,
        cpu=usage.ru_utime + usage.ru_stime,
        memory=usage.ru_maxrss / 1024,
        server=stats["cpu"],
        stale=stale(server, bundle) if contender.publishes else [],
        requests=stats["requests"],
        own=contender.own(said),
    )


def stale(server: Server, bundle: Path) -> list[str]:
    """The files that are not live as the bundle has them."""
    return [name for name in IN_PLACE if server.body(name) != (bundle / name).read_bytes()]
