# SPDX-License-Identifier: GPL-3.0-or-later
"""CreateService, UpdateService, DeleteService and RunTask: check the request as ECS does, then change the model.

Call under the lock on moto. Refusals are moto's ECS exceptions with ECS's words (API Reference, "Errors" of each
operation); what the local cloud does not run is refused in plain words.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from moto.ecs.exceptions import ECSException, InvalidParameterException, ServiceNotFoundException
from moto.ecs.models import Service as MotoService
from moto.elbv2.models import elbv2_backends

from localcloud.ecs import apply, deployments
from localcloud.ecs.model import Service, Task
from localcloud.ecs.native import checks, rules

FARGATE = ("FARGATE", "FARGATE_SPOT")

#: Members of CreateService and UpdateService that are only shown again, with the defaults of CreateService.
_SHOWN: dict[str, Any] = {
    "serviceRegistries": [],
    "placementConstraints": [],
    "placementStrategy": [],
    "deploymentController": {"type": "ECS"},
    "enableECSManagedTags": False,
    "enableExecuteCommand": False,
    "availabilityZoneRebalancing": "ENABLED",
}
#: Members of UpdateService that change one member of the service.
_CHANGEABLE = {
    "desiredCount": "desired_count",
    "healthCheckGracePeriodSeconds": "grace_period",
    "platformVersion": "platform_version",
    "capacityProviderStrategy": "capacity_provider_strategy",
    "propagateTags": "propagate_tags",
}
_ROLLING: dict[str, Any] = {
    "strategy": "ROLLING",
    "maximumPercent": 200,
    "minimumHealthyPercent": 100,
    "bakeTimeInMinutes": 0,
    "deploymentCircuitBreaker": {"enable": False, "rollback": False},
}


def find_service(backend: Any, cluster: str, name: str) -> Service:
    """The service by name or ARN. ServiceNotFoundException."""
    key = f"{backend._get_cluster(cluster).name}:{name.rsplit('/', 1)[-1]}"  # noqa: SLF001  moto's own look-up
    service: Service | None = backend.services.get(key)
    if service is None:
        raise ServiceNotFoundException
    return service


def create_service(backend: Any, request: Mapping[str, Any]) -> Service:
    """A new service with its first deployment."""
    cluster = backend._get_cluster(request.get("cluster") or "default")  # noqa: SLF001
    name = request["serviceName"]
    key = f"{cluster.name}:{name}"
    _check_free(backend.services.get(key))
    controller = (request.get("deploymentController") or {}).get("type", "ECS")
    if controller != "ECS":
        raise InvalidParameterException(f"The local cloud runs deployment controller ECS only, not {controller}.")
    if not request.get("taskDefinition"):
        raise InvalidParameterException("TaskDefinition can not be blank.")
    definition = find_definition(backend, request["taskDefinition"])
    strategy = _launch(cluster, request)
    balancers = deepcopy(request.get("loadBalancers") or [])
    configuration = _configuration(_ROLLING, request.get("deploymentConfiguration"))
    check_load_balancers(backend, definition, balancers, configuration["strategy"])
    service = Service(
        name=name,
        arn=f"{cluster.arn.rpartition(':')[0]}:service/{cluster.name}/{name}",
        cluster_name=cluster.name,
        cluster_arn=cluster.arn,
        account_id=backend.account_id,
        region=backend.region_name,
        desired_count=request.get("desiredCount") or 0,
        definition=definition,
        load_balancers=balancers,
        network=network(backend, request.get("networkConfiguration")),
        launch_type=None if strategy else "FARGATE",
        capacity_provider_strategy=strategy,
        platform_version=request.get("platformVersion") or "LATEST",
        configuration=configuration,
        grace_period=request.get("healthCheckGracePeriodSeconds"),
        settings={**deepcopy(_SHOWN), **_given(request, _SHOWN)},
        tags=list(request.get("tags") or []),
        propagate_tags=request.get("propagateTags") or "NONE",
        client_token=request.get("clientToken"),
    )
    service.settings["createdBy"] = f"arn:aws:iam::{backend.account_id}:root"
    deployments.begin(service)
    backend.services[key] = service
    return service


def known_service(backend: Any, request: Mapping[str, Any]) -> Service | None:
    """What an earlier CreateService with the same client token made, None for a new one (ECS_Idempotency).

    A client that got no answer sends the token again, and gets the service instead of a refusal of its name.
    """
    token = request.get("clientToken")
    for service in backend.services.values() if token else ():
        if service.client_token == token and service.name == request["serviceName"] and service.status == "ACTIVE":
            found: Service = service
            return found
    return None


def update_service(backend: Any, request: Mapping[str, Any]) -> Service:
    """Change a service; a new deployment if what its tasks run as has changed, or if forced."""
    service = find_service(backend, request.get("cluster") or "default", request["service"])
    if service.status != "ACTIVE":
        raise ECSException("ServiceNotActiveException", "Service was not ACTIVE.")
    definition = service.definition
    if request.get("taskDefinition"):
        definition = find_definition(backend, request["taskDefinition"])
    changes: dict[str, Any] = {
        "definition": definition,
        "load_balancers": deepcopy(request.get("loadBalancers", service.load_balancers)),
        "configuration": _configuration(service.configuration, request.get("deploymentConfiguration")),
        "settings": {**service.settings, **_given(request, _SHOWN)},
    }
    check_load_balancers(backend, definition, changes["load_balancers"], changes["configuration"]["strategy"])
    if request.get("networkConfiguration"):
        changes["network"] = network(backend, request["networkConfiguration"])
    changes |= {member: request[name] for name, member in _CHANGEABLE.items() if request.get(name) is not None}
    before = _revision(service)
    for member, value in changes.items():
        setattr(service, member, value)
    if request.get("forceNewDeployment") or _revision(service) != before:
        deployments.begin(service)
    return service


def delete_service(backend: Any, request: Mapping[str, Any]) -> Service:
    """Begin to drain a service; it is INACTIVE when its last task has stopped."""
    service = find_service(backend, request.get("cluster") or "default", request["service"])
    if service.status == "INACTIVE":
        raise ServiceNotFoundException
    if service.desired_count > 0 and not request.get("force"):
        raise InvalidParameterException("The service cannot be stopped while it is scaled above 0.")
    service.status, service.desired_count = "DRAINING", 0
    return service


def run_task(backend: Any, request: Mapping[str, Any]) -> list[Task]:
    """New tasks without a service; not yet started."""
    cluster = backend._get_cluster(request.get("cluster") or "default")  # noqa: SLF001
    definition = find_definition(backend, request["taskDefinition"])
    strategy = _launch(cluster, request)
    overrides = deepcopy(request.get("overrides") or {})
    names = {container["name"] for container in definition.container_definitions}
    for override in overrides.get("containerOverrides", ()):
        if override.get("name") not in names:
            raise InvalidParameterException(
                f"Override for container named {override.get('name')} is not a container in the TaskDefinition."
            )
    return [
        apply.new_task(
            cluster,
            definition,
            group=request.get("group") or f"family:{definition.family}",
            started_by=request.get("startedBy") or "",
            launch_type="FARGATE",
            platform_version=request.get("platformVersion") or "LATEST",
            network=network(backend, request.get("networkConfiguration")),
            overrides=overrides,
            tags=list(request.get("tags") or []),
            capacity_provider=strategy[0]["capacityProvider"] if strategy else None,
        )
        for _ in range(request.get("count") or 1)
    ]


def known_tasks(backend: Any, request: Mapping[str, Any]) -> list[Task] | None:
    """What an earlier RunTask with the same client token started, None for a new one.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html; a token is valid for 24 hours there,
    here as long as the cloud lives. ConflictException for other parameters.
    """
    known = backend.__dict__.get("slipway_tokens", {}).get(_token(backend, request))
    if known is None:
        return None
    asked, tasks = known
    if asked != request:
        raise ECSException("ConflictException", "The client token is in use for another request.")
    return list(tasks)


def remember(backend: Any, request: Mapping[str, Any], tasks: list[Task]) -> None:
    """Note what a RunTask started."""
    if request.get("clientToken"):
        tokens = backend.__dict__.setdefault("slipway_tokens", {})
        tokens[_token(backend, request)] = (deepcopy(dict(request)), tasks)


def _token(backend: Any, request: Mapping[str, Any]) -> tuple[str, Any]:
    cluster = backend._get_cluster(request.get("cluster") or "default").name  # noqa: SLF001
    return cluster, request.get("clientToken")


def find_definition(backend: Any, reference: str) -> Any:
    """The task definition, which is ACTIVE and made for Fargate."""
    definition = backend.describe_task_definition(reference)
    if definition.status != "ACTIVE":
        raise ECSException("ClientException", "TaskDefinition is inactive")
    if "FARGATE" not in definition.compatibilities:
        raise InvalidParameterException("Task definition does not support launch_type FARGATE.")
    return definition


def check_load_balancers(backend: Any, definition: Any, balancers: list[dict[str, Any]], strategy: str) -> None:
    """Every container and port exists, every target group too, and each hangs on a load balancer; and what the strategy
    needs is there."""
    checks.load_balancers(rules.Place(backend.account_id, backend.region_name), strategy, balancers)
    groups = elbv2_backends[backend.account_id][backend.region_name].target_groups
    containers = {container["name"]: container for container in definition.container_definitions}
    for balancer in balancers:
        name, port = balancer.get("containerName"), balancer.get("containerPort")
        if name not in containers:
            raise InvalidParameterException(f"The container {name} does not exist in the task definition.")
        if port not in [mapping.get("containerPort") for mapping in containers[name].get("portMappings", ())]:
            raise InvalidParameterException(f"The container {name} did not have a container port {port} defined.")
        for arn in checks.pair(balancer) or [""]:
            if arn not in groups:
                raise InvalidParameterException(f"The specified target group does not exist. (target group {arn})")
            if not groups[arn].load_balancer_arns:
                raise InvalidParameterException(
                    f"The target group with targetGroupArn {arn} does not have an associated load balancer."
                )


def network(backend: Any, configuration: Mapping[str, Any] | None) -> dict[str, Any]:
    """The networkConfiguration with its defaults; its subnets and security groups exist."""
    awsvpc = (configuration or {}).get("awsvpcConfiguration")
    if not awsvpc:
        raise InvalidParameterException(
            "Network Configuration must be provided when networkMode 'awsvpc' is specified."
        )
    full = {"awsvpcConfiguration": {"securityGroups": [], "assignPublicIp": "DISABLED", **deepcopy(dict(awsvpc))}}
    checker = MotoService.__new__(MotoService)  # moto's check is a method that needs no more of a service than this
    checker._account_id, checker.region_name = backend.account_id, backend.region_name  # noqa: SLF001
    checker._validate_network(full)  # noqa: SLF001
    return full


def _check_free(existing: Service | None) -> None:
    if existing is None or existing.status == "INACTIVE":
        return
    if existing.status == "DRAINING":
        raise InvalidParameterException("Unable to Start a service that is still Draining.")
    raise InvalidParameterException("Creation of service was not idempotent.")


def _launch(cluster: Any, request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The capacity provider strategy, [] for launch type FARGATE."""
    launch_type, strategy = request.get("launchType"), list(request.get("capacityProviderStrategy") or [])
    if launch_type and strategy:
        raise InvalidParameterException(
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again."
        )
    if not launch_type and not strategy:
        strategy = list(cluster.default_capacity_provider_strategy or [])
    kinds = {launch_type} if launch_type else {item["capacityProvider"] for item in strategy}
    if not kinds or not kinds <= set(FARGATE):
        raise InvalidParameterException("The local cloud runs tasks on Fargate only.")
    return strategy


def _configuration(base: Mapping[str, Any], given: Mapping[str, Any] | None) -> dict[str, Any]:
    merged = {**deepcopy(dict(base)), **deepcopy(dict(given or {}))}
    merged = checks.configuration(merged, given or {})
    if merged["maximumPercent"] <= 100 <= merged["minimumHealthyPercent"]:
        raise InvalidParameterException(
            "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments."
        )
    return merged


def _given(request: Mapping[str, Any], names: Mapping[str, Any]) -> dict[str, Any]:
    return {name: deepcopy(request[name]) for name in names if request.get(name) is not None}


def _revision(service: Service) -> tuple[Any, ...]:
    """What triggers a new deployment when it changes (UpdateService, ECS API Reference)."""
    return (
        service.task_definition,
        service.load_balancers,
        service.network,
        service.platform_version,
        service.settings["serviceRegistries"],
    )
