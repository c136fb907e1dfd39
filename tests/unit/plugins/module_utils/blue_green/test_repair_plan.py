# SPDX-License-Identifier: GPL-3.0-or-later
"""The repair of a rule as a table: what is broken, where the traffic goes, in which steps."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.plan_model import (
    TAG_APPROVAL,
    TAG_CANDIDATE,
    WITHDRAWN,
    Rule,
    Scaling,
    Service,
    Worker,
    WorkerState,
)
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.repair_plan import plan_repair
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.steps_plan import (
    CancelScaleDown,
    ConfirmCapacity,
    DeleteRule,
    PointRule,
    SetScaling,
    UntagService,
    UpdateService,
    WaitHealthy,
)
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.swap_plan import plan_deploy, plan_rollback
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.traffic_plan import serving_color
from ansible_collections.slipway.ops.plugins.module_utils.rule_actions_plan import forwarding, weights_of

from tests.unit.plugins.module_utils.blue_green.cases import (
    BOUNDS,
    HELD,
    after,
    arn,
    body,
    color,
    definition,
    group,
    snapshot,
    wanted,
)

WANTED = wanted(None)
BLUE, GREEN = color("blue", "v1", 2, release="v1"), color("green", "v2", 2, release="v2")
WARM = "2026-11-24T10:00:00"
FOREIGN = "arn:tg/other"


def forwards(*rule, actions=None, **weights):
    """The production rule with these weights; blue and green stand for their groups."""
    named = {group(name) if name in ("blue", "green") else FOREIGN: weight for name, weight in weights.items()}
    return Rule("arn:rule/production", actions or forwarding(named), *rule)


def split(blue, green, weights=(500, 500), **other):
    return snapshot(blue, green, weights, preview=(0, 100), **other)


def put(state, production):
    return replace(state, production=production)


WHOLE = snapshot(BLUE, color("green", "v2", 2), (100, 0))
CANDIDATE = color("green", "v2", 2, candidate=True)

# name -> (state, color that gets the traffic, titles of the steps)
CASES = {
    "95 % to an empty group": (
        split(color("blue"), GREEN, (950, 50)),
        "green",
        [
            "production weights to blue 0, green 100",
            "prove that green answers",
        ],
    ),
    "95 % to an empty group, the other one never released": (
        split(color("blue"), color("green", "v2", 2), (950, 50)),
        "green",
        ["production weights to blue 0, green 100", "prove that green answers", "mark the release of green"],
    ),
    "all to an empty group": (
        snapshot(color("blue"), GREEN, (100, 0), preview=(0, 100)),
        "green",
        [
            "production weights to blue 0, green 100",
            "prove that green answers",
        ],
    ),
    "all to a group of which nothing is healthy": (
        snapshot(replace(BLUE, healthy=0), GREEN),
        "green",
        [
            "production weights to blue 0, green 100",
            "preview weights to blue 0, green 100",
            "prove that green answers",
        ],
    ),
    "split, and one side has nothing healthy": (
        split(replace(BLUE, healthy=0), GREEN, (10, 90)),
        "green",
        ["production weights to blue 0, green 100", "prove that green answers"],
    ),
    "split between a release and what nobody has proven": (
        split(color("blue", "v2", 2), GREEN, (60, 40)),
        "green",
        [
            "confirm that green carries what blue carries",
            "production weights to blue 0, green 100",
            "preview weights to blue 100, green 0",
            "prove that green answers",
        ],
    ),
    "split by a deployment that was interrupted": (
        split(color("blue", "v1", 2, release="v1", scaling=HELD, held="2..6"), CANDIDATE, (70, 30)),
        "blue",
        [
            "confirm that blue carries what green carries",
            "production weights to blue 100, green 0",
            "prove that blue answers",
            f"remove {TAG_CANDIDATE} from green",
            "scaling of blue to 2..6",
            "remove slipway:scaling from blue",
        ],
    ),
    "split, the release is smaller than what the other one carries": (
        split(BLUE, color("green", "v2", 5), (1, 1)),
        "blue",
        [
            "record the scaling of blue, 2..6",
            "scaling of blue to 2..6, scale-in suspended",
            "scale blue to 5",
            "wait for 5 healthy blue",
            "confirm that blue carries what green carries",
            "production weights to blue 100, green 0",
            "prove that blue answers",
            "scaling of blue to 2..6",
            "remove slipway:scaling from blue",
        ],
    ),
    "split, some of the release's tasks are not healthy yet": (
        split(replace(BLUE, healthy=1), color("green", "v2", 2), (1, 1)),
        "blue",
        [
            "record the scaling of blue, 2..6",
            "wait for 2 healthy blue",
            "confirm that blue carries what green carries",
            "production weights to blue 100, green 0",
            "prove that blue answers",
            "scaling of blue to 2..6",
            "remove slipway:scaling from blue",
        ],
    ),
    "split between two releases, one of them only kept warm": (
        split(replace(BLUE, warm_until=WARM), GREEN, (1, 1)),
        "green",
        [
            "confirm that green carries what blue carries",
            "production weights to blue 0, green 100",
            "preview weights to blue 100, green 0",
            "prove that green answers",
        ],
    ),
    "the color that gets the traffic is kept warm": (
        split(replace(BLUE, warm_until=WARM), color("green"), (0, 100)),
        "blue",
        [
            "cancel the scale-down of blue",
            "production weights to blue 100, green 0",
            "preview weights to blue 100, green 0",
            "prove that blue answers",
        ],
    ),
    "split between two releases, weighed": (
        split(BLUE, GREEN, (5, 95)),
        "green",
        [
            "confirm that green carries what blue carries",
            "production weights to blue 0, green 100",
            "preview weights to blue 100, green 0",
            "prove that green answers",
        ],
    ),
    "a group of neither color": (
        put(WHOLE, forwards(blue=50, green=0, other=50)),
        "blue",
        [
            "production weights to blue 100, green 0",
            "preview weights to blue 0, green 100",
            "prove that blue answers",
        ],
    ),
    "a color is lacking": (
        put(WHOLE, forwards(blue=100)),
        "blue",
        [
            "production weights to blue 100, green 0",
            "preview weights to blue 0, green 100",
            "prove that blue answers",
        ],
    ),
    "no weight at all": (
        put(WHOLE, forwards(blue=0, green=0)),
        "blue",
        [
            "production weights to blue 100, green 0",
            "preview weights to blue 0, green 100",
            "prove that blue answers",
        ],
    ),
    "a maintenance page": (
        put(
            WHOLE,
            forwards(actions=[{"Type": "fixed-response", "Order": 1, "FixedResponseConfig": {"StatusCode": "503"}}]),
        ),
        "blue",
        [
            "production weights to blue 100, green 0",
            "preview weights to blue 0, green 100",
            "prove that blue answers",
        ],
    ),
    "a withdrawn release is all that is healthy": (
        split(color("blue", "v1", 2, release=WITHDRAWN), color("green"), (50, 50)),
        "blue",
        [
            "production weights to blue 100, green 0",
            "preview weights to blue 100, green 0",
            "prove that blue answers",
            "mark the release of blue",
        ],
    ),
    "marks and bounds of a deployment that is no more": (
        split(
            color("blue", "v1", 2, release="v1", scaling=HELD, held="2..6 out"),
            color("green", "v2", 2, awaiting=True, scaling=Scaling(2, 6, scale_in_suspended=True)),
            (50, 50),
        ),
        "blue",
        [
            "confirm that blue carries what green carries",
            "production weights to blue 100, green 0",
            "prove that blue answers",
            f"remove {TAG_CANDIDATE}, {TAG_APPROVAL} from green",
            "scaling of blue to 2..6",
            "scaling of green to 2..6",
            "remove slipway:scaling from blue",
        ],
    ),
    "the empty color's bounds are open": (
        split(color("blue", scaling=BOUNDS), GREEN, (50, 50)),
        "green",
        ["production weights to blue 0, green 100", "prove that green answers", "scaling of blue to 0..0"],
    ),
}


def titles(plan):
    return [step.title for step in plan.steps]


@pytest.mark.parametrize(("state", "chosen", "steps"), CASES.values(), ids=CASES)
def test_what_is_broken_is_made_whole(state, chosen, steps):
    plan = plan_repair(state, WANTED)
    assert (plan.blocked, plan.target, titles(plan)) == (None, chosen, steps)
    assert plan.before["weights"] != plan.after["weights"] or len(weights_of(state.production.actions)) != 2
    whole = after(state, plan.steps)
    assert serving_color(whole) == chosen
    assert set(weights_of(whole.production.actions)) == {group("blue"), group("green")}
    assert plan_repair(whole, WANTED).steps == ()
    for planner, aim in ((plan_deploy, wanted("v3")), (plan_rollback, WANTED)):
        blocked = planner(whole, aim).blocked or ""
        assert "repair_backend" not in blocked


@pytest.mark.parametrize(("state", "chosen", "steps"), CASES.values(), ids=CASES)
def test_a_repair_that_is_killed_after_any_step_is_continued_to_the_same_color(state, chosen, steps):
    plan = plan_repair(state, WANTED)
    for done in range(len(steps)):
        left = after(state, plan.steps[:done])
        again = plan_repair(left, WANTED)
        assert again.blocked is None
        assert serving_color(after(left, again.steps)) == chosen
        assert plan_deploy(after(left, again.steps), wanted("v3")).blocked is None


@pytest.mark.parametrize("state", [state for state, _chosen, _steps in CASES.values()], ids=CASES)
def test_no_deployment_touches_what_is_broken(state):
    """But for a shift of ours that was interrupted, which the next run ends, and a release that is down."""
    blocked = plan_deploy(state, wanted("v3")).blocked
    if not state.colors["green"].candidate:
        assert "repair_backend.yml -e service=api -e confirm=api" in blocked or "site.yml -e service=api" in blocked


WHOLE_STATES = {
    "after a swap": snapshot(BLUE, color("green", "v2"), (100, 0)),
    "nothing runs yet": snapshot(color("blue"), color("green")),
    "a candidate awaits approval": snapshot(BLUE, color("green", "v2", 2, awaiting=True), (100, 0), preview=(0, 100)),
    "a deployment is bringing tasks up": snapshot(replace(BLUE, scaling=HELD), CANDIDATE, (100, 0), preview=(0, 100)),
    "the release has lost a task": snapshot(replace(BLUE, healthy=1), GREEN),
    "both are down": snapshot(replace(BLUE, healthy=0), replace(GREEN, healthy=0)),
    "there is no preview rule": replace(snapshot(BLUE, GREEN), preview=None),
}


@pytest.mark.parametrize("state", WHOLE_STATES.values(), ids=WHOLE_STATES)
def test_what_is_whole_is_left_alone(state):
    plan = plan_repair(state, WANTED)
    assert (plan.blocked, plan.steps, plan.before) == (None, (), plan.after)


def test_a_scale_down_that_would_meet_the_live_color_is_canceled():
    plan = plan_repair(snapshot(replace(BLUE, warm_until=WARM), color("green", "v2")), WANTED)
    assert plan.steps == (CancelScaleDown("blue"),)


def test_a_broken_preview_is_repaired_for_itself():
    whole = snapshot(BLUE, color("green", "v2", 2), (100, 0))
    for preview in (forwards(blue=50, green=50), forwards(blue=100), forwards(blue=0, green=0)):
        plan = plan_repair(replace(whole, preview=replace(preview, arn="arn:rule/preview")), WANTED)
        assert titles(plan) == ["preview weights to blue 0, green 100"]
    alone = snapshot(BLUE, color("green", "v2"), (100, 0), preview=(50, 50))
    assert titles(plan_repair(alone, WANTED)) == ["preview weights to blue 100, green 0"]


PATH = [{"Field": "path-pattern", "Values": ["/*"]}]


def surplus(*weights, listener="arn:listener/b", conditions=PATH, priority=20):
    actions = forwarding({group("blue"): weights[0], group("green"): weights[1]})
    return Rule("arn:rule/second", actions, conditions, priority, listener)


def with_second(second, weights=(100, 0)):
    state = snapshot(BLUE, color("green", "v2", 2), weights, preview=(0, 100))
    first = replace(state.production, conditions=PATH, priority=10, listener="arn:listener/a")
    return replace(state, production=first, surplus={"production": (second,)})


def test_rules_on_two_listeners_weigh_alike_afterwards():
    plan = plan_repair(with_second(surplus(0, 100)), WANTED)
    pointed = [step for step in plan.steps if isinstance(step, PointRule)]
    assert [(step.arn, dict(step.weights)) for step in pointed] == [("arn:rule/second", {"blue": 100, "green": 0})]
    assert not [step for step in plan.steps if isinstance(step, DeleteRule)]
    assert "confirm that blue carries what green carries" in titles(plan)


def test_a_second_rule_that_no_request_reaches_is_deleted():
    plan = plan_repair(with_second(surplus(0, 100, listener="arn:listener/a")), WANTED)
    (deleted,) = [step for step in plan.steps if isinstance(step, DeleteRule)]
    assert (deleted.arn, deleted.title) == ("arn:rule/second", "delete production rule arn:rule/second")
    assert not [step for step in plan.steps if isinstance(step, PointRule)]


def test_a_second_rule_that_asks_for_something_else_is_pointed():
    other = [{"Field": "host-header", "Values": ["b.example.com"]}]
    first = [{"Field": "host-header", "Values": ["a.example.com"]}]
    state = with_second(surplus(0, 100, listener="arn:listener/a", conditions=other))
    state = replace(state, production=replace(state.production, conditions=first))
    plan = plan_repair(state, WANTED)
    assert [step.arn for step in plan.steps if isinstance(step, PointRule)] == ["arn:rule/second"]


def test_a_second_preview_rule_is_repaired_too():
    state = replace(snapshot(BLUE, color("green", "v2"), (100, 0)), surplus={"preview": (surplus(0, 100),)})
    assert titles(plan_repair(state, WANTED)) == ["preview weights to blue 100, green 0"]


def test_everything_else_of_a_rule_stays():
    login = {"Type": "authenticate-oidc", "Order": 1, "AuthenticateOidcConfig": {"Issuer": "https://id"}}
    (forward,) = forwarding({group("blue"): 1, group("green"): 1, FOREIGN: 1})
    sticky = {"Enabled": True, "DurationSeconds": 60}
    config = {**forward["ForwardConfig"], "TargetGroupStickinessConfig": sticky}
    state = put(WHOLE, forwards(actions=[login, {**forward, "Order": 2, "ForwardConfig": config}]))
    (step,) = [
        step for step in plan_repair(state, WANTED).steps if isinstance(step, PointRule) and step.rule == "production"
    ]
    assert step.actions[0]["AuthenticateOidcConfig"] == {"Issuer": "https://id", "UseExistingClientSecret": True}
    assert step.actions[1]["ForwardConfig"]["TargetGroupStickinessConfig"] == sticky
    assert weights_of(step.actions) == {group("blue"): 100, group("green"): 0}
    page = put(WHOLE, forwards(actions=[login, {"Type": "redirect", "Order": 2, "RedirectConfig": {}}]))
    (step, _preview) = [step for step in plan_repair(page, WANTED).steps if isinstance(step, PointRule)]
    assert [action["Type"] for action in step.actions] == ["authenticate-oidc", "forward"]
    assert step.actions[1].keys() == {"Type", "Order", "ForwardConfig"}


def test_without_healthy_targets_nothing_is_moved_and_the_way_out_is_told():
    plan = plan_repair(split(replace(BLUE, healthy=0), color("green"), (50, 950)), WANTED)
    assert plan.steps == ()
    assert plan.blocked.startswith(
        "production weights are blue 50 (0 healthy), green 950 (0 healthy): neither blue nor green has a healthy target"
    )
    assert "`aws ecs update-service --cluster c --service api-blue --desired-count 2`" in plan.blocked
    assert "--resource-id service/c/api-blue --min-capacity 2 --max-capacity 2`" in plan.blocked
    assert plan.blocked.endswith("playbooks/repair_backend.yml -e service=api -e confirm=api`")


def test_of_two_releases_that_are_alike_none_is_guessed():
    plan = plan_repair(split(BLUE, GREEN, (50, 50)), WANTED)
    assert plan.steps == ()
    assert "both blue and green are healthy, and nothing tells which one is the release" in plan.blocked
    assert "`aws ecs update-service --cluster c --service api-COLOR --desired-count 0`" in plan.blocked


def test_what_is_missing_is_made_by_site():
    plan = plan_repair(replace(WHOLE, production=None, missing=("the production rule of api",)), WANTED)
    assert "the production rule of api missing while blue has 2 tasks" in plan.blocked


def test_without_scaling_bounds_and_without_a_probe():
    bare = replace(WANTED, scaling=None, probe=None)
    plan = plan_repair(split(BLUE, color("green", "v2", 5), (1, 1)), bare)
    assert titles(plan) == [
        "scale blue to 5",
        "wait for 5 healthy blue",
        "confirm that blue carries what green carries",
        "production weights to blue 100, green 0",
    ]
    unscaled = plan_repair(split(replace(BLUE, scaling=None), replace(CANDIDATE, scaling=None), (1, 1)), WANTED)
    assert [step for step in unscaled.steps if isinstance(step, SetScaling)] == [SetScaling("blue", BOUNDS)]


def test_workers_follow_the_release_that_has_the_traffic():
    service = Service("arn:worker", 1, 1, 0, arn("v2", "green"), release=arn("v2", "green"))
    kinds = ("definition", "latest", "released")
    worker = WorkerState("api-mail", service, **dict.fromkeys(kinds, definition("v2", "green")))
    state = replace(split(BLUE, CANDIDATE, (0, 100)), workers={"api-mail": worker})
    state = replace(state, colors={**state.colors, "green": replace(CANDIDATE, healthy=0)})
    asked = replace(WANTED, workers=(Worker("api-mail", body("v1", "blue")),))
    told = titles(plan_repair(state, asked))
    moved = [title for title in told if "api-mail" in title]
    assert len(moved) == 4, moved
    assert told.index("prove that blue answers") < told.index(moved[0])
    unknown = replace(state, colors={**state.colors, "blue": replace(BLUE, definition=None)})
    assert not [title for title in titles(plan_repair(unknown, asked)) if "api-mail" in title]


def test_from_any_state_weight_goes_only_to_what_is_healthy_and_nothing_is_left_to_repair():
    colors = {
        name: [
            color(name),
            color(name, "v1", 2, release="v1"),
            color(name, "v2", 2, candidate=True),
            color(name, "v2", 3, healthy=1, awaiting=True),
            color(name, "v1", 2, healthy=0, release="v1"),
            color(name, "v1", 2, release="v1", warm_until=WARM),
            color(name, "v1", 2, release=WITHDRAWN, held="2..6"),
        ]
        for name in ("blue", "green")
    }
    weights = [(100, 0), (0, 100), (50, 50), (950, 50), (0, 0)]
    for blue, green, shares, foreign in itertools.product(colors["blue"], colors["green"], weights, (None, 0, 5)):
        state = snapshot(blue, green, shares)
        if foreign is not None:
            state = put(state, forwards(blue=shares[0], green=shares[1], other=foreign))
        plan = plan_repair(state, WANTED)
        raised = {name for step in plan.steps if isinstance(step, WaitHealthy) for name in [step.color]}
        for step in plan.steps:
            if isinstance(step, PointRule) and step.rule == "production":
                chosen = max(step.weights, key=step.weights.get)
                assert state.colors[chosen].healthy > 0
        if plan.blocked is None:
            assert plan_repair(after(state, plan.steps), WANTED).steps == ()
        assert not [step for step in plan.steps if isinstance(step, UpdateService) and step.color not in raised]
        assert not [step for step in plan.steps if isinstance(step, UpdateService) and not step.changes["desiredCount"]]
        confirmed = [step for step in plan.steps if isinstance(step, ConfirmCapacity)]
        assert len(confirmed) <= 1
        untagged = [step.color for step in plan.steps if isinstance(step, UntagService) and TAG_CANDIDATE in step.keys]
        assert len(untagged) == len(set(untagged))
