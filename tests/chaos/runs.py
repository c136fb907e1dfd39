# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of modules as processes: start, wait, kill, and what they returned (the other end is tests.chaos.child)."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
#: Seconds after which a run that hangs is an error of its own.
LIMIT = 300.0


@dataclass
class Run:
    """One run. status: exit status, negative for a signal; None while it goes on."""

    out: Path
    started: float = field(default_factory=time.time)
    ended: float = 0.0
    pid: int = 0
    status: int | None = None
    done: threading.Event = field(default_factory=threading.Event)
    begun: threading.Event = field(default_factory=threading.Event)

    @property
    def alive(self) -> bool:
        return not self.done.is_set()

    @property
    def seconds(self) -> float:
        return self.ended - self.started

    @property
    def killed(self) -> bool:
        return self.status == -signal.SIGKILL

    def kill(self) -> None:
        """SIGKILL, and wait for the end."""
        self.begun.wait(LIMIT)
        if self.alive:
            try:
                os.kill(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                return
        self.done.wait(LIMIT)

    def wait(self, seconds: float = LIMIT) -> dict[str, Any]:
        """Wait for the end; the result. A run that hangs is killed, which its result shows."""
        if not self.done.wait(seconds):
            self.kill()
        return self.result

    @property
    def result(self) -> dict[str, Any]:
        """What the module returned; {} for one that was killed, {"crash": ...} for one that returned no result."""
        if self.killed:
            return {}
        try:
            found: dict[str, Any] = json.loads(self.out.read_text())
        except (OSError, ValueError):
            error = Path(f"{self.out}.err")
            return {"crash": error.read_text()[-2000:] if error.exists() else f"exit status {self.status}"}
        return found

    @property
    def outcome(self) -> str:
        """The outcome, "killed", "crash", or "error" for a module that failed without one."""
        if self.killed:
            return "killed"
        found = self.result
        return "crash" if "crash" in found else str(found.get("outcome", "error"))


def clean() -> dict[str, str]:
    """This process's environment without what points AWS or Ansible programs anywhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ANSIBLE_", "BOTO"))}


class Runner:
    """Starts runs; one process that has imported everything, forked for each run. env: of every run, set when known."""

    def __init__(self, folder: Path) -> None:
        self.env: dict[str, str] = {}
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._numbers = itertools.count(1)
        self._runs: dict[int, Run] = {}
        own = {**clean(), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.child"],
            cwd=ROOT,
            env=own,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._ready = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    def wait_ready(self) -> None:
        """Until it has imported everything."""
        self._ready.wait(LIMIT)
        if self._process.poll() is not None:
            raise RuntimeError("the module runner did not start")

    def start(self, module: str, params: dict[str, Any], env: dict[str, str] | None = None, skew: float = 0.0) -> Run:
        """Start a module with these parameters."""
        number = next(self._numbers)
        run = self._runs[number] = Run(self._folder / f"{number}.json")
        own = {**self.env, **(env or {})}
        order = {"id": number, "module": module, "params": params, "env": own, "out": str(run.out), "skew": skew}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()
        return run

    def close(self) -> None:
        """End whatever still runs."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(10)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            if "ready" in told:
                self._ready.set()
            elif "pid" in told:
                self._runs[told["id"]].pid = told["pid"]
                self._runs[told["id"]].begun.set()
            else:
                run = self._runs.pop(told["id"])
                run.status, run.ended = told["status"], time.time()
                run.done.set()
        self._process.wait()
        self._ready.set()
        for run in self._runs.values():
            run.done.set()
