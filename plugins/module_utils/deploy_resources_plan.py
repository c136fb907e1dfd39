# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The resources of a deployment from GitHub Actions, as IAM policies name them. Pure.

Resource types and condition keys are those of the Service Authorization Reference. What is granted on * is on * because
AWS knows nothing narrower for it, or because what it needs has an id that is known only once it exists.

A scope is a mapping of

- account_id, region, name (the environment's, which is also its cluster's and its load balancer's)
- table (of the release store, or empty), topic (ARN, or empty)
- services: entries of services.yml, those that may be deployed
- site: {} for none, else bucket, distribution_arn and kms_key_arn
- promotion: {} for none, else table, repositories and bucket of the environment before, as ARNs
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Scope = Mapping[str, Any]
Service = Mapping[str, Any]
Document = dict[str, Any]

COLORS = ("blue", "green")
#: The bucket's prefixes that a release writes and reads (module_utils/site/model_plan).
SITE_PREFIXES = ("site", "releases", "maps", "state")
#: What the site's lease and records are under in the release store.
SITE_RECORD = "site"
_ANY = ["*"]


def everything(scope: Scope) -> list[str]:  # noqa: ARG001
    """Actions that AWS restricts by no resource."""
    return _ANY


def _arn(scope: Scope, service: str, rest: str, *, region: bool = True) -> str:
    return f"arn:aws:{service}:{scope['region'] if region else ''}:{scope['account_id']}:{rest}"


def _web(service: Service) -> bool:
    return bool(service.get("kind", "web") == "web")


def _colors(service: Service) -> list[str]:
    return [f"{service['name']}-{color}" for color in COLORS] if _web(service) else []


def _beside(service: Service) -> list[str]:
    return [f"{service['name']}-{worker['name']}" for worker in service.get("workers") or ()]


def ecs_services(service: Service) -> list[str]:
    """Names of the ECS services of a service: itself, its colors and its workers.

    A deployment looks for all three of a web service, to know which engine it has.
    """
    return [*_colors(service), service["name"], *_beside(service)]


def families(service: Service) -> list[str]:
    """Families of its task definitions: of its colors or, of a worker, itself; its workers and its scheduled tasks."""
    scheduled = [f"{service['name']}-{task['name']}" for task in service.get("schedules") or ()]
    return [*(_colors(service) or [service["name"]]), *_beside(service), *scheduled]


def secret_arns(service: Service, kind: str) -> list[str]:
    """ARNs of the secrets (kind secretsmanager) or parameters (ssm) that it and its workers and schedules name."""
    parts = [service, *(service.get("workers") or ()), *(service.get("schedules") or ())]
    named = [arn for part in parts for arn in (part.get("secrets") or {}).values()]
    named += [provider["secret_arn"] for provider in service.get("llm_providers") or ()]
    return sorted({arn for arn in named if arn.split(":")[2:3] == [kind]})


def ecs_service_arns(scope: Scope) -> list[str]:
    names = [name for service in scope["services"] for name in ecs_services(service)]
    return [_arn(scope, "ecs", f"service/{scope['name']}/{name}") for name in names]


def definitions(scope: Scope) -> list[str]:
    names = [name for service in scope["services"] for name in families(service)]
    return [_arn(scope, "ecs", f"task-definition/{name}:*") for name in names]


def _once(scope: Scope) -> list[Service]:
    return [service for service in scope["services"] if service.get("one_off_task")]


def once_definitions(scope: Scope) -> list[str]:
    return [
        _arn(scope, "ecs", f"task-definition/{name}-{color}:*")
        for name in (service["name"] for service in _once(scope))
        for color in COLORS
    ]


def once_logs(scope: Scope) -> list[str]:
    groups = [f"/ecs/{scope['name']}/{service['name']}" for service in _once(scope)]
    return [_arn(scope, "logs", f"log-group:{group}:log-stream:*") for group in groups]


def _native(scope: Scope) -> list[str]:
    """Names of the services whose traffic ECS itself moves."""
    return [service["name"] for service in scope["services"] if service.get("engine") == "native"]


def native_services(scope: Scope) -> list[str]:
    return [_arn(scope, "ecs", f"service/{scope['name']}/{name}") for name in _native(scope)]


def native_deployments(scope: Scope) -> list[str]:
    return [_arn(scope, "ecs", f"service-deployment/{scope['name']}/{name}/*") for name in _native(scope)]


def native_revisions(scope: Scope) -> list[str]:
    return [_arn(scope, "ecs", f"service-revision/{scope['name']}/{name}/*") for name in _native(scope)]


def infrastructure_roles(scope: Scope) -> list[str]:
    return [_arn(scope, "iam", f"role/{scope['name']}-{name}-infrastructure", region=False) for name in _native(scope)]


def cluster(scope: Scope) -> list[str]:
    return [_arn(scope, "ecs", f"cluster/{scope['name']}")]


def tasks(scope: Scope) -> list[str]:
    return [_arn(scope, "ecs", f"task/{scope['name']}/*")]


def once_tasks(scope: Scope) -> list[str]:
    return tasks(scope) if _once(scope) else []


def in_cluster(scope: Scope) -> Document:
    return {"ArnEquals": {"ecs:cluster": cluster(scope)[0]}}


def created_by(*actions: str) -> Callable[[Scope], Document]:
    def condition(scope: Scope) -> Document:  # noqa: ARG001
        return {"StringEquals": {"ecs:CreateAction": list(actions)}}

    return condition


def rules(scope: Scope) -> list[str]:
    web = any(_web(service) for service in scope["services"])
    rule = _arn(scope, "elasticloadbalancing", f"listener-rule/app/{scope['name']}/*")
    return [rule] if web else []


def own_rules(scope: Scope) -> Document:
    names = [service["name"] for service in scope["services"] if _web(service)]
    return {"StringEquals": {"aws:ResourceTag/slipway:service": names}}


def target_groups(scope: Scope) -> list[str]:
    names = [f"{service['name']}-{color}" for service in scope["services"] if _web(service) for color in COLORS]
    return [_arn(scope, "elasticloadbalancing", f"targetgroup/{name}/*") for name in names]


def scalable(scope: Scope) -> list[str]:
    web = any(_web(service) for service in scope["services"])
    return [_arn(scope, "application-autoscaling", "scalable-target/*")] if web else []


def of_ecs(scope: Scope) -> Document:  # noqa: ARG001
    wanted = {"service-namespace": "ecs", "scalable-dimension": "ecs:service:DesiredCount"}
    return {"StringEquals": {f"application-autoscaling:{key}": value for key, value in wanted.items()}}


def alarms(scope: Scope) -> list[str]:
    return [_arn(scope, "cloudwatch", "alarm:*")]


def repositories(scope: Scope) -> list[str]:
    """The services' image repositories."""
    names = [service.get("repository") or service["name"] for service in scope["services"]]
    return [_arn(scope, "ecr", f"repository/{name}") for name in dict.fromkeys(names)]


def _roles(scope: Scope, *purposes: str, services: list[Service] | None = None) -> list[str]:
    return [
        _arn(scope, "iam", f"role/{scope['name']}-{service['name']}-{purpose}", region=False)
        for service in (scope["services"] if services is None else services)
        for purpose in purposes
    ]


def task_roles(scope: Scope) -> list[str]:
    return _roles(scope, "task", "execution")


def scheduler_roles(scope: Scope) -> list[str]:
    return _roles(scope, "scheduler", services=_scheduled(scope))


def passed_to(service: str) -> Callable[[Scope], Document]:
    def condition(scope: Scope) -> Document:  # noqa: ARG001
        return {"StringEquals": {"iam:PassedToService": service}}

    return condition


def secrets(scope: Scope) -> list[str]:
    """Without the JSON key and version that ECS lets follow; with and without the six characters that AWS adds."""
    found = [
        ":".join(arn.split(":")[:7]) for service in scope["services"] for arn in secret_arns(service, "secretsmanager")
    ]
    return [shape for arn in dict.fromkeys(found) for shape in (arn, f"{arn}-??????")]


def parameters(scope: Scope) -> list[str]:
    return _ANY if any(secret_arns(service, "ssm") for service in scope["services"]) else []


def _scheduled(scope: Scope) -> list[Service]:
    return [service for service in scope["services"] if service.get("schedules")]


def schedule_groups(scope: Scope) -> list[str]:
    names = [service["name"] for service in _scheduled(scope)]
    return [_arn(scope, "scheduler", f"schedule-group/{scope['name']}-{name}") for name in names]


def schedules(scope: Scope) -> list[str]:
    names = [service["name"] for service in _scheduled(scope)]
    return [_arn(scope, "scheduler", f"schedule/{scope['name']}-{name}/*") for name in names]


def table(scope: Scope) -> list[str]:
    return [_arn(scope, "dynamodb", f"table/{scope['table']}")] if scope["table"] else []


def _keys_of(names: list[str]) -> Document:
    # ForAllValues alone is true where the key is missing, as in a Scan; hence the Null.
    key = "dynamodb:LeadingKeys"
    return {"ForAllValues:StringEquals": {key: names}, "Null": {key: "false"}}


def own_items(scope: Scope) -> Document:
    return _keys_of([service["name"] for service in scope["services"]])


def site_items(scope: Scope) -> Document:  # noqa: ARG001
    return _keys_of([SITE_RECORD])


def all_items(scope: Scope) -> Document:
    """Of what the role may deploy, both."""
    names = [service["name"] for service in scope["services"]]
    return _keys_of(names + ([SITE_RECORD] if scope["site"] else []))


def topic(scope: Scope) -> list[str]:
    return [scope["topic"]] if scope["topic"] else []


def bucket(scope: Scope) -> list[str]:
    return [f"arn:aws:s3:::{scope['site']['bucket']}"]


def objects(scope: Scope) -> list[str]:
    return [f"arn:aws:s3:::{scope['site']['bucket']}/{prefix}/*" for prefix in SITE_PREFIXES]


def distribution(scope: Scope) -> list[str]:
    return [scope["site"]["distribution_arn"] or _arn(scope, "cloudfront", "distribution/*", region=False)]


def cache_policies(scope: Scope) -> list[str]:
    return [_arn(scope, "cloudfront", "cache-policy/*", region=False)]


def site_key(scope: Scope) -> list[str]:
    return [scope["site"]["kms_key_arn"]] if scope["site"].get("kms_key_arn") else []


def before(key: str, *shapes: str) -> Callable[[Scope], list[str]]:
    """Resources of the environment that releases are promoted from."""

    def resources(scope: Scope) -> list[str]:
        value = scope["promotion"].get(key) or []
        arns = [value] if isinstance(value, str) else list(value)
        return [f"{arn}{shape}" for arn in arns for shape in shapes or ("",)]

    return resources
