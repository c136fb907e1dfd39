# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of an instance group as a table of states: what it does, and that it starts nothing unasked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.slipway.ops.plugins.module_utils import instance_group_plan as plan

SETTINGS = {"MinSize": 0, "MaxSize": 1, "VPCZoneIdentifier": "subnet-a,subnet-b"}
WANTED = plan.Wanted(
    name="llm",
    template={"InstanceType": "g5.12xlarge"},
    settings=SETTINGS,
    count=1,
    latest_image="ami-new",
    target_groups=frozenset({"tg"}),
    tags={"team": "x"},
)
DATA = {"InstanceType": "g5.12xlarge", "ImageId": "ami-old"}
TEMPLATE = plan.Template("lt-1", plan.description(DATA), "ami-old")
GROUP = plan.Group(SETTINGS, frozenset({"tg"}), {"team": "x"}, frozenset({plan.METRIC}), desired=1)
THERE = plan.Snapshot(TEMPLATE, GROUP, "arn:off")


def actions(found, wanted=WANTED):
    return [step.action for step in plan.plan_present(found, wanted).steps]


@pytest.mark.parametrize(
    ("found", "wanted", "expected"),
    [
        (plan.Snapshot(), WANTED, ["create template", "create group", "metrics", "off policy"]),
        (THERE, WANTED, []),
        # Stopped from outside, or by itself: it stays so.
        (replace(THERE, group=replace(GROUP, desired=0)), WANTED, []),
        (replace(THERE, group=replace(GROUP, desired=0)), replace(WANTED, power="on"), ["power on"]),
        (THERE, replace(WANTED, power="on"), []),
        (THERE, replace(WANTED, power="off"), ["power off"]),
        # A killed run left a template only, or a group without its policy.
        (plan.Snapshot(TEMPLATE), WANTED, ["create group", "metrics", "off policy"]),
        (replace(THERE, policy_arn=""), WANTED, ["off policy"]),
        (replace(THERE, group=replace(GROUP, metrics=frozenset())), WANTED, ["metrics"]),
        (THERE, replace(WANTED, template={"InstanceType": "g5.48xlarge"}), ["new template version"]),
        (THERE, replace(WANTED, image_id="ami-given"), ["new template version"]),
        # The vendor has another image by now, which replaces nothing.
        (THERE, replace(WANTED, latest_image="ami-newer"), []),
        (THERE, replace(WANTED, settings={**SETTINGS, "MaxSize": 2}), ["update group"]),
        (THERE, replace(WANTED, target_groups=frozenset({"other"})), ["attach", "detach"]),
        (THERE, replace(WANTED, tags={"team": "y"}), ["tag"]),
    ],
    ids=[
        "nothing there",
        "all there",
        "stopped stays stopped",
        "switched on",
        "on already",
        "switched off",
        "template only",
        "policy missing",
        "metric missing",
        "other instance",
        "other image",
        "vendor's new image",
        "other size",
        "other target group",
        "other tag",
    ],
)
def test_present(found, wanted, expected):
    planned = plan.plan_present(found, wanted)
    assert [step.action for step in planned.steps] == expected
    assert (planned.before == planned.after) is (expected in ([], ["off policy"], ["metrics"]))


@pytest.mark.parametrize(
    ("changes", "desired"),
    [
        ({}, 1),
        ({"power": "off"}, 0),
        ({"start_new": False}, 0),
        ({"start_new": False, "power": "on"}, 1),
    ],
    ids=["starts", "off", "nothing to serve yet", "asked for"],
)
def test_what_a_new_group_starts(changes, desired):
    planned = plan.plan_present(plan.Snapshot(), replace(WANTED, **changes))
    [create] = [step for step in planned.steps if step.action == "create group"]
    assert create.arguments["DesiredCapacity"] == planned.after["group"]["desired"] == desired
    assert create.arguments["Tags"][0]["PropagateAtLaunch"]


def test_a_new_template_has_the_image_of_the_day_and_an_existing_one_keeps_its_own():
    new = plan.plan_present(plan.Snapshot(), WANTED).steps[0].arguments
    assert new["LaunchTemplateData"]["ImageId"] == "ami-new"
    assert new["TagSpecifications"][0]["Tags"] == [{"Key": "team", "Value": "x"}]
    assert plan.plan_present(plan.Snapshot(), replace(WANTED, tags={})).steps[0].arguments["TagSpecifications"] == []
    other = plan.plan_present(THERE, replace(WANTED, template={"InstanceType": "g5.48xlarge"})).steps[0].arguments
    assert other["LaunchTemplateData"] == {"InstanceType": "g5.48xlarge", "ImageId": "ami-old"}
    assert other["LaunchTemplateId"] == "lt-1"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (plan.Snapshot(), []),
        (THERE, ["delete group", "delete template"]),
        (plan.Snapshot(TEMPLATE), ["delete template"]),
        (plan.Snapshot(None, replace(GROUP, deleting=True)), ["delete group"]),
    ],
    ids=["nothing", "all", "template only", "being deleted"],
)
def test_absent(found, expected):
    planned = plan.plan_absent(found)
    assert [step.action for step in planned.steps] == expected
    assert planned.after == {}
