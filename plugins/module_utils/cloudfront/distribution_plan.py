# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a distribution needs to become the one declared. Pure: no I/O, no AWS.

A declared configuration is laid over the live one. What it does not name is kept: settings, origins under other ids,
behaviors that lead to other origins, and the order in which those were put among ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .config_plan import Config, members_that_differ, merge, same
from .log_delivery_plan import Delivery, LogStep, WantedDelivery, plan_delivery, plan_no_delivery

SUPERSEDED = ("ForwardedValues", "MinTTL", "DefaultTTL", "MaxTTL")
"""What a behavior has instead of a cache policy; beside one, the API takes none of it."""

ALONE = ("Origins", "CacheBehaviors", "DefaultCacheBehavior", "ViewerCertificate")
"""Members with rules of their own."""


@dataclass(frozen=True)
class Distribution:
    """A distribution as AWS describes it."""

    id: str
    arn: str
    domain_name: str
    status: str
    """InProgress or Deployed."""
    etag: str
    config: Config
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Snapshot:
    """All distributions that bear the name, and the delivery of access logs under it."""

    distributions: tuple[Distribution, ...]
    logs: Delivery = field(default_factory=Delivery)


@dataclass(frozen=True)
class Wanted:
    """The distribution as the caller has it. config is as the API writes it (config_plan.wire)."""

    name: str
    config: Config
    owned_origins: frozenset[str]
    """Ids of origins that are the caller's: one that the config does not have is removed, with what leads to it."""
    tags: Mapping[str, str]
    logs: WantedDelivery | None


@dataclass(frozen=True)
class Step:
    """create, update, tag, untag, disable, delete, or one about the access logs; and the call's arguments."""

    action: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """The one value that check mode, diff mode and the real run share. Changed is bool(steps)."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    steps: tuple[Step, ...] = ()
    blocked: str = ""


def plan_present(snapshot: Snapshot, wanted: Wanted) -> Plan:
    """Create the one distribution, or change what differs."""
    if blocked := _ambiguous(snapshot, wanted.name):
        return Plan({}, {}, blocked=blocked)
    live = snapshot.distributions[0] if snapshot.distributions else None
    logs = _logs(plan_delivery(snapshot.logs, wanted.logs, live.arn if live else None))
    if live is None:
        new = {"config": merge({}, wanted.config), "tags": dict(wanted.tags)}
        return Plan({}, new, (Step("create", new), *logs))
    before, after = settled(live.config), merged_config(live.config, wanted)
    differing = members_that_differ(before, after)
    update = [Step("update", {"config": after})] if differing else []
    tags = list(_tag_steps(live.tags, wanted.tags))
    shown = _View(differing, tags=bool(tags), logs=bool(logs))
    return Plan(
        shown.of(before, live.tags, snapshot.logs.destination if snapshot.logs.id else None),
        shown.of(after, wanted.tags, wanted.logs.bucket if wanted.logs else None),
        (*update, *tags, *logs),
    )


def plan_absent(snapshot: Snapshot, name: str) -> Plan:
    """Stop the access logs, disable, delete: CloudFront deletes only what is disabled everywhere."""
    if blocked := _ambiguous(snapshot, name):
        return Plan({}, {}, blocked=blocked)
    logs = _logs(plan_no_delivery(snapshot.logs))
    if not snapshot.distributions:
        return Plan({}, {}, logs)
    live = snapshot.distributions[0]
    disable = [Step("disable", {"config": {**live.config, "Enabled": False}})] if live.config.get("Enabled") else []
    return Plan({"id": live.id, "domain_name": live.domain_name}, {}, (*logs, *disable, Step("delete")))


def settled(config: Config) -> dict[str, Any]:
    """The configuration without what has no effect in it."""
    changed = dict(config)
    changed["DefaultCacheBehavior"] = _settled_behavior(config["DefaultCacheBehavior"])
    behaviors = [_settled_behavior(behavior) for behavior in _items(config, "CacheBehaviors")]
    if behaviors:
        changed["CacheBehaviors"] = {"Quantity": len(behaviors), "Items": behaviors}
    return changed


def merged_config(live: Config, wanted: Wanted) -> dict[str, Any]:
    """The whole configuration to send: UpdateDistribution takes no part of one."""
    config = settled(live)
    for key, value in wanted.config.items():
        if key not in ALONE:
            config[key] = merge(config.get(key), value)
    config = dict(merge({}, config))
    origins = list(_origins(live, wanted))
    behaviors = list(_behaviors(config, wanted))
    config["Origins"] = {"Quantity": len(origins), "Items": origins}
    config["CacheBehaviors"] = {"Quantity": len(behaviors), **({"Items": behaviors} if behaviors else {})}
    config["DefaultCacheBehavior"] = _over(config["DefaultCacheBehavior"], wanted.config["DefaultCacheBehavior"])
    config["ViewerCertificate"] = _certificate(live, wanted.config)
    return config


def _origins(live: Config, wanted: Wanted) -> Iterator[Config]:
    """Those that are there, in their order, without ours that are no longer wanted; then the new ones."""
    declared = {origin["Id"]: origin for origin in _items(wanted.config, "Origins")}
    there = {origin["Id"]: origin for origin in _items(live, "Origins")}
    for name, origin in there.items():
        if name in declared:
            yield merge(origin, declared[name])
        elif name not in wanted.owned_origins:
            yield origin
    yield from (origin for name, origin in declared.items() if name not in there)


def _behaviors(live: Config, wanted: Wanted) -> Iterator[Config]:
    """Ours in the declared order, in the places that ours have; first of all where none is there yet."""
    declared = _items(wanted.config, "CacheBehaviors")
    patterns = {behavior["PathPattern"] for behavior in declared}
    there = {behavior["PathPattern"]: behavior for behavior in _items(live, "CacheBehaviors")}
    ours = [_over(there.get(behavior["PathPattern"], {}), behavior) for behavior in declared]
    places = [pattern for pattern in there if pattern in patterns]
    if not places:
        yield from ours
    for pattern, behavior in there.items():
        if pattern in patterns:
            # The last place takes all that are left.
            place = places.index(pattern)
            yield from ours[place:] if pattern == places[-1] else ours[place : place + 1]
        elif behavior["TargetOriginId"] not in wanted.owned_origins:
            yield behavior


def _over(live: Config, declared: Config) -> dict[str, Any]:
    """A behavior over a live one. What a cache policy supersedes goes, even where the live one has no policy."""
    merged: dict[str, Any] = merge(live, declared)
    return _settled_behavior(merged)


def _settled_behavior(behavior: Config) -> dict[str, Any]:
    dropped = SUPERSEDED if behavior.get("CachePolicyId") else ()
    return {key: value for key, value in behavior.items() if key not in dropped}


def _certificate(live: Config, declared: Config) -> Config:
    """The declared certificate wholly or not at all: members of two certificates contradict each other."""
    there: Config = live.get("ViewerCertificate", {})
    certificate: Config = declared["ViewerCertificate"]
    return there if same({key: there.get(key) for key in certificate}, certificate) else certificate


def _tag_steps(live: Mapping[str, str], wanted: Mapping[str, str]) -> Iterator[Step]:
    if new := {key: value for key, value in wanted.items() if live.get(key) != value}:
        yield Step("tag", {"tags": new})
    if stale := sorted(key for key in live if key not in wanted and not key.startswith("aws:")):
        yield Step("untag", {"keys": stale})


def _logs(steps: Sequence[LogStep]) -> tuple[Step, ...]:
    return tuple(Step(step.action, step.arguments) for step in steps)


def _ambiguous(snapshot: Snapshot, name: str) -> str:
    if len(snapshot.distributions) < 2:
        return ""
    ids = ", ".join(distribution.id for distribution in snapshot.distributions)
    return (
        f"{len(snapshot.distributions)} distributions have the comment {name}: {ids}. Which one is meant cannot be "
        "known; give the others another comment (aws cloudfront update-distribution)"
    )


@dataclass(frozen=True)
class _View:
    """What differs, and nothing that does not."""

    members: Sequence[str]
    tags: bool
    logs: bool

    def of(self, config: Config, tags: Mapping[str, str], bucket: str | None) -> dict[str, Any]:
        view: dict[str, Any] = {}
        if self.members:
            view["config"] = {key: config.get(key) for key in self.members}
        if self.tags:
            view["tags"] = dict(sorted(tags.items()))
        if self.logs:
            view["access_logs"] = bucket
        return view


def _items(config: Config, key: str) -> Sequence[Any]:
    return config.get(key, {}).get("Items") or ()
