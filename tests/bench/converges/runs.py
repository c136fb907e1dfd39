# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of site.yml, or of what does its reads alone, and what it took."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from localcloud import images
from localcloud.demo import run

RECORDER = images.ROOT / "tests" / "e2e" / "callback"
EXECUTORS = {"stock": "0", "fast": "1"}
FIRST, AGAIN = "first converge", "nothing to do"
# What a task came to: host, task, outcome, changed.
Came = tuple[str, str, str, bool]


@dataclass(frozen=True)
class Run:
    """Seconds on the clock, seconds of processor time of all its processes, AWS calls by service.

    executor: stock, fast or floor. delay: seconds added to each AWS call. services: how many the environment has.
    beside: how many other environments were converged at the same time.
    """

    executor: str
    environment: str
    kind: str
    seconds: float
    cpu: float
    calls: dict[str, int] = field(default_factory=dict)
    delay: float = 0.0
    services: int = 1
    beside: int = 0

    def told(self) -> str:
        """For whoever watches."""
        return f"{self.executor} {self.seconds:.1f} s ({self.cpu:.1f} s of CPU, {sum(self.calls.values())} calls)"


@dataclass(frozen=True)
class Place:
    """An environment of the local cloud in STATE; DELAY seconds are added to each of its AWS calls."""

    state: Path
    environment: str
    delay: float = 0.0

    @property
    def env(self) -> dict[str, str]:
        """The environment of its programs."""
        return run.environment(self.state, self.environment)

    def far(self) -> None:
        """Add the delay to the calls of the playbooks' credentials; what runs in the cloud has its own."""
        rule = {"kind": "slow", "seconds": self.delay, "count": None, "access_key": self.env["AWS_ACCESS_KEY_ID"]}
        self._admin("PUT", "faults", {"rules": [rule] if self.delay else []})

    def calls(self) -> Counter[str]:
        """How many AWS calls the playbooks' credentials have made so far, by service."""
        key = self.env["AWS_ACCESS_KEY_ID"]
        return Counter(call["service"] for call in self._admin("GET", "calls") if call["access_key"] == key)

    def _admin(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.env['AWS_ENDPOINT_URL']}/_localcloud/{path}", data, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)


def converge(
    place: Place, executor: str, kind: str, *, services: Sequence[Mapping[str, Any]] = (), beside: int = 0
) -> tuple[Run, list[Came]]:
    """Run site.yml once, with other services than the inventory's if some are given.

    Raises SystemExit with the end of its output if it fails.
    """
    record = place.state.parent / f"{executor}-{place.environment}.jsonl"
    record.write_text("")
    env = place.env | {
        "SLIPWAY_FAST": EXECUTORS[executor],
        "ANSIBLE_CALLBACK_PLUGINS": str(RECORDER),
        "ANSIBLE_CALLBACKS_ENABLED": "slipway.ops.warm,recorder",
        "ANSIBLE_DEPRECATION_WARNINGS": "0",
        "RECORDER_FILE": str(record),
    }
    command = ["ansible-playbook", "-i", f"inventories/{place.environment}", "playbooks/site.yml"]
    command += ["-e", json.dumps({"services": list(services)})] if services else []
    place.far()
    before = place.calls()
    seconds, cpu = timed(command, env, record.with_suffix(".log"))
    lines = [json.loads(line) for line in record.read_text().splitlines()]
    came = [(line["host"], line["task"], line["outcome"], line["changed"]) for line in lines]
    calls = dict(place.calls() - before)
    many = len(services) or 1
    return Run(executor, place.environment, kind, seconds, cpu, calls, place.delay, many, beside), came


def floor(place: Place) -> Run:
    """One Python process that reads with boto3 what site.yml has made."""
    program = (
        "import sys; from pathlib import Path; from tests.e2e.harness import Environment;"
        " Environment(sys.argv[2], Path(sys.argv[1]), Path('build')).everything()"
    )
    command = [sys.executable, "-c", program, str(place.state), place.environment]
    place.far()
    before = place.calls()
    path = os.pathsep.join([str(images.ROOT), str(images.ROOT / "collections")])
    seconds, cpu = timed(command, place.env | {"PYTHONPATH": path}, place.state.parent / "floor.log")
    return Run("floor", place.environment, AGAIN, seconds, cpu, dict(place.calls() - before), place.delay)


def timed(command: Sequence[str], env: Mapping[str, str], log: Path) -> tuple[float, float]:
    """Seconds on the clock and of processor time. Raises SystemExit with the end of its output if it fails."""
    began = time.monotonic()
    with log.open("w") as stream:
        process = subprocess.Popen(command, cwd=images.ROOT, env=dict(env), stdout=stream, stderr=subprocess.STDOUT)
        _pid, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - began
    if status:
        raise SystemExit(f"{' '.join(command)} failed\n{log.read_text()[-3000:]}")
    return seconds, usage.ru_utime + usage.ru_stime


def until_first_task(place: Place, playbook: str, executor: str) -> float:
    """Seconds from the start of a playbook to its first task; it is ended there."""
    command = ["ansible-playbook", "-i", f"inventories/{place.environment}", f"playbooks/{playbook}.yml"]
    env = place.env | {"SLIPWAY_FAST": EXECUTORS[executor], "ANSIBLE_DEPRECATION_WARNINGS": "0"}
    began = time.monotonic()
    with subprocess.Popen(
        command, cwd=images.ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if line.startswith("TASK ["):
                seconds = time.monotonic() - began
                process.terminate()
                return seconds
    raise SystemExit(f"{playbook}.yml ended before its first task\n{''.join(said)[-3000:]}")
