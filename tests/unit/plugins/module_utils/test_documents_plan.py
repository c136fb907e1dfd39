# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps from the documents that are to the documents that shall be."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.documents_plan import plan_documents

OLD = {"threshold": 5.0, "arn": "arn:aws:x", "actions": ["a", "b"], "query": {"id": "m", "label": None}}


@pytest.mark.parametrize(
    ("current", "wanted", "actions"),
    [
        ({}, {}, []),
        ({}, {"a": {"threshold": 5}}, ["create"]),
        ({}, {"a": None}, []),
        ({"a": OLD}, {"a": None}, ["delete"]),
        ({"a": OLD}, {}, []),
        ({"a": OLD}, {"a": {"threshold": 5}}, []),
        ({"a": OLD}, {"a": {"threshold": 6}}, ["update"]),
        ({"a": OLD}, {"a": {"actions": ["b", "a"]}}, []),
        ({"a": OLD}, {"a": {"actions": ["b"]}}, ["update"]),
        ({"a": OLD}, {"a": {"query": {"id": "m"}}}, []),
        ({"a": OLD}, {"a": {"missing": []}}, []),
        ({"a": OLD}, {"a": {"missing": [1]}}, ["update"]),
        ({"b": {}, "c": {}}, {"c": None, "a": {"x": 1}, "b": {"x": 1}}, ["create", "update", "delete"]),
    ],
)
def test_steps(current, wanted, actions):
    plan = plan_documents(current, wanted)
    assert [step.action for step in plan.steps] == actions
    assert plan.changed == bool(actions)


def test_the_diff_shows_only_what_differs_and_only_the_wanted_keys():
    plan = plan_documents({"a": OLD, "b": {"x": 1}}, {"a": {"threshold": 6}, "b": {"x": 1}, "c": {"x": 2}})
    assert plan.diff() == {"before": {"a": {"threshold": 5.0}}, "after": {"a": {"threshold": 6}, "c": {"x": 2}}}


def test_once_done_nothing_is_left_to_do():
    wanted = {"a": {"threshold": 6, "actions": ("x",)}, "b": None}
    done = {step.name: step.after for step in plan_documents({"a": OLD, "b": OLD}, wanted).steps if step.after}
    assert not plan_documents(done, wanted).changed
