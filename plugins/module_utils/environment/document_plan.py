# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The snapshot as one JSON document, from everything that was read. Pure.

docs/status.md describes it. Keys are added and never renamed without a new schema: status, diagram, doctor and destroy
read it, and so may anybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from . import edge_plan, network_plan, services_plan
from .model_plan import COLORS, SITE, Wanted, WantedService
from .observed_plan import Observed

SCHEMA = 1
Document = dict[str, Any]


def iso(seconds: float) -> str:
    """Unix seconds as ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _head(wanted: Wanted, region: str, read_at: float) -> Document:
    return {
        "schema": SCHEMA,
        "name": wanted.name,
        "account_id": wanted.account_id,
        "region": region,
        "read_at": iso(read_at),
    }


def document(wanted: Wanted, region: str, read_at: float, found: Observed) -> Document:
    """read_at: Unix seconds."""
    alarms = [edge_plan.alarm(each) for each in found.alarms]
    peering = network_plan.peering(found.of_vpc.get("connections", []), wanted.atlas_project)
    locks = {name: _lock(held) for name, held in found.locks.items()}
    site = edge_plan.site(wanted, found.distribution, found.current, found.invalidations, found.records.get(SITE, []))
    return {
        **_head(wanted, region, read_at),
        "network": network_plan.network(found.vpc, found.of_vpc, peering) if found.vpc else None,
        "load_balancer": _balancer(found),
        "services": _services(wanted, found, locks, alarms),
        "site": {**site, **edge_plan.site_extras(found.records, locks.get(SITE))} if site else None,
        "gpu": edge_plan.gpu(wanted, found.gpu, found.instances),
        "atlas": _atlas(wanted, found),
        "ci": edge_plan.ci(wanted, found.provider, found.roles),
        "alarms": alarms,
        "break_glass": edge_plan.break_glass(found.records),
        "problems": list(found.problems),
    }


def unreadable(wanted: Wanted, region: str, read_at: float, message: str) -> Document:
    """The document of an environment of which nothing could be read."""
    empty: Document = dict.fromkeys(("network", "load_balancer", "site", "gpu", "atlas"))
    return {
        **_head(wanted, region, read_at),
        **empty,
        "services": [],
        "ci": edge_plan.ci(wanted, False, ()),
        "alarms": [],
        "break_glass": [],
        "problems": [{"part": "environment", "message": message}],
    }


def _balancer(found: Observed) -> Document | None:
    if found.balancer is None:
        return None
    return network_plan.load_balancer(found.balancer, found.listeners, found.acl)


def _lock(held: Mapping[str, Any] | None) -> Document | None:
    return {**held, "until": iso(held["until"])} if held else None


def _services(
    wanted: Wanted, found: Observed, locks: Mapping[str, Document | None], alarms: list[Document]
) -> list[Document]:
    by_service = edge_plan.alarms_by_service(wanted.cluster, [each.name for each in wanted.services], alarms)
    rules = [rule for _listener, described in found.listeners for rule in described]
    return [
        services_plan.service(
            service,
            services_plan.Found(
                cluster=wanted.cluster,
                ecs=found.ecs,
                definitions=found.definitions,
                groups=_groups(service, found.groups),
                health=found.health,
                rules=_rules(service, rules),
                tasks=found.tasks.get(service.name, []),
                targets=found.targets,
                warm=found.warm,
                schedules=found.schedules.get(service.name, []),
                records=found.records.get(service.name, []),
                lock=locks.get(service.name),
                alarms=by_service[service.name],
            ),
        )
        for service in wanted.services
    ]


def _groups(service: WantedService, groups: Mapping[str, str]) -> dict[str, str]:
    names = {color: f"{service.name}-{color}" for color in COLORS}
    return {color: groups[name] for color, name in names.items() if name in groups}


def _rules(service: WantedService, rules: list[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """production and preview -> the service's own rules, known by their tags."""
    own = [rule for rule in rules if rule["Tags"].get("slipway:service") == service.name]
    return {
        name: [rule for rule in own if rule["Tags"].get("slipway:rule") == name] for name in ("production", "preview")
    }


def _atlas(wanted: Wanted, found: Observed) -> Document | None:
    """peering_state: of the peering with the VPC, as Atlas has it; None for none."""
    if found.atlas is None:
        return None
    vpc = (found.vpc or {}).get("VpcId")
    states = [peer.status for peer in found.atlas["peers"] if peer.vpc_id == vpc]
    cluster = found.atlas["cluster"]
    return {
        "project_id": wanted.atlas_project,
        "peering_state": states[0] if states else None,
        "cluster": cluster,
    }
