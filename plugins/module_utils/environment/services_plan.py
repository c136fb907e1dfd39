# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A service of the snapshot, from the answers of all the APIs that know a part of it. Pure.

The traffic is read from the weights of the rules, and what stands behind it from the health of targets. Names say
only which target group is which color: with two services each color is one, and a deployment that ECS itself runs has
the tasks of both colors in one service, which are told apart by the target group that knows their address.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..blue_green.plan_model import TAG_APPROVAL, TAG_CANDIDATE
from ..blue_green.task_definition_plan import digest_in, digest_of, image_of
from ..release_record_plan import left_serving
from ..rule_actions_plan import weights_of
from ..service_problems_plan import provider_variables
from .model_plan import COLORS, NO_COLOR, WantedService

Described = Mapping[str, Any]
Document = dict[str, Any]
NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Found:
    """What was read. Whatever could not be read is empty, and told elsewhere.

    ecs: name -> service with its tags as a dict Tags. definitions: ARN -> task definition. groups: color -> target
    group ARN. health: target group ARN -> target descriptions. rules: production and preview -> the service's rules.
    tasks: those of a service that ECS itself shifts. targets: resource id -> scalable target. warm: color or service
    name -> when its tasks go. schedules: as EventBridge Scheduler has them. records: newest first.
    """

    cluster: str = ""
    ecs: Mapping[str, Described] = field(default_factory=dict)
    definitions: Mapping[str, Described] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    health: Mapping[str, Sequence[Described]] = field(default_factory=dict)
    rules: Mapping[str, Sequence[Described]] = field(default_factory=dict)
    tasks: Sequence[Described] = ()
    targets: Mapping[str, Described] = field(default_factory=dict)
    warm: Mapping[str, str] = field(default_factory=dict)
    schedules: Sequence[Described] = ()
    records: Sequence[Described] = ()
    lock: Document | None = None
    alarms: Sequence[Document] = ()


def service(wanted: WantedService, found: Found) -> Document:
    """The entry of the snapshot."""
    engine = engine_of(wanted, found)
    colors = [_color(wanted, found, engine, color) for color in (COLORS if wanted.web else (NO_COLOR,))]
    live = live_color(wanted, found, engine, colors)
    rule: Described = next(iter(found.rules.get("production", ())), NOTHING)
    serving: Document = next((each for each in colors if each["color"] == live), colors[0] if not wanted.web else {})
    return {
        "name": wanted.name,
        "kind": wanted.kind,
        "engine": engine,
        "host": ", ".join(_values(rule, "host-header")) or None,
        "path_patterns": _values(rule, "path-pattern"),
        "priority": int(rule["Priority"]) if str(rule.get("Priority", "")).isdigit() else None,
        "live_color": live,
        "awaiting_approval": awaiting(wanted, found, engine, colors),
        "colors": colors,
        "workers": [_worker(wanted, found, worker) for worker in wanted.workers],
        "scaling": _scaling(wanted, found, engine, live),
        "warm": _warm(wanted, found),
        "lock": found.lock,
        "last_release": last_release(found.records),
        "proven": proven(found.records),
        "scheduled": [_scheduled(found, each) for each in found.schedules],
        "alarms": [{"name": each["name"], "state": each["state"]} for each in found.alarms],
        "providers": _providers(wanted, found, str(serving.get("task_definition") or "")),
    }


def engine_of(wanted: WantedService, found: Found) -> str:
    """What is there decides: a web service of its own name is one whose traffic ECS itself shifts."""
    names = [f"{wanted.name}-{color}" for color in COLORS]
    if wanted.web and wanted.name in found.ecs and not any(name in found.ecs for name in names):
        return "native"
    if wanted.web and any(name in found.ecs for name in names):
        return "two_service"
    return wanted.engine if wanted.web else "rolling"


def _ecs_of(wanted: WantedService, found: Found, engine: str, color: str) -> Described:
    """The ECS service that runs a color."""
    split = wanted.web and engine != "native"
    return found.ecs.get(f"{wanted.name}-{color}" if split else wanted.name, NOTHING)


def _color(wanted: WantedService, found: Found, engine: str, color: str) -> Document:
    group = found.groups.get(color, "")
    health = found.health.get(group, ())
    described = _ecs_of(wanted, found, engine, color)
    weights = {name: _weight(found, name, group) for name in ("production", "preview")}
    if engine == "native":
        counts, arn = _of_tasks(found, described, health, weights["production"] or 0)
    else:
        counts, arn = _of_service(described), str(described.get("taskDefinition") or "")
    body = found.definitions.get(arn, NOTHING)
    digest = digest_in(body) or digest_of(body, wanted.name) or None
    return {
        "color": color,
        "weight": weights["production"],
        "preview_weight": weights["preview"],
        "target_group": group or None,
        "healthy": sum(each["TargetHealth"]["State"] == "healthy" for each in health),
        "targets": sum(each["TargetHealth"]["State"] != "draining" for each in health),
        **counts,
        "digest": digest,
        "image": image_of(body, wanted.name) or None,
        "git_sha": git_sha(found.records, digest),
        "task_definition": arn or None,
        "subnets": _subnets(described),
    }


def _weight(found: Found, name: str, group: str) -> int | None:
    """None where no rule names the group: it has no part in the traffic, which is less than a weight of 0."""
    rule = next(iter(found.rules.get(name, ())), None)
    return weights_of(rule["Actions"]).get(group) if rule else None


def _of_service(described: Described) -> Document:
    return {name: int(described.get(f"{name}Count") or 0) for name in ("desired", "running", "pending")}


def _of_tasks(found: Found, described: Described, health: Iterable[Described], weight: int) -> tuple[Document, str]:
    """Counts and task definition of the tasks that are a color's: the target group knows their addresses.

    Only the service as a whole has a number that is desired. During a deployment both colors have it.
    """
    addresses = {str(each["Target"]["Id"]) for each in health}
    own = [task for task in found.tasks if address_of(task) in addresses]
    running = sum(task.get("lastStatus") == "RUNNING" for task in own)
    counts = {
        "desired": int(described.get("desiredCount") or 0) if own or weight else 0,
        "running": running,
        "pending": len(own) - running,
    }
    arns = [str(task["taskDefinitionArn"]) for task in own]
    fallback = str(described.get("taskDefinition") or "") if weight else ""
    return counts, max(set(arns), key=lambda arn: (arns.count(arn), arn), default=fallback)


def address_of(task: Described) -> str:
    """The private address of a task's network interface; empty before it has one."""
    details = [item for each in task.get("attachments", []) for item in each.get("details", [])]
    return next((str(item["value"]) for item in details if item["name"] == "privateIPv4Address"), "")


def _subnets(described: Described) -> list[str]:
    network = (described.get("networkConfiguration") or {}).get("awsvpcConfiguration", {})
    return list(network.get("subnets", []))


def _values(rule: Described, name: str) -> list[str]:
    """The values of a rule's condition, wherever AWS shows them."""
    found: list[str] = []
    for condition in rule.get("Conditions", []):
        if condition.get("Field") == name:
            member = "HostHeaderConfig" if name == "host-header" else "PathPatternConfig"
            found += (condition.get(member) or {}).get("Values") or condition.get("Values") or []
    return found


def live_color(wanted: WantedService, found: Found, engine: str, colors: Sequence[Document]) -> str | None:
    """Where the traffic belongs: the color with all of it, in the middle of a shift the one that it comes from."""
    serving = [each for each in colors if each["weight"]]
    if len(serving) > 1:
        serving = [each for each in serving if not _arriving(wanted, found, engine, each)]
    return str(serving[0]["color"]) if len(serving) == 1 else None


def _arriving(wanted: WantedService, found: Found, engine: str, color: Document) -> bool:
    """Whether a deployment under way brings what the color runs. ECS's own has it as the service's definition."""
    described = _ecs_of(wanted, found, engine, str(color["color"]))
    if engine == "native":
        return bool(color["task_definition"] == described.get("taskDefinition"))
    return bool(_marked(described, TAG_CANDIDATE) == color["task_definition"])


def _marked(described: Described, key: str) -> str | None:
    """The revision that a tag of an ECS service names."""
    tags: Mapping[str, str] = described.get("Tags", NOTHING)
    return tags.get(key)


def awaiting(wanted: WantedService, found: Found, engine: str, colors: Sequence[Document]) -> str | None:
    """The color that has passed its gates and waits for a person."""
    for each in colors:
        marked = _marked(_ecs_of(wanted, found, engine, str(each["color"])), TAG_APPROVAL)
        if wanted.web and marked and marked == each["task_definition"]:
            return str(each["color"])
    return None


def _worker(wanted: WantedService, found: Found, name: str) -> Document:
    described = found.ecs.get(f"{wanted.name}-{name}", NOTHING)
    body = found.definitions.get(str(described.get("taskDefinition")), NOTHING)
    return {"name": name, **_of_service(described), "digest": digest_in(body) or None}


def _scaling(wanted: WantedService, found: Found, engine: str, live: str | None) -> Document | None:
    split = engine == "two_service"
    name = f"{wanted.name}-{live}" if split else wanted.name
    target = found.targets.get(f"service/{found.cluster}/{name}")
    if target is None:
        return None
    return {
        "min": target["MinCapacity"],
        "max": target["MaxCapacity"],
        "suspended": any((target.get("SuspendedState") or {}).values()),
    }


def _warm(wanted: WantedService, found: Found) -> Document | None:
    for color in COLORS:
        until = found.warm.get(f"service/{found.cluster}/{wanted.name}-{color}")
        if until:
            return {"color": color, "until": until}
    return None


def release_of(record: Described) -> Document:
    """A record as the snapshot shows it."""
    return {
        "id": record["id"],
        "kind": record.get("kind") or None,
        "outcome": record["outcome"],
        "at": str(record["id"]).partition("#")[0],
        "digest": record.get("digest") or None,
        "git_sha": record.get("git_sha") or None,
        "by": record.get("by") or None,
        "url": record.get("run_url") or None,
        "reason": record.get("reason") or None,
        "break_glass": record.get("break_glass") or None,
    }


def last_release(records: Sequence[Described]) -> Document | None:
    """The newest run, whatever became of it."""
    return release_of(records[0]) if records else None


def proven(records: Sequence[Described]) -> Document | None:
    """The newest run that left its digest serving: what a promotion from here would take."""
    return next((release_of(record) for record in records if left_serving(record)), None)


def git_sha(records: Iterable[Described], digest: str | None) -> str | None:
    """The commit of an image, as the newest run that knew it has written down."""
    known = (record.get("git_sha") for record in records if digest and record.get("digest") == digest)
    return next((str(sha) for sha in known if sha), None)


def _scheduled(found: Found, described: Described) -> Document:
    arn = (described.get("Target", {}).get("EcsParameters") or {}).get("TaskDefinitionArn", "")
    return {
        "name": described["Name"],
        "schedule": described["ScheduleExpression"],
        "state": described.get("State") or None,
        "digest": digest_in(found.definitions.get(arn, NOTHING)) or None,
    }


def _providers(wanted: WantedService, found: Found, arn: str) -> list[Document]:
    """With the address that the tasks which serve have been given."""
    containers = found.definitions.get(arn, NOTHING).get("containerDefinitions", [])
    given = {item["name"]: item["value"] for each in containers for item in each.get("environment", [])}
    return [{"name": name, "url": given.get(provider_variables(name)[0])} for name in wanted.providers]
