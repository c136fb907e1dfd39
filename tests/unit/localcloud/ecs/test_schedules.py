# SPDX-License-Identifier: GPL-3.0-or-later
"""EventBridge Scheduler on the test cloud: groups as AWS tells them, and due schedules really run tasks."""

from __future__ import annotations

import pytest

from localcloud.ecs import schedules
from localcloud.mends import scheduler as mend
from tests.unit.localcloud.fixtures.processes import wait_until


@pytest.fixture(scope="module")
def scheduler(cloud):
    mend.install()
    return cloud.client("scheduler")


def target(cloud, definition):
    network = {"Subnets": cloud.subnets, "SecurityGroups": [cloud.group], "AssignPublicIp": "DISABLED"}
    return {
        "Arn": "arn:aws:ecs:us-east-1:111111111111:cluster/main",
        "RoleArn": "arn:aws:iam::111111111111:role/scheduler",
        "EcsParameters": {
            "TaskDefinitionArn": definition,
            "LaunchType": "FARGATE",
            "NetworkConfiguration": {"awsvpcConfiguration": network},
        },
    }


def started(cloud, name):
    found = []
    for desired in ("RUNNING", "STOPPED"):
        arns = cloud.ecs.list_tasks(cluster="main", family="nightly", desiredStatus=desired)["taskArns"]
        found += [cloud.task(arn) for arn in arns]
    return [task for task in found if task["startedBy"] == f"chronos-schedule/{name}"]


def test_groups_are_told_as_aws_tells_them(scheduler):
    scheduler.create_schedule_group(Name="one")
    with pytest.raises(scheduler.exceptions.ConflictException):
        scheduler.create_schedule_group(Name="one")
    scheduler.delete_schedule_group(Name="one")
    with pytest.raises(scheduler.exceptions.ResourceNotFoundException):
        scheduler.delete_schedule_group(Name="one")


def test_a_schedule_runs_its_task_when_it_is_due_and_only_then(cloud, scheduler):
    definition = cloud.define("once:1", family="nightly")
    scheduler.create_schedule_group(Name="two")
    common = {"GroupName": "two", "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target(cloud, definition)}
    scheduler.create_schedule(Name="off", ScheduleExpression="rate(1 minute)", State="DISABLED", **common)
    scheduler.create_schedule(Name="later", ScheduleExpression="at(2999-01-01T00:00:00)", **common)
    scheduler.create_schedule(Name="past", ScheduleExpression="at(2020-01-01T00:00:00)", **common)
    scheduler.create_schedule(Name="often", ScheduleExpression="rate(1 minute)", **common)
    task = wait_until(lambda: started(cloud, "often"), "the scheduled task")[0]
    assert task["taskDefinitionArn"] == definition
    assert cloud.ended(task["taskArn"])["containers"][0]["exitCode"] == 0
    assert [len(started(cloud, name)) for name in ("off", "later", "past", "often")] == [0, 0, 0, 1]
    scheduler.delete_schedule_group(Name="two")
    assert schedules.pending() is False


def test_a_schedule_in_no_group_is_refused(cloud, scheduler):
    with pytest.raises(scheduler.exceptions.ResourceNotFoundException):
        scheduler.create_schedule(
            Name="x",
            GroupName="none",
            ScheduleExpression="rate(1 minute)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target=target(cloud, cloud.define("once:1", family="nightly")),
        )


def test_a_client_token_starts_one_task(cloud):
    definition = cloud.define("once:1", family="token")
    request = {
        "cluster": "main",
        "taskDefinition": definition,
        "launchType": "FARGATE",
        "networkConfiguration": cloud.network,
        "clientToken": "abc",
    }
    first = cloud.ecs.run_task(**request)["tasks"][0]["taskArn"]
    assert cloud.ecs.run_task(**request)["tasks"][0]["taskArn"] == first
    with pytest.raises(cloud.ecs.exceptions.ConflictException):
        cloud.ecs.run_task(**{**request, "startedBy": "somebody"})
    cloud.ended(first)
