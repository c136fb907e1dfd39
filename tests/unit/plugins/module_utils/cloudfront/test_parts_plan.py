# SPDX-License-Identifier: GPL-3.0-or-later
"""States of the objects that a distribution refers to, and the steps out of them."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.cloudfront.parts_plan import (
    Part,
    declared,
    plan_absent,
    plan_present,
)

POLICY = declared({"kind": "cache_policy", "name": "p", "config": {"MinTTL": 0, "Headers": ["a"]}, "code": None})
FUNCTION = declared({"kind": "function", "name": "f", "config": {"Comment": "c"}, "code": "x"})


def live(part, **changes):
    return Part(part.kind, part.name, {**part.config, **changes}, "id")


def test_a_part_is_declared_with_plain_lists():
    assert POLICY.config == {"MinTTL": 0, "Headers": {"Quantity": 1, "Items": ["a"]}, "Name": "p"}
    assert FUNCTION.config == {"Comment": "c", "Code": "x", "Published": True}
    assert declared({"kind": "cache_policy", "name": "p", "config": None, "code": None}).config == {"Name": "p"}


@pytest.mark.parametrize(
    ("there", "labels"),
    [
        ([], ["create cache_policy p", "create function f"]),
        ([live(POLICY), live(FUNCTION)], []),
        ([live(POLICY, Comment="by hand"), live(FUNCTION)], []),
        ([live(POLICY, MinTTL=1), live(FUNCTION)], ["update cache_policy p"]),
        ([live(POLICY), live(FUNCTION, Published=False)], ["update function f"]),
        ([live(POLICY), live(FUNCTION, Code="y")], ["update function f"]),
    ],
)
def test_steps(there, labels):
    plan = plan_present(there, [POLICY, FUNCTION])
    assert [step.label for step in plan.steps] == labels
    assert len(plan.diff()["after"]) == len(labels)


def test_an_update_keeps_what_is_not_declared():
    (step,) = plan_present([live(POLICY, MinTTL=1, Comment="by hand")], [POLICY]).steps
    assert (step.after["MinTTL"], step.after["Comment"], step.id) == (0, "by hand", "id")


def test_what_is_there_is_deleted():
    plan = plan_absent([live(FUNCTION)])
    assert [step.label for step in plan.steps] == ["delete function f"]
    assert plan.diff() == {"before": {"function f": FUNCTION.config}, "after": {}}
