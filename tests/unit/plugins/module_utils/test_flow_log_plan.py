# SPDX-License-Identifier: GPL-3.0-or-later
"""States of a flow log and the steps out of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.flow_log_plan import (
    FlowLog,
    Settings,
    Wanted,
    plan_flow_log,
)

SETTINGS = Settings("/x/flow", "arn:aws:iam::1:role/x", "ALL", 600)
TAGS = {"Name": "x"}
WANTED = Wanted(SETTINGS, TAGS)
GONE = Wanted(None)
OURS = FlowLog("fl-1", SETTINGS, TAGS)


@pytest.mark.parametrize(
    ("existing", "wanted", "actions"),
    [
        ([], WANTED, ["create"]),
        ([], GONE, []),
        ([OURS], WANTED, []),
        ([OURS], GONE, ["delete"]),
        ([replace(OURS, settings=replace(SETTINGS, traffic="REJECT"))], WANTED, ["delete", "create"]),
        ([replace(OURS, settings=replace(SETTINGS, role_arn="other"))], WANTED, ["delete", "create"]),
        ([replace(OURS, tags={})], WANTED, ["tag"]),
        ([replace(OURS, tags={**TAGS, "stale": "1", "aws:x": "1"})], WANTED, ["untag"]),
        ([replace(OURS, id="fl-2", settings=replace(SETTINGS, interval=60)), OURS], WANTED, ["delete"]),
        ([OURS, replace(OURS, id="fl-2")], WANTED, ["delete"]),
    ],
)
def test_steps(existing, wanted, actions):
    plan = plan_flow_log(existing, wanted)
    assert [step.action for step in plan.steps] == actions


def test_only_the_surplus_is_deleted():
    plan = plan_flow_log([replace(OURS, id="fl-2"), OURS], WANTED)
    assert dict(plan.steps[0].arguments) == {"FlowLogIds": ["fl-1"]}


def test_create_has_all_of_it():
    (step,) = plan_flow_log([], WANTED).steps
    assert step.arguments["LogGroupName"] == "/x/flow"
    assert step.arguments["DeliverLogsPermissionArn"] == "arn:aws:iam::1:role/x"
    assert step.arguments["TagSpecifications"] == [
        {"ResourceType": "vpc-flow-log", "Tags": [{"Key": "Name", "Value": "x"}]}
    ]


def test_before_and_after():
    plan = plan_flow_log([replace(OURS, settings=replace(SETTINGS, interval=60))], WANTED)
    assert (plan.before["interval"], plan.after["interval"]) == (60, 600)
    assert plan_flow_log([OURS], WANTED).before == plan_flow_log([OURS], WANTED).after
    assert plan_flow_log([OURS], GONE).after == {}
