# SPDX-License-Identifier: GPL-3.0-or-later
"""The chaos suite's own judgement: the same seed the same cases, whose failure it is, what counts as expected."""

from __future__ import annotations

import json

import pytest

from tests.chaos import plan, report, state
from tests.chaos.stage import Case
from tests.chaos.watch import Count, Load, Window


def told(specs):
    return [(spec.number, spec.scenario, spec.warm, spec.seed, getattr(spec.play, "keywords", {})) for spec in specs]


@pytest.mark.parametrize("form", [plan.full, plan.short])
def test_a_seed_makes_the_same_cases(form):
    assert told(form(7, 80)) == told(form(7, 80)) != told(form(8, 80))
    numbers = [spec.number for spec in form(7, 80)]
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_full_form_has_every_call_in_every_way_and_the_short_form_every_scenario():
    full = plan.full(1, 80)
    for way in ("kill at call", "throttle", "error", "timeout", "lost"):
        indices = {spec.play.keywords["number"] for spec in full if spec.scenario == way}
        assert indices == set(range(1, 80 + plan.MORE_CALLS + 1))
    assert sum(spec.scenario == "kill at moment" for spec in full) == plan.MOMENTS
    assert {spec.scenario for spec in plan.short(1, 80)} == {spec.scenario for spec in full}


def test_a_failed_request_is_the_scenario_s_only_while_that_does_harm(tmp_path):
    load = Load("http://127.0.0.1:1/", tmp_path, 1.0)
    load._seconds = [{"t": float(t), "ended": 10, "errors": {"status 503": 1}} for t in range(100, 110)]
    window = Window(101.0, 108.0, harms=[(103.0, 105.0)])
    assert load.count(window) == Count(requests=70, failed=5, excused=2, errors={"status 503": 5})


def case(problems=(), failed=0):
    return Case("s", "n", Window(0.0, 1.0), problems=list(problems), count=Count(requests=10, failed=failed))


@pytest.mark.parametrize(
    ("cases", "between", "good"),
    [
        ([case()], Count(requests=5), True),
        ([case(), case(["a difference"])], Count(), False),
        ([case()], Count(failed=1), False),
    ],
)
def test_only_what_went_as_expected_is_good(cases, between, good):
    table = report.rows(cases, between)
    assert report.good(table) is good
    assert table[-1]["requests"] == 10 * len(cases) + between.requests
    about = {"seed": 1, "form": "short", "seconds": 1.0, "looks": 1, "good": good, "table": table}
    shown = [{"scenario": each.scenario, "number": 1, "name": "<n>", "problems": each.problems} for each in cases]
    page = report.page({**about, "cases": shown})
    assert ("a difference" in page, "<n>" in page) == (any(each.problems for each in cases), False)
    assert "as expected" in report.text(table)


def test_states_differ_where_they_differ():
    one = {"live": {"image": "a", "definition": "x", "desired": 2}, "idle": {"image": "b", "definition": "y"}}
    assert state.difference(one, json.loads(json.dumps(one))) == []
    assert state.mirrored(state.mirrored(one)) == one
    assert state.difference(one, state.mirrored(one))[:2] == [
        "idle.definition is 'x', not 'y'",
        "idle.image is 'a', not 'b'",
    ]
    assert state.difference({"tags": {}}, {"tags": {"t": "1"}}) == ["tags.t is '1', not None"]
