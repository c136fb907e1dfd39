# SPDX-License-Identifier: GPL-3.0-or-later
"""The rule planner as a table: what is there, what is wanted, which steps that takes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.listener_rule_plan import (
    TAG_RULE,
    TAG_SERVICE,
    Group,
    Rule,
    Snapshot,
    Wanted,
    condition_key,
    from_nothing,
    plan,
)
from ansible_collections.slipway.ops.plugins.module_utils.rule_actions_plan import (
    forwarding,
    sticky_seconds_of,
    weights_of,
)

IDENTITY = {TAG_SERVICE: "api", TAG_RULE: "production"}
HOST = {"Field": "host-header", "HostHeaderConfig": {"Values": ["a.example.com"]}}
PATH = {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/v1/*"]}}
HEADER = {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Test", "Values": ["1"]}}
WANTED = Wanted("lb", "arn:listener", IDENTITY, True, 10, (HOST,), {"blue": 100, "green": 0}, {"team": "x"})
ABSENT = Wanted("lb", "", IDENTITY, False)
DEFAULT = Rule("arn:default", None, [], [{"Type": "fixed-response"}])
OWN = Rule(
    "arn:own",
    10,
    [{**HOST, "Values": ["a.example.com"]}],
    forwarding({"blue": 0, "green": 100}),
    {**IDENTITY, "team": "x"},
    "HTTPS:443",
)
SIGN_IN = {"Type": "authenticate-oidc", "AuthenticateOidcConfig": {}}
OLD = replace(OWN, arn="arn:old", listener="HTTP:80")
OTHER = Rule("arn:other", 20, [PATH], forwarding({"web": 1}), {TAG_SERVICE: "web", TAG_RULE: "production"})


def listener(*rules, elsewhere=()):
    return Snapshot("HTTPS:443", (DEFAULT, *rules), (DEFAULT, *elsewhere))


def sticky(rule):
    """The rule with stickiness, as AWS describes it."""
    (action,) = rule.actions
    config = {**action["ForwardConfig"], "TargetGroupStickinessConfig": {"Enabled": True, "DurationSeconds": 60}}
    return replace(rule, actions=[{**action, "Order": 1, "ForwardConfig": config}])


CASES = {
    "nothing there": (listener(OTHER), WANTED, ["create_rule"]),
    "after a swap nothing is to do": (listener(OWN), WANTED, []),
    "the initial weights do not matter any more": (listener(OWN), replace(WANTED, weights={"blue": 7, "green": 3}), []),
    "other conditions": (listener(OWN), replace(WANTED, conditions=(HOST, PATH)), ["modify_rule_conditions"]),
    "another priority": (listener(OWN), replace(WANTED, priority=11), ["set_rule_priority"]),
    "a group is missing": (
        listener(replace(OWN, actions=forwarding({"green": 1}))),
        WANTED,
        ["modify_rule_actions"],
    ),
    "a tag is missing": (listener(OWN), replace(WANTED, tags={"team": "y"}), ["add_tags"]),
    "all at once": (
        listener(replace(OWN, actions=forwarding({"green": 1}))),
        replace(WANTED, conditions=(HEADER,), priority=11, tags={"team": "y"}),
        ["modify_rule_actions", "modify_rule_conditions", "set_rule_priority", "add_tags"],
    ),
    "it is on another listener": (listener(elsewhere=[OLD]), WANTED, ["create_rule", "replace_rule"]),
    "it is on two other listeners": (
        listener(elsewhere=[OLD, replace(OLD, arn="arn:older", listener="HTTP:8080")]),
        WANTED,
        ["create_rule", "replace_rule", "replace_rule"],
    ),
    "a move was interrupted": (listener(OWN, elsewhere=[OLD]), WANTED, ["replace_rule"]),
    "a move was interrupted, and the inputs changed": (
        listener(OWN, elsewhere=[replace(OLD, actions=forwarding({"green": 100}))]),
        replace(WANTED, priority=11),
        ["set_rule_priority", "replace_rule"],
    ),
    "another service's rule elsewhere": (listener(OWN, elsewhere=[OTHER]), WANTED, []),
    "delete it": (listener(OWN, OTHER), ABSENT, ["delete_rule"]),
    "delete it wherever it is": (listener(OWN, elsewhere=[OLD, OTHER]), ABSENT, ["delete_rule", "delete_rule"]),
    "it is deleted": (listener(OTHER), ABSENT, []),
}


def after(snapshot, steps):
    """The listeners once the steps are done."""
    rules = {rule.arn: rule for rule in (*snapshot.elsewhere, *snapshot.rules)}
    for step in steps:
        given = step.arguments
        arn = given.get("rule_arn") or given.get("arn") or "arn:new"
        if step.action == "create_rule":
            kept = (given[key] for key in ("priority", "conditions", "actions", "tags"))
            rules[arn] = Rule(arn, *kept, snapshot.listener)
        elif step.action in ("delete_rule", "replace_rule"):
            del rules[arn]
        elif step.action == "add_tags":
            rules[arn] = replace(rules[arn], tags={**rules[arn].tags, **given["tags"]})
        else:
            key = step.action.rpartition("_")[2]
            rules[arn] = replace(rules[arn], **{key: given[key]})
    here = tuple(rule for rule in rules.values() if rule.listener == snapshot.listener or rule.arn == "arn:default")
    return replace(snapshot, rules=here, elsewhere=tuple(rule for rule in rules.values() if rule not in here))


@pytest.mark.parametrize("name", CASES)
def test_plan(name):
    snapshot, wanted, expected = CASES[name]
    made = plan(snapshot, wanted)
    assert made.blocked is None
    assert [step.action for step in made.steps] == expected
    assert made.changed is bool(expected)
    assert (made.before != made.after) is bool(expected)
    assert plan(after(snapshot, made.steps), wanted).steps == ()


@pytest.mark.parametrize("name", CASES)
def test_a_run_killed_after_any_step_is_finished_by_the_next(name):
    snapshot, wanted, _ = CASES[name]
    made = plan(snapshot, wanted)
    for done in range(len(made.steps)):
        midway = after(snapshot, made.steps[:done])
        rest = plan(midway, wanted)
        assert rest.blocked is None
        assert rest.after == made.after
        assert plan(after(midway, rest.steps), wanted).steps == ()


def test_live_weights_survive_every_change():
    snapshot, wanted, _ = CASES["all at once"]
    (rule,) = [rule for rule in after(snapshot, plan(snapshot, wanted).steps).rules if rule.arn == "arn:own"]
    assert weights_of(rule.actions) == {"green": 1, "blue": 0}


def test_a_rule_that_moves_is_made_with_all_that_it_does_and_only_then_deleted():
    old = sticky(replace(OLD, tags={**OLD.tags, "owner": "y"}, actions=forwarding({"green": 100})))
    made = plan(listener(elsewhere=[old]), WANTED)
    create, delete = made.steps
    assert weights_of(create.arguments["actions"]) == {"green": 100, "blue": 0}
    assert sticky_seconds_of(create.arguments["actions"]) == 60
    assert create.arguments["tags"] == {**IDENTITY, "team": "x", "owner": "y"}
    assert create.detail == "create a rule with priority 10 and the live weights of HTTP:80"
    assert delete.arguments == {"rule_arn": "arn:old", "expected": old.actions}
    assert delete.detail == "delete rule arn:old of HTTP:80, whose traffic is served on HTTPS:443"
    assert (made.before["listeners"], made.after["listeners"]) == (["HTTP:80"], ["HTTPS:443"])
    assert made.after["weights"] == {"green": 100, "blue": 0}


def test_a_move_to_a_listener_that_is_not_there_yet_is_promised_with_the_live_weights():
    made = plan(Snapshot(None, elsewhere=(DEFAULT, OLD)), replace(WANTED, listener_arn=""))
    assert [step.action for step in made.steps] == ["create_rule", "replace_rule"]
    assert made.after["weights"] == {"blue": 0, "green": 100}
    assert made.after["listeners"] == ["a listener to come"]
    assert made.needs == "load balancer lb has no listener (no ARN given)"


BLOCKED = {
    "the priority is another rule's": (
        listener(OTHER),
        replace(WANTED, priority=20),
        "priority 20 of listener arn:listener is taken by rule web/production (path-pattern = /v1/*)",
    ),
    "the priority is a stranger's": (
        listener(replace(OTHER, tags={})),
        replace(WANTED, priority=20),
        "taken by rule arn:other",
    ),
    "moving onto another rule's priority": (listener(OWN, OTHER), replace(WANTED, priority=20), "is taken by"),
    "the rule forwards to a stranger": (
        listener(replace(OWN, actions=forwarding({"blue": 1, "web": 1}))),
        WANTED,
        "rule arn:own forwards to web, no group of this task",
    ),
    "the rule forwards nowhere": (
        listener(replace(OWN, actions=[{"Type": "fixed-response"}])),
        WANTED,
        "rule arn:own forwards to no target group",
    ),
    "two rules are ours": (
        listener(OWN, replace(OWN, arn="arn:own2", priority=11)),
        WANTED,
        "2 rules of arn:listener carry",
    ),
    "the rules weigh differently": (
        listener(OWN, elsewhere=[replace(OLD, actions=forwarding({"blue": 100, "green": 0}))]),
        WANTED,
        "differently, arn:own on HTTPS:443 {'blue': 0, 'green': 100}; arn:old on HTTP:80 {'blue': 100, 'green': 0}",
    ),
    "which of two others is the live one": (
        listener(elsewhere=[OLD, replace(OLD, arn="arn:older", actions=forwarding({"blue": 1}))]),
        WANTED,
        "weigh differently",
    ),
    "moving onto a priority that is taken": (
        listener(replace(OTHER, priority=10), elsewhere=[OLD]),
        WANTED,
        "priority 10 of listener arn:listener is taken",
    ),
    "moving what forwards to a stranger": (
        listener(elsewhere=[replace(OLD, actions=forwarding({"blue": 1, "web": 1}))]),
        WANTED,
        "rule arn:old forwards to web, no group of this task",
    ),
    "moving a secret that AWS does not show": (
        listener(elsewhere=[replace(OLD, actions=[SIGN_IN, *OLD.actions])]),
        WANTED,
        "rule arn:old signs users in with a secret",
    ),
    "no such priority": (listener(), replace(WANTED, priority=0), "priority 0 is outside 1 to 50000"),
    "a weight too large": (
        listener(),
        replace(WANTED, weights={"blue": 1000}),
        "weight 1000 of target group blue is outside 0 to 999",
    ),
    "a weight too small": (listener(), replace(WANTED, weights={"blue": -1}), "weight -1 of"),
    "no condition": (listener(), replace(WANTED, conditions=()), "at least one host, path or header"),
    "no target group": (listener(), replace(WANTED, weights={}), "target_groups: a rule needs at least one"),
}


@pytest.mark.parametrize("name", BLOCKED)
def test_blocked(name):
    snapshot, wanted, message = BLOCKED[name]
    made = plan(snapshot, wanted)
    assert message in made.blocked
    assert made.steps == ()


def test_a_listener_that_is_not_there_is_needed_by_a_real_run_only():
    made = plan(Snapshot(None), replace(WANTED, listener_arn="arn:gone"))
    assert made.needs == "load balancer lb has no listener arn:gone"
    assert [step.action for step in made.steps] == ["create_rule"]
    assert plan(Snapshot(None), ABSENT).steps == ()


def test_conditions_compare_by_meaning():
    assert condition_key({"Field": "path-pattern", "Values": ["b", "a"]}) == condition_key(
        {"Field": "path-pattern", "PathPatternConfig": {"Values": ["a", "b"]}}
    )
    assert condition_key(HEADER)[:2] == ("http-header", "x-test")


EMPTY, FULL, DOWN = Group(0, 0), Group(2, 2), Group(0, 2)
STARTS = {
    "nothing runs yet": (EMPTY, EMPTY, {"blue": 100, "green": 0}),
    "blue alone is healthy": (FULL, EMPTY, {"blue": 100, "green": 0}),
    "green alone is healthy": (EMPTY, FULL, {"blue": 0, "green": 100}),
    "green alone is healthy, blue is down": (DOWN, FULL, {"blue": 0, "green": 100}),
    "green alone has targets, which no rule checks": (EMPTY, DOWN, {"blue": 0, "green": 100}),
    "blue is a candidate": (replace(FULL, candidate=True), FULL, {"blue": 0, "green": 100}),
    "green is the release": (FULL, replace(FULL, proven=True), {"blue": 0, "green": 100}),
    "green is the release, neither is checked": (DOWN, replace(DOWN, proven=True), {"blue": 0, "green": 100}),
    "blue is kept warm": (
        replace(FULL, proven=True, leaving=True),
        replace(FULL, proven=True),
        {"blue": 0, "green": 100},
    ),
    "both could be it": (FULL, FULL, None),
    "both could be it, neither is checked": (DOWN, DOWN, None),
}


@pytest.mark.parametrize(("blue", "green", "weights"), STARTS.values(), ids=STARTS)
def test_a_rule_is_made_with_its_weight_on_what_runs(blue, green, weights):
    lost = replace(listener(OTHER), groups={"blue": blue, "green": green})
    made = plan(lost, WANTED)
    if weights is None:
        assert "and nothing tells which one is the release" in made.blocked
        assert "--service api-COLOR --desired-count 0" in made.blocked
    else:
        assert weights_of(made.steps[0].arguments["actions"]) == made.after["weights"] == weights
    preview = plan(lost, replace(WANTED, identity={**IDENTITY, TAG_RULE: "preview"}))
    assert preview.after["weights"] == (weights or WANTED.weights)


def test_what_stands_behind_the_groups_matters_only_where_there_is_no_rule():
    assert from_nothing(listener(OTHER), WANTED) is True
    assert from_nothing(listener(OWN), WANTED) is False
    assert from_nothing(listener(elsewhere=(OLD,)), WANTED) is False
    assert from_nothing(listener(), ABSENT) is False
    assert from_nothing(listener(), replace(WANTED, priority=0)) is False
