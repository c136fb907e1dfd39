# SPDX-License-Identifier: GPL-3.0-or-later
"""Visitors who come all the time, and what they noticed (localcloud.load.visit, a process of its own)."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field, fields
from pathlib import Path

from tests.torture.site import RELEASES, ROOT

#: The most that the generator takes; it ends long before.
LIMIT = 900.0


@dataclass
class Noticed:
    """visits: whole ones. requests: answered. mixed: files of another release. failed: everything else that was not
    as it should be, missing files among it. by_release: what the documents were."""

    visits: int = 0
    requests: int = 0
    mixed: int = 0
    failed: int = 0
    by_release: Counter[str] = field(default_factory=Counter)
    samples: list[str] = field(default_factory=list)

    def __add__(self, other: Noticed) -> Noticed:
        return Noticed(*(getattr(self, item.name) + getattr(other, item.name) for item in fields(self)))


class Visitors:
    """From start() to stop(). stay: seconds that each stays with its page before it asks for the rest."""

    def __init__(self, url: str, folder: Path, rate: float, stay: float) -> None:
        self._out = folder / "visits.json"
        releases = [argument for name, path in RELEASES.items() for argument in ("--release", f"{name}={path}")]
        self._command = [
            *(sys.executable, "-m", "localcloud.load.visit", url, *releases),
            *("--path", "/", "--path", "/tides", "--rate", str(rate), "--seconds", str(LIMIT), "--stay", str(stay)),
            *("--out", str(self._out), "--lines", str(folder / "visits.jsonl")),
        ]

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, cwd=ROOT)

    def stop(self) -> Noticed:
        """The last of them finish their visit."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)
        found = json.loads(self._out.read_text())
        return Noticed(
            found["visits"],
            found["requests"],
            found["mixed"],
            found["failed"],
            Counter(found["by_release"]),
            found["samples"],
        )

    def kill(self) -> None:
        """Whatever became of it."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(10)
