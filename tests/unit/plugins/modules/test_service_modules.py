# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules around a service against moto: what check mode promised is what the run did, and again is unchanged."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils import service_documents_plan
from ansible_collections.slipway.ops.plugins.modules import (
    ecs_cluster,
    ecs_remove_services,
    metric_alarms,
    scaling_policies,
    target_groups,
)

from tests.unit.plugins.module_utils.service_example import GROUPS, example
from tests.unit.plugins.modules.aws_harness import run, world

__all__ = ["world"]

NAMES = ["web-blue", "web-green"]
SERVICES = ["api-blue", "api-green"]
CONTAINERS = [{"name": "api", "image": "x", "memory": 128}]


@pytest.fixture(autouse=True)
def _built(world):
    world.build()


@pytest.fixture
def call(capsys):
    """Runs a module: check mode, the run, the run again."""

    def promised_and_done(module, **arguments):
        promise, done, again = (run(module.main, capsys, check=check, **arguments) for check in (True, False, False))
        assert promise["changed"] is done["changed"] is True, (promise, done)
        assert promise["diff"] == done["diff"]
        assert again["changed"] is False, again["diff"]
        return done

    return promised_and_done


@pytest.fixture
def group_arguments(world):
    vpc = world.client("ec2").describe_subnets(SubnetIds=[world.ids["subnet"]])["Subnets"][0]["VpcId"]
    return {"names": NAMES, "vpc_id": vpc, "port": 8080, "tags": {"team": "x"}}


def register_services(world):
    """Both colors, with a task definition and a scalable target each."""
    ecs, scaling = world.client("ecs"), world.client("application-autoscaling")
    for name in SERVICES:
        ecs.register_task_definition(family=name, containerDefinitions=CONTAINERS)
        ecs.create_service(cluster="c", serviceName=name, taskDefinition=name, desiredCount=0)
        scaling.register_scalable_target(
            ServiceNamespace="ecs",
            ResourceId=f"service/c/{name}",
            ScalableDimension="ecs:service:DesiredCount",
            MinCapacity=0,
            MaxCapacity=0,
        )


def test_target_groups(call, world, group_arguments):
    made = call(target_groups, **group_arguments, health_check={"path": "/healthz"}, deregistration_delay=20)
    assert sorted(made["arns"]) == NAMES
    elb = world.client("elbv2")
    group = elb.describe_target_groups(Names=["web-green"])["TargetGroups"][0]
    assert (group["HealthCheckPath"], group["HealthCheckIntervalSeconds"], group["TargetType"]) == ("/healthz", 5, "ip")
    changed = call(target_groups, **group_arguments, health_check={"path": "/ready"}, deregistration_delay=30)
    assert changed["arns"] == made["arns"]
    assert [step["action"] for step in changed["steps"]] == ["update", "update"]
    assert changed["deferred"] == []

    gone = call(target_groups, names=NAMES, state="absent")
    assert gone["arns"] == {}


def test_the_health_check_of_a_group_with_targets_waits_for_a_deployment(call, world, group_arguments, monkeypatch):
    warned = []
    monkeypatch.setattr(target_groups, "warn", warned.append)
    made = call(target_groups, **group_arguments, health_check={"path": "/healthz"}, deregistration_delay=20)
    elb = world.client("elbv2")
    elb.register_targets(TargetGroupArn=made["arns"]["web-green"], Targets=[{"Id": "10.0.0.9", "Port": 8080}])

    wishes = {"health_check": {"path": "/ready", "interval": 9}, "deregistration_delay": 20}
    changed = call(target_groups, **group_arguments, **wishes)
    assert changed["steps"] == [{"name": "web-blue", "action": "update"}]
    now, later = {"HealthCheckPath": "/healthz", "HealthCheckIntervalSeconds": 5}, {"HealthCheckPath": "/ready"}
    assert changed["deferred"] == [
        {"name": "web-green", "now": now, "later": {**later, "HealthCheckIntervalSeconds": 9}}
    ]
    warning = str(warned)
    assert (
        "web-green has targets: its health check changes with the next deployment, HealthCheckPath /healthz" in warning
    )
    paths = {
        group["TargetGroupName"]: group["HealthCheckPath"] for group in elb.describe_target_groups()["TargetGroups"]
    }
    assert {name: paths[name] for name in NAMES} == {"web-blue": "/ready", "web-green": "/healthz"}
    health = elb.describe_target_health(TargetGroupArn=made["arns"]["web-green"])["TargetHealthDescriptions"]
    assert [item["Target"]["Id"] for item in health] == ["10.0.0.9"]

    slower = call(target_groups, **group_arguments, health_check=wishes["health_check"], deregistration_delay=30)
    assert [step["name"] for step in slower["steps"]] == NAMES, "the delay is no matter of the release"


def test_a_target_group_that_would_have_to_be_made_anew_is_left_alone(call, capsys, group_arguments):
    call(target_groups, **group_arguments)
    for check in (True, False):
        refused = run(target_groups.main, capsys, check=check, **(group_arguments | {"port": 9090}))
        assert refused["failed"]
        assert refused["msg"].startswith("target group web-blue: AWS cannot change Port 8080 to 9090;")


def test_check_mode_before_the_vpc_exists(world, capsys):
    promise = run(target_groups.main, capsys, check=True, names=NAMES, vpc_id="", port=80)
    assert promise["changed"] is True
    assert promise["arns"] == {}


def test_a_read_that_fails_is_no_absence(world, capsys, group_arguments, monkeypatch):
    def denied(*_, **__):
        raise target_groups.AnsibleAWSError(message="Failed to describe target group web-blue")

    monkeypatch.setattr(target_groups, "describe", denied)
    refused = run(target_groups.main, capsys, **group_arguments)
    assert refused["failed"]
    assert "web-blue" in refused["msg"]


def test_scaling_policies(call, world):
    register_services(world)
    service = example(cluster="c")
    policies = service_documents_plan.scaling_policies(service, GROUPS)
    assert len(call(scaling_policies, policies=policies)["steps"]) == 4
    faster = service_documents_plan.scaling_policies(service | {"requests_target": 100}, GROUPS)
    changed = call(scaling_policies, policies=faster)
    assert [step["name"] for step in changed["steps"]] == [
        f"service/c/api-{color} api-{color}-requests" for color in ("blue", "green")
    ]


def test_alarms(call, world):
    alarms = service_documents_plan.alarms(example(), GROUPS)
    call(metric_alarms, alarms=alarms, tags={"team": "x"})
    looser = service_documents_plan.alarms(example(alarm_5xx_percent=9), GROUPS)
    assert [step["name"] for step in call(metric_alarms, alarms=looser)["steps"]] == ["slipway-local-api-5xx"]
    names = [{"alarm_name": alarm["alarm_name"]} for alarm in alarms]
    assert len(call(metric_alarms, alarms=names, state="absent")["steps"]) == 2
    assert world.client("cloudwatch").describe_alarms()["MetricAlarms"] == []


@pytest.mark.parametrize("alarms", [[{}], [{"alarm_name": "a"}] * 101])
def test_alarms_without_a_name_or_too_many(world, capsys, alarms):
    assert run(metric_alarms.main, capsys, alarms=alarms)["msg"] == (
        "alarms takes up to 100 alarms, each with an alarm_name"
    )


def test_no_alarms(world, capsys):
    assert run(metric_alarms.main, capsys, alarms=[])["changed"] is False


def test_cluster(call, world):
    call(ecs_cluster, name="web", tags={"team": "x"})
    described = world.client("ecs").describe_clusters(clusters=["web"], include=["SETTINGS"])["clusters"][0]
    assert described["settings"] == [{"name": "containerInsights", "value": "enabled"}]
    call(ecs_cluster, name="web", tags={"team": "y"})
    call(ecs_cluster, name="web", tags={"team": "y"}, container_insights="disabled")
    call(ecs_cluster, name="web", state="absent")


def test_services_go_with_all_that_belongs_to_them(call, world):
    register_services(world)
    ecs = world.client("ecs")
    ecs.register_task_definition(family="api-blue-jobs", containerDefinitions=CONTAINERS)
    done = call(ecs_remove_services, cluster="c", names=SERVICES)
    assert done["steps"] == [
        "scaling of api-blue",
        "scaling of api-green",
        "service api-blue",
        "service api-green",
        "task definition api-blue:1",
        "task definition api-green:1",
    ]
    left = ecs.list_task_definitions(status="ACTIVE")["taskDefinitionArns"]
    assert [arn.rpartition("/")[2] for arn in left] == ["api-blue-jobs:1"]


def test_services_of_a_cluster_that_is_gone(world, capsys):
    assert run(ecs_remove_services.main, capsys, cluster="none", names=SERVICES)["changed"] is False


def test_a_service_that_does_not_stop_is_named(world, capsys, monkeypatch):
    draining = [{"serviceName": "api-blue", "status": "DRAINING", "runningCount": 2}]
    monkeypatch.setattr(ecs_remove_services, "describe_services", lambda *_: draining)
    monkeypatch.setattr(ecs_remove_services, "delete_service", lambda *_: None)
    failed = run(ecs_remove_services.main, capsys, cluster="c", names=["api-blue"], wait_timeout=0)
    assert failed["msg"] == "After 0 s still stopping: api-blue with 2 tasks"
