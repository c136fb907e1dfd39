# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reads a service of engine native: one ECS service, its deployments and revisions, and both target groups."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from typing import Any

from .. import autoscaling, ecs, ecs_deployments, elb
from .alarms import read_alarms
from .native_model_plan import IN_FLIGHT, Revision, Rollout
from .native_view_plan import colors_of, revision_of, rollout_of
from .observe import (
    READERS,
    Clients,
    Scope,
    definition_of,
    delay_of,
    group_of,
    image_in_registry,
    rules_of,
    scaling_from,
    service_from,
)
from .plan_model import COLORS, Definition, Native, Service, Snapshot


def observe_native(clients: Clients, scope: Scope, *, with_rules: bool = True) -> Snapshot:
    """As observe: what does not exist is listed in missing; a read that fails raises."""
    groups = {color: scope.family_of(color) for color in COLORS}
    with ThreadPoolExecutor(READERS) as pool:
        asked = pool.submit(rules_of, clients, scope)
        found = pool.submit(ecs.describe_services, clients.ecs, scope.cluster, [scope.service, *groups.values()])
        listed = pool.submit(ecs_deployments.list_service_deployments, clients.ecs, scope.cluster, scope.service)
        described = pool.submit(elb.describe_target_groups, clients.elbv2, list(groups.values()))
        resource = autoscaling.resource_id(scope.cluster, scope.service)
        bounds = pool.submit(autoscaling.describe_scalable_targets, clients.autoscaling, [resource])
        alarms = pool.submit(read_alarms, clients, scope.alarms)
        latest = {color: pool.submit(definition_of, clients, name) for color, name in groups.items()}
        stopped = pool.submit(_stopped, clients, scope, found)
        image = pool.submit(image_in_registry, clients, scope.image, found.result())
        states = {color: pool.submit(group_of, clients, described.result().get(name)) for color, name in groups.items()}
        delays = {color: pool.submit(delay_of, clients, described.result().get(name)) for color, name in groups.items()}
        services = found.result()
        rules, ahead, balancer = asked.result()
        digest, manifest = image.result() or (None, None)
        own = services.get(scope.service)
        rollout, last, revisions = _deployments(clients, own, listed.result())
        colors = {
            color: replace(
                states[color].result(),
                latest=latest[color].result(),
                deregistration_delay=delays[color].result(),
                stopped=stopped.result(),
            )
            for color in COLORS
        }
    service = service_from(own) if own else None
    seen = colors_of(colors, service, revisions, _finder(clients), scaling_from(bounds.result().get(resource)), rollout)
    return Snapshot(
        service=scope.service,
        cluster=scope.cluster,
        colors=seen,
        production=next(iter(rules["production"]), None),
        preview=next(iter(rules["preview"]), None),
        surplus={name: tuple(each[1:]) for name, each in rules.items() if each[1:]},
        ahead=ahead,
        image_digest=digest,
        alarms=alarms.result(),
        missing=_missing(clients, scope, service, seen, rules, with_rules=with_rules),
        balancer=balancer,
        manifest=manifest,
        native=Native(
            exists=service is not None,
            rollout=rollout,
            last=last,
            known=frozenset(item["serviceDeploymentArn"] for item in listed.result()),
            desired=service.desired if service else 0,
            balancing=tuple(own.get("loadBalancers", ())) if own else (),
            settings=service.settings if service else {},
            tags=service.tags if service else {},
            foreign={color: service_from(services[name]) for color, name in groups.items() if name in services},
        ),
    )


def _stopped(clients: Clients, scope: Scope, found: Any) -> frozenset[str]:
    if scope.service not in found.result():
        return frozenset()
    return frozenset(ecs.list_stopped_tasks(clients.ecs, scope.cluster, scope.service))


def _deployments(
    clients: Clients, service: dict | None, listed: list[dict]
) -> tuple[Rollout | None, Rollout | None, dict[str, Revision]]:
    """The deployment in flight, the one that ended last, and what runs: ARN of a target group -> revision."""
    if service is None:
        return None, None, {}
    flying = next((item for item in listed if item["status"] in IN_FLIGHT), None)
    ended = next((item for item in listed if item["status"] not in IN_FLIGHT), None)
    arns = [item["serviceDeploymentArn"] for item in (flying, ended) if item]
    deployments = ecs_deployments.describe_service_deployments(clients.ecs, arns)
    current = {item["arn"]: item for item in service.get("currentServiceRevisions", [])}
    summaries = dict(current)
    for item in deployments[: 1 if flying else 0]:
        for summary in (item.get("targetServiceRevision"), *item.get("sourceServiceRevisions", [])):
            if summary:
                summaries[summary["arn"]] = {**summaries.get(summary["arn"], {}), **summary}
    wanted = list(dict.fromkeys([*summaries, *_targets(deployments)]))
    details = ecs_deployments.describe_service_revisions(clients.ecs, wanted)
    rollouts = [rollout_of(item, details) for item in deployments]
    running = [revision_of(details.get(arn, {}), summary) for arn, summary in summaries.items()]
    return (
        rollouts[0] if flying and rollouts else None,
        rollouts[-1] if ended and rollouts else None,
        # Where two revisions have been in the same group, the one with tasks is there now.
        {each.group: each for each in sorted(running, key=lambda each: each.requested + each.running) if each.group},
    )


def _targets(deployments: list[dict]) -> list[str]:
    return [item["targetServiceRevision"]["arn"] for item in deployments if item.get("targetServiceRevision")]


def _finder(clients: Clients) -> Any:
    @cache
    def find(arn: str) -> Definition | None:
        return definition_of(clients, arn)

    return find


def _missing(
    clients: Clients, scope: Scope, service: Service | None, colors: Any, rules: Any, *, with_rules: bool
) -> tuple[str, ...]:
    """The service itself is not listed: to know what it means that it is not there is the planner's."""
    lacking = []
    if service is None and ecs.describe_cluster(clients.ecs, scope.cluster) is None:
        lacking.append(f"cluster {scope.cluster}")
    lacking += [f"target group {scope.family_of(color)}" for color in COLORS if colors[color].target_group is None]
    if with_rules:
        lacking += [f"the {name} rule of {scope.service}" for name in ("production", "preview") if not rules[name]]
    return tuple(lacking)
