# SPDX-License-Identifier: GPL-3.0-or-later
"""Gates in rows: one after the other, and rows side by side."""

from __future__ import annotations

import threading

import pytest

from tests.gates import __main__ as gates
from tests.gates.run import Outcome


@pytest.fixture
def begun(monkeypatch):
    """The gates in the order in which they begin; `a` and `b` end only when both have begun."""
    order, both = [], threading.Barrier(2, timeout=20)

    def gate(name):
        def run():
            order.append(name)
            if name in "ab":
                both.wait()
            return [Outcome(name, 1, int(name == "d"), 0.0, "")]

        return run

    monkeypatch.setattr(gates, "GATES", {name: gate(name) for name in "abcde"})
    return order


def test_rows_run_side_by_side_and_their_gates_in_turn(begun, capsys):
    assert gates.main(["a,b+c", "e"]) == 0
    assert sorted(begun[:2]) == ["a", "b"]
    assert begun[2:] == ["c", "e"]
    assert "4 passed, 0 failed" in capsys.readouterr().out


def test_a_failure_stops_nothing(begun, capsys):
    assert gates.main(["d+e"]) == 1
    assert begun == ["d", "e"]


@pytest.mark.parametrize("stages", [["a,x"], ["e+x"], []], ids=["in a row", "after one", "none"])
def test_a_gate_that_does_not_exist(begun, capsys, stages):
    assert gates.main(stages) == 2
    assert begun == []
