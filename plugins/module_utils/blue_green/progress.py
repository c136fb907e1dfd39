# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a run tells while it runs: one JSON line per event, appended to a file that the action plugin follows."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Record:
    """One step as it went. started and seconds count from the start of the run.

    weights: color -> what a shift wrote into the production rule.
    """

    name: str
    stage: str
    status: str
    started: float
    seconds: float = 0.0
    detail: str = ""
    weights: Mapping[str, int] = field(default_factory=dict)

    def shown(self) -> dict[str, Any]:
        shown = {
            "name": self.name,
            "stage": self.stage,
            "status": self.status,
            "started": round(self.started, 3),
            "seconds": round(self.seconds, 3),
            "detail": self.detail,
        }
        return {**shown, "weights": dict(self.weights)} if self.weights else shown


@dataclass
class Progress:
    """Collects the records and writes the events. Without a path nothing is written."""

    path: str | None = None
    clock: Callable[[], float] = time.monotonic
    records: list[Record] = field(default_factory=list)
    # The beginning of the run in Unix seconds, for whoever lays the steps beside other records of that time.
    started: float = field(default_factory=lambda: round(time.time(), 3))
    _begin: float = field(init=False)
    _last: str = field(init=False, default="")

    def __post_init__(self) -> None:
        self._begin = self.clock()

    def elapsed(self) -> float:
        return self.clock() - self._begin

    def say(self, text: str) -> None:
        """One event. Saying the same thing again, as polls do, says nothing."""
        if text == self._last:
            return
        self._last = text
        if self.records and self.records[-1].status == "running":
            self.records[-1].detail = text
        if self.path:
            line = json.dumps({"seconds": round(self.elapsed(), 1), "text": text})
            with Path(self.path).open("a", encoding="utf-8") as stream:
                stream.write(line + "\n")

    def timings(self) -> dict[str, float]:
        """Seconds per stage, and in total since the start."""
        spent: dict[str, float] = {}
        for record in self.records:
            spent[record.stage] = spent.get(record.stage, 0.0) + record.seconds
        return {**{stage: round(seconds, 3) for stage, seconds in spent.items()}, "total": round(self.elapsed(), 3)}

    @contextmanager
    def step(self, name: str, stage: str) -> Iterator[Record]:
        """Records a step: done when the block ends, failed, and why, when it raises."""
        self.say(name)
        record = Record(name, stage, "running", self.elapsed())
        self.records.append(record)
        try:
            yield record
        except BaseException as error:
            record.status = "failed"
            record.detail = " ".join(str(error).split()) or record.detail
            raise
        else:
            record.status = "done"
        finally:
            record.seconds = self.elapsed() - record.started
