# SPDX-License-Identifier: GPL-3.0-or-later
"""What an engine's /metrics say about its work. Pure.

Names from vLLM's production metrics (vllm:num_requests_running and others) and TGI's monitoring page (tgi_queue_size
and others). Missing names mean that nothing is known, never that nothing is done.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

LINE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(?:[^\"}]|\"(?:[^\"\\]|\\.)*\")*\})?\s+(\S+)(?:\s+-?\d+)?\s*")


@dataclass(frozen=True)
class Sample:
    """running, waiting: requests now. counters: what grows with work, by name. tokens: generated so far."""

    running: float
    waiting: float
    counters: tuple[tuple[str, float], ...]
    tokens: float


@dataclass(frozen=True)
class Names:
    """The series of one engine. counters: each must be there once the engine runs."""

    running: str
    waiting: str
    tokens: str
    counters: tuple[str, ...]


ENGINES = {
    "vllm": Names(
        "vllm:num_requests_running",
        "vllm:num_requests_waiting",
        "vllm:generation_tokens_total",
        ("vllm:generation_tokens_total", "vllm:prompt_tokens_total"),
    ),
    "tgi": Names(
        "tgi_batch_current_size",
        "tgi_queue_size",
        "tgi_request_generated_tokens_sum",
        ("tgi_request_count", "tgi_request_generated_tokens_sum"),
    ),
}

LATE = {"tgi_request_count", "tgi_request_generated_tokens_sum"}
"""TGI exposes a counter only after its first count, so that these are 0 while they are missing."""


def series(text: str) -> dict[str, float]:
    """Series name to the sum over its labels, from Prometheus' text format; lines that are none are left out."""
    found: dict[str, float] = {}
    for line in text.splitlines():
        match = LINE.fullmatch(line)
        if not match or line.startswith("#"):
            continue
        try:
            value = float(match[2])
        except ValueError:
            continue
        found[match[1]] = found.get(match[1], 0.0) + value
    return found


def sample(engine: str, text: str) -> Sample | None:
    """What the engine does, or None if its metrics do not tell."""
    names, found = ENGINES[engine], series(text)
    for name in LATE.intersection(names.counters):
        found.setdefault(name, 0.0)
    wanted = {names.running, names.waiting, names.tokens, *names.counters}
    if not all(math.isfinite(found.get(name, math.nan)) for name in wanted):
        return None
    counters = tuple((name, found[name]) for name in names.counters)
    return Sample(found[names.running], found[names.waiting], counters, found[names.tokens])
