# SPDX-License-Identifier: GPL-3.0-or-later
"""Rolling deployments: order, circuit breaker, rollback, service deployments and revisions."""

from __future__ import annotations

import pytest

from localcloud.ecs import views
from tests.unit.localcloud.fixtures.cloud import address, environment
from tests.unit.localcloud.fixtures.processes import wait_until


def deployments(cloud, name, status=()):
    found = cloud.ecs.list_service_deployments(cluster="main", service=name, status=list(status))
    arns = [item["serviceDeploymentArn"] for item in found["serviceDeployments"]]
    return cloud.ecs.describe_service_deployments(serviceDeploymentArns=arns)["serviceDeployments"] if arns else []


def test_update_replaces_the_tasks_and_keeps_the_old_ones_until_then(cloud):
    group = cloud.target_group(delay=1)
    name = cloud.create("serve:1", count=2, groups=[group])
    first = cloud.steady(name)["deployments"][0]
    old = cloud.tasks(name)
    updated = cloud.update(name, taskDefinition=cloud.define("serve:2"))
    assert [(d["status"], d["rolloutState"]) for d in updated["deployments"]] == [
        ("PRIMARY", "IN_PROGRESS"),
        ("ACTIVE", "COMPLETED"),
    ]
    second = updated["deployments"][0]
    assert second["rolloutStateReason"] == f"ECS deployment {second['id']} in progress."
    service = cloud.steady(name)
    assert service["deployments"][0]["id"] == second["id"] != first["id"]
    new = cloud.tasks(name)
    assert {environment(task)["RELEASE"] for task in new} == {"2"}
    assert cloud.targets(group) == sorted(map(address, new))
    assert not {address(task) for task in old} & {address(task) for task in new}
    healthy = min(cloud.task(task["taskArn"])["startedAt"] for task in new)
    for task in old:
        ended = cloud.ended(task["taskArn"])
        assert ended["stoppingAt"] >= healthy
        assert ended["stoppedReason"] == f"Scaling activity initiated by (deployment {second['id']})"
    statuses = [(item["status"], item["deploymentCircuitBreaker"]["status"]) for item in deployments(cloud, name)]
    assert statuses == [("SUCCESSFUL", "DISABLED"), ("SUCCESSFUL", "DISABLED")]
    cloud.delete(name)


def test_update_without_a_change_is_no_deployment_and_force_is_one(cloud):
    name = cloud.create("serve:1")
    before = cloud.steady(name)
    cloud.update(name, taskDefinition=before["taskDefinition"], deploymentConfiguration={"maximumPercent": 150})
    after = cloud.service(name)
    assert after["deployments"][0]["id"] == before["deployments"][0]["id"]
    assert after["deploymentConfiguration"]["maximumPercent"] == 150
    assert after["deploymentConfiguration"]["minimumHealthyPercent"] == 100
    task = cloud.tasks(name)[0]["taskArn"]
    cloud.update(name, forceNewDeployment=True, deploymentConfiguration={"maximumPercent": 200})
    cloud.steady(name)
    assert task not in [item["taskArn"] for item in cloud.tasks(name)]
    cloud.delete(name)


def test_circuit_breaker_rolls_back(cloud):
    group = cloud.target_group()
    name = cloud.create("serve:1", groups=[group], breaker=True)
    good = cloud.steady(name)
    task = cloud.tasks(name)[0]["taskArn"]
    cloud.update(name, taskDefinition=cloud.define("crash:1"))
    failing = cloud.service(name)["deployments"][0]["id"]
    service = wait_until(
        lambda: (s := cloud.steady(name))["deployments"][0]["id"] == good["deployments"][0]["id"] and s, "the rollback"
    )
    assert service["taskDefinition"] == good["taskDefinition"]
    assert [item["taskArn"] for item in cloud.tasks(name)] == [task]
    messages = cloud.messages(name)
    assert f"(deployment {failing}) deployment failed: tasks failed to start." in messages
    assert f"rolling back to (deployment {good['deployments'][0]['id']})." in messages
    assert any(message.startswith("is unable to consistently start tasks successfully.") for message in messages)
    crashed = [item for item in cloud.tasks(name, "STOPPED") if item["startedBy"] == failing]
    assert len(crashed) == 3
    assert {(item["stopCode"], item["containers"][0]["exitCode"]) for item in crashed} == {
        ("EssentialContainerExited", 3)
    }
    failed = deployments(cloud, name)[0]
    assert failed["status"] == "ROLLBACK_SUCCESSFUL"
    assert failed["rollback"]["reason"] == "ECS deployment circuit breaker: tasks failed to start."
    assert failed["deploymentCircuitBreaker"] == {"status": "TRIGGERED", "failureCount": 3, "threshold": 3}
    revision = cloud.ecs.describe_service_revisions(serviceRevisionArns=[failed["rollback"]["serviceRevisionArn"]])
    assert revision["serviceRevisions"][0]["taskDefinition"] == good["taskDefinition"]
    cloud.delete(name)


def test_circuit_breaker_without_rollback_stalls(cloud):
    group = cloud.target_group()
    name = cloud.create("crash:1", groups=[group], breaker=False)
    deployment = wait_until(
        lambda: (d := cloud.service(name)["deployments"][0])["rolloutState"] == "FAILED" and d, "the failure"
    )
    assert deployment["rolloutStateReason"] == "ECS deployment circuit breaker: tasks failed to start."
    assert cloud.service(name)["runningCount"] == 0
    assert [item["status"] for item in deployments(cloud, name)] == ["STOPPED"]
    cloud.update(name, taskDefinition=cloud.define("serve:1"))
    cloud.steady(name)
    cloud.delete(name)


def test_a_worker_that_crashes_at_start_is_rolled_back_too(cloud, monkeypatch):
    name = cloud.create("serve:1", breaker=True)
    good = cloud.steady(name)["taskDefinition"]
    monkeypatch.setattr(views, "UNCHECKED_SETTLE", 20.0)  # the crash comes first, however slow the machine is
    cloud.update(name, taskDefinition=cloud.define("crash:1"))
    wait_until(lambda: cloud.service(name)["taskDefinition"] == good, "the rollback")
    assert cloud.service(name)["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    monkeypatch.undo()
    cloud.steady(name)
    cloud.delete(name)


def test_a_second_update_takes_over(cloud):
    name = cloud.create("serve:1")
    cloud.steady(name)
    cloud.update(name, taskDefinition=cloud.define("nothing:1"))
    cloud.update(name, taskDefinition=cloud.define("serve:2"))
    cloud.steady(name)
    assert environment(cloud.tasks(name)[0])["RELEASE"] == "2"
    shown = deployments(cloud, name)
    assert [item["status"] for item in shown] == ["SUCCESSFUL", "STOPPED", "SUCCESSFUL"]
    assert shown[1]["statusReason"] == "Replaced by a new service deployment."
    assert [item["status"] for item in deployments(cloud, name, ["STOPPED"])] == ["STOPPED"]
    cloud.delete(name)


def test_revision_names_the_digest(cloud):
    digest = cloud.digests["serve:1"]
    name = cloud.create("serve:1")
    service = cloud.steady(name)
    arn = service["currentServiceRevisions"][0]["arn"]
    answer = cloud.ecs.describe_service_revisions(serviceRevisionArns=[arn, "arn:none"])
    assert answer["failures"] == [{"arn": "arn:none", "reason": "MISSING"}]
    image = answer["serviceRevisions"][0]["containerImages"][0]
    assert (image["containerName"], image["imageDigest"]) == ("app", digest)
    current = cloud.ecs.describe_service_deployments(
        serviceDeploymentArns=[service["currentServiceDeployment"], "arn:no"]
    )
    assert current["serviceDeployments"][0]["targetServiceRevision"]["arn"] == arn
    assert current["failures"] == [{"arn": "arn:no", "reason": "MISSING"}]
    cloud.delete(name)


@pytest.mark.parametrize(("change", "error"), [({"taskDefinition": "none:1"}, "describe task definition")])
def test_a_bad_update_changes_nothing(cloud, change, error):
    name = cloud.create("serve:1", count=0)
    before = cloud.steady(name)
    with pytest.raises(cloud.ecs.exceptions.ClientError, match=error):
        cloud.update(name, desiredCount=5, **change)
    assert cloud.service(name) == before
    cloud.delete(name)


def test_a_deleted_task_definition_goes_on_in_its_service_but_starts_nowhere_else(cloud):
    definition = cloud.define("serve:1", family="gone")
    name = cloud.create(definition)
    cloud.steady(name)
    cloud.ecs.deregister_task_definition(taskDefinition=definition)
    with pytest.raises(cloud.ecs.exceptions.ClientException, match="inactive"):
        cloud.create(definition)
    cloud.ecs.delete_task_definitions(taskDefinitions=[definition])
    cloud.update(name, desiredCount=2)
    assert cloud.steady(name)["runningCount"] == 2
    cloud.delete(name)
