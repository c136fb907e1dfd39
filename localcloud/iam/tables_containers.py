# SPDX-License-Identifier: GPL-3.0-or-later
"""ECS, ECR, Application Auto Scaling and EventBridge Scheduler: which call asks what. See asking.py."""

from __future__ import annotations

from collections.abc import Iterator

from localcloud.iam.asking import Call, Context, Row, making, on, pass_role, rows
from localcloud.iam.language import Question

_ECS = "arn:aws:ecs:{R}:{A}:"
_CLUSTER = f"{_ECS}cluster/{{cluster}}"
_SERVICE = f"{_ECS}service/{{cluster}}/{{service}}"
_REPOSITORY = "arn:aws:ecr:{R}:{A}:repository/{repositoryName}"
_TARGET = "arn:aws:application-autoscaling:{R}:{A}:scalable-target/*"
_SCHEDULE = "arn:aws:scheduler:{R}:{A}:schedule/{GroupName}/{Name}"
_SCHEDULE_GROUP = "arn:aws:scheduler:{R}:{A}:schedule-group/{Name}"
_TASKS = "ecs-tasks.amazonaws.com"


def _in_cluster(call: Call) -> Context:
    cluster = str(call.get("cluster") or "default").rpartition("/")[2]
    return {"ecs:cluster": f"arn:aws:ecs:{call.region}:{call.account}:cluster/{cluster}"}


def _tagging(call: Call, resource: str) -> Iterator[Question]:
    """ "You must have permissions to tag resources on creation":
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/supported-iam-actions-tagging.html"""
    if call.get("tags") or call.get("propagateTags"):
        arn = f"arn:aws:ecs:{call.region}:{call.account}:{resource}"
        yield Question("ecs:TagResource", arn, {"ecs:CreateAction": call.operation})


def _register(call: Call) -> Iterator[Question]:
    yield from pass_role(_TASKS, "taskRoleArn", "executionRoleArn")(call)
    yield from _tagging(call, f"task-definition/{call.get('family')}:*")


def _run(call: Call) -> Iterator[Question]:
    yield from pass_role(_TASKS, "overrides.taskRoleArn", "overrides.executionRoleArn")(call)
    yield from _tagging(call, f"task/{str(call.get('cluster') or 'default').rpartition('/')[2]}/*")


def _create_service(call: Call) -> Iterator[Question]:
    cluster = str(call.get("cluster") or "default").rpartition("/")[2]
    yield from _infrastructure(call)
    if call.get("tags"):
        yield from _tagging(call, f"service/{cluster}/{call.get('serviceName')}")


def _infrastructure(call: Call) -> Iterator[Question]:
    """The role with which ECS's own blue-green deployments move the traffic."""
    for balancer in call.get("loadBalancers") or ():
        arn = (balancer.get("advancedConfiguration") or {}).get("roleArn")
        if arn:
            yield Question("iam:PassRole", arn, {"iam:PassedToService": "ecs.amazonaws.com"})


def _create_cluster(call: Call) -> Iterator[Question]:
    yield from _tagging(call, f"cluster/{call.get('clusterName')}")


def _of_target(call: Call) -> Context:
    shown = {"service-namespace": "ServiceNamespace", "scalable-dimension": "ScalableDimension"}
    given = {key: call.get(name) for key, name in shown.items()}
    return {f"application-autoscaling:{key}": value for key, value in given.items() if value}


TABLE: dict[str, Row | None] = {
    **rows("ecs", "DescribeTaskDefinition ListTaskDefinitions ListTaskDefinitionFamilies ListClusters", on()),
    **rows("ecs", "ListServices ListTasks", on(context=_in_cluster)),
    **rows("ecs", "DescribeClusters", on(f"{_ECS}cluster/{{clusters}}")),
    **rows("ecs", "CreateCluster", on(action="CreateCluster", also=_create_cluster)),
    **rows("ecs", "DeleteCluster UpdateCluster PutClusterCapacityProviders UpdateClusterSettings", on(_CLUSTER)),
    **rows("ecs", "DescribeServices", on(f"{_ECS}service/{{cluster}}/{{services}}", context=_in_cluster)),
    **rows("ecs", "UpdateService", on(_SERVICE, context=_in_cluster, also=_infrastructure)),
    **rows("ecs", "DeleteService", on(_SERVICE, context=_in_cluster)),
    **rows(
        "ecs",
        "CreateService",
        on(f"{_ECS}service/{{cluster}}/{{serviceName}}", context=_in_cluster, also=_create_service),
    ),
    **rows("ecs", "DescribeTasks", on(f"{_ECS}task/{{cluster}}/{{tasks}}", context=_in_cluster)),
    **rows("ecs", "StopTask", on(f"{_ECS}task/{{cluster}}/{{task}}", context=_in_cluster)),
    **rows("ecs", "RunTask", on(f"{_ECS}task-definition/{{taskDefinition}}", context=_in_cluster, also=_run)),
    **rows("ecs", "ExecuteCommand", on(f"{_ECS}task/{{cluster}}/{{task}}", context=_in_cluster)),
    **rows("ecs", "RegisterTaskDefinition", on(f"{_ECS}task-definition/{{family}}:*", also=_register)),
    **rows("ecs", "DeregisterTaskDefinition", on()),
    **rows("ecs", "TagResource UntagResource ListTagsForResource", on("{resourceArn}")),
    # Of a service deployment the service is the resource, whose name its ARN has.
    **rows("ecs", "ListServiceDeployments", on(_SERVICE, context=_in_cluster)),
    **rows("ecs", "DescribeServiceDeployments", on("{serviceDeploymentArns}")),
    **rows("ecs", "StopServiceDeployment ContinueServiceDeployment", on("{serviceDeploymentArn}")),
    **rows("ecs", "DescribeServiceRevisions", on("{serviceRevisionArns}")),
    **rows("ecr", "GetAuthorizationToken", on()),
    **rows(
        "ecr",
        "BatchCheckLayerAvailability BatchDeleteImage BatchGetImage CompleteLayerUpload "
        "DeleteRepository DeleteRepositoryPolicy DescribeImages DescribeImageScanFindings GetDownloadUrlForLayer "
        "GetLifecyclePolicy GetRepositoryPolicy InitiateLayerUpload ListImages PutImage PutImageScanningConfiguration "
        "PutImageTagMutability PutLifecyclePolicy SetRepositoryPolicy UploadLayerPart DeleteLifecyclePolicy",
        on(_REPOSITORY),
    ),
    **rows("ecr", "CreateRepository", making(_REPOSITORY)),
    **rows(
        "ecr",
        "DescribeRegistry GetRegistryPolicy PutRegistryPolicy DeleteRegistryPolicy PutReplicationConfiguration",
        on(),
    ),
    **rows("ecr", "DescribeRepositories", on("arn:aws:ecr:{R}:{A}:repository/{repositoryNames}")),
    **rows("ecr", "ListTagsForResource TagResource UntagResource", on("{resourceArn}")),
    **rows(
        "application-autoscaling",
        "DescribeScalableTargets DescribeScalingPolicies DescribeScheduledActions DescribeScalingActivities",
        on(),
    ),
    **rows(
        "application-autoscaling",
        "DeleteScalingPolicy DeleteScheduledAction DeregisterScalableTarget PutScalingPolicy PutScheduledAction "
        "RegisterScalableTarget",
        on(_TARGET, context=_of_target),
    ),
    **rows("scheduler", "ListSchedules ListScheduleGroups", on()),
    **rows("scheduler", "DeleteScheduleGroup GetScheduleGroup", on(_SCHEDULE_GROUP)),
    **rows("scheduler", "CreateScheduleGroup", making(_SCHEDULE_GROUP)),
    **rows("scheduler", "DeleteSchedule GetSchedule", on(_SCHEDULE)),
    **rows(
        "scheduler",
        "CreateSchedule UpdateSchedule",
        on(_SCHEDULE, also=pass_role("scheduler.amazonaws.com", "Target.RoleArn")),
    ),
    **rows("scheduler", "TagResource UntagResource ListTagsForResource", on("{ResourceArn}")),
}
