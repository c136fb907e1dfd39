# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

from ansible_collections.slipway.ops.plugins.module_utils.blue_green.plan_model import TAG_CANDIDATE, Rule
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.traffic_plan import (
    point,
    problems,
    serving_color,
    shown_traffic,
    unhealthy_problem,
)
from ansible_collections.slipway.ops.plugins.module_utils.rule_actions_plan import forwarding, weights_of

from tests.unit.plugins.module_utils.blue_green.cases import arn, color, group, snapshot

SITE = "`ansible-playbook -i INVENTORY playbooks/site.yml -e service=api`"
REPAIR = "`ansible-playbook -i INVENTORY playbooks/repair_backend.yml -e service=api -e confirm=api`"
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
    (found,) = problems(with_production({**pair, "arn:tg/other": 5}))
    assert "the production rule arn:rule/production sends traffic to arn:tg/other, which is neither color" in found
    assert f"{shown_traffic(LIVE)}: {REPAIR} takes it out" in found
    assert problems(with_production({**pair, "arn:tg/other": 0})) == []


def test_both_colors_must_stay_in_the_rule():
    lacking = f"the production rule arn:rule/production lacks green: {SITE} adds it"
    assert problems(with_production({group("blue"): 100})) == [lacking]


def test_a_rule_that_answers_by_itself_is_not_ours_to_touch():
    maintenance = Rule("arn:rule/production", [{"Type": "fixed-response"}])
    found = problems(replace(LIVE, production=maintenance))
    assert found == [f"the production rule arn:rule/production forwards to no target group: {REPAIR} sets it right"]


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
        command = f"{SITE} leaves one; where it refuses to, {REPAIR} makes them weigh alike first"
        surplus = f"there are 2 {name} rules, {both}: {command}"
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


def test_a_missing_rule_is_explained_by_what_runs_without_it():
    gone = replace(LIVE, production=None, missing=("the production rule of api",))
    (found,) = problems(gone)
    assert found.startswith("the production rule of api missing while blue has 2 tasks (2 healthy): requests get what")
    assert f"{SITE} makes the rule again, with the weight on the color that is healthy" in found
    idle = replace(gone, colors=snapshot(color("blue"), color("green")).colors)
    assert problems(idle) == [f"the production rule of api missing: run site.yml first: {SITE}"]


def test_weight_on_a_color_without_tasks_while_the_other_one_could_serve():
    (found,) = problems(snapshot(color("blue"), color("green", "v1", 2)))
    assert "blue has the traffic but no tasks, green has tasks that are healthy" in found
    assert found.startswith("production weights are blue 100 (0 healthy), green 0 (2 healthy)")
    assert f"{REPAIR} moves the traffic there" in found
    assert problems(snapshot(color("blue"), color("green"))) == []


def test_a_deployment_does_not_take_the_only_color_that_could_serve():
    warm = color("green", "v1", 2, release="v1")
    down = color("blue", "v2", 2, healthy=0, release="v2")
    found = unhealthy_problem(snapshot(down, warm))
    assert "none of the 2 tasks of blue is healthy, and green, onto which this would deploy, could serve" in found
    assert "playbooks/rollback_backend.yml -e service=api" in found
    candidate = color("blue", "v2", 2, healthy=0, tags={TAG_CANDIDATE: arn("v2", "blue")})
    for blue, green, weights in (
        (color("blue", "v2", 2, healthy=1, release="v2"), warm, (100, 0)),
        (color("blue"), warm, (100, 0)),
        (down, color("green"), (100, 0)),
        (candidate, warm, (100, 0)),
        (color("blue", "v2", 2, healthy=0), warm, (100, 0)),
        (down, warm, (50, 50)),
    ):
        assert unhealthy_problem(snapshot(blue, green, weights)) is None
