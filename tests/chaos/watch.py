# SPDX-License-Identifier: GPL-3.0-or-later
"""What the outside sees: requests by the second, and the weights beside the health of what they point at."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.chaos.runs import ROOT

if TYPE_CHECKING:
    from tests.chaos.cloud import Cloud

#: Seconds between two looks at the weights, and the longest life of one generator.
PERIOD, LIFE = 0.1, 600.0


@dataclass
class Window:
    """A span of time. harms: spans within it in which the scenario itself does harm."""

    start: float
    end: float = float("inf")
    harms: list[tuple[float, float]] = field(default_factory=list)

    def holds(self, moment: float) -> bool:
        return self.start <= moment < self.end

    def excuses(self, moment: float) -> bool:
        return any(start <= moment < end for start, end in self.harms)


@dataclass
class Count:
    """Requests that ended, failed by our doing, and failed by the scenario's."""

    requests: int = 0
    failed: int = 0
    excused: int = 0
    errors: dict[str, int] = field(default_factory=dict)


class Load:
    """Open-loop load on a URL for as long as the stage stands, counted by the second."""

    def __init__(self, url: str, folder: Path, rate: float) -> None:
        self._url, self._folder, self._rate = url, folder, rate
        self._seconds: list[dict[str, Any]] = []
        self._number = 0
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    def begin(self) -> None:
        """Start a generator, in the place of one that is old."""
        if self._process is not None and time.time() - self._began < LIFE:
            return
        self.stop()
        self._number, self._began = self._number + 1, time.time()
        self._lines = self._folder / f"load-{self._number}.jsonl"
        self._lines.touch()
        command = [sys.executable, "-m", "localcloud.load", self._url, "--rate", str(self._rate), "--seconds", "900"]
        command += ["--out", str(self._folder / f"load-{self._number}.json"), "--lines", str(self._lines)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL)
        self._read = 0

    def stop(self) -> None:
        """End it, and wait for what is in flight."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)
        self._take()
        self._process = None

    def _take(self) -> None:
        with self._lock, self._lines.open("rb") as stream:
            stream.seek(self._read)
            whole, newline, _ = stream.read().rpartition(b"\n")
            self._read += len(whole) + len(newline)
            self._seconds += [json.loads(line) for line in whole.splitlines()]

    def count(self, window: Window) -> Count:
        """The requests that ended in a window; a line is about the second before its time."""
        if self._process is not None:
            self._take()
        found = Count()
        for line in self._seconds:
            if not window.holds(line["t"] - 0.5):
                continue
            failed = sum(line["errors"].values())
            found.requests += line["ended"]
            if window.excuses(line["t"] - 0.5):
                found.excused += failed
            else:
                found.failed += failed
                for error, number in line["errors"].items():
                    found.errors[error] = found.errors.get(error, 0) + number
        return found


class Watcher:
    """Looks at the production rule again and again: weight on a group without a healthy target is a violation."""

    def __init__(self, cloud: Cloud, rule: str, groups: dict[str, str]) -> None:
        self._cloud, self._rule = cloud, rule
        self._colors = {arn: color for color, arn in groups.items()}
        self._violations: list[tuple[float, str]] = []
        self.looks = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(10)

    def violations(self, window: Window) -> list[str]:
        """What was seen in a window, each kind once."""
        seen = [text for at, text in self._violations if window.holds(at) and not window.excuses(at)]
        return sorted(set(seen))

    def _watch(self) -> None:
        while not self._stop.wait(PERIOD):
            at = time.time()
            try:
                traffic = self._cloud.admin("GET", "traffic")
            except OSError:
                continue
            self.looks += 1
            groups = next((item["groups"] for item in traffic if item["rule"] == self._rule), None)
            if groups is None:
                self._violations.append((at, "there is no production rule"))
                continue
            for group in groups:
                if group["weight"] and "healthy" not in group["states"]:
                    color = self._colors.get(group["arn"], group["arn"])
                    self._violations.append((at, f"weight {group['weight']} on {color}: {group['states'] or 'empty'}"))
