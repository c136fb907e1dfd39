# SPDX-License-Identifier: GPL-3.0-or-later
"""Which cases a run of the suite consists of. Pure: the same seed, form and number of calls, the same cases."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from tests.chaos import faults, kills, others

#: Calls that a deployment in steps makes beyond those of one at once, whose number the stage has counted.
MORE_CALLS = 20
MOMENTS = 50
OUTAGES = 20


@dataclass(frozen=True)
class Spec:
    """One case. number: stable within seed and form, for --only. warm: on a stage that keeps the old color warm."""

    number: int
    scenario: str
    warm: bool
    play: Callable[..., Any]
    seed: str

    def rng(self) -> random.Random:
        return random.Random(self.seed)


def full(seed: int, calls: int) -> list[Spec]:
    """Every call index of a deployment, killed and failing in each way; every scenario many times."""
    rng = random.Random(f"{seed}/full")
    indices = range(1, calls + MORE_CALLS + 1)
    made: list[tuple[str, Callable[..., Any]]] = [("kill at call", partial(kills.at_call, number=n)) for n in indices]
    made += [("kill at moment", partial(kills.at_moment, share=rng.random())) for _ in range(MOMENTS)]
    made += [(kind, partial(faults.at_call, kind=kind, number=n)) for kind in faults.KINDS for n in indices]
    made += _outages(rng, calls, OUTAGES)
    made += [("person", partial(others.person, number=n)) for n in rng.sample(indices, 16)]
    made += [("grows", partial(others.grows, number=n)) for n in rng.sample(indices, 12)]
    made += [("weight delay", partial(others.weight_delay, seconds=float(n))) for n in range(16)]
    made += [("overtaken", partial(others.overtaken, share=rng.random())) for _ in range(16)]
    made += [("stalled", partial(others.stalled, number=n)) for n in rng.sample(indices, 24)]
    made += [
        ("skew", partial(others.skew, seconds=seconds, killed=killed))
        for seconds in (30.0, -30.0, 3600.0, -3600.0, 86400.0, -86400.0)
        for killed in (False, True)
    ]
    made += [("two at once", others.two_at_once)] * 16 + [("converge", others.beside_converge)] * 8
    made += [("dies", others.dies)] * 8
    rng.shuffle(made)
    return _specs(f"{seed}/full", made, cold=2)


def short(seed: int, calls: int) -> list[Spec]:
    """Every scenario once, where the seed says, of three lanes one cold; no call so late that a quick run has fewer."""
    rng = random.Random(f"{seed}/short")
    last = round(calls * 0.6)
    made: list[tuple[str, Callable[..., Any]]] = [
        ("weight delay", partial(others.weight_delay, seconds=float(rng.randint(3, 6)))),
        *_outages(rng, calls, 1),
        ("dies", others.dies),
        ("overtaken", partial(others.overtaken, share=rng.random())),
        ("stalled", partial(others.stalled, number=rng.randint(last // 2, last))),
        ("two at once", others.two_at_once),
        ("person", partial(others.person, number=rng.randint(1, last))),
        ("grows", partial(others.grows, number=rng.randint(1, last))),
        ("skew", partial(others.skew, seconds=rng.choice((3600.0, -3600.0)), killed=False)),
        ("kill at call", partial(kills.at_call, number=rng.randint(1, last))),
        ("kill at moment", partial(kills.at_moment, share=rng.random())),
        *[(kind, partial(faults.at_call, kind=kind, number=rng.randint(1, last))) for kind in faults.KINDS],
        ("converge", others.beside_converge),
    ]
    return _specs(f"{seed}/short", made, cold=4)


def _outages(rng: random.Random, calls: int, number: int) -> list[tuple[str, Callable[..., Any]]]:
    kinds = ("throttle", "error", "lost")
    return [
        ("outage", partial(faults.outage, kind=rng.choice(kinds), number=rng.randint(1, calls))) for _ in range(number)
    ]


def _specs(seed: str, made: list[tuple[str, Callable[..., Any]]], cold: int) -> list[Spec]:
    """Each cold-th case is on a stage that takes the old color away, and growth, which a warm one would keep."""
    return [
        Spec(n, name, bool(n % cold) and name != "grows", play, f"{seed}/{n}") for n, (name, play) in enumerate(made, 1)
    ]
