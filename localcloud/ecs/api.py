# SPDX-License-Identifier: GPL-3.0-or-later
"""Mends moto's ECS operations: they work on services and tasks that really run.

Each restores what the ECS API Reference says of its operation: moto 5.2.5 marks tasks as running at once, keeps no
deployments, events or service revisions, and lacks ListServiceDeployments and its kin. Requests come under the lock on
moto (control/access.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from moto.applicationautoscaling.models import ApplicationAutoscalingBackend
from moto.core.responses import ActionResult
from moto.ecs.exceptions import ECSException, InvalidParameterException
from moto.ecs.models import EC2ContainerServiceBackend
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.scheduler.models import EventBridgeSchedulerBackend

from localcloud.ecs import describe, requests, scaling, sizes
from localcloud.ecs.model import Deployment, Service, Task
from localcloud.ecs.native.api import continue_service_deployment, stop_service_deployment

if TYPE_CHECKING:
    from localcloud.ecs.controller import Controller

Json = dict[str, Any]
Handler = Callable[["Controller", Any, Json], Json]

#: What ListServiceDeployments shows at once, and DescribeServiceDeployments and -Revisions take.
_PAGE = 20

_originals: list[tuple[type, str, Any]] = []


def install(controller: Controller) -> None:
    """Put the mends into moto's classes."""
    for operation in OPERATIONS:
        _replace(EC2ContainerServiceResponse, operation.__name__, _method(controller, operation))
    _replace(EC2ContainerServiceBackend, "register_task_definition", _sized())
    original = ApplicationAutoscalingBackend.register_scalable_target

    def register_scalable_target(backend: Any, *args: Any, **kwargs: Any) -> Any:
        target = original(backend, *args, **kwargs)
        scaling.adjust(backend.account_id, backend.region_name, target)
        controller.wake()
        return target

    _replace(ApplicationAutoscalingBackend, "register_scalable_target", register_scalable_target)
    put = ApplicationAutoscalingBackend.put_scheduled_action

    def put_scheduled_action(backend: Any, *args: Any, **kwargs: Any) -> Any:
        put(backend, *args, **kwargs)
        controller.wake()

    _replace(ApplicationAutoscalingBackend, "put_scheduled_action", put_scheduled_action)
    for name in ("create_schedule", "update_schedule"):
        _replace(EventBridgeSchedulerBackend, name, _waking(controller, name))


def uninstall() -> None:
    """Put moto's own methods back."""
    while _originals:
        owner, name, method = _originals.pop()
        if method is None:
            delattr(owner, name)
        else:
            setattr(owner, name, method)


def _replace(owner: type, name: str, method: Any) -> None:
    _originals.append((owner, name, owner.__dict__.get(name)))
    setattr(owner, name, method)


def _waking(controller: Controller, name: str) -> Callable[..., Any]:
    original = getattr(EventBridgeSchedulerBackend, name)

    def method(backend: Any, **members: Any) -> Any:
        schedule = original(backend, **members)
        controller.wake()
        return schedule

    return method


def _sized() -> Callable[..., Any]:
    """RegisterTaskDefinition refuses a CPU and memory that Fargate does not have."""
    original = EC2ContainerServiceBackend.register_task_definition

    def register_task_definition(backend: Any, *args: Any, **kwargs: Any) -> Any:
        if "FARGATE" in (kwargs.get("requires_compatibilities") or ()):
            sizes.check(kwargs.get("cpu"), kwargs.get("memory"))
        return original(backend, *args, **kwargs)

    return register_task_definition


def _method(controller: Controller, operation: Handler) -> Callable[[Any], ActionResult]:
    def method(response: Any) -> ActionResult:
        return ActionResult(operation(controller, response.ecs_backend, dict(response.params)))

    return method


def create_service(controller: Controller, backend: Any, request: Json) -> Json:
    """CreateService."""
    service = requests.known_service(backend, request)
    if service is None:
        service = requests.create_service(backend, request)
        controller.add_service(service)
    return {"service": describe.service(service, tags=True)}


def update_service(controller: Controller, backend: Any, request: Json) -> Json:
    """UpdateService."""
    service = requests.update_service(backend, request)
    controller.wake()
    return {"service": describe.service(service)}


def delete_service(controller: Controller, backend: Any, request: Json) -> Json:
    """DeleteService."""
    service = requests.delete_service(backend, request)
    controller.wake()
    return {"service": describe.service(service)}


def describe_services(_: Controller, backend: Any, request: Json) -> Json:
    """DescribeServices."""
    wanted = request.get("services") or []
    if not wanted:
        raise InvalidParameterException("Services cannot be empty.")
    if len(wanted) > 10:
        raise InvalidParameterException("Services cannot have more than 10 elements.")
    found, failures = backend.describe_services(request.get("cluster") or "default", wanted)
    tags = "TAGS" in (request.get("include") or [])
    return {"services": [describe.service(service, tags) for service in found], "failures": failures}


def list_services(_: Controller, backend: Any, request: Json) -> Json:
    """ListServices: inactive ones are not listed."""
    cluster = backend._get_cluster(request.get("cluster") or "default")  # noqa: SLF001  moto's own look-up
    arns = [
        service.arn
        for service in backend.services.values()
        if service.cluster_name == cluster.name
        and service.status != "INACTIVE"
        and request.get("launchType") in (None, service.launch_type)
        and request.get("schedulingStrategy") in (None, service.scheduling_strategy)
    ]
    return {"serviceArns": sorted(arns)}


def run_task(controller: Controller, backend: Any, request: Json) -> Json:
    """RunTask; with a client token that the cluster knows, the answer is that call's tasks (ECS_Idempotency)."""
    tasks = requests.known_tasks(backend, request)
    if tasks is None:
        tasks = requests.run_task(backend, request)
        for task in tasks:
            controller.add_task(task, backend.account_id, backend.region_name)
        requests.remember(backend, request, tasks)
    return {"tasks": [describe.task(task, tags=True) for task in tasks], "failures": []}


def stop_task(controller: Controller, backend: Any, request: Json) -> Json:
    """StopTask."""
    task = _find_task(backend, request)
    if task.status != "STOPPED":
        controller.stop_task(task, "UserInitiated", request.get("reason") or "Task stopped by user")
    return {"task": describe.task(task)}


def describe_tasks(_: Controller, backend: Any, request: Json) -> Json:
    """DescribeTasks."""
    wanted = request.get("tasks") or []
    if not wanted:
        raise InvalidParameterException("Tasks cannot be empty.")
    if len(wanted) > 100:
        raise InvalidParameterException("Tasks cannot have more than 100 elements.")
    known = {task.id: task for task in _tasks(backend, request)}
    tags = "TAGS" in (request.get("include") or [])
    found = {name: known.get(name.rsplit("/", 1)[-1]) for name in wanted}
    return {
        "tasks": [describe.task(task, tags) for task in found.values() if task],
        "failures": [{"arn": name, "reason": "MISSING"} for name, task in found.items() if not task],
    }


def list_tasks(_: Controller, backend: Any, request: Json) -> Json:
    """ListTasks: those that shall run, unless desiredStatus says STOPPED."""
    service, desired = request.get("serviceName"), request.get("desiredStatus") or "RUNNING"
    if service:
        service = requests.find_service(backend, request.get("cluster") or "default", service).name
    arns = [
        task.task_arn
        for task in _tasks(backend, request)
        if task.desired == desired
        and (service is None or task.group == f"service:{service}")
        and request.get("family") in (None, task.definition.family)
        and request.get("startedBy") in (None, task.started_by)
        and request.get("launchType") in (None, task.launch_type)
    ]
    return {"taskArns": arns}


def list_service_deployments(_: Controller, backend: Any, request: Json) -> Json:
    """ListServiceDeployments, newest first, in pages of 20."""
    service = requests.find_service(backend, request.get("cluster") or "default", request["service"])
    statuses = request.get("status") or ()
    shown = [describe.service_deployment(service, deployment) for deployment in service.past]
    found = [item for item in shown if not statuses or item["status"] in statuses]
    begin, size = int(request.get("nextToken") or 0), request.get("maxResults") or _PAGE
    page: Json = {"serviceDeployments": found[begin : begin + size]}
    return page | ({"nextToken": str(begin + size)} if len(found) > begin + size else {})


def describe_service_deployments(_: Controller, backend: Any, request: Json) -> Json:
    """DescribeServiceDeployments."""
    known = {deployment.arn: (service, deployment) for service, deployment in _past(backend)}
    wanted = _at_most("serviceDeploymentArns", request)
    return {
        "serviceDeployments": [describe.service_deployment(*known[arn]) for arn in wanted if arn in known],
        "failures": [{"arn": arn, "reason": "MISSING"} for arn in wanted if arn not in known],
    }


def describe_service_revisions(_: Controller, backend: Any, request: Json) -> Json:
    """DescribeServiceRevisions."""
    known = {deployment.revision_arn: (service, deployment) for service, deployment in _past(backend)}
    wanted = _at_most("serviceRevisionArns", request)
    return {
        "serviceRevisions": [describe.revision(*known[arn]) for arn in wanted if arn in known],
        "failures": [{"arn": arn, "reason": "MISSING"} for arn in wanted if arn not in known],
    }


def delete_cluster(_: Controller, backend: Any, request: Json) -> Json:
    """DeleteCluster: refused while services or tasks are left."""
    cluster = backend._get_cluster(request["cluster"])  # noqa: SLF001  moto's own look-up
    services = (s for s in backend.services.values() if s.cluster_name == cluster.name)
    if any(service.status != "INACTIVE" for service in services):
        raise ECSException(
            "ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active."
        )
    if any(task.status != "STOPPED" for task in backend.tasks.get(cluster.name, {}).values()):
        raise ECSException("ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active.")
    return {"cluster": backend.delete_cluster(request["cluster"])}


OPERATIONS: tuple[Handler, ...] = (
    create_service,
    update_service,
    delete_service,
    describe_services,
    list_services,
    run_task,
    stop_task,
    describe_tasks,
    list_tasks,
    list_service_deployments,
    describe_service_deployments,
    describe_service_revisions,
    stop_service_deployment,
    continue_service_deployment,
    delete_cluster,
)


def _tasks(backend: Any, request: Json) -> list[Task]:
    cluster = backend._get_cluster(request.get("cluster") or "default")  # noqa: SLF001  moto's own look-up
    return list(backend.tasks.get(cluster.name, {}).values())


def _find_task(backend: Any, request: Json) -> Task:
    wanted = request["task"].rsplit("/", 1)[-1]
    for task in _tasks(backend, request):
        if task.id == wanted:
            return task
    raise InvalidParameterException("The referenced task was not found.")


def _at_most(member: str, request: Json) -> list[str]:
    wanted = list(request.get(member) or ())
    if len(wanted) > _PAGE:
        raise InvalidParameterException(f"{member} cannot have more than {_PAGE} elements.")
    return wanted


def _past(backend: Any) -> Iterable[tuple[Service, Deployment]]:
    for service in backend.services.values():
        for deployment in service.past:
            yield service, deployment
