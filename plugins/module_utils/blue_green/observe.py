# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reads what the planners need, and nothing else, from AWS into one Snapshot."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import boto3_tag_list_to_ansible_dict

from .. import autoscaling, ecr, ecs, elb
from ..listener_rule_plan import TAG_RULE, TAG_SERVICE
from .alarms import read_alarms
from .health_check_plan import observed
from .health_plan import counted
from .image_plan import ImageReference, place_problem
from .plan_model import COLORS, KEEP_WARM_ACTION, TAG_RELEASE, ColorState, Definition, Rule, Scaling, Service, Snapshot
from .task_definition_plan import normalized

_SETTINGS = (
    "networkConfiguration",
    "loadBalancers",
    "healthCheckGracePeriodSeconds",
    "deploymentConfiguration",
    "enableECSManagedTags",
    "enableExecuteCommand",
    "propagateTags",
    "platformVersion",
    "availabilityZoneRebalancing",
)

# Reads at the same time.
READERS = 6


class Clients:
    """boto3 clients, each made at its first use: to load a service's model takes tens of milliseconds.

    make: boto3 service name -> client. Making one is not for several threads at once, using it is (boto3 guide,
    "Multithreading or multiprocessing with clients").
    """

    def __init__(self, make: Callable[[str], Any]) -> None:
        self._make = make
        self._made: dict[str, Any] = {}
        self._making = Lock()

    def get(self, service: str) -> Any:
        with self._making:
            if service not in self._made:
                self._made[service] = self._make(service)
            return self._made[service]

    @property
    def ecs(self) -> Any:
        return self.get("ecs")

    @property
    def elbv2(self) -> Any:
        return self.get("elbv2")

    @property
    def autoscaling(self) -> Any:
        return self.get("application-autoscaling")

    @property
    def ecr(self) -> Any:
        return self.get("ecr")


@dataclass(frozen=True, slots=True)
class Scope:
    """What to look at. image: the reference to resolve, if any. alarms, workers, schedules: names of those to read.

    worker: the service has no load balancer and is a worker itself.
    """

    service: str
    cluster: str
    load_balancer: str
    image: ImageReference | None = None
    alarms: tuple[str, ...] = ()
    workers: tuple[str, ...] = ()
    schedules: tuple[str, ...] = ()
    worker: bool = False

    def name_of(self, color: str) -> str:
        return f"{self.service}-{color}"


def observe(clients: Clients, scope: Scope, *, with_rules: bool = True) -> Snapshot:
    """The service as it is now. What does not exist is listed in missing; a read that fails raises.

    Reads that do not depend on each other are made at the same time; boto3's clients may be shared by threads.
    """
    with ThreadPoolExecutor(READERS) as pool:
        found = pool.submit(_services, clients, scope)
        targets = pool.submit(_scalable_targets, clients, scope)
        warm = pool.submit(autoscaling.describe_scheduled_actions, clients.autoscaling, KEEP_WARM_ACTION)
        asked = pool.submit(_rules, clients, scope)
        alarms = pool.submit(read_alarms, clients, scope.alarms)
        groups = {color: pool.submit(_group, clients, scope.name_of(color)) for color in COLORS}
        latest = {color: pool.submit(definition_of, clients, scope.name_of(color)) for color in COLORS}
        services = found.result()
        running = services or {}
        revisions = {
            color: pool.submit(_revisions, clients, scope, color, running.get(scope.name_of(color))) for color in COLORS
        }
        digest = pool.submit(digest_of_image, clients, scope.image, running)
        colors = {}
        for color in COLORS:
            resource = autoscaling.resource_id(scope.cluster, scope.name_of(color))
            colors[color] = replace(
                groups[color].result(),
                color=color,
                latest=latest[color].result(),
                scaling=_scaling(targets.result().get(resource)),
                warm_until=_warm_until(warm.result().get(resource)),
                **revisions[color].result(),
            )
        rules, ahead = asked.result()
        image_digest = digest.result()
    missing = [] if services is not None else [f"cluster {scope.cluster}"]
    missing += [f"target group {scope.name_of(color)}" for color in COLORS if colors[color].target_group is None]
    if with_rules:
        missing += [f"service {scope.name_of(color)}" for color in COLORS if colors[color].service is None]
        missing += [] if rules["production"] else [f"the production rule of {scope.service}"]
    return Snapshot(
        service=scope.service,
        cluster=scope.cluster,
        colors=colors,
        production=next(iter(rules["production"]), None),
        preview=next(iter(rules["preview"]), None),
        surplus={name: tuple(found[1:]) for name, found in rules.items() if found[1:]},
        ahead=ahead,
        image_digest=image_digest,
        alarms=alarms.result(),
        missing=tuple(missing),
    )


def _services(clients: Clients, scope: Scope) -> dict[str, dict] | None:
    """None: there is no cluster."""
    if ecs.describe_cluster(clients.ecs, scope.cluster) is None:
        return None
    return ecs.describe_services(clients.ecs, scope.cluster, [scope.name_of(color) for color in COLORS])


def _scalable_targets(clients: Clients, scope: Scope) -> dict[str, dict]:
    ids = [autoscaling.resource_id(scope.cluster, scope.name_of(color)) for color in COLORS]
    return autoscaling.describe_scalable_targets(clients.autoscaling, ids)


def _warm_until(action: dict | None) -> str:
    """The time as the schedule writes it, at(2026-11-24T10:00:00)."""
    return action["Schedule"].removeprefix("at(").removesuffix(")") if action else ""


def digest_of_image(clients: Clients, image: ImageReference | None, services: dict[str, dict]) -> str | None:
    """Only a repository of the services' own account and region is asked; the planner refuses any other."""
    arn = next((service["serviceArn"] for service in services.values()), None)
    if image is None or arn is None or place_problem(image, arn):
        return None
    found = ecr.describe_image(clients.ecr, image.account, image.repository, image.image_id)
    return found["imageDigest"] if found else None


def _rules(clients: Clients, scope: Scope) -> tuple[dict[str, list[Rule]], dict[str, tuple[Rule, ...]]]:
    """production and preview -> the service's rules on whichever listeners of the load balancer carry them.

    And production and preview -> the rules that the first one's listener asks before it.
    """
    found: dict[str, list[Rule]] = {"production": [], "preview": []}
    ahead: dict[str, tuple[Rule, ...]] = {}
    for listener, described in elb.describe_listeners_with_rules(clients.elbv2, scope.load_balancer):
        rules = [(_rule(rule, listener["ListenerArn"]), rule["Tags"]) for rule in described]
        for rule, tags in rules:
            name = tags.get(TAG_RULE)
            if name in found and tags.get(TAG_SERVICE) == scope.service:
                found[name].append(rule)
                ahead.setdefault(name, _ahead(rule, [each for each, _tags in rules]))
    return found, ahead


def _rule(described: dict, listener: str) -> Rule:
    priority = None if described["IsDefault"] else int(described["Priority"])
    return Rule(described["RuleArn"], described["Actions"], described["Conditions"], priority, listener)


def _ahead(rule: Rule, rules: list[Rule]) -> tuple[Rule, ...]:
    """The lowest number is asked first, the default rule last."""
    numbered = [each for each in rules if each.priority is not None and rule.priority is not None]
    return tuple(sorted((each for each in numbered if each.priority < rule.priority), key=lambda each: each.priority))


def _group(clients: Clients, name: str) -> ColorState:
    """What the color's target group tells of it."""
    group = elb.describe_target_group(clients.elbv2, name)
    if group is None:
        return ColorState("")
    arn = group["TargetGroupArn"]
    states = counted(elb.describe_target_health(clients.elbv2, arn))
    attributes = elb.describe_target_group_attributes(clients.elbv2, arn)
    return ColorState(
        "",
        target_group=arn,
        healthy=states.get("healthy", 0),
        deregistration_delay=int(attributes.get("deregistration_delay.timeout_seconds", 0)),
        health_check=observed(group),
    )


def _revisions(clients: Clients, scope: Scope, color: str, described: dict | None) -> dict[str, Any]:
    """What the color's service tells of it, as members of ColorState."""
    if described is None:
        return {}
    service = service_from(described)
    definition = definition_of(clients, service.definition)
    return {
        "service": service,
        "definition": definition,
        "released": _released(clients, service, definition),
        "stopped": frozenset(ecs.list_stopped_tasks(clients.ecs, scope.cluster, scope.name_of(color))),
    }


def _released(clients: Clients, service: Service | None, definition: Definition | None) -> Definition | None:
    """The release the tag names; an INACTIVE revision cannot run again, so it counts as none."""
    if service is None or not service.release or ":" not in service.release:
        return None
    if definition and definition.arn == service.release:
        return definition
    return definition_of(clients, service.release)


def definition_of(clients: Clients, name: str) -> Definition | None:
    """By ARN, family:revision or family. One that is not ACTIVE cannot run again, so it counts as none."""
    found = ecs.describe_task_definition(clients.ecs, name)
    if found is None or found["status"] != "ACTIVE":
        return None
    return Definition(found["taskDefinitionArn"], normalized(found))


def _scaling(found: dict | None) -> Scaling | None:
    if found is None:
        return None
    suspended = found.get("SuspendedState", {})
    return Scaling(
        minimum=found["MinCapacity"],
        maximum=found["MaxCapacity"],
        scale_in_suspended=suspended.get("DynamicScalingInSuspended", False),
        scale_out_suspended=suspended.get("DynamicScalingOutSuspended", False),
        schedule_suspended=suspended.get("ScheduledScalingSuspended", False),
    )


def service_from(described: dict) -> Service:
    deployments = described.get("deployments", [])
    primary = next((item for item in deployments if item["status"] == "PRIMARY"), {})
    beside = [item for item in deployments if item["status"] != "PRIMARY" and item.get("runningCount", 0)]
    tags = boto3_tag_list_to_ansible_dict(described.get("tags", []))
    return Service(
        arn=described["serviceArn"],
        desired=described["desiredCount"],
        running=described["runningCount"],
        pending=described["pendingCount"],
        definition=described["taskDefinition"],
        steady=not beside,
        gave_up=primary.get("rolloutState") == "FAILED",
        release=tags.get(TAG_RELEASE),
        settings={key: described[key] for key in _SETTINGS if key in described},
        tags=tags,
    )
