# SPDX-License-Identifier: GPL-3.0-or-later
"""Services: real tasks behind target groups, counts that count what runs, replacement, scaling, deletion."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest

from tests.unit.localcloud.fixtures.cloud import address, environment
from tests.unit.localcloud.fixtures.processes import alive, wait_until


def pids(where):
    """Processes with this task address in their environment."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if f"HOST={where}\0".encode() in (entry / "environ").read_bytes() and alive(int(entry.name)):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def balancer(group, container="app", port=8080):
    """loadBalancers of a request."""
    return [{"targetGroupArn": group, "containerName": container, "containerPort": port}]


def test_life_of_a_service(cloud):
    group = cloud.target_group()
    name = cloud.create("serve:1", count=2, groups=[group])
    service = cloud.steady(name)
    assert (service["desiredCount"], service["runningCount"], service["pendingCount"]) == (2, 2, 0)
    assert service["taskSets"] == []
    assert service["platformVersion"] == "LATEST"
    assert service["healthCheckGracePeriodSeconds"] == 0
    assert service["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"] == "DISABLED"
    deployment = service["deployments"][0]
    assert (deployment["status"], deployment["rolloutState"], deployment["failedTasks"]) == ("PRIMARY", "COMPLETED", 0)
    assert (deployment["desiredCount"], deployment["runningCount"]) == (2, 2)

    tasks = cloud.tasks(name)
    addresses = sorted(map(address, tasks))
    assert addresses == cloud.targets(group)
    assert {task["attachments"][0]["details"][0]["value"] for task in tasks} == set(cloud.subnets)
    assert {task["availabilityZone"] for task in tasks} == {"us-east-1a", "us-east-1b"}
    for task in tasks:
        assert task["startedBy"] == deployment["id"]
        assert (task["lastStatus"], task["desiredStatus"], task["group"]) == ("RUNNING", "RUNNING", f"service:{name}")
        assert task["createdAt"] <= task["pullStartedAt"] <= task["pullStoppedAt"] <= task["startedAt"]
        assert environment(task)["HOST"] == address(task)

    messages = cloud.messages(name)
    assert re.fullmatch(r"has started 2 tasks: \(task \w{32}\) \(task \w{32}\)\.", messages[0])
    assert messages[1:] == [
        *[f"registered 1 targets in (target-group {group})"] * 2,
        f"(deployment {deployment['id']}) deployment completed.",
        "has reached a steady state.",
    ]

    cloud.delete(name)
    assert cloud.targets(group) == []
    assert not any(map(pids, addresses))
    stopped = cloud.tasks(name, "STOPPED")
    assert [task["lastStatus"] for task in stopped] == ["STOPPED", "STOPPED"]
    for task in stopped:
        assert task["stopCode"] == "ServiceSchedulerInitiated"
        assert task["stoppedReason"] == f"Scaling activity initiated by (deployment {deployment['id']})"
        assert task["stoppingAt"] <= task["executionStoppedAt"] <= task["stoppedAt"]
        assert task["containers"][0]["exitCode"] == 0
    assert name not in str(cloud.ecs.list_services(cluster="main")["serviceArns"])


def test_a_crashed_task_is_replaced_and_its_target_taken_out(cloud):
    group = cloud.target_group(delay=300)
    name = cloud.create("serve:1", groups=[group])
    cloud.steady(name)
    first = cloud.tasks(name)[0]
    for pid in pids(address(first)):
        os.kill(pid, signal.SIGKILL)
    ended = cloud.ended(first["taskArn"])
    assert (ended["stopCode"], ended["stoppedReason"]) == (
        "EssentialContainerExited",
        "Essential container in task exited",
    )
    assert ended["containers"][0]["exitCode"] == 137
    second = wait_until(lambda: cloud.tasks(name), "the replacement")[0]
    cloud.steady(name)
    assert cloud.targets(group) == [address(cloud.task(second["taskArn"]))] != [address(first)]
    # Its deregistration delay is not for a process that is gone; the service's end has to wait for it, so shorten it.
    attributes = [{"Key": "deregistration_delay.timeout_seconds", "Value": "0"}]
    cloud.elb.modify_target_group_attributes(TargetGroupArn=group, Attributes=attributes)
    cloud.delete(name)


def test_draining_keeps_the_process_until_the_deregistration_delay_is_over(cloud):
    group = cloud.target_group(delay=1)
    name = cloud.create("serve:1", groups=[group])
    cloud.steady(name)
    task = cloud.tasks(name)[0]
    cloud.update(name, desiredCount=0)
    draining = wait_until(lambda: (t := cloud.task(task["taskArn"]))["lastStatus"] == "DEACTIVATING" and t, "the drain")
    assert draining["desiredStatus"] == "STOPPED"
    assert cloud.targets(group) == []
    assert environment(task)["KIND"] == "serve"
    assert cloud.service(name)["runningCount"] == 1
    ended = cloud.ended(task["taskArn"])
    assert (ended["executionStoppedAt"] - ended["stoppingAt"]).total_seconds() >= 1
    messages = cloud.messages(name)
    assert "has begun draining connections on 1 tasks." in messages
    assert f"deregistered 1 targets in (target-group {group})" in messages
    assert f"has stopped 1 running tasks: (task {task['taskArn'].rsplit('/', 1)[1]})." in messages
    cloud.delete(name)


def test_scaling_changes_no_deployment(cloud):
    name = cloud.create("serve:1")
    before = cloud.steady(name)
    cloud.update(name, desiredCount=3)
    after = cloud.steady(name)
    assert after["runningCount"] == 3
    assert after["deployments"][0]["id"] == before["deployments"][0]["id"]
    cloud.update(name, desiredCount=1)
    wait_until(lambda: cloud.service(name)["runningCount"] == 1, "the scale in")
    cloud.delete(name)


def test_tags(cloud):
    name = cloud.create("serve:1", tags=[{"key": "team", "value": "a"}], propagateTags="SERVICE")
    cloud.steady(name)
    arn = cloud.service(name)["serviceArn"]
    assert "tags" not in cloud.service(name)
    cloud.ecs.tag_resource(resourceArn=arn, tags=[{"key": "release", "value": "1"}])
    found = cloud.ecs.describe_services(cluster="main", services=[arn], include=["TAGS"])["services"][0]["tags"]
    assert {tag["key"]: tag["value"] for tag in found} == {"team": "a", "release": "1"}
    task = cloud.tasks(name)[0]["taskArn"]
    assert cloud.ecs.list_tags_for_resource(resourceArn=task)["tags"] == [{"key": "team", "value": "a"}]
    cloud.delete(name)


def test_scalable_target_moves_the_desired_count_into_its_bounds(cloud):
    name = cloud.create("serve:1")

    def register(low, high, **suspended):
        cloud.scaling.register_scalable_target(
            ServiceNamespace="ecs",
            ResourceId=f"service/main/{name}",
            ScalableDimension="ecs:service:DesiredCount",
            MinCapacity=low,
            MaxCapacity=high,
            SuspendedState=suspended,
        )
        return cloud.service(name)["desiredCount"]

    assert register(2, 4) == 2
    assert register(0, 0, DynamicScalingInSuspended=True) == 2
    assert register(3, 4, DynamicScalingOutSuspended=True) == 2
    assert register(0, 0) == 0
    cloud.delete(name)


def test_a_service_counts_what_runs(cloud):
    name = cloud.create("nothing:1", count=2)
    service = wait_until(lambda: (s := cloud.service(name))["deployments"][0]["failedTasks"] >= 2 and s, "two failures")
    assert service["runningCount"] == 0
    reference = f"{cloud.repository}:nothing-1"
    reason = (
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): "
        f"failed to resolve ref {reference}: {reference}: not found"
    )
    stopped = cloud.tasks(name, "STOPPED")[0]
    assert (stopped["stopCode"], stopped["stoppedReason"]) == ("TaskFailedToStart", reason)
    assert stopped["containers"][0]["reason"] == reason
    assert "startedAt" not in stopped
    assert f"was unable to place a task. Reason: {reason}." in cloud.messages(name)
    cloud.delete(name)


def test_a_target_that_stays_unhealthy_is_replaced_after_the_grace_period(cloud):
    group = cloud.target_group()
    name = cloud.create("sick:1", groups=[group], percents=(0, 100), healthCheckGracePeriodSeconds=1)
    stopped = wait_until(lambda: cloud.tasks(name, "STOPPED"), "the stop")[0]
    ended = cloud.ended(stopped["taskArn"])
    assert (ended["stoppingAt"] - ended["startedAt"]).total_seconds() >= 1
    assert ended["stopCode"] == "ServiceSchedulerInitiated"
    assert ended["stoppedReason"] == f"Task failed ELB health checks in (target-group {group})"
    message = (
        f"(port 8080) is unhealthy in (target-group {group}) "
        "due to (reason Health checks failed with these codes: [500])"
    )
    assert message in cloud.messages(name)
    wait_until(lambda: cloud.tasks(name), "the replacement")
    cloud.delete(name)


def test_a_container_health_check_decides_over_registration_and_replacement(cloud):
    group = cloud.target_group()
    check = {"command": ["CMD-SHELL", "exit 1"], "interval": 1, "timeout": 1, "retries": 1}
    sick = cloud.create(cloud.define("serve:1", healthCheck=check), groups=[group], percents=(0, 100))
    stopped = wait_until(lambda: cloud.tasks(sick, "STOPPED"), "the stop")[0]
    assert cloud.ended(stopped["taskArn"])["stoppedReason"] == "Task failed container health checks"
    assert cloud.targets(group) == []
    messages = cloud.messages(sick)
    assert f"(task {stopped['taskArn'].rsplit('/', 1)[1]}) failed container health checks." in messages
    assert not any("registered" in message for message in messages)
    cloud.delete(sick)

    command = "import os, urllib.request as r; r.urlopen('http://localhost:8080/')"
    check = {"command": ["CMD", "python", "-c", command], "interval": 1, "timeout": 5}
    well = cloud.create(cloud.define("serve:1", healthCheck=check), groups=[group], healthCheckGracePeriodSeconds=60)
    cloud.steady(well)
    task = cloud.tasks(well)[0]
    assert task["healthStatus"] == task["containers"][0]["healthStatus"] == "HEALTHY"
    assert cloud.targets(group) == [address(task)]
    cloud.delete(well)


@pytest.fixture(scope="module")
def stand_ins(cloud):
    """What the requests below mean by their capitals."""
    twice = cloud.create("serve:1", count=0)
    yield {
        "GROUP": cloud.target_group(),
        "LONE": cloud.target_group(attached=False),
        "TWICE": twice,
        "DEFINITION": cloud.define("serve:1"),
    }
    cloud.delete(twice)


def test_a_create_that_got_no_answer_is_sent_again(cloud):
    request = {
        "cluster": "main",
        "serviceName": "again",
        "taskDefinition": cloud.define("serve:1"),
        "launchType": "FARGATE",
        "networkConfiguration": cloud.network,
    }
    first, second = (cloud.ecs.create_service(**request, clientToken="token")["service"] for _ in range(2))
    assert first["currentServiceDeployment"] == second["currentServiceDeployment"]
    with pytest.raises(cloud.ecs.exceptions.ClientError, match="not idempotent"):
        cloud.ecs.create_service(**request, clientToken="other")
    cloud.delete("again")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"networkConfiguration": None}, "Network Configuration must be provided"),
        ({"launchType": "EC2"}, "on Fargate only"),
        ({"taskDefinition": "nowhere"}, "Unable to describe task definition"),
        ({"cluster": "nowhere"}, "Cluster not found"),
        ({"loadBalancers": balancer("GROUP", "x")}, "container x does not exist"),
        ({"loadBalancers": balancer("GROUP", port=1)}, "container port 1"),
        ({"loadBalancers": balancer("arn:x")}, "target group does not exist"),
        ({"loadBalancers": balancer("LONE")}, "associated load balancer"),
        ({"deploymentController": {"type": "CODE_DEPLOY"}}, "controller ECS only"),
        ({"deploymentConfiguration": {"strategy": "BLUE_GREEN"}}, "behind a load balancer only"),
        ({"deploymentConfiguration": {"maximumPercent": 100, "minimumHealthyPercent": 100}}, "block deployments"),
        ({"serviceName": "TWICE"}, "not idempotent"),
    ],
)
def test_a_service_that_cannot_be(cloud, stand_ins, change, message):
    request = {
        "cluster": "main",
        "serviceName": "bad",
        "taskDefinition": stand_ins["DEFINITION"],
        "launchType": "FARGATE",
        "networkConfiguration": cloud.network,
        **change,
    }
    request["serviceName"] = stand_ins.get(request["serviceName"], "bad")
    for item in request.get("loadBalancers", ()):
        request["loadBalancers"] = [{**item, "targetGroupArn": stand_ins.get(item["targetGroupArn"], "arn:x")}]
    with pytest.raises(cloud.ecs.exceptions.ClientError, match=message):
        cloud.ecs.create_service(**{name: value for name, value in request.items() if value is not None})


def test_deletion_is_refused_while_scaled_and_the_name_is_free_afterwards(cloud):
    name = cloud.create("serve:1")
    with pytest.raises(cloud.ecs.exceptions.InvalidParameterException, match="scaled above 0"):
        cloud.ecs.delete_service(cluster="main", service=name)
    with pytest.raises(cloud.ecs.exceptions.ClusterContainsServicesException):
        cloud.ecs.delete_cluster(cluster="main")
    cloud.delete(name)
    with pytest.raises(cloud.ecs.exceptions.ServiceNotActiveException):
        cloud.update(name, desiredCount=1)
    with pytest.raises(cloud.ecs.exceptions.ServiceNotFoundException):
        cloud.ecs.delete_service(cluster="main", service=name)
    failures = cloud.ecs.describe_services(cluster="main", services=["nobody"])["failures"]
    assert failures[0]["reason"] == "MISSING"
