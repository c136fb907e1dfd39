# SPDX-License-Identifier: GPL-3.0-or-later
"""Lanes: stages side by side, each taking the next case that is for its kind."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos.plan import Spec
from tests.chaos.stage import Case, Stage
from tests.chaos.watch import Count, Window

#: What the warm lanes keep the old color for, in seconds: longer than any case.
KEEP_WARM = 3600.0


@dataclass
class Work:
    """The cases still to do, and those done. Shared by the lanes."""

    plan: Callable[[int], list[Spec]]
    say: Callable[[str], None]
    deadline: float = float("inf")
    waiting: list[Spec] | None = None
    done: list[tuple[Spec, Case]] = field(default_factory=list)
    between: Count = field(default_factory=Count)
    looks: int = 0
    broken: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self, warm: bool, calls: int) -> Spec | None:
        """The next case; one of the other kind, never."""
        with self._lock:
            if self.waiting is None:
                self.waiting = self.plan(calls)
            found = next((spec for spec in self.waiting if spec.warm == warm), None)
            if found is None or time.time() > self.deadline:
                return None
            self.waiting.remove(found)
            return found

    def end(self, spec: Spec, case: Case) -> None:
        with self._lock:
            self.done.append((spec, case))
            state = "ok" if not case.problems else "NOT AS EXPECTED: " + "; ".join(case.problems)
            outcomes = ", ".join(run.outcome for run in case.runs)
            seconds = case.window.end - case.window.start
            self.say(f"#{spec.number} {case.scenario}: {case.name} [{outcomes}] {seconds:.0f} s: {state}")


class Lane(threading.Thread):
    """One stage and the cases that are played on it. A case that did not end as expected costs the stage."""

    def __init__(self, work: Work, folder: Path, rate: float, warm: bool) -> None:
        super().__init__(name=folder.name, daemon=True)
        self._work, self._warm = work, warm
        self._stage = Stage(folder, rate, KEEP_WARM if warm else 0.0)

    def strike(self) -> None:
        """Take the stage down from outside, when the suite is broken off."""
        self._stage.strike()

    def run(self) -> None:
        try:
            self._play_all()
        except Exception as error:  # noqa: BLE001 whatever breaks a lane fails the suite, by name
            self._work.broken.append(f"{self.name}: {type(error).__name__}: {error}")

    def _play_all(self) -> None:
        set_up, windows, began = False, list[Window](), 0.0
        try:
            while True:
                if not set_up:
                    self._stage.set()
                    set_up, windows, began = True, [], time.time()
                spec = self._work.next(self._warm, self._stage.calls)
                if spec is None:
                    return
                case: Case = spec.play(self._stage, spec.rng())
                windows.append(case.window)
                self._work.end(spec, case)
                if case.problems:
                    set_up = False
                    self._strike(windows, began)
        finally:
            if set_up:
                self._strike(windows, began)

    def _strike(self, windows: list[Window], began: float) -> None:
        """Take the stage down, and count what was neither before the first case nor within one."""
        stage, work = self._stage, self._work
        ended = time.time()
        stage.load.stop()
        whole = stage.load.count(Window(began, ended))
        inside: list[Any] = [stage.load.count(Window(window.start, window.end)) for window in windows]
        work.between.requests += whole.requests - sum(count.requests for count in inside)
        work.between.failed += whole.failed - sum(count.failed for count in inside)
        work.looks += stage.watcher.looks
        stage.strike()
