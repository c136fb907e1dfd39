# SPDX-License-Identifier: GPL-3.0-or-later
"""When the demo may end green, and what its table says."""

from __future__ import annotations

import pytest

from localcloud.demo import summary
from localcloud.demo.run import Counted

GOOD = {
    "requests": 10_000,
    "ended": 10_000,
    "failed": 0,
    "errors": {},
    "rate": 250.0,
    "versions": {"1.0.0": 6000, "2.0.0": 4000},
    "p50_ms": 3.1,
    "p99_ms": 12.5,
    "max_ms": 40.0,
}
SECONDS = [
    {"t": 1.0, "colors": {"blue": 250}, "versions": {"1.0.0": 250}, "errors": {}},
    {"t": 2.0, "colors": {"green": 250}, "versions": {"2.0.0": 250}, "errors": {}},
    {"t": 2.1, "colors": {}, "versions": {}, "errors": {}, "partial": True},
]
STEPS = [
    {"name": "drain blue for 12 s", "stage": "drain", "status": "done", "started": 1.0, "seconds": 12.04, "detail": ""}
]
RESULT = {"outcome": "promoted", "colors": {"from": "blue", "to": "green"}, "image": "r/api@sha256:1", "steps": STEPS}
RESULT["timings"] = {"drain": 12.04, "total": 30.0}


def problems(changed=None, seconds=SECONDS, result=RESULT):
    return summary.problems(Counted(GOOD | (changed or {}), seconds), result, "1.0.0", "2.0.0")


def test_all_well():
    assert problems() == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"changed": {"failed": 1}}, "1 requests failed"),
        ({"changed": {"ended": 9_999}}, "1 requests were lost by the generator"),
        ({"changed": {"rate": 199.0}}, "only 199.0 requests a second"),
        ({"changed": {"versions": {"1.0.0": 1}}}, "should both have answered"),
        ({"seconds": SECONDS[:1]}, "not answered by 2.0.0 alone"),
        ({"result": RESULT | {"outcome": "rolled_back"}}, "the outcome is rolled_back"),
    ],
)
def test_what_must_not_end_green(arguments, said):
    [found] = problems(**arguments)
    assert said in found


def test_the_table_says_it_all():
    failed = GOOD | {"failed": 3, "errors": {"status 503": 2, "timeout": 1}}
    text = "\n".join(summary.table(Counted(failed, SECONDS), RESULT, [("provision", 61.23)]))
    for expected in (
        "10,000 at 250/s",
        "status 503",
        "p99 12.5 ms",
        "swap, drain",
        "12.0 s",
        "provision",
        "61.2 s",
    ):
        assert expected in text


def test_the_page(tmp_path):
    samples = [{"t": 1.0, "weights": {"blue": 100, "green": 0}, "healthy": {"blue": 2, "green": 2}}]
    seconds = [{**second, "p50_ms": 1.0, "p99_ms": 2.0} for second in SECONDS]
    target = tmp_path / "build" / "report.html"
    summary.page(Counted(GOOD, seconds), RESULT, samples, target)
    text = target.read_text()
    assert "not on AWS" in text
    assert "10,000" in text
