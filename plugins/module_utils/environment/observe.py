# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reads an environment: few calls, in two rounds, of which each asks everything at the same time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import batched
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import boto3_tag_list_to_ansible_dict

from .. import atlas_api, autoscaling, ecs, elb, instance_group, scheduler, web_acl
from ..blue_green.observe import Clients
from ..blue_green.plan_model import KEEP_WARM_ACTION
from ..blue_green.schedule_plan import group_name
from ..cloudfront import api as cloudfront
from ..github_oidc_plan import provider_arn
from ..lease import Clock
from ..lease_plan import held_from, key_of
from ..release_record_plan import query_request, record_from
from ..site.model_plan import CURRENT
from ..site.state_plan import current_from
from ..together import together
from . import api
from .model_plan import COLORS, Wanted
from .observed_plan import Observed
from .parts import Parts

Read = Mapping[str, Any]
# DescribeServices takes ten names (Amazon ECS API reference).
_SERVICES_PAGE = 10
# Member -> operation, key of the answer, and the filter that says which VPC.
_OF_VPC = {
    "subnets": ("describe_subnets", "Subnets", "vpc-id"),
    "tables": ("describe_route_tables", "RouteTables", "vpc-id"),
    "nats": ("describe_nat_gateways", "NatGateways", "vpc-id"),
    "endpoints": ("describe_vpc_endpoints", "VpcEndpoints", "vpc-id"),
    "logs": ("describe_flow_logs", "FlowLogs", "resource-id"),
    "connections": ("describe_vpc_peering_connections", "VpcPeeringConnections", "accepter-vpc-info.vpc-id"),
}


def observe(clients: Clients, wanted: Wanted, atlas: Any = None) -> Observed:
    """atlas: a client of the Administration API, None where there is no project. Raises when the credentials are of
    another account, or none at all: then there is nothing that could be read."""
    parts = Parts()
    # One for each service, in this thread, while nothing waits: making clients is not for several at once.
    first = parts.read(_first(clients, wanted, atlas))
    found = Observed(**{name: value for name, value in first.items() if name in _MEMBERS and value is not None})
    _take(found, wanted, first)
    second = parts.read(_second(clients, wanted, found))
    for name in ("instances", "invalidations"):
        setattr(found, name, second.get(name) or getattr(found, name))
    for name, value in second.items():
        kind, _dot, key = name.partition(" ")
        if key and value is not None:
            getattr(found, kind)[key] = value
    found.definitions = {arn: body for arn, body in found.definitions.items() if body}
    found.problems = parts.problems
    return found


_MEMBERS = ("vpc", "of_vpc", "acl", "ecs", "targets", "warm", "alarms", "distribution", "current", "gpu", "provider",
            "roles", "atlas")  # fmt: skip


def _first(clients: Clients, wanted: Wanted, atlas: Any) -> dict[str, Callable[[], Any]]:
    """What needs nothing but names."""
    calls: dict[str, Callable[[], Any]] = {}
    if wanted.vpc:
        calls["network"] = partial(_network, clients, wanted.vpc)
    if wanted.load_balancer:
        calls["load_balancer"] = partial(_balancer, clients, wanted.load_balancer)
    if wanted.services:
        calls |= {
            "groups": lambda: api.target_groups(clients.elbv2),
            "ecs": partial(_services, clients, wanted),
            "targets": partial(_targets, clients, wanted),
            "warm": partial(_warm, clients),
        }
    for service in wanted.services:
        calls[f"schedules {service.name}"] = partial(_schedules, clients, wanted.cluster, service.name)
    for name in wanted.records if wanted.table else ():
        calls[f"records {name}"] = partial(_records, clients, wanted.table, name)
        calls[f"locks {name}"] = partial(_lock, clients, wanted.table, name)
    if wanted.cluster:
        calls["alarms"] = lambda: api.alarms(clients.get("cloudwatch"), f"{wanted.cluster}-")
    return calls | _edge(clients, wanted, atlas)


def _edge(clients: Clients, wanted: Wanted, atlas: Any) -> dict[str, Callable[[], Any]]:
    calls: dict[str, Callable[[], Any]] = {}
    if wanted.site:
        calls["distribution"] = partial(_distribution, clients, wanted.site)
    if wanted.bucket:
        calls["current"] = partial(_current, clients, wanted.bucket)
    if wanted.gpu:
        calls["gpu"] = lambda: instance_group.describe_group(clients.get("autoscaling"), wanted.gpu)
    if wanted.oidc:
        arn = provider_arn(wanted.account_id)
        calls["provider"] = lambda: api.has_provider(clients.get("iam"), arn)
        calls["roles"] = lambda: api.roles(clients.get("iam"))
    if atlas is not None:
        calls["atlas"] = partial(_atlas, atlas, wanted)
    return calls


def _take(found: Observed, wanted: Wanted, first: Read) -> None:
    """What a call answered for more than one member."""
    if first.get("network"):
        found.vpc, found.of_vpc = first["network"]
    if first.get("load_balancer"):
        found.balancer, found.listeners, found.acl = first["load_balancer"]
    groups = {group["TargetGroupName"]: group["TargetGroupArn"] for group in first.get("groups") or []}
    names = [f"{service.name}-{color}" for service in wanted.services if service.web for color in COLORS]
    found.groups = {name: groups[name] for name in names if name in groups}
    for name, value in first.items():
        kind, _space, key = name.partition(" ")
        if key and value is not None:
            getattr(found, kind)[key] = value


def _second(clients: Clients, wanted: Wanted, found: Observed) -> dict[str, Callable[[], Any]]:
    """What the first round has named."""
    schedules = [each for listed in found.schedules.values() for each in listed]
    arns = {str(service["taskDefinition"]) for service in found.ecs.values()}
    arns |= {str(each["Target"]["EcsParameters"]["TaskDefinitionArn"]) for each in schedules}
    calls: dict[str, Callable[[], Any]] = {}
    for arn in sorted(found.groups.values()):
        calls[f"health {arn}"] = partial(elb.describe_target_health, clients.elbv2, arn)
    for arn in sorted(arns):
        calls[f"definitions {arn}"] = partial(ecs.describe_task_definition, clients.ecs, arn)
    for service in wanted.services:
        if service.web and service.name in found.ecs:
            calls[f"tasks {service.name}"] = partial(_tasks, clients, wanted.cluster, service.name)
    ids = [str(each["InstanceId"]) for each in (found.gpu or {}).get("Instances", [])]
    if ids:
        calls["instances"] = lambda: api.instances(clients.get("ec2"), ids)
    if found.distribution:
        calls["invalidations"] = lambda: api.invalidations(clients.get("cloudfront"), found.distribution["Id"])
    return calls


def _network(clients: Clients, name: str) -> tuple[dict, dict[str, list]] | None:
    client = clients.get("ec2")
    vpc = api.vpc(client, name)
    if vpc is None:
        return None
    asked = {
        member: partial(api.of_vpc, client, operation, key, which, vpc["VpcId"])
        for member, (operation, key, which) in _OF_VPC.items()
    }
    return vpc, together(asked)


def _balancer(clients: Clients, name: str) -> tuple[dict, list, str] | None:
    balancer = elb.describe_load_balancer(clients.elbv2, name)
    if balancer is None:
        return None
    arn = balancer["LoadBalancerArn"]
    found = together(
        {
            "listeners": partial(elb.describe_listeners_with_rules, clients.elbv2, balancer),
            "acl": lambda: web_acl.acl_of(clients.get("wafv2"), arn),
        }
    )
    return balancer, found["listeners"], found["acl"]


def _services(clients: Clients, wanted: Wanted) -> dict[str, dict]:
    """Name -> ECS service, with its tags as the dict Tags."""
    names = [name for service in wanted.services for name in service.ecs_names]
    pages = [list(page) for page in batched(names, _SERVICES_PAGE)]
    asked = together(
        {number: partial(ecs.describe_services, clients.ecs, wanted.cluster, page) for number, page in enumerate(pages)}
    )
    found = {name: service for page in asked.values() for name, service in page.items()}
    return {
        name: {**service, "Tags": boto3_tag_list_to_ansible_dict(service.get("tags", []))}
        for name, service in found.items()
    }


def _targets(clients: Clients, wanted: Wanted) -> dict[str, dict]:
    names = [name for service in wanted.services for name in service.own]
    return autoscaling.describe_scalable_targets(
        clients.autoscaling, [autoscaling.resource_id(wanted.cluster, name) for name in names]
    )


def _warm(clients: Clients) -> dict[str, str]:
    """Resource id -> when its tasks go, ISO 8601 in UTC."""
    found = autoscaling.describe_scheduled_actions(clients.autoscaling, KEEP_WARM_ACTION)
    return {name: f"{each['Schedule'].removeprefix('at(').removesuffix(')')}Z" for name, each in found.items()}


def _schedules(clients: Clients, cluster: str, service: str) -> list[dict]:
    client, group = clients.get("scheduler"), group_name(cluster, service)
    names = scheduler.list_schedules(client, group)
    found = together({name: partial(scheduler.get_schedule, client, group, name) for name in names})
    return [each for each in found.values() if each]


def _tasks(clients: Clients, cluster: str, service: str) -> list[dict]:
    arns = ecs.list_service_tasks(clients.ecs, cluster, service)
    return ecs.describe_tasks(clients.ecs, cluster, arns)


def _records(clients: Clients, table: str, service: str) -> list[dict]:
    """The newest ones. Raises for one that this version cannot understand."""
    items = api.records(clients.get("dynamodb"), query_request(table, service))
    return [record_from(item) for item in items or []]


def _lock(clients: Clients, table: str, service: str) -> dict | None:
    """Who has the lease now, by DynamoDB's own time."""
    answer = api.item(clients.get("dynamodb"), table, key_of(service))
    held = held_from(answer.get("Item"))
    if held is None:
        return None
    clock = Clock()
    clock.read(answer)
    if held.expired(clock.now()):
        return None
    return {"holder": held.owner, "until": held.expires, "url": held.run_url or None}


def _distribution(clients: Clients, name: str) -> dict | None:
    """The item of the list with that comment, which says all that is shown."""
    items = cloudfront.items(clients.get("cloudfront"), "list_distributions")
    return next((each for each in items if each.get("Comment") == name and not each.get("Staging")), None)


def _current(clients: Clients, bucket: str) -> Any:
    text = api.s3_object(clients.get("s3"), bucket, CURRENT)
    return current_from(text) if text is not None else None


def _atlas(client: Any, wanted: Wanted) -> dict[str, Any]:
    """Peers and, if the inventory has one, the cluster."""
    cluster = atlas_api.get_cluster(client, wanted.atlas_cluster) if wanted.atlas_cluster else None
    return {"peers": atlas_api.list_peers(client), "cluster": cluster}


def services_of(wanted: Wanted) -> Sequence[str]:
    """boto3's names of the services that are asked, those first that are waited for longest."""
    asked = ["ec2", "elbv2", "ecs", "dynamodb", "application-autoscaling", "scheduler", "cloudwatch", "wafv2"]
    asked += ["cloudfront", "s3"] if wanted.site else []
    asked += ["autoscaling"] if wanted.gpu else []
    return [*asked, *(["iam"] if wanted.oidc else [])]
