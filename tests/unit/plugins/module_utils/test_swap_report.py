# SPDX-License-Identifier: GPL-3.0-or-later
"""The report page: complete, self-contained, well-formed, safe with hostile names, and readable."""

from __future__ import annotations

import itertools
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from ansible_collections.slipway.ops.plugins.module_utils import swap_report, swap_report_chart
from hypothesis import given
from hypothesis import strategies as st

ZERO = 1_700_000_000.0
SHIFT = "production weights to blue 0, green 100"
DIGEST = "sha256:" + "ab" * 32


def step(name, started, seconds, status="done", detail=""):
    return {"name": name, "status": status, "started": started, "seconds": seconds, "detail": detail}


STEPS = [
    step("scale_up", 0, 1),
    step("healthy", 1, 12),
    step(SHIFT, 13, 0.1),
    step("drain", 13.1, 20),
]
SAMPLES = [
    {
        "t": ZERO + at,
        "weights": {"blue": 100 - green, "green": green},
        "healthy": {"blue": 2, "green": 2 if at > 9 else 0},
    }
    for at, green in [(0, 0), (5, 0), (10, 0), (15, 100), (30, 100)]
]
SECONDS = [
    {
        "t": ZERO + at,
        "colors": {"blue": 200} if at < 15 else {"green": 200},
        "errors": {},
        "p50_ms": 2.0,
        "p99_ms": 9.0,
    }
    for at in range(1, 34)
]
LOAD = {"requests": 6600, "failed": 0, "errors": {}, "rate": 200.0, "p50_ms": 2.0, "p99_ms": 9.0, "max_ms": 31.5}
RESULT = {
    "outcome": "promoted",
    "started": ZERO,
    "colors": {"from": "blue", "to": "green"},
    "image": f"111111111111.dkr.ecr.us-east-1.amazonaws.com/slipway-local/api@{DIGEST}",
    "digest": DIGEST,
    "steps": STEPS,
}


def page(result=RESULT, **more):
    return swap_report.render(result, service="api", environment="local", **more)


def full(**changed):
    return page(**{"samples": SAMPLES, "seconds": SECONDS, "load": LOAD, "note": "Measured here."} | changed)


class Reader(HTMLParser):
    """The page's text, and every attribute that could load something."""

    def __init__(self, text):
        super().__init__()
        self.words, self.loads = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.loads += [(tag, value) for name, value in attrs if name in ("src", "href", "data", "action")]
        if tag in ("script", "iframe", "object", "embed", "base"):
            self.loads.append((tag, ""))

    def handle_data(self, data):
        self.words.append(data)


def svg(text):
    return ElementTree.fromstring(re.search(r"<svg.*</svg>", text, re.DOTALL)[0])


def test_everything_is_said():
    words = " ".join(Reader(full()).words)
    for expected in (
        "Promoted",
        "green serves api@sha256:abababababab",
        "6,600",
        "9 ms",
        "worst 31.5 ms",
        "scale up",
        "Measured",
    ):
        assert expected in words


def test_the_page_loads_nothing():
    text = full()
    assert Reader(text).loads == []
    assert "http" not in text
    assert "url(" not in text
    assert "@import" not in text


def test_hostile_words_stay_words():
    evil = "<script>alert(1)</script>\"'&"
    text = page(
        {
            **RESULT,
            "image": evil,
            "msg": evil,
            "outcome": "failed",
            "steps": [step(evil, 0, 9, status=evil, detail=evil)],
        }
    )
    assert Reader(text).loads == []
    assert "<script" not in text
    svg(text)


@pytest.mark.parametrize(
    "text",
    [full(), page(), full(samples=()), full(seconds=()), page({**RESULT, "steps": []}, samples=SAMPLES)],
    ids=["full", "result alone", "no samples", "no load", "no steps"],
)
def test_the_drawing_is_well_formed(text):
    assert svg(text).tag == "svg"


def test_the_timeline_stands_alone():
    """A file that browsers show as an image: XML of its own, with its style, and nothing from outside."""
    text = swap_report.picture(full())
    drawn = ElementTree.fromstring(text)
    assert drawn.tag == "{http://www.w3.org/2000/svg}svg"
    assert "prefers-color-scheme:dark" in text
    assert Reader(text).loads == []


def test_nothing_to_draw():
    text = page({"outcome": "converged", "steps": []})
    assert "<svg" not in text
    assert "<table" not in text


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ("promoted", "green serves"),
        ("rolled_back", "blue still serves"),
        ("superseded", "another deployment took over"),
        ("awaiting_approval", "waits for a person"),
        ("blocked", "nothing was changed"),
        ("failed", "see the steps"),
        ("converged", "as described"),
        ("something new", "Something new"),
    ],
)
def test_each_outcome_has_its_head_line(outcome, said):
    head = re.search(r"<h1>.*</h1>", page({**RESULT, "outcome": outcome, "failed": outcome == "rolled_back"}))[0]
    assert said in head


def test_a_rollback_that_was_asked_for_is_good_news():
    head = re.search(r"<h1>.*</h1>", page({**RESULT, "outcome": "rolled_back", "failed": False}))[0]
    assert "green serves api@sha256:abababababab again" in head
    assert 'class="good"' in head


def test_failures_are_shown():
    seconds = [*SECONDS[:-1], {**SECONDS[-1], "errors": {"status 503": 4, "timeout": 1}}]
    load = LOAD | {"failed": 5, "errors": {"status 503": 4, "timeout": 1}}
    text = full(seconds=seconds, load=load)
    assert "4 status 503, 1 timeout" in text
    assert "5 in all" in text
    assert 'class="area bad"' in text


def test_the_last_part_of_a_second_is_not_drawn_as_one():
    text = full(seconds=[*SECONDS, {**SECONDS[-1], "t": ZERO + 33.1, "partial": True}])
    assert text == full()


def test_a_shift_is_named_however_short():
    assert ">shift <" in full()
    assert SHIFT in full()


def test_steps_of_one_stage_are_drawn_as_one():
    def of(stage, *steps):
        return [{**each, "stage": stage} for each in steps]

    steps = [
        *of("healthy", step("wait for 2 healthy green", 0, 10), step("confirm that green carries", 10, 5, "failed")),
        *of("drain", step("drain", 15, 5)),
    ]
    text = page({**RESULT, "steps": steps})
    assert "healthy <tspan" in text
    assert ">15 s<" in text
    assert text.count('class="band-bad"') == 1


def test_a_result_without_its_start_says_no_date():
    words = " ".join(Reader(page({key: value for key, value in RESULT.items() if key != "started"})).words)
    assert "UTC" not in words
    assert "2023-11-14 22:13:20 UTC" in " ".join(Reader(page()).words)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "40 ms"),
        (0.0996, "0.1 s"),
        (0.44, "0.4 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (119.4, "119 s"),
        (119.6, "2 min 00 s"),
        (125, "2 min 05 s"),
    ],
)
def test_durations_are_for_reading(seconds, text):
    assert swap_report_chart.duration(seconds) == text


def boxes(root):
    """(left, top, right, bottom) of each text, by the same estimate of a character's width as the layout's own."""
    found = []
    for text in root.iter("text"):
        words = "".join(text.itertext())
        width, x, y = len(words) * swap_report_chart.CHARACTER, float(text.get("x")), float(text.get("y"))
        left = {"end": x - width, "middle": x - width / 2}.get(text.get("text-anchor"), x)
        found.append((left, y - 9, left + width, y + 2, words))
    return found


@given(
    st.lists(
        st.tuples(
            st.sampled_from([SHIFT, "healthy", "wait for drain", "scale_up"]),
            st.floats(0.0, 90.0),
        ),
        min_size=1,
        max_size=9,
    )
)
def test_stage_labels_never_touch(stages):
    at, steps = 0.0, []
    for name, seconds in stages:
        steps.append(step(name, at, seconds))
        at += seconds
    labels = [box for box in boxes(svg(page({**RESULT, "steps": steps}))) if box[4].endswith(" s") and box[4] != "0 s"]
    for index, one in enumerate(labels):
        assert one[2] <= swap_report_chart.WIDTH
        for other in labels[index + 1 :]:
            apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
            assert apart, (one, other)


def test_the_labels_at_the_ends_never_touch():
    same = [{**sample, "healthy": {"blue": 2, "green": 2}, "weights": {"blue": 1, "green": 1}} for sample in SAMPLES]
    right = swap_report_chart.WIDTH - swap_report_chart.RIGHT
    tops = sorted(box[1] for box in boxes(svg(full(samples=same))) if box[0] > right)
    assert all(below - above >= 11 for above, below in itertools.pairwise(tops))
