# SPDX-License-Identifier: GPL-3.0-or-later
"""Recognize processes for what they are: a pid alone may belong to anyone after a crash or a reboot."""

from __future__ import annotations

import dataclasses
import os
import signal
import time
from pathlib import Path

from localcloud.settings import MARKER

_PROC = Path("/proc")


@dataclasses.dataclass(frozen=True, slots=True)
class Identity:
    """A process, for good: its pid, its start in clock ticks since boot, and the boot it was started in."""

    pid: int
    start: int
    boot: str

    @classmethod
    def of(cls, pid: int) -> Identity | None:
        """The identity of a live process; None if there is none or it is a zombie."""
        try:
            stat = (_PROC / str(pid) / "stat").read_text()
            boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        except OSError:
            return None
        fields = stat.rpartition(")")[2].split()  # the name before it may hold anything, parentheses too
        return None if fields[0] in "ZX" else cls(pid=pid, start=int(fields[19]), boot=boot)

    @property
    def alive(self) -> bool:
        """True while this very process runs."""
        return Identity.of(self.pid) == self

    def signal(self, number: int) -> None:
        """Send a signal, unless the process is gone."""
        if self.alive:
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return

    def wait_gone(self, seconds: float) -> bool:
        """Wait until the process is gone; False when it outlives the time."""
        deadline = time.monotonic() + seconds
        while self.alive:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True


def marked(cloud_id: str) -> list[Identity]:
    """All live processes that carry this cloud's marker in their environment, without the caller itself."""
    wanted = f"{MARKER}={cloud_id}".encode()
    found = []
    for entry in _PROC.iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            environment = (entry / "environ").read_bytes()
        except OSError:
            continue  # gone meanwhile, or another user's
        if wanted in environment.split(b"\0"):
            identity = Identity.of(int(entry.name))
            if identity is not None:
                found.append(identity)
    return found


def sweep(cloud_id: str) -> int:
    """Kill every process that carries this cloud's marker; the number killed.

    A process may fork while it is looked at, so this goes on until a look finds none.
    """
    killed: set[Identity] = set()
    for _ in range(50):
        found = marked(cloud_id)
        if not found:
            break
        for identity in found:
            identity.signal(signal.SIGKILL)
        killed.update(found)
        for identity in found:
            identity.wait_gone(1.0)
    return len(killed)
