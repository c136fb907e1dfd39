# SPDX-License-Identifier: GPL-3.0-or-later
"""When a host may stop: every state, and that what is not known never stops one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway_llm.idle_plan import Decision, Limits, State, decide
from slipway_llm.metrics_plan import Sample

LIMITS = Limits(idle=600, grace=1000)


def work(counter=0.0, running=0.0, waiting=0.0):
    return Sample(running, waiting, (("tokens", counter),), counter)


QUIET = work()


@pytest.mark.parametrize(
    ("state", "found", "uptime", "limits", "wanted"),
    [
        (State(), None, 9e9, LIMITS, Decision(State(), "blind")),
        (State(100, QUIET), None, 9e9, LIMITS, Decision(State(), "blind")),
        (State(), QUIET, 50, LIMITS, Decision(State(None, QUIET), "busy")),
        (State(None, QUIET), QUIET, 60, LIMITS, Decision(State(60, QUIET), "idle")),
        (State(60, QUIET), QUIET, 90, LIMITS, Decision(State(60, QUIET), "idle", 30)),
        (State(60, QUIET), work(1), 90, LIMITS, Decision(State(None, work(1)), "busy")),
        (State(60, work(5)), work(1), 9000, LIMITS, Decision(State(None, work(1)), "busy")),
        (State(60, QUIET), work(running=1), 9000, LIMITS, Decision(State(None, work(running=1)), "busy")),
        (State(60, QUIET), work(waiting=1), 9000, LIMITS, Decision(State(None, work(waiting=1)), "busy")),
        (State(60, QUIET), QUIET, 660, LIMITS, Decision(State(60, QUIET), "idle", 600)),
        (State(60, QUIET), QUIET, 1000, LIMITS, Decision(State(60, QUIET), "stop", 940)),
        (State(3000, QUIET), QUIET, 3599, LIMITS, Decision(State(3000, QUIET), "idle", 599)),
        (State(3000, QUIET), QUIET, 3600, LIMITS, Decision(State(3000, QUIET), "stop", 600)),
        (State(0, QUIET), QUIET, 9e9, Limits(0, 0), Decision(State(0, QUIET), "idle", 9e9)),
    ],
    ids=[
        "blind from the start",
        "blind after idleness",
        "the first sample tells nothing of before",
        "idle begins",
        "idle goes on",
        "a counter grew",
        "a counter fell",
        "running",
        "waiting",
        "long enough, within the grace",
        "long enough, the grace over",
        "a second too short",
        "long enough",
        "never",
    ],
)
def test_a_decision(state, found, uptime, limits, wanted):
    assert decide(state, found, uptime, limits) == wanted


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([None, QUIET, work(1), work(running=1)]), max_size=60))
def test_a_stop_comes_only_after_an_unbroken_idle_time(samples):
    state, step = State(), 60.0
    for number, found in enumerate(samples):
        decision = decide(state, found, number * step, Limits(idle=300, grace=0))
        state = decision.state
        if decision.condition == "stop":
            last = samples[number - 5 : number + 1]
            assert len(last) == 6
            assert all(each is last[0] for each in last)
            assert last[0] in (QUIET, work(1))
