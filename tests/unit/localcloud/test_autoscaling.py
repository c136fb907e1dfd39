# SPDX-License-Identifier: GPL-3.0-or-later
"""Application Auto Scaling and deleted clusters, through the API: each test fails on plain moto."""

from __future__ import annotations

import datetime

from localcloud.ecs.scheduled import due_at
from tests.unit.localcloud.conftest import wait_for

TARGET = {
    "ServiceNamespace": "ecs",
    "ResourceId": "service/scaled/api",
    "ScalableDimension": "ecs:service:DesiredCount",
}
TRACKING = {
    "TargetValue": 60.0,
    "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
}


def scaled(cloud, network, values=(60.0,)):
    """The clients, with a scalable target and a policy that was put once for each of the values."""
    scaling = cloud.client("application-autoscaling")
    ecs = cloud.client("ecs")
    ecs.create_cluster(clusterName="scaled")
    ecs.register_task_definition(
        family="scaled",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        containerDefinitions=[{"name": "a", "image": "a"}],
    )
    vpc = {"awsvpcConfiguration": {"subnets": network["subnets"][:1]}}
    ecs.create_service(
        cluster="scaled",
        serviceName="api",
        taskDefinition="scaled",
        desiredCount=0,
        launchType="FARGATE",
        networkConfiguration=vpc,
    )
    scaling.register_scalable_target(**TARGET, MinCapacity=0, MaxCapacity=2)
    for value in values:
        scaling.put_scaling_policy(
            **TARGET,
            PolicyName="cpu",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration=TRACKING | {"TargetValue": value},
        )
    return scaling, cloud.client("cloudwatch"), ecs


def alarms(cloudwatch):
    return [
        alarm for alarm in cloudwatch.describe_alarms()["MetricAlarms"] if "service/scaled/api" in alarm["AlarmName"]
    ]


def test_a_policy_put_again_has_one_pair_of_alarms(cloud, network):
    scaling, cloudwatch, ecs = scaled(cloud, network, values=(60.0, 50.0))
    assert len(alarms(cloudwatch)) == 2
    scaling.deregister_scalable_target(**TARGET)
    ecs.delete_service(cluster="scaled", service="api", force=True)


def test_a_target_takes_its_policies_and_alarms_with_it(cloud, network):
    scaling, cloudwatch, ecs = scaled(cloud, network)
    scaling.deregister_scalable_target(**TARGET)
    assert (
        scaling.describe_scaling_policies(ServiceNamespace="ecs", ResourceId=TARGET["ResourceId"])["ScalingPolicies"]
        == []
    )
    assert alarms(cloudwatch) == []
    ecs.delete_service(cluster="scaled", service="api", force=True)


def test_a_deleted_cluster_is_listed_no_more(cloud):
    ecs = cloud.client("ecs")
    arn = ecs.create_cluster(clusterName="listed")["cluster"]["clusterArn"]
    assert arn in ecs.list_clusters()["clusterArns"]
    ecs.delete_cluster(cluster="listed")
    assert arn not in ecs.list_clusters()["clusterArns"]


def put_action(scaling, name, when, **bounds):
    scaling.put_scheduled_action(
        **TARGET, ScheduledActionName=name, Schedule=when.strftime("at(%Y-%m-%dT%H:%M:%S)"), ScalableTargetAction=bounds
    )


def actions(scaling):
    found = scaling.describe_scheduled_actions(ServiceNamespace="ecs", ResourceId=TARGET["ResourceId"])
    return [action["ScheduledActionName"] for action in found["ScheduledActions"]]


def bounds(scaling):
    found = scaling.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[TARGET["ResourceId"]])
    return [(target["MinCapacity"], target["MaxCapacity"]) for target in found["ScalableTargets"]]


def test_a_scheduled_action_is_carried_out_at_its_time_and_then_gone(cloud, network):
    scaling, _, ecs = scaled(cloud, network, values=())
    now = datetime.datetime.now(datetime.UTC)
    put_action(scaling, "later", now + datetime.timedelta(hours=1), MinCapacity=0, MaxCapacity=0)
    put_action(scaling, "out", now + datetime.timedelta(seconds=1), MinCapacity=2, MaxCapacity=5)
    assert (actions(scaling), bounds(scaling)) == (["later", "out"], [(0, 2)])
    wait_for(lambda: actions(scaling) == ["later"])
    assert bounds(scaling) == [(2, 5)]
    assert ecs.describe_services(cluster="scaled", services=["api"])["services"][0]["desiredCount"] == 2
    # Suspended scale-in is about policies; only suspended scheduled scaling lets an action pass by.
    scaling.register_scalable_target(**TARGET, SuspendedState={"DynamicScalingInSuspended": True})
    put_action(scaling, "in", now, MinCapacity=0, MaxCapacity=1)
    wait_for(lambda: actions(scaling) == ["later"])
    assert ecs.describe_services(cluster="scaled", services=["api"])["services"][0]["desiredCount"] == 1
    scaling.register_scalable_target(**TARGET, SuspendedState={"ScheduledScalingSuspended": True})
    put_action(scaling, "missed", now, MinCapacity=0, MaxCapacity=0)
    wait_for(lambda: actions(scaling) == ["later"])
    assert bounds(scaling) == [(0, 1)]
    scaling.deregister_scalable_target(**TARGET)
    assert actions(scaling) == []
    ecs.delete_service(cluster="scaled", service="api", force=True)


def test_when_a_schedule_is_due():
    assert due_at("at(2030-01-01T12:00:00)", None, 0) == 1893499200
    assert due_at("at(2030-01-01T12:00:00)", "Europe/Berlin", 0) == 1893499200 - 3600
    assert due_at("rate(5 minutes)", None, 100) == 400
    assert due_at("cron(0 1 * * ? *)", None, 0) is None
