# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Work that is shared out among processes, each a copy of this one, while this one does something else.

Threads would not do: those of one Python take turns at opening files, at reading them, and at all that their caller
does meanwhile.
"""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, NoReturn

# A copy of this process lasts some milliseconds; beyond a few the disk is what takes the time.
MOST = 4


def processes() -> int:
    """So many processes have a processor each, 0 where none can be begun: a process with threads must not be copied."""
    if not hasattr(os, "fork") or threading.active_count() > 1:
        return 0
    try:
        count = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS
        count = os.cpu_count() or 1
    return min(MOST, count) if count > 1 else 0


def split(costs: Iterable[int], parts: int) -> list[slice]:
    """Slices of a sequence, in its order, each of which costs about the same."""
    totals = [0]
    for cost in costs:
        totals.append(totals[-1] + cost)
    ends = [0]
    for part in range(1, parts):
        end = ends[-1]
        while end < len(totals) - 1 and totals[end] * parts < totals[-1] * part:
            end += 1
        ends.append(end)
    return [slice(start, end) for start, end in zip(ends, [*ends[1:], len(totals) - 1], strict=True)]


class Share:
    """One share. Where its process does not come to a good end the work is done here, which raises what is wrong."""

    def __init__(self, work: Callable[[], Any], *, apart: bool) -> None:
        """work: returns something that JSON can hold. apart: whether to begin now, in a process of its own."""
        self._work = work
        self._process = _begin(work) if apart else None

    def result(self) -> Any:
        """What work returned, with lists for tuples."""
        process, self._process = self._process, None
        found = _collected(*process) if process else b""
        return json.loads(found) if found else self._work()

    def close(self) -> None:
        """Ends a process that nobody has waited for."""
        if self._process:
            os.kill(self._process[0], signal.SIGKILL)
            _collected(*self._process)
            self._process = None


def _begin(work: Callable[[], Any]) -> tuple[int, int] | None:
    """The process, and where its result comes from; None when there can be none."""
    reader, writer = os.pipe()
    try:
        pid = os.fork()
    except OSError:
        os.close(reader)
        os.close(writer)
        return None
    if pid == 0:
        _child(work, writer)
    os.close(writer)
    return pid, reader


def _child(work: Callable[[], Any], writer: int) -> NoReturn:
    """Leaves without a word on any error, and without what a process does at its end, which is its parent's."""
    status = 1
    with suppress(BaseException):
        with os.fdopen(writer, "wb") as stream:
            stream.write(json.dumps(work()).encode())
        status = 0
    os._exit(status)


def _collected(pid: int, reader: int) -> bytes:
    """Empty for a process that did not end well."""
    with os.fdopen(reader, "rb") as stream:
        found = stream.read()
    try:
        _pid, status = os.waitpid(pid, 0)
    except ChildProcessError:  # SIGCHLD is ignored: nobody can tell how it ended
        return b""
    return found if status == 0 else b""
