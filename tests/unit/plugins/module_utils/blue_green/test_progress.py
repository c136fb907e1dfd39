# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.progress import Progress


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def test_events_are_json_lines_and_repetitions_are_silent(tmp_path):
    clock, path = Clock(), tmp_path / "progress"
    progress = Progress(str(path), clock)
    with progress.step("wait", "healthy"):
        for text in ("0/2", "0/2", "2/2"):
            clock.now += 1
            progress.say(text)
    events = [json.loads(line) for line in path.read_text().splitlines()]
    assert events == [
        {"seconds": 0.0, "text": "wait"},
        {"seconds": 1.0, "text": "0/2"},
        {"seconds": 3.0, "text": "2/2"},
    ]
    (record,) = progress.records
    assert record.shown() == {
        "name": "wait",
        "stage": "healthy",
        "status": "done",
        "started": 0.0,
        "seconds": 3.0,
        "detail": "2/2",
    }


def test_a_step_that_raises_is_recorded_as_failed():
    progress = Progress()
    with pytest.raises(ValueError, match="x"), progress.step("shift", "weights"):
        raise ValueError("x")
    progress.say("after")
    assert [(record.status, record.detail) for record in progress.records] == [("failed", "x")]


def test_timings_add_up_per_stage():
    clock = Clock()
    progress = Progress(None, clock)
    for seconds in (1, 2):
        with progress.step("scale", "services"):
            clock.now += seconds
    assert progress.timings() == {"services": 3.0, "total": 3.0}
