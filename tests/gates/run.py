# SPDX-License-Identifier: GPL-3.0-or-later
"""Run one command of a gate: what it prints goes to the terminal and to build/gates/NAME.log."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOGS = ROOT / "build" / "gates"


@dataclass(frozen=True)
class Outcome:
    """What one command found: counts of checks, seconds of wall time, and its log relative to the checkout."""

    name: str
    passed: int
    failed: int
    seconds: float
    log: str


@dataclass(frozen=True)
class Finished:
    """A command that ended: exit status, what it printed, seconds of wall time, its log."""

    status: int
    output: str
    seconds: float
    log: str


def execute(name: str, command: Sequence[str], *, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> Finished:
    """Run `command` without standard input; streams and keeps what it prints."""
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"{name}.log"
    print(f"-- {name}: {shlex.join(command)}", flush=True)
    started = time.monotonic()
    lines: list[str] = []
    with (
        log.open("w", encoding="utf-8") as kept,
        subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process,
    ):
        for line in process.stdout or ():
            sys.stdout.write(line)
            sys.stdout.flush()
            kept.write(line)
            lines.append(line)
    seconds = time.monotonic() - started
    return Finished(process.returncode, "".join(lines), seconds, str(log.relative_to(ROOT)))


def check(name: str, command: Sequence[str], *, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> Outcome:
    """Run `command` as one check, which passes with exit status 0."""
    done = execute(name, command, cwd=cwd, env=env)
    failed = int(done.status != 0)
    return Outcome(name, 1 - failed, failed, done.seconds, done.log)
