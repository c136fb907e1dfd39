# SPDX-License-Identifier: GPL-3.0-or-later
"""The mends of Application Auto Scaling and of deleted clusters, through the API: each test fails on plain moto."""

from __future__ import annotations

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
