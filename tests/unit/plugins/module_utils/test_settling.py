# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting by looking: as short as it takes, and never for ever."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils import settling


@pytest.fixture
def naps(monkeypatch):
    """Seconds slept, with a clock that sleeping moves."""
    slept = []
    monkeypatch.setattr(settling.time, "sleep", slept.append)
    monkeypatch.setattr(settling.time, "monotonic", lambda: sum(slept))
    return slept


def test_what_is_there_is_not_waited_for(naps):
    assert settling.settled(lambda: 7, lambda seen: seen == 7, 60) == (7, True)
    assert naps == []


def test_the_first_good_look_ends_it(naps):
    looks = iter(range(9))
    assert settling.settled(lambda: next(looks), lambda seen: seen == 3, 60) == (3, True)
    assert naps == pytest.approx([0.2, 0.3, 0.45])


def test_it_ends_and_looks_once_more(naps):
    looks = []
    assert settling.settled(lambda: looks.append(sum(naps)), lambda seen: False, 10) == (None, False)
    assert looks[-1] == sum(naps) == pytest.approx(10)
    assert max(naps) <= 3


def test_no_time_is_one_look(naps):
    assert settling.settled(lambda: 1, lambda seen: False, 0) == (1, False)
    assert naps == []
