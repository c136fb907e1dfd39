# SPDX-License-Identifier: GPL-3.0-or-later
"""Kill what is left of the tasks when the control process dies.

The launcher ties a container's first process to control; the processes which that one started are tied to nobody. So
one small guard process holds the list of the containers' process groups, fed over a pipe, and kills them at the pipe's
end. `python -I -S guard.py` reads lines "+PGID" and "-PGID".
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO


class Guard:
    """The guard process, seen from control. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(__file__))],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C at the terminal must not reach it before control is done
        )

    def add(self, group: int) -> None:
        """Take over this process group should control die."""
        self._write(f"+{group}\n")

    def remove(self, group: int) -> None:
        """Forget this process group: all of it is gone."""
        self._write(f"-{group}\n")

    def close(self) -> None:
        """End the guard process; it kills the groups that were not removed."""
        with self._lock, contextlib.suppress(BrokenPipeError):
            self._stdin().close()
        self._process.wait()

    def _write(self, line: str) -> None:
        with self._lock, contextlib.suppress(BrokenPipeError):  # without it the launcher still ties the first process
            self._stdin().write(line.encode())
            self._stdin().flush()

    def _stdin(self) -> IO[bytes]:
        assert self._process.stdin is not None
        return self._process.stdin


def kill_group(group: int) -> None:
    """SIGKILL to every process of the group; none left is fine."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def main(lines: IO[str]) -> None:
    """Read until the pipe's end, then kill."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    groups: set[int] = set()
    for line in lines:
        change = groups.add if line[0] == "+" else groups.discard
        change(int(line[1:]))
    for group in groups:
        kill_group(group)


if __name__ == "__main__":
    main(sys.stdin)
