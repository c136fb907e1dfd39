# SPDX-License-Identifier: GPL-3.0-or-later
"""When a host may stop because nobody uses it. Pure; what is not known is never idleness.

The limit of a host's whole life is not here: a timer of systemd holds it, which works when this program does not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from slipway_llm.metrics_plan import Sample


@dataclass(frozen=True)
class Limits:
    """Seconds. idle: without work until the stop; 0 for never. grace: of uptime before which nothing is stopped."""

    idle: float
    grace: float


@dataclass(frozen=True)
class State:
    """since: uptime at which it was first seen idle, None while it is not. last: the sample before, None if blind."""

    since: float | None = None
    last: Sample | None = None


@dataclass(frozen=True)
class Decision:
    """state: for the next time. condition: blind, busy, idle or stop. idle: seconds without work."""

    state: State
    condition: str
    idle: float = 0.0


def decide(state: State, found: Sample | None, uptime: float, limits: Limits) -> Decision:
    """What a new sample means at `uptime` seconds since the boot; None where the metrics did not tell."""
    if found is None:
        return Decision(State(), "blind")
    known = replace(state, last=found)
    # Also a counter that fell: the engine has begun anew, and what it did before that nobody knows.
    moved = state.last is None or state.last.counters != found.counters
    if found.running > 0 or found.waiting > 0 or moved:
        return Decision(replace(known, since=None), "busy")
    since = uptime if state.since is None else state.since
    known, idle = replace(known, since=since), uptime - since
    if limits.idle and idle >= limits.idle and uptime >= limits.grace:
        return Decision(known, "stop", idle)
    return Decision(known, "idle", idle)
