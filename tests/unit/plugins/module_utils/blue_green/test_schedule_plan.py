# SPDX-License-Identifier: GPL-3.0-or-later
"""Schedules follow the release."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.plan_model import Snapshot
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.schedule_plan import (
    back,
    converge,
    description,
    forward,
    previous_in,
    target_of,
)

from tests.unit.plugins.module_utils.blue_green.beside_cases import (
    after,
    release,
    revision,
    schedule,
    scheduled,
    seen,
    state,
)
from tests.unit.plugins.module_utils.blue_green.cases import color, definition, snapshot

TASKS = (schedule(),)
REGISTER, POINT = "register api-report task definition", "point schedule report"
REMOVE = "remove schedule report"


def titles(steps):
    return [step.title for step in steps]


def with_one(found):
    return seen(state("v1", 1, "v1"), schedules=(found,) if found else ())


@pytest.mark.parametrize(
    ("now", "steps"),
    [
        (None, [REGISTER, "create schedule report"]),
        (scheduled("v1"), [REGISTER, POINT]),
        (replace(scheduled("v1"), latest=revision("api-report", "v2", "report")), [POINT]),
        (scheduled("v2", "v1"), []),
        (scheduled("v2", "v1", ScheduleExpression="rate(1 day)"), [POINT]),
        (replace(scheduled("v1"), definition=None), [REGISTER, POINT]),
    ],
)
def test_forward(now, steps):
    found = forward(with_one(now), TASKS, release("v2"))
    assert titles(found) == steps
    assert forward(after(with_one(now), found, "v2"), TASKS, release("v2")) == []


def test_the_release_before_is_remembered():
    assert forward(with_one(scheduled("v1")), TASKS, release("v2"))[-1].previous.endswith(":v1")
    moved = scheduled("v2", "v1", State="DISABLED")
    assert forward(with_one(moved), TASKS, release("v2"))[-1].previous.endswith(":v1")
    assert forward(with_one(None), TASKS, release("v2"))[-1].previous == ""
    assert previous_in(description("arn:x")) == "arn:x"
    assert (previous_in(description("")), previous_in("mine: own"), previous_in("")) == ("", "", "")


@pytest.mark.parametrize(
    ("now", "steps"),
    [
        (None, []),
        (scheduled("v1"), []),
        (scheduled("v2", "v1"), [POINT]),
        (scheduled("v3", "v2"), [REGISTER, POINT]),
        (scheduled("v2"), [REMOVE]),
        (replace(scheduled("v2", "v1"), definition=None), [REMOVE]),
    ],
)
def test_back(now, steps):
    found = back(with_one(now), TASKS, definition("v1", "blue"))
    assert titles(found) == steps
    assert back(after(with_one(now), found, "v1"), TASKS, definition("v1", "blue")) == []


def test_back_to_nothing_removes_it():
    assert titles(back(with_one(scheduled("v2", "v1")), TASKS, None)) == [REMOVE]


@pytest.mark.parametrize(
    ("now", "tasks", "steps"),
    [
        (seen(schedule_group=False), TASKS, ["create schedule group c-api"]),
        (seen(), TASKS, []),
        (seen(schedule_group=False), (), []),
        (with_one(scheduled("v1")), TASKS, []),
        (with_one(scheduled("v1", ScheduleExpression="rate(1 day)")), TASKS, [POINT]),
        (with_one(scheduled("v1")), (), [REMOVE]),
        (with_one(replace(scheduled("v1"), definition=None)), TASKS, []),
    ],
)
def test_converge(now, tasks, steps):
    found = converge(now, tasks, {})
    assert titles(found) == steps
    assert converge(after(now, found, "v1"), tasks, {}) == []


def test_tasks_run_where_the_service_s_run():
    network = {"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["a"], "securityGroups": ["b"]}}}
    found = target_of(snapshot(color("blue", settings=network), color("green")), schedule())
    assert found["Arn"] == "arn:aws:ecs:us-east-1:111111111111:cluster/c"
    assert found["EcsParameters"]["NetworkConfiguration"]["awsvpcConfiguration"] == {
        "Subnets": ["a"],
        "SecurityGroups": ["b"],
        "AssignPublicIp": "DISABLED",
    }
    assert target_of(Snapshot("api", "c", {}), schedule())["Arn"] == ":cluster/c"
