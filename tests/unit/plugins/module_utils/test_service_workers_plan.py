# SPDX-License-Identifier: GPL-3.0-or-later
"""Workers and schedules of a service: refused inputs, and the documents of good ones."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils import service_workers_plan as plan
from ansible_collections.slipway.ops.plugins.module_utils.service_documents_plan import (
    execution_policy,
    task_definition,
)
from ansible_collections.slipway.ops.plugins.module_utils.service_problems_plan import flag, service_problems

from tests.unit.plugins.module_utils.service_example import SECRET, example

WORKER = {"name": "mail", "command": ["work"], "environment": {"QUEUE": "a"}}
SCHEDULE = {"name": "report", "command": ["report"], "expression": "rate(5 minutes)", "memory": 1024}
ONCE = {"command": ["migrate"], "timeout": 60}
GOOD = {"workers": [WORKER], "schedules": [SCHEDULE], "one_off_task": ONCE}


def test_good():
    assert list(plan.worker_problems(example())) == list(plan.worker_problems(example(**GOOD))) == []
    alone = example(kind="worker", priority=0, paths=[], min_count=0, desired_count=1, exclusive=True)
    assert (*plan.worker_problems(alone), *service_problems(alone)) == ()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"workers": [{**WORKER, "name": "green"}]}, "workers: name must be 1 to 32"),
        ({"workers": [{"command": ["x"]}]}, "workers: name must be 1 to 32"),
        ({"schedules": [{**SCHEDULE, "name": "mail"}], "workers": [WORKER]}, "schedules: mail is the name of two"),
        ({"workers": [{**WORKER, "port": 1}]}, "workers: mail has unknown keys port; there are command, cpu"),
        ({"workers": [{**WORKER, "command": "work"}]}, "workers: command of mail must be a list"),
        ({"workers": [{**WORKER, "cpu": 300}]}, "workers: mail: cpu: Fargate offers"),
        ({"workers": [{**WORKER, "environment": {"API_KEY": "x"}}]}, "workers: mail: environment: API_KEY looks like"),
        ({"workers": [{**WORKER, "desired_count": "many"}]}, "workers: desired_count of mail must be from 0 to 1000"),
        ({"workers": [{**WORKER, "desired_count": 2, "exclusive": True}]}, "workers: mail is exclusive, so that"),
        ({"workers": [{**WORKER, "stop_timeout": 300}]}, "workers: stop_timeout of mail must be from 2 to 120"),
        ({"workers": [{"name": f"w{number}"} for number in range(11)]}, "workers: at most 10, got 11"),
        ({"schedules": [{**SCHEDULE, "command": []}]}, "schedules: report needs a command"),
        ({"schedules": [{**SCHEDULE, "expression": "daily"}]}, "schedules: expression of report must be rate"),
        ({"one_off_task": ["migrate"]}, "one_off_task: command must be a list"),
        ({"one_off_task": {"command": []}}, "one_off_task: command must be a list"),
        ({"one_off_task": {**ONCE, "user": "x"}}, "one_off_task: unknown keys user"),
        ({"one_off_task": {**ONCE, "timeout": 0}}, "one_off_task: timeout must be from 1 to 86400"),
        ({"kind": "worker", "workers": [WORKER]}, "workers: a service of kind worker has no workers of its own"),
        ({"kind": "worker", "one_off_task": ONCE}, "one_off_task: a service of kind worker has none"),
        ({"kind": "worker", "exclusive": True}, "desired_count: must be 1 for an exclusive worker, got 2"),
    ],
)
def test_refused_in_one_line(changed, message):
    assert [problem for problem in plan.worker_problems(example(**changed)) if problem.startswith(message)], message


def test_a_worker_is_the_service_with_another_command():
    (made,) = plan.workers(example(workers=[{**WORKER, "exclusive": "true", "stop_timeout": 5}]))
    container = made["task_definition"]["containers"][0]
    assert (made["name"], made["desired_count"], made["exclusive"]) == ("mail", 1, True)
    assert (container["name"], container["command"], container["stop_timeout"]) == ("api", ["work"], 5)
    assert container["log_configuration"]["options"]["awslogs-stream-prefix"] == "mail"
    names = {item["name"] for item in container["environment"]}
    assert {"QUEUE", "BUCKET"} <= names
    assert not {"PORT"} & names
    assert not {"port_mappings", "health_check", "image"} & set(container)
    (bare,) = plan.workers(example(workers=[{"name": "mail", "desired_count": "3"}]))
    assert "command" not in bare["task_definition"]["containers"][0]
    assert bare["desired_count"] == 3
    alone = task_definition(example(kind="worker"))["containers"][0]
    assert "port_mappings" not in alone


def test_a_schedule():
    (made,) = plan.schedules(example(schedules=[{**SCHEDULE, "enabled": False}]))
    assert (made["timezone"], made["enabled"], made["task_definition"]["memory"]) == ("UTC", False, "1024")
    assert made["role_arn"].endswith("-scheduler")


def test_the_scheduler_may_run_this_service_s_tasks_and_nothing_else():
    service = example(schedules=[SCHEDULE])
    run, tag, give = plan.scheduler_policy(service)["Statement"]
    assert run["Resource"] == [f"arn:aws:ecs:{service['region']}:{service['account_id']}:task-definition/api-report:*"]
    assert run["Condition"]["ArnEquals"]["ecs:cluster"].endswith(f":cluster/{service['cluster']}")
    assert tag["Condition"] == {"StringEquals": {"ecs:CreateAction": "RunTask"}}
    assert [arn.rpartition("-")[2] for arn in give["Resource"]] == ["task", "execution"]
    assert give["Condition"] == {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
    assert plan.scheduler_policy(example())["Statement"] == []
    (trust,) = plan.scheduler_trust(service)["Statement"]
    assert trust["Condition"]["StringEquals"]["aws:SourceArn"].endswith(f":schedule-group/{service['cluster']}-api")


def test_the_execution_role_reads_their_secrets_too():
    other = SECRET.replace("secret:", "secret:other-")
    policy = execution_policy(example(workers=[{**WORKER, "secrets": {"MAIL": other}}]))
    (secrets,) = [item for item in policy["Statement"] if item["Sid"] == "Secrets"]
    assert other in secrets["Resource"]


def test_names():
    service = example(**GOOD)
    assert plan.names(service) == {
        "services": ["api", "api-blue", "api-green"],
        "workers": ["api-mail"],
        "families": ["api-report"],
        "schedule_group": f"{service['cluster']}-api",
    }
    assert plan.names(example(kind="worker"))["services"] == ["api"]
    assert [flag(value) for value in (True, "yes", False, "no", 1)] == [True, True, False, False, True]
