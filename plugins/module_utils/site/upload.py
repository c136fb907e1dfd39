# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Many independent pieces of work by a few threads, of which the caller's only watches."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

# Seconds between two looks of the caller's thread.
LOOK = 0.25
# Seconds that work in progress has to end, once the caller's thread was interrupted.
PATIENCE = 5.0


class Crew:
    """Works off an iterable, which is read one item at a time. After the first failure nothing new is begun."""

    def __init__(self, threads: int) -> None:
        self.done = 0
        self.bytes = 0
        # Whoever waits between two tries waits on this: it is set when the rest is not wanted any more.
        self.stopped = threading.Event()
        self._most = threads
        self._lock = threading.Lock()
        self._failures: list[BaseException] = []

    def run(self, items: Iterable[T], work: Callable[[T], int], total: int, watch: Callable[[], None]) -> None:
        """work: does one item and returns its size in bytes. total: the number of items, 0 if unknown.

        watch: is called in this thread four times a second; what it raises ends the work.
        Raises what the first failed item raised, when the others in progress have come to their end.
        """
        iterator = iter(items)
        count = min(self._most, total) if total else self._most
        threads = [
            threading.Thread(target=self._worker, args=(iterator, work), name=f"upload-{number}", daemon=True)
            for number in range(count)
        ]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                while thread.is_alive():
                    thread.join(LOOK)
                    watch()
        except BaseException:
            self._abandon(threads)
            raise
        if self._failures:
            raise self._failures[0]

    def _worker(self, iterator: Iterator[T], work: Callable[[T], int]) -> None:
        try:
            while not self.stopped.is_set():
                with self._lock:
                    items = list(islice(iterator, 1))
                if not items:
                    return
                size = work(items[0])
                with self._lock:
                    self.done += 1
                    self.bytes += size
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that waits
            with self._lock:
                self._failures.append(error)
            self.stopped.set()

    def _abandon(self, threads: list[threading.Thread]) -> None:
        self.stopped.set()
        until = time.monotonic() + PATIENCE
        for thread in threads:
            if thread.ident is not None:
                thread.join(max(0.0, until - time.monotonic()))
