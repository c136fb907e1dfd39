#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_remove_services
short_description: Delete ECS services with their scaling, their schedules and their task definitions
version_added: 0.1.0
author:
  - Contributors to the Slipway project (@slipway)
description:
  - C(community.aws.ecs_service) fails when the cluster is gone already, and leaves the scalable targets and the task
    definitions behind. ECS limits how many revisions a family may have, and AWS keeps all of them otherwise.
  - Deregisters the scalable targets, and with them their policies. Deletes the services even with tasks running, waits
    until the last task has stopped, and deregisters the task definitions of the families of the same names.
  - Deletes groups of EventBridge Scheduler, for which neither amazon.aws nor community.aws has a module.
  - May be killed and run again.
options:
  cluster:
    description: Name of the cluster.
    type: str
    required: true
  names:
    description: Names of the services, which are also the names of their task definition families.
    type: list
    elements: str
    default: []
  workers_of:
    description: Also delete the workers of this service, found by their tag V(slipway:worker-of).
    type: str
  keep:
    description: Names of O(workers_of) that stay.
    type: list
    elements: str
    default: []
  families:
    description: Further families of task definitions, as of scheduled tasks.
    type: list
    elements: str
    default: []
  schedule_group:
    description: Group of EventBridge Scheduler to delete first, with all its schedules.
    type: str
  wait_timeout:
    description: Seconds that the tasks have to stop.
    type: int
    default: 600
extends_documentation_fragment:
  - slipway.ops.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Remove both colors
  slipway.ops.ecs_remove_services:
    cluster: slipway-local
    names: [api-blue, api-green]
    workers_of: api
    families: [api-nightly]
    schedule_group: slipway-local-api
"""

RETURN = r"""
steps:
  description: What was removed, in order.
  returned: success
  type: list
  elements: str
  sample: ["scaling of api-blue", "service api-blue", "task definition api-blue:1"]
"""

import time
from collections.abc import Callable
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.ops.plugins.module_utils.api import ApiErrors, retry
from ansible_collections.slipway.ops.plugins.module_utils.autoscaling import (
    deregister_target,
    describe_scalable_targets,
    resource_id,
)
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.plan_model import TAG_WORKER_OF
from ansible_collections.slipway.ops.plugins.module_utils.documents_plan import Plan, plan_documents
from ansible_collections.slipway.ops.plugins.module_utils.scheduler import delete_group, group_exists

GROUP = "schedules of "
SCALING = "scaling of "
SERVICE = "service "
DEFINITION = "task definition "
POLL_SECONDS = 2
PAGE = 10


@ApiErrors.list_error_handler("describe the services {names} of cluster {cluster}", [])
@retry
def describe_page(client: Any, cluster: str, names: list[str]) -> list[dict[str, Any]]:
    """At most 10 services (ECS API, DescribeServices); none when the cluster is gone."""
    return client.describe_services(cluster=cluster, services=names, include=["TAGS"])["services"]


def describe_services(client: Any, cluster: str, names: list[str]) -> list[dict[str, Any]]:
    """The services that exist, those that are still draining included."""
    pages = [names[start : start + PAGE] for start in range(0, len(names), PAGE)]
    found = [service for page in pages for service in describe_page(client, cluster, page)]
    return [service for service in found if service["status"] != "INACTIVE"]


@ApiErrors.list_error_handler("list the services of cluster {cluster}", [])
@retry
def list_services(client: Any, cluster: str) -> list[str]:
    """Names of the services that run or drain; none when the cluster is gone."""
    pages = client.get_paginator("list_services").paginate(cluster=cluster)
    return [arn.rpartition("/")[2] for page in pages for arn in page["serviceArns"]]


def workers_of(client: Any, cluster: str, service: str | None, keep: list[str]) -> list[str]:
    """Names of the service's workers, without those to keep."""
    if not service:
        return []
    likely = [name for name in list_services(client, cluster) if name.startswith(f"{service}-") and name not in keep]
    tag = {"key": TAG_WORKER_OF, "value": service}
    return [item["serviceName"] for item in describe_services(client, cluster, likely) if tag in item.get("tags", [])]


@ApiErrors.common_error_handler("list the task definitions of family {family}")
@retry
def list_definitions(client: Any, family: str) -> list[str]:
    """ARNs of the family's ACTIVE revisions; the API calls its filter a prefix, so the rest is sorted out here."""
    pages = client.get_paginator("list_task_definitions").paginate(familyPrefix=family)
    arns = pages.build_full_result()["taskDefinitionArns"]
    return [arn for arn in arns if revision(arn).rpartition(":")[0] == family]


@ApiErrors.deletion_error_handler("delete service {name}")
@retry
def delete_service(client: Any, cluster: str, name: str) -> None:
    """Delete a service also with tasks running; one that is draining already stays as it is."""
    client.delete_service(cluster=cluster, service=name, force=True)


@ApiErrors.common_error_handler("deregister task definition {name}")
@retry
def deregister_definition(client: Any, name: str) -> None:
    """Deregister one revision, FAMILY:REVISION."""
    client.deregister_task_definition(taskDefinition=name)


def revision(arn: str) -> str:
    """FAMILY:REVISION."""
    return arn.rpartition("/")[2]


def observe(ecs: Any, scaling: Any, cluster: str, names: list[str], families: list[str]) -> dict[str, dict[str, Any]]:
    """What is there, by the name of the step that removes it."""
    resources = {resource_id(cluster, name): name for name in names}
    targets = describe_scalable_targets(scaling, list(resources)) if resources else {}
    found = {SCALING + resources[resource]: {} for resource in targets}
    for service in describe_services(ecs, cluster, names):
        found[SERVICE + service["serviceName"]] = {
            "status": service["status"],
            "running": service["runningCount"],
        }
    definitions = [arn for name in (*names, *families) for arn in list_definitions(ecs, name)]
    return found | {DEFINITION + revision(arn): {} for arn in definitions}


def wait_until_gone(ecs: Any, cluster: str, names: list[str], timeout: float) -> None:
    """Wait until no service is draining: until then its tasks hold on to their security group."""
    deadline = time.monotonic() + timeout
    while left := describe_services(ecs, cluster, names):
        if time.monotonic() >= deadline:
            counts = ", ".join(f"{service['serviceName']} with {service['runningCount']} tasks" for service in left)
            raise AnsibleAWSError(message=f"After {timeout:.0f} s still stopping: {counts}")
        time.sleep(POLL_SECONDS)


def apply(plan: Plan, removers: dict[str, Callable[[str], None]], wait: Callable[[], None]) -> None:
    """Remove schedules, scaling, then services, wait, then task definitions; the kinds are in this order."""
    for kind, remove in removers.items():
        for step in plan.steps:
            if step.name.startswith(kind):
                remove(step.name.removeprefix(kind))
        if kind == SERVICE and any(step.name.startswith(kind) for step in plan.steps):
            wait()


def main() -> None:
    """Observe, plan, apply, report."""
    module = AnsibleAWSModule(
        argument_spec={
            "cluster": {"type": "str", "required": True},
            "names": {"type": "list", "elements": "str", "default": []},
            "workers_of": {"type": "str"},
            "keep": {"type": "list", "elements": "str", "default": []},
            "families": {"type": "list", "elements": "str", "default": []},
            "schedule_group": {"type": "str"},
            "wait_timeout": {"type": "int", "default": 600},
        },
        supports_check_mode=True,
    )
    cluster, group = module.params["cluster"], module.params["schedule_group"]
    try:
        ecs, scaling = module.client("ecs"), module.client("application-autoscaling")
        keep = [*module.params["keep"], *module.params["names"]]
        names = [*module.params["names"], *workers_of(ecs, cluster, module.params["workers_of"], keep)]
        grouped = {GROUP + group: {}} if group and group_exists(module.client("scheduler"), group) else {}
        found = grouped | observe(ecs, scaling, cluster, names, module.params["families"])
        plan = plan_documents(found, dict.fromkeys(found))
        removers: dict[str, Callable[[str], None]] = {
            GROUP: lambda name: delete_group(module.client("scheduler"), name),
            SCALING: lambda name: deregister_target(scaling, resource_id(cluster, name)),
            SERVICE: lambda name: delete_service(ecs, cluster, name),
            DEFINITION: lambda name: deregister_definition(ecs, name),
        }
        if not module.check_mode:
            apply(plan, removers, lambda: wait_until_gone(ecs, cluster, names, module.params["wait_timeout"]))
    except AnsibleAWSError as error:
        module.fail_json_aws_error(error)
    module.exit_json(changed=plan.changed, steps=[step.name for step in plan.steps], diff=plan.diff())


if __name__ == "__main__":
    main()
