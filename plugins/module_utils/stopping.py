# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A run that is asked to end, by SIGTERM or SIGINT, ends between two calls and says where it is."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

# The longest a wait goes on without looking at the lease and at what asks the run to stop.
SLICE = 1.0


class StoppedError(Exception):
    """The run was asked to end, and ends where it is."""


@dataclass
class Stop:
    """Whether somebody asked the run to end, and how: the name of the signal."""

    reason: str = ""

    def check(self) -> None:
        if self.reason:
            raise StoppedError(f"stopped by {self.reason}")

    def wait(self, seconds: float) -> None:
        """Sleeps, at most until somebody asks the run to end."""
        end = time.monotonic() + seconds
        while True:
            self.check()
            left = end - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(SLICE, left))

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """The first SIGTERM or SIGINT asks the run to end, the second one ends it as ever."""
        before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

        def restore() -> None:
            for number, handler in before.items():
                signal.signal(number, handler)

        def ask(number: int, _frame: FrameType | None) -> None:
            self.reason = signal.Signals(number).name
            restore()

        for number in before:
            signal.signal(number, ask)
        try:
            yield
        finally:
            restore()
