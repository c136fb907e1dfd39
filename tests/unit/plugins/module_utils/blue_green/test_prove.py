# SPDX-License-Identifier: GPL-3.0-or-later
"""What counts as a proof, with the answers given."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.blue_green import waits
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.plan_model import Probe
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.probe import Answer
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.progress import Progress
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.run import StepFailedError
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.steps_plan import Prove

PROBE = Probe("http://x/", None, "X-Slipway-Color", 3, 10)
BLUE, GREEN = Answer("blue", "200 blue"), Answer("green", "200 green")
FAILED, NONE = Answer("", "503 without color", broken=True), Answer("", "no answer: refused")


def asked(monkeypatch, answers, share):
    """How many answers the proof takes; the clock goes on by a second at each."""
    left = iter(answers)
    taken = []

    class Given:
        def __init__(self, *_):
            """Asks nobody."""

        def ask(self):
            taken.append(next(left))
            return taken[-1]

        def addresses(self):
            return 1

    monkeypatch.setattr(waits, "Prober", Given)
    run = SimpleNamespace(
        progress=Progress(clock=lambda: float(len(taken))), pause=lambda _seconds: None, validate_certs=True
    )
    waits.prove(run, Prove("green", PROBE, share=share))
    return len(taken)


@pytest.mark.parametrize(
    ("share", "answers", "taken"),
    [
        (100, [BLUE, GREEN, FAILED, GREEN, GREEN, GREEN], 6),
        (10, [BLUE, BLUE, NONE, BLUE, GREEN], 5),
    ],
)
def test_proven(monkeypatch, share, answers, taken):
    assert asked(monkeypatch, answers, share) == taken


@pytest.mark.parametrize(
    ("share", "answers", "message"),
    [
        (100, [FAILED] * 20, "http://x/ did not answer from green 3 times in a row: 503 without color"),
        (10, [BLUE] * 20, "http://x/ did not answer from green once: 200 blue"),
        (10, [BLUE, FAILED], "http://x/ failed while green had 10 %: 503 without color"),
    ],
)
def test_not_proven(monkeypatch, share, answers, message):
    with pytest.raises(StepFailedError, match=message):
        asked(monkeypatch, answers, share)
