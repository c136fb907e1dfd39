# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which services of an environment a playbook works on, decided from its list of services alone."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# A target group's name has at most 32 letters, digits and hyphens, and neither begins nor ends with a hyphen
# (Elastic Load Balancing API, CreateTargetGroup). NAME-green has to fit.
NAME = re.compile(r"[a-z](?:[a-z0-9-]{0,24}[a-z0-9])?")


class ServicesError(ValueError):
    """The list of services, or the choice from it, is wrong; the message is one line."""


@dataclass(frozen=True)
class ServiceHost:
    """One inventory host to add: its name and its variables, `ecs_service_<key>` for each key of the service."""

    name: str
    variables: Mapping[str, Any] = field(default_factory=dict)


def select(
    services: Sequence[Mapping[str, Any]],
    *,
    inputs: Collection[str],
    taken: Collection[str] = (),
    only: str = "",
    single: bool = False,
) -> tuple[ServiceHost, ...]:
    """The hosts of the chosen services; the whole list is checked even if one service is chosen.

    services: dicts whose keys are inputs of the role without its prefix; name and kind (default web) are read here.
    inputs: the keys that the role knows. taken: names of inventory hosts that exist already.
    only: the one service to choose, "" for all.
    single: choose exactly one; without `only` that is the only web service.
    Raises ServicesError.
    """
    for number, service in enumerate(services, start=1):
        _check(service, f"services[{number}]", inputs, taken)
    _check_unique(services, "name")
    _check_unique(services, "priority")
    _check_workers(services)
    return tuple(
        ServiceHost(service["name"], {f"ecs_service_{key}": value for key, value in service.items()})
        for service in _choose(services, only, single)
    )


def _check(service: Mapping[str, Any], place: str, inputs: Collection[str], taken: Collection[str]) -> None:
    name = service.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ServicesError(
            f"{place}: name must be 1 to 26 lower-case letters, digits and hyphens that begin with a letter and do"
            f" not end with a hyphen (NAME-green must fit a target group's 32), got {name!r}"
        )
    if name in taken:
        raise ServicesError(f"{place}: the inventory has a host named {name} already; name the service otherwise")
    unknown = sorted(str(key) for key in service if key not in inputs)
    if unknown:
        raise ServicesError(f"{place} ({name}): unknown key {', '.join(unknown)}; see the inputs of role ecs_service")


def _check_unique(services: Sequence[Mapping[str, Any]], key: str) -> None:
    seen: dict[str, str] = {}
    for service in services:
        if key not in service:
            continue
        value = str(service[key])
        if value in seen:
            raise ServicesError(f"services {seen[value]} and {service['name']} have the same {key}: {value}")
        seen[value] = service["name"]


def _check_workers(services: Sequence[Mapping[str, Any]]) -> None:
    """A worker or a schedule SERVICE-NAME must not be what another service is called: one ECS name, one family."""
    names = {service["name"]: service["name"] for service in services}
    for service in services:
        for entry in (*(service.get("workers") or ()), *(service.get("schedules") or ())):
            name = f"{service['name']}-{entry.get('name')}"
            if name in names:
                raise ServicesError(f"services {names[name]} and {service['name']} both make something named {name}")
            names[name] = service["name"]


def _choose(services: Sequence[Mapping[str, Any]], only: str, single: bool) -> Sequence[Mapping[str, Any]]:
    names = ", ".join(service["name"] for service in services) or "none"
    if only:
        chosen = [service for service in services if service["name"] == only]
        if not chosen:
            raise ServicesError(f"no service is named {only!r}; this environment has: {names}")
        return chosen
    if not single:
        return services
    web = [service for service in services if service.get("kind", "web") == "web"]
    if len(web) != 1:
        raise ServicesError(f"choose a service with -e service=NAME; this environment has: {names}")
    return web
