# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

from ansible_collections.slipway.ops.plugins.module_utils.blue_green.plan_model import Rule
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.traffic_plan import (
    point,
    problems,
    serving_color,
    shown_traffic,
)
from ansible_collections.slipway.ops.plugins.module_utils.rule_actions_plan import forwarding, weights_of

from tests.unit.plugins.module_utils.blue_green.cases import color, group, snapshot

LIVE = snapshot(color("blue", "v1", 2), color("green"))


def with_production(weights, sticky=None):
    actions = forwarding(weights)
    if sticky:
        actions[0]["ForwardConfig"]["TargetGroupStickinessConfig"] = {"Enabled": True, "DurationSeconds": sticky}
    return replace(LIVE, production=Rule("arn:rule/production", actions))


def test_the_live_color_is_read_from_weights_not_from_names():
    assert serving_color(LIVE) == "blue"
    assert serving_color(with_production({group("blue"): 0, group("green"): 1})) == "green"
    assert serving_color(with_production({group("blue"): 1, group("green"): 1})) is None


def test_a_group_of_neither_color_must_not_take_traffic():
    pair = {group("blue"): 100, group("green"): 0}
    assert problems(with_production({**pair, "arn:tg/other": 5})) == [
        "the production rule arn:rule/production sends traffic to arn:tg/other, which is neither color"
    ]
    assert problems(with_production({**pair, "arn:tg/other": 0})) == []


def test_both_colors_must_stay_in_the_rule():
    lacking = "the production rule arn:rule/production lacks green: run site.yml, which adds it"
    assert problems(with_production({group("blue"): 100})) == [lacking]


def test_a_client_must_not_be_pinned_to_a_color_for_hours():
    pair = {group("blue"): 100, group("green"): 0}
    assert problems(with_production(pair, sticky=3600)) == []
    assert "pins clients to a color for 7200 s" in problems(with_production(pair, sticky=7200))[0]


def test_the_color_that_serves_is_the_one_of_every_production_rule():
    for weights, serving in (((1, 0), "blue"), ((0, 1), None)):
        second = Rule("arn:rule/second", forwarding({group("blue"): weights[0], group("green"): weights[1]}))
        assert serving_color(replace(LIVE, surplus={"production": (second,)})) == serving


def test_two_rules_are_one_too_many_even_if_they_weigh_alike():
    for name in ("production", "preview"):
        second = Rule("arn:rule/second", forwarding({group("blue"): 1, group("green"): 0}))
        both = f"arn:rule/{name} (blue 100, green 0) and arn:rule/second (blue 1, green 0)"
        surplus = f"there are 2 {name} rules, {both}: run site.yml, which leaves one"
        assert problems(replace(LIVE, surplus={name: (second,)})) == [surplus]


def test_pointing_keeps_the_weight_of_other_groups():
    state = with_production({group("blue"): 100, group("green"): 0, "arn:tg/other": 0})
    (step,) = point(state, "production", state.production, "green")
    assert weights_of(step.actions) == {group("blue"): 0, group("green"): 100, "arn:tg/other": 0}
    assert step.expected == state.production.actions
    assert point(state, "production", state.production, "blue") == []
    assert point(state, "preview", None, "blue") == []


def test_messages_say_where_the_traffic_is():
    assert shown_traffic(LIVE) == "production weights are blue 100 (2 healthy), green 0 (0 healthy)"
    assert shown_traffic(replace(LIVE, production=None)) == "no production rule sends traffic to either color"
