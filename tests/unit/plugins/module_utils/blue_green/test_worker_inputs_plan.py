# SPDX-License-Identifier: GPL-3.0-or-later
"""Workers, schedules and the one-off task as the module's parameters name them."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.plan_model import Once
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.worker_inputs_plan import (
    names_of,
    once_from,
    problems,
    schedules_from,
    worker_wishes,
    workers_from,
)

DEFINITION = {"containers": [{"name": "api", "command": ["work"]}]}
WORKER = {"name": "mail", "task_definition": DEFINITION, "desired_count": 1, "exclusive": False}
SCHEDULE = {
    "name": "report",
    "task_definition": DEFINITION,
    "expression": "rate(5 minutes)",
    "timezone": "UTC",
    "enabled": True,
    "role_arn": "arn:role",
}
GOOD = {
    "action": "deploy",
    "kind": "web",
    "service": "api",
    "image": "repo:1",
    "task_definition": DEFINITION,
    "desired_count": 1,
    "exclusive": False,
    "workers": [WORKER],
    "schedules": [SCHEDULE],
    "one_off_task": {"command": ["migrate"], "timeout": 60.0},
    "network_configuration": {"subnets": ["s"], "security_groups": ["g"], "assign_public_ip": False},
    "tags": {"a": "b"},
}
ALONE = {**GOOD, "kind": "worker", "workers": [], "one_off_task": None}


def test_good():
    assert problems(GOOD, "api") == problems(ALONE, "api") == []
    assert problems({**GOOD, "one_off_task": None}, "api") == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"workers": [{**WORKER, "name": "Mail"}]}, "'Mail' is no name for one"),
        ({"workers": [{**WORKER, "name": "blue"}]}, "'blue' is no name for one"),
        ({"schedules": [{**SCHEDULE, "name": "mail"}]}, "mail is named twice"),
        ({"workers": [{**WORKER, "name": f"w{number}"} for number in range(11)]}, "workers: 11 are more than 10"),
        ({"workers": [{**WORKER, "task_definition": {}}]}, "worker mail: task_definition: needs containers"),
        ({"workers": [{**WORKER, "desired_count": -1}]}, "worker mail: desired_count -1 must be at least 0"),
        ({"workers": [{**WORKER, "desired_count": 2, "exclusive": True}]}, "desired_count 2 must be 0 or 1, as it is"),
        ({"schedules": [{**SCHEDULE, "expression": "daily"}]}, "schedule report: 'daily' is none of rate"),
        ({"one_off_task": {"command": [], "timeout": 60.0}}, "one_off_task.command is empty"),
        ({"one_off_task": {"command": ["x"], "timeout": 0.0}}, "one_off_task.timeout 0 is less than 1"),
        ({**ALONE, "action": "repair"}, "action repair: a service of kind worker has no traffic to move"),
        ({**ALONE, "workers": [WORKER]}, "workers: a service of kind worker has no workers of its own"),
        ({**ALONE, "one_off_task": GOOD["one_off_task"]}, "one_off_task: a service of kind worker has none"),
        ({**ALONE, "exclusive": True, "desired_count": 2}, "desired_count 2 must be 1, as the worker is exclusive"),
    ],
)
def test_bad(changes, message):
    (problem,) = problems({**GOOD, **changes}, "api")
    assert message in problem


def test_values():
    assert once_from(GOOD, "api") == Once(("migrate",), 60.0, "api")
    assert once_from(ALONE, "api") is None
    (worker,) = workers_from(GOOD, "api")
    assert (worker.name, worker.template["family"], worker.count) == ("api-mail", "api-mail", 1)
    assert "image" not in worker.template["containerDefinitions"][0]
    (task,) = schedules_from(GOOD, "api")
    assert (task.family, task.role, task.settings["State"]) == ("api-report", "arn:role", "ENABLED")
    disabled = {**GOOD, "schedules": [{**SCHEDULE, "enabled": False}]}
    assert schedules_from(disabled, "api")[0].settings["State"] == "DISABLED"
    wishes = worker_wishes(GOOD, "api")
    assert wishes.workers[0].template["containerDefinitions"][0]["image"] == "repo:1"
    assert wishes.settings["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"] == "DISABLED"
    public = {
        **GOOD,
        "image": None,
        "network_configuration": {**GOOD["network_configuration"], "assign_public_ip": True},
    }
    assert (
        worker_wishes(public, "api").settings["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"]
        == "ENABLED"
    )
    assert names_of(GOOD) == (("api-mail",), ("report",))
    assert names_of(ALONE) == (("api",), ("report",))
    assert workers_from(ALONE, "api")[0].template["family"] == "api"
    assert workers_from({**ALONE, "task_definition": None}, "api")[0].template == {}
