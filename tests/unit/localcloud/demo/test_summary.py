# SPDX-License-Identifier: GPL-3.0-or-later
"""When the demo may end green, and what its table says."""

from __future__ import annotations

import shutil
from types import SimpleNamespace

import pytest

from localcloud.demo import site, summary
from localcloud.demo.run import Counted, StepFailedError

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

VISITORS = {
    "visits": 675,
    "by_release": {"1.0.0": 382, "2.0.0": 293},
    "mixed": 0,
    "failed": 0,
    "samples": [],
    "requests": 6750,
    "p50_ms": 7.2,
    "p99_ms": 31.6,
}
VISITS = [
    {"t": float(at), "colors": {color: 90}, "errors": {}, "p50_ms": 1.0, "p99_ms": 2.0, "documents": {release: 10}}
    for at, color, release in ((1, "blue", "1.0.0"), (2, "green", "2.0.0"))
]
PUBLISHED = summary.Site(
    Counted(VISITORS, VISITS),
    {
        "outcome": "promoted",
        "started": 1.0,
        "steps": [{"name": "upload", "stage": "upload", "status": "done", "started": 0.1, "seconds": 0.2}],
        "invalidation": {
            "id": "I1",
            "paths": ["/", "/index.html"],
            "reference": "r",
            "status": "Completed",
            "price": 0.01,
            "seconds": 3.0,
        },
        "timings": {"total": 4.5},
    },
    [("Release 1.0.0", b"png")],
)


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
    text = "\n".join(summary.table(Counted(failed, SECONDS), RESULT, PUBLISHED, [("provision", 61.23)]))
    for expected in (
        "10,000 at 250/s",
        "status 503",
        "p99 12.5 ms",
        "swap, drain",
        "12.0 s",
        "provision",
        "61.2 s",
        "675: 1.0.0 382, 2.0.0 293",
        "2 paths, 3.0 s",
    ):
        assert expected in text


def test_the_page(tmp_path):
    samples = [{"t": 1.0, "weights": {"blue": 100, "green": 0}, "healthy": {"blue": 2, "green": 2}}]
    seconds = [{**second, "p50_ms": 1.0, "p99_ms": 2.0} for second in SECONDS]
    target = tmp_path / "build" / "report.html"
    summary.page(Counted(GOOD, seconds), RESULT, samples, PUBLISHED, {"blue": "1.0.0", "green": "2.0.0"}, target)
    text = target.read_text()
    assert "not on AWS" in text
    assert "10,000" in text
    assert 'alt="Release 1.0.0"' in text
    for name in ("report", "report-site"):
        assert target.with_name(f"{name}.svg").read_text().startswith("<svg xmlns=")


@pytest.mark.parametrize(
    ("counted", "lines", "outcome", "said"),
    [
        ({}, VISITS, "promoted", ""),
        ({"mixed": 1}, VISITS, "promoted", "1 visitors got a mixture of releases"),
        ({"failed": 2}, VISITS, "promoted", "2 visitors missed something"),
        ({"by_release": {"2.0.0": 675}}, VISITS, "promoted", "should have got 1.0.0 and 2.0.0"),
        ({}, VISITS[:1], "promoted", "the last visitors did not get 2.0.0"),
        ({}, VISITS, "failed", "the site's outcome is failed"),
    ],
)
def test_when_the_site_must_not_end_green(counted, lines, outcome, said):
    found = site.problems(Counted(VISITORS | counted, lines), {"outcome": outcome}, "1.0.0", "2.0.0")
    assert [said in each for each in found] == ([True] if said else [])


class Page:
    """A page of a browser, with a release and a heading."""

    def __init__(self, release, problems=()):
        self.release, self.problems, self.heading = release, list(problems), "Launch board"

    def open(self, _url):
        return self

    def click(self, _selector):
        self.heading = "Tides"

    def text(self, selector):
        return self.release if selector == ".release" else self.heading

    def screenshot(self):
        return b"png"


def window(pages):
    made = site.Window(lambda _text: None)
    made._browser = SimpleNamespace(page=lambda **_size: pages.pop(0))
    return made


def test_a_browser_sees_both_releases_and_the_first_page_goes_on():
    made = window([Page("Release 1.0.0"), Page("Release 2.0.0")])
    made.look("http://site", "1.0.0")
    made.go_on("1.0.0")
    made.look("http://site", "2.0.0")
    assert made.pictures == [("Release 1.0.0", b"png"), ("Release 2.0.0", b"png")]


@pytest.mark.parametrize(
    ("page", "said"),
    [(Page("Release 2.0.0"), "shows Release 2.0.0 instead"), (Page("Release 1.0.0", ["404"]), "had problems")],
)
def test_what_a_browser_must_not_see(page, said):
    with pytest.raises(StepFailedError, match=said):
        window([page]).look("http://site", "1.0.0")


@pytest.mark.parametrize("program", ["false", "true"])
def test_a_browser_that_does_not_start_is_said(monkeypatch, program):
    said = []
    monkeypatch.setattr(site.browser, "find", lambda: shutil.which(program))
    with site.Window(said.append) as made:
        made.look("http://site", "1.0.0")
    assert "does not start" in said[0]
    assert made.pictures == []


def test_without_a_browser_that_is_said(monkeypatch):
    said = []
    monkeypatch.setattr(site.browser, "find", lambda: None)
    with site.Window(said.append) as made:
        made.look("http://site", "1.0.0")
        made.go_on("1.0.0")
    assert "no Chromium on this machine" in said[0]
    assert made.pictures == []
