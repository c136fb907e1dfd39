# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.choice_plan import Standing, choose

UP = Standing(2)
RELEASE = Standing(2, proven=True)
CHOICES = {
    "neither is healthy": (Standing(0, proven=True, weight=100), Standing(0), None, "neither blue nor green"),
    "one is healthy": (Standing(0, proven=True, weight=100), UP, "green", "it alone has healthy targets"),
    "a candidate is healthy, the release is not": (
        Standing(0, proven=True),
        replace(UP, candidate=True),
        "green",
        "alone",
    ),
    "a release and a candidate": (replace(RELEASE, candidate=True, weight=95), UP, "green", "has not ended"),
    "a release and what nobody has proven": (UP, replace(RELEASE, leaving=True), "green", "was proven"),
    "one is kept warm": (replace(RELEASE, leaving=True, weight=100), RELEASE, "green", "only kept warm"),
    "more weight": (replace(RELEASE, weight=5), replace(RELEASE, weight=95), "green", "the greater weight"),
    "alike": (replace(RELEASE, weight=50), replace(RELEASE, weight=50), None, "nothing tells which one is the release"),
}


@pytest.mark.parametrize(("blue", "green", "color", "why"), CHOICES.values(), ids=CHOICES)
def test_the_choice(blue, green, color, why):
    made = choose({"blue": blue, "green": green})
    assert made.color == color
    assert why in made.why


def test_the_choice_depends_on_no_order_and_falls_on_nothing_that_is_down():
    flags = [False, True]
    every = [Standing(n, p, c, w, s) for n, p, c, w, s in itertools.product((0, 2), flags, flags, flags, (0, 5, 95))]
    for blue, green in itertools.product(every, every):
        choice = choose({"blue": blue, "green": green})
        assert choice.color == choose({"green": green, "blue": blue}).color
        if choice.color:
            assert {"blue": blue, "green": green}[choice.color].healthy
        else:
            assert blue == green or not (blue.healthy or green.healthy)
