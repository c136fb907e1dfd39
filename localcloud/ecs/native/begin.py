# SPDX-License-Identifier: GPL-3.0-or-later
"""Begin a deployment by stages. Call under the lock on moto."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends

from localcloud.ecs.model import Deployment, Service
from localcloud.ecs.native import rules
from localcloud.ecs.native.course import Course
from localcloud.ecs.native.phases import forward


def resolve(service: Service, source: Deployment | None) -> list[dict[str, Any]]:
    """The load balancer entries with the target group that a new revision of the service registers in.

    By stages: the pair's other group than the source's; at the first deployment the *alternate* one (seen twice in the
    field, reference page "blue-green" 3.3). Rolling, and with a pair: the source's own.
    """
    strategy = service.configuration["strategy"]
    return [_resolve(entry, strategy, source) for entry in service.load_balancers]


def _resolve(entry: dict[str, Any], strategy: str, source: Deployment | None) -> dict[str, Any]:
    own = {name: value for name, value in entry.items() if name != "advancedConfiguration"}
    alternate = entry.get("advancedConfiguration", {}).get("alternateTargetGroupArn")
    used = {item["targetGroupArn"] for item in source.resolved} if source else set()
    if alternate and (alternate in used) == (strategy == "ROLLING"):
        own["targetGroupArn"] = alternate
    return own


def source_of(service: Service) -> Deployment | None:
    """The revision that a new deployment starts from: the one that production traffic goes to; if there is none there,
    the last that was completed.

    ECS keeps to its own books when a rule was changed meanwhile (reference page "blue-green" 3.3, out-of-band change);
    which revision it keeps of several is not documented.
    """
    served = _served(service)
    alive = [d for d in service.deployments if d is service.completed or any(service.alive(d))]
    there = [d for d in alive if served & {entry["targetGroupArn"] for entry in d.resolved}]
    if service.completed in there or not there:
        return service.completed if service.completed in alive else None
    return there[0]


def _served(service: Service) -> set[str]:
    arns = (entry.get("advancedConfiguration", {}).get("productionListenerRule") for entry in service.load_balancers)
    return {group for arn in arns if arn for group in rules.serving(service, arn)}


def course(service: Service, source: Deployment | None, others: bool) -> Course:
    """The course of a new deployment. others: revisions besides the source's are active.

    An alarm that is in ALARM at the beginning has the whole alarm configuration ignored (the page "alarms").
    """
    configuration = deepcopy(service.configuration)
    alarms = configuration.get("alarms") or {}
    names = tuple(alarms.get("alarmNames", ())) if alarms.get("enable") else ()
    if ringing(service, names):
        names = ()
    return Course(
        configuration=configuration,
        source=source,
        phases=forward(configuration, several=others),
        watched=names,
        idle=source is not None and not any(service.alive(source)),
    )


def ringing(service: Service, names: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the alarms that are in ALARM."""
    alarms = cloudwatch_backends[service.account_id][service.region].alarms
    return tuple(name for name in names if name in alarms and alarms[name].state_value == "ALARM")
