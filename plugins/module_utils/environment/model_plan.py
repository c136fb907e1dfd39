# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What is looked for: an environment by the names that its inventory gives. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

COLORS = ("blue", "green")
NO_COLOR = "-"
# What the site's lease and records are under in the release store.
SITE = "site"


@dataclass(frozen=True, slots=True)
class WantedService:
    """providers: names of LLM APIs. engine: two_service or native, as the inventory has it."""

    name: str
    kind: str = "web"
    engine: str = "two_service"
    workers: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()

    @property
    def web(self) -> bool:
        return self.kind == "web"

    @property
    def own(self) -> tuple[str, ...]:
        """Names that its ECS service can have: a color's, or its own (a worker, or native deployments)."""
        return (*(f"{self.name}-{color}" for color in COLORS), self.name) if self.web else (self.name,)

    @property
    def ecs_names(self) -> tuple[str, ...]:
        """With those of its workers."""
        return (*self.own, *(f"{self.name}-{worker}" for worker in self.workers))


@dataclass(frozen=True, slots=True)
class Wanted:
    """Names of everything. Empty ones are not looked for. gate: whose proof it takes, slipway_promotion."""

    name: str
    account_id: str
    vpc: str = ""
    load_balancer: str = ""
    cluster: str = ""
    table: str = ""
    services: tuple[WantedService, ...] = ()
    site: str = ""
    bucket: str = ""
    gpu: str = ""
    model: str = ""
    oidc: str = ""
    atlas_project: str = ""
    atlas_cluster: str = ""
    gate: Mapping[str, Any] = field(default_factory=dict)

    @property
    def records(self) -> tuple[str, ...]:
        """Whose leases and records are read."""
        return (*(service.name for service in self.services), *((SITE,) if self.site else ()))


def wanted_of(params: Mapping[str, Any]) -> Wanted:
    """From the module's options."""
    site, gpu = params["site"] or {}, params["gpu"] or {}
    atlas = params["atlas"] or {}
    return Wanted(
        name=params["name"],
        account_id=params["account_id"],
        vpc=params["vpc"],
        load_balancer=params["load_balancer"],
        cluster=params["cluster"],
        table=params["table"],
        services=tuple(_service(entry) for entry in params["services"]),
        site=site.get("name") or "",
        bucket=site.get("bucket") or "",
        gpu=gpu.get("name") or "",
        model=gpu.get("model") or "",
        oidc=params["oidc"],
        atlas_project=atlas.get("project_id") or "",
        atlas_cluster=atlas.get("cluster") or "",
        gate=params["gate"] or {},
    )


def _service(entry: Mapping[str, Any]) -> WantedService:
    return WantedService(
        name=str(entry["name"]),
        kind=str(entry.get("kind") or "web"),
        engine=str(entry.get("engine") or "two_service"),
        workers=tuple(map(str, entry.get("workers") or ())),
        providers=tuple(map(str, entry.get("providers") or ())),
    )


def problems_of(wanted: Wanted) -> Iterator[str]:
    """What cannot be asked."""
    names = [service.name for service in wanted.services]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"services: {name} is there more than once"
    yield from (f"services: kind of {each.name} is {each.kind}, neither web nor worker" for each in _strange(wanted))


def _strange(wanted: Wanted) -> Sequence[WantedService]:
    return [service for service in wanted.services if service.kind not in ("web", "worker")]
