# SPDX-License-Identifier: GPL-3.0-or-later
"""The rule planner as a table: what is there, what is wanted, which steps that takes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.listener_rule_plan import (
    TAG_RULE,
    TAG_SERVICE,
    Rule,
    Snapshot,
    Wanted,
    condition_key,
    plan,
)
from ansible_collections.slipway.ops.plugins.module_utils.rule_actions_plan import forwarding, weights_of

IDENTITY = {TAG_SERVICE: "api", TAG_RULE: "production"}
HOST = {"Field": "host-header", "HostHeaderConfig": {"Values": ["a.example.com"]}}
PATH = {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/v1/*"]}}
HEADER = {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Test", "Values": ["1"]}}
WANTED = Wanted("arn:listener", IDENTITY, True, 10, (HOST,), {"blue": 100, "green": 0}, {"team": "x"})
ABSENT = Wanted("arn:listener", IDENTITY, False)
DEFAULT = Rule("arn:default", None, [], [{"Type": "fixed-response"}])
OWN = Rule(
    "arn:own",
    10,
    [{**HOST, "Values": ["a.example.com"]}],
    forwarding({"blue": 0, "green": 100}),
    {**IDENTITY, "team": "x"},
)
OTHER = Rule("arn:other", 20, [PATH], forwarding({"web": 1}), {TAG_SERVICE: "web", TAG_RULE: "production"})


def listener(*rules):
    return Snapshot(True, (DEFAULT, *rules))


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
    "delete it": (listener(OWN, OTHER), ABSENT, ["delete_rule"]),
    "it is deleted": (listener(OTHER), ABSENT, []),
}


def after(snapshot, made):
    """The listener once the steps are done."""
    rules = {rule.arn: rule for rule in snapshot.rules}
    for step in made.steps:
        given = step.arguments
        arn = given.get("rule_arn") or given.get("arn") or "arn:new"
        if step.action == "create_rule":
            rules[arn] = Rule(arn, given["priority"], given["conditions"], given["actions"], given["tags"])
        elif step.action == "delete_rule":
            del rules[arn]
        elif step.action == "add_tags":
            rules[arn] = replace(rules[arn], tags={**rules[arn].tags, **given["tags"]})
        else:
            key = step.action.rpartition("_")[2]
            rules[arn] = replace(rules[arn], **{key: given[key]})
    return Snapshot(True, tuple(rules.values()))


@pytest.mark.parametrize("name", CASES)
def test_plan(name):
    snapshot, wanted, expected = CASES[name]
    made = plan(snapshot, wanted)
    assert made.blocked is None
    assert [step.action for step in made.steps] == expected
    assert made.changed is bool(expected)
    assert (made.before != made.after) is bool(expected)
    assert plan(after(snapshot, made), wanted).steps == ()


def test_live_weights_survive_every_change():
    snapshot, wanted, _ = CASES["all at once"]
    (rule,) = [rule for rule in after(snapshot, plan(snapshot, wanted)).rules if rule.arn == "arn:own"]
    assert weights_of(rule.actions) == {"green": 1, "blue": 0}


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
    made = plan(Snapshot(False), replace(WANTED, listener_arn=""))
    assert made.needs == "listener (no ARN given) does not exist"
    assert [step.action for step in made.steps] == ["create_rule"]
    assert plan(Snapshot(False), ABSENT).steps == ()


def test_conditions_compare_by_meaning():
    assert condition_key({"Field": "path-pattern", "Values": ["b", "a"]}) == condition_key(
        {"Field": "path-pattern", "PathPatternConfig": {"Values": ["a", "b"]}}
    )
    assert condition_key(HEADER)[:2] == ("http-header", "x-test")
