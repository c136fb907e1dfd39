# SPDX-License-Identifier: GPL-3.0-or-later
"""Services, deployments and tasks in the form of the ECS API. Call under the lock on moto."""

from __future__ import annotations

from typing import Any

from localcloud.ecs import deployments, views
from localcloud.ecs.model import Container, Deployment, Service, Task
from localcloud.ecs.native import describe as native
from localcloud.ecs.plan import breaker_threshold

#: What LATEST means for Linux (Developer Guide, "Fargate platform versions for Amazon ECS").
PLATFORM = "1.4.0"

Json = dict[str, Any]


def service(item: Service, tags: bool = False) -> Json:
    """A Service as DescribeServices shows it."""
    shown: Json = {
        "serviceArn": item.arn,
        "serviceName": item.name,
        "clusterArn": item.cluster_arn,
        "loadBalancers": item.load_balancers,
        "status": item.status,
        "desiredCount": item.desired_count,
        "runningCount": views.running(item),
        "pendingCount": views.pending(item),
        "platformVersion": item.platform_version,
        "platformFamily": "Linux",
        "taskDefinition": item.task_definition,
        "deploymentConfiguration": item.configuration,
        "taskSets": item.task_sets,
        "deployments": [_deployment(item, deployment) for deployment in item.deployments],
        "roleArn": f"arn:aws:iam::{item.account_id}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
        "events": item.events,
        "createdAt": item.created,
        "networkConfiguration": item.network,
        "schedulingStrategy": item.scheduling_strategy,
        "propagateTags": item.propagate_tags,
        **_launch(item),
        **item.settings,
    }
    if item.load_balancers:
        shown["healthCheckGracePeriodSeconds"] = item.grace_period or 0
    if item.deployments:
        shown["currentServiceDeployment"] = item.primary.arn
        shown["currentServiceRevisions"] = [_revision_counts(item, deployment) for deployment in item.deployments]
    if tags:
        shown["tags"] = item.tags
    return shown


def _launch(item: Service) -> Json:
    if item.capacity_provider_strategy:
        return {"capacityProviderStrategy": item.capacity_provider_strategy}
    return {"launchType": item.launch_type}


def _deployment(item: Service, deployment: Deployment) -> Json:
    primary = deployment is item.primary
    wanted = sum(task.desired == "RUNNING" for task in item.alive(deployment))
    return {
        "id": deployment.id,
        "status": deployment.status,
        "taskDefinition": deployment.task_definition,
        "desiredCount": item.desired_count if primary else wanted,
        "pendingCount": views.pending(item, deployment),
        "runningCount": views.running(item, deployment),
        "failedTasks": deployment.failed_tasks,
        "createdAt": deployment.created,
        "updatedAt": deployment.updated,
        "platformVersion": PLATFORM if deployment.platform_version == "LATEST" else deployment.platform_version,
        "platformFamily": "Linux",
        "networkConfiguration": deployment.network,
        "rolloutState": deployment.rollout,
        "rolloutStateReason": deployment.reason,
        **_launch(item),
    }


def _revision_counts(item: Service, deployment: Deployment, newest: Deployment | None = None) -> Json:
    """newest: the deployment whose traffic is meant; the service's newest unless said."""
    return {
        "arn": deployment.revision_arn,
        "requestedTaskCount": native.requested(item, deployment),
        "runningTaskCount": views.running(item, deployment),
        "pendingTaskCount": views.pending(item, deployment),
        **native.traffic(deployment, item.primary if newest is None else newest),
    }


def service_deployment(item: Service, deployment: Deployment) -> Json:
    """A ServiceDeployment; in its brief form the surplus members are dropped."""
    source = deployment.course.source if deployment.course else None
    breaker = item.configuration["deploymentCircuitBreaker"]
    monitoring = "MONITORING" if deployment.rollout == "IN_PROGRESS" else "MONITORING_COMPLETE"
    if deployment.rollout == "FAILED":
        monitoring = "TRIGGERED"
    return {
        "serviceDeploymentArn": deployment.arn,
        "serviceArn": item.arn,
        "clusterArn": item.cluster_arn,
        "createdAt": deployment.created,
        "updatedAt": deployment.updated,
        "sourceServiceRevisions": _sources(item, deployment, source),
        "targetServiceRevision": _revision_counts(item, deployment, deployment),
        "targetServiceRevisionArn": deployment.revision_arn,
        "deploymentConfiguration": item.configuration,
        "deploymentCircuitBreaker": {
            "status": monitoring if breaker["enable"] else "DISABLED",
            "failureCount": deployment.failed_tasks,
            "threshold": breaker_threshold(item.desired_count),
        },
        **deployments.status_of(deployment),
        **(native.stage(deployment.course) if deployment.course else {}),
    }


def _sources(item: Service, deployment: Deployment, source: Deployment | None) -> list[Json]:
    if source is not None:
        return [_revision_counts(item, source, deployment)]
    return [{"arn": deployment.source_revision}] if deployment.source_revision else []


def revision(item: Service, deployment: Deployment) -> Json:
    """A ServiceRevision."""
    return {
        "serviceRevisionArn": deployment.revision_arn,
        "serviceArn": item.arn,
        "clusterArn": item.cluster_arn,
        "taskDefinition": deployment.task_definition,
        "platformVersion": PLATFORM,
        "platformFamily": "Linux",
        "loadBalancers": deployment.load_balancers,
        "networkConfiguration": deployment.network,
        "containerImages": [
            {
                "containerName": container["name"],
                "image": container["image"],
                "imageDigest": deployment.digests.get(container["name"]),
            }
            for container in deployment.definition.container_definitions
        ],
        "resolvedConfiguration": native.resolved(deployment),
        "guardDutyEnabled": False,
        "createdAt": deployment.created,
        **_launch(item),
    }


def task(item: Task, tags: bool = False) -> Json:
    """A Task as DescribeTasks shows it."""
    shown: Json = {
        "taskArn": item.task_arn,
        "taskDefinitionArn": item.task_definition_arn,
        "clusterArn": item.cluster_arn,
        "availabilityZone": item.zone,
        "attachments": item.attachments,
        "attributes": [{"name": "ecs.cpu-architecture", "value": "x86_64"}],
        "connectivity": "CONNECTED",
        "containers": [_container(item, container) for container in item.containers],
        "cpu": item.definition.cpu,
        "memory": item.definition.memory,
        "desiredStatus": item.desired,
        "enableExecuteCommand": False,
        "group": item.group,
        "healthStatus": item.health,
        "lastStatus": item.status,
        "overrides": {"containerOverrides": _overrides(item), **item.overrides},
        "platformVersion": PLATFORM if item.platform_version == "LATEST" else item.platform_version,
        "platformFamily": "Linux",
        "startedBy": item.started_by,
        "version": item.version,
        "ephemeralStorage": {"sizeInGiB": 20},
        **item.times,
    }
    if item.capacity_provider:
        shown["capacityProviderName"] = item.capacity_provider
    shown["launchType"] = item.launch_type
    if item.stop_code:
        shown |= {"stopCode": item.stop_code, "stoppedReason": item.stopped_reason}
    if tags:
        shown["tags"] = item.tags
    return shown


def _overrides(item: Task) -> list[Json]:
    return [{"name": container.definition["name"]} for container in item.containers]


def _container(item: Task, container: Container) -> Json:
    definition = container.definition
    address = [
        {"attachmentId": attachment["id"], "privateIpv4Address": item.address} for attachment in item.attachments
    ]
    return {
        "containerArn": container.arn,
        "taskArn": item.task_arn,
        "name": definition["name"],
        "image": definition["image"],
        "imageDigest": container.digest,
        "runtimeId": f"{item.id}-{container.arn.rsplit('/', 1)[1][:10]}",
        "lastStatus": container.status,
        "exitCode": container.exit_code,
        "reason": container.reason,
        "networkBindings": [],
        "networkInterfaces": address,
        "healthStatus": container.health,
        "cpu": str(definition.get("cpu", 0)),
        "memory": str(definition["memory"]) if definition.get("memory") else None,
    }
