# SPDX-License-Identifier: GPL-3.0-or-later
"""What the load generator counts: whole run, and second by second."""

from __future__ import annotations

import dataclasses
import json
import math
from collections import Counter
from typing import Any

from localcloud.load.client import Answer

# Of each kind of error the first few are kept as samples: enough to see what it was.
SAMPLES = 3
COLOR, VERSION = "x-slipway-color", "x-slipway-version"


def verdict(answer: Answer) -> str | None:
    """Why the answer is an error, or None. The body must be the JSON of /version and agree with the headers."""
    if not 200 <= answer.status < 300:
        return f"status {answer.status}"
    try:
        body = json.loads(answer.body)
        told = (body["version"], body["color"])
    except (ValueError, KeyError, TypeError):
        return "wrong body"
    return None if told == (answer.headers.get(VERSION), answer.headers.get(COLOR)) else "wrong body"


def percentile(ordered: list[float], share: float) -> float | None:
    """The nearest-rank percentile of sorted values; None without values."""
    return ordered[max(1, math.ceil(share * len(ordered))) - 1] if ordered else None


def latencies(seconds: list[float]) -> dict[str, float | None]:
    """{"p50_ms", "p99_ms", "max_ms"} of latencies in seconds."""
    ordered = sorted(seconds)
    shares = {"p50_ms": 0.50, "p99_ms": 0.99, "max_ms": 1.0}
    found = {name: percentile(ordered, share) for name, share in shares.items()}
    return {name: None if value is None else round(value * 1000, 2) for name, value in found.items()}


@dataclasses.dataclass
class Counts:
    """Counts of answers and errors over some time."""

    answered: int = 0
    colors: Counter[str] = dataclasses.field(default_factory=Counter)
    versions: Counter[str] = dataclasses.field(default_factory=Counter)
    statuses: Counter[str] = dataclasses.field(default_factory=Counter)
    errors: Counter[str] = dataclasses.field(default_factory=Counter)
    seconds: list[float] = dataclasses.field(default_factory=list)

    def add(self, answer: Answer | None, error: str | None, latency: float) -> None:
        """One request that ended: with an answer, an error, or (a bad answer) both."""
        self.answered += 1
        self.seconds.append(latency)
        if error is not None:
            self.errors[error] += 1
        if answer is None:
            return
        self.statuses[str(answer.status)] += 1
        if COLOR in answer.headers:
            self.colors[answer.headers[COLOR]] += 1
        if VERSION in answer.headers:
            self.versions[answer.headers[VERSION]] += 1

    def as_json(self) -> dict[str, Any]:
        """The counts and latencies as plain values."""
        counters = {name: dict(getattr(self, name)) for name in ("colors", "versions", "statuses", "errors")}
        return {"ended": self.answered, **counters, **latencies(self.seconds)}


class Tally:
    """The whole run and the current second. A request belongs to the second in which it ended."""

    def __init__(self) -> None:
        self.total = Counts()
        self.samples: dict[str, list[dict[str, Any]]] = {}
        self._second = Counts()

    def add(self, at: float, answer: Answer | None, error: str | None, latency: float) -> None:
        """Count a request that ended at the (Unix) time AT."""
        self.total.add(answer, error, latency)
        self._second.add(answer, error, latency)
        if error is not None and len(self.samples.setdefault(error, [])) < SAMPLES:
            body = answer.body[:200].decode("utf-8", "replace") if answer else None
            self.samples[error].append({"at": round(at, 3), "latency_ms": round(latency * 1000, 1), "body": body})

    def turn(self) -> dict[str, Any]:
        """The counts since the last turn, as plain values."""
        counts, self._second = self._second, Counts()
        return counts.as_json()
