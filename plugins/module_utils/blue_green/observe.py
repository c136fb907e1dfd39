# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reads what the planners need, and nothing else, from AWS into one Snapshot."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Lock, Thread
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
READERS = 8


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
        if service not in self._made:
            with self._making:
                if service not in self._made:
                    self._made[service] = self._make(service)
        return self._made[service]

    def prepare(self, services: Iterable[str]) -> None:
        """Makes clients meanwhile, in this order, for the lookups that need them later and at once.

        What is wrong with region and credentials the first client tells, so that one is not made here.
        """
        if self._made:
            Thread(target=lambda: [self.get(service) for service in services], daemon=True).start()

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

    worker: the service has no load balancer and is a worker itself. image_accounts: others whose images are welcome.
    native: Amazon ECS moves the traffic, of one ECS service.
    """

    service: str
    cluster: str
    load_balancer: str
    image: ImageReference | None = None
    alarms: tuple[str, ...] = ()
    workers: tuple[str, ...] = ()
    schedules: tuple[str, ...] = ()
    worker: bool = False
    image_accounts: tuple[str, ...] = ()
    native: bool = False

    def name_of(self, color: str) -> str:
        """Name of the ECS service that has a color's tasks."""
        return self.service if self.native else self.family_of(color)

    def family_of(self, color: str) -> str:
        """Name of a color's target group and of its task definitions."""
        return f"{self.service}-{color}"


def observe(clients: Clients, scope: Scope, *, with_rules: bool = True) -> Snapshot:
    """The service as it is now. What does not exist is listed in missing; a read that fails raises.

    Reads that do not depend on each other are made at the same time; boto3's clients may be shared by threads. What
    other reads wait for is asked first.
    """
    names = {color: scope.name_of(color) for color in COLORS}
    with ThreadPoolExecutor(READERS) as pool:
        found = pool.submit(_services, clients, scope)
        asked = pool.submit(rules_of, clients, scope)
        described = pool.submit(elb.describe_target_groups, clients.elbv2, list(names.values()))
        latest = {color: pool.submit(definition_of, clients, name) for color, name in names.items()}
        targets = pool.submit(_scalable_targets, clients, scope)
        warm = pool.submit(autoscaling.describe_scheduled_actions, clients.autoscaling, KEEP_WARM_ACTION)
        alarms = pool.submit(read_alarms, clients, scope.alarms)
        services = found.result()
        running = {name: each for name, each in (services or {}).items() if name != scope.service}
        image = pool.submit(image_in_registry, clients, scope.image, running)
        stopped = {name: pool.submit(ecs.list_stopped_tasks, clients.ecs, scope.cluster, name) for name in running}
        groups = {color: pool.submit(group_of, clients, described.result().get(name)) for color, name in names.items()}
        delays = {color: pool.submit(delay_of, clients, described.result().get(name)) for color, name in names.items()}
        known = {each.arn: each for each in (future.result() for future in latest.values()) if each}
        revisions = {color: pool.submit(_revisions, clients, running.get(name), known) for color, name in names.items()}
        colors = {}
        for color, name in names.items():
            resource = autoscaling.resource_id(scope.cluster, name)
            colors[color] = replace(
                groups[color].result(),
                color=color,
                latest=latest[color].result(),
                scaling=scaling_from(targets.result().get(resource)),
                deregistration_delay=delays[color].result(),
                stopped=frozenset(stopped[name].result() if name in stopped else ()),
                warm_until=_warm_until(warm.result().get(resource)),
                **revisions[color].result(),
            )
        rules, ahead, balancer = asked.result()
        digest, manifest = image.result() or (None, None)
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
        image_digest=digest,
        alarms=alarms.result(),
        missing=tuple(missing),
        balancer=balancer,
        manifest=manifest,
        standing=(services or {}).get(scope.service, {}).get("desiredCount", 0),
    )


def _services(clients: Clients, scope: Scope) -> dict[str, dict] | None:
    """None: there is no cluster. One that has services need not be asked for. With the one of engine native, if any."""
    names = [scope.service, *(scope.name_of(color) for color in COLORS)]
    found = ecs.describe_services(clients.ecs, scope.cluster, names)
    if not found and ecs.describe_cluster(clients.ecs, scope.cluster) is None:
        return None
    return found


def _scalable_targets(clients: Clients, scope: Scope) -> dict[str, dict]:
    ids = [autoscaling.resource_id(scope.cluster, scope.name_of(color)) for color in COLORS]
    return autoscaling.describe_scalable_targets(clients.autoscaling, ids)


def _warm_until(action: dict | None) -> str:
    """The time as the schedule writes it, at(2026-11-24T10:00:00)."""
    return action["Schedule"].removeprefix("at(").removesuffix(")") if action else ""


def image_in_registry(
    clients: Clients, image: ImageReference | None, services: dict[str, dict]
) -> tuple[str, str] | None:
    """Digest and manifest, from one answer, so that no tag can move between the two.

    Only a repository of the services' own account and region is asked; the planner refuses any other.
    """
    arn = next((service["serviceArn"] for service in services.values()), None)
    if image is None or arn is None or place_problem(image, arn):
        return None
    return ecr.get_image(clients.ecr, image.account, image.repository, image.image_id)


def rules_of(
    clients: Clients, scope: Scope
) -> tuple[dict[str, list[Rule]], dict[str, tuple[Rule, ...]], dict[str, Any] | None]:
    """production and preview -> the service's rules on whichever listeners of the load balancer carry them.

    Then production and preview -> the rules that the first one's listener asks before it; then the load balancer.
    """
    found: dict[str, list[Rule]] = {"production": [], "preview": []}
    ahead: dict[str, tuple[Rule, ...]] = {}
    balancer = elb.describe_load_balancer(clients.elbv2, scope.load_balancer)
    for listener, described in elb.describe_listeners_with_rules(clients.elbv2, balancer):
        rules = [(_rule(rule, listener["ListenerArn"]), rule["Tags"]) for rule in described]
        for rule, tags in rules:
            name = tags.get(TAG_RULE)
            if name in found and tags.get(TAG_SERVICE) == scope.service:
                found[name].append(rule)
                ahead.setdefault(name, _ahead(rule, [each for each, _tags in rules]))
    return found, ahead, balancer


def _rule(described: dict, listener: str) -> Rule:
    priority = None if described["IsDefault"] else int(described["Priority"])
    return Rule(described["RuleArn"], described["Actions"], described["Conditions"], priority, listener)


def _ahead(rule: Rule, rules: list[Rule]) -> tuple[Rule, ...]:
    """The lowest number is asked first, the default rule last."""
    numbered = [each for each in rules if each.priority is not None and rule.priority is not None]
    return tuple(sorted((each for each in numbered if each.priority < rule.priority), key=lambda each: each.priority))


def group_of(clients: Clients, described: dict | None) -> ColorState:
    """What the color's target group tells of it."""
    if described is None:
        return ColorState("")
    states = counted(elb.describe_target_health(clients.elbv2, described["TargetGroupArn"]))
    return ColorState(
        "",
        target_group=described["TargetGroupArn"],
        healthy=states.get("healthy", 0),
        health_check=observed(described),
        described=described,
    )


def delay_of(clients: Clients, described: dict | None) -> int:
    """Seconds of a target group's deregistration delay."""
    if described is None:
        return 0
    attributes = elb.describe_target_group_attributes(clients.elbv2, described["TargetGroupArn"])
    return int(attributes.get("deregistration_delay.timeout_seconds", 0))


def _revisions(clients: Clients, described: dict | None, known: dict[str, Definition]) -> dict[str, Any]:
    """What the color's service tells of it, as members of ColorState. known: ARN -> what has been read already."""
    if described is None:
        return {}
    service = service_from(described)
    names = {"definition": service.definition, "released": service.release}
    found = dict(known)
    for name in names.values():
        # The tag of a release that was withdrawn names no revision.
        if name and ":" in name and name not in found:
            found[name] = definition_of(clients, name)
    return {"service": service, **{member: found.get(name) for member, name in names.items()}}


def definition_of(clients: Clients, name: str) -> Definition | None:
    """By ARN, family:revision or family. One that is not ACTIVE cannot run again, so it counts as none."""
    found = ecs.describe_task_definition(clients.ecs, name)
    if found is None or found["status"] != "ACTIVE":
        return None
    return Definition(found["taskDefinitionArn"], normalized(found))


def scaling_from(found: dict | None) -> Scaling | None:
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
