# SPDX-License-Identifier: GPL-3.0-or-later
"""Become a container's command, tied to the life of the process that started it.

Run as `python -I -S launcher.py PARENT_PID COMMAND...` so that a task dies with the control process, even by SIGKILL.
An own program because `preexec_fn` is unsafe in a process with threads. The kernel sends the signal when the starting
*thread* ends (prctl(2), PR_SET_PDEATHSIG), so only a thread that outlives its tasks may start them.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
#: What a shell answers for a command that cannot be found; container runtimes use the same code.
NOT_FOUND = 127


def main(arguments: list[str]) -> int:
    """Replace this process by the command; the answer is the exit code where that is impossible."""
    parent, command = int(arguments[0]), arguments[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before the signal was armed
        return 128 + signal.SIGKILL
    try:
        os.execvp(command[0], command)  # noqa: S606  the point of it
    except OSError as error:
        print(f"exec: {command[0]!r}: {error.strerror}", file=sys.stderr, flush=True)
    return NOT_FOUND


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
