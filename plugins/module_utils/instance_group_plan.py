# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an Auto Scaling group of one launch template needs to become the one wanted. Pure: no I/O, no AWS.

How many instances run is nobody's setting but the operator's (power) and the hosts' own, which stop when they are idle:
a plan without power leaves the desired capacity as it is. Keys are those of the EC2 and Auto Scaling APIs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Document = Mapping[str, Any]

KEEP, ON, OFF = "keep", "on", "off"
#: The metric that the alarm outside of the hosts watches; groups send none unless told to.
METRIC = "GroupInServiceInstances"
#: Version descriptions that are ours begin so; what follows is the digest of the version's content.
MARK = "slipway "


@dataclass(frozen=True)
class Template:
    """The launch template as AWS has it."""

    id: str
    description: str
    """Of the default version."""
    image_id: str
    """Of the default version."""


@dataclass(frozen=True)
class Group:
    """The Auto Scaling group as AWS has it, as far as the wanted one names it."""

    settings: Document
    target_groups: frozenset[str]
    tags: Mapping[str, str]
    metrics: frozenset[str]
    desired: int
    deleting: bool = False


@dataclass(frozen=True)
class Snapshot:
    """What exists."""

    template: Template | None = None
    group: Group | None = None
    policy_arn: str = ""
    """Of the policy that takes the group to no instances."""


@dataclass(frozen=True)
class Wanted:
    """The group to have."""

    name: str
    template: Document
    """LaunchTemplateData without ImageId."""
    settings: Document
    """Of Create- and UpdateAutoScalingGroup."""
    count: int
    image_id: str = ""
    """Empty to keep the one of the existing template."""
    latest_image: str = ""
    """What a new template starts with when no image is given."""
    target_groups: frozenset[str] = frozenset()
    tags: Mapping[str, str] = field(default_factory=dict)
    power: str = KEEP
    start_new: bool = True
    """Whether a group that is created starts its instances, unless power says."""

    @property
    def at_first(self) -> int:
        """Instances of a group that is created."""
        return self.count if self.power == ON or (self.power == KEEP and self.start_new) else 0


@dataclass(frozen=True)
class Step:
    """One change: its action and the call's arguments; the launch template's id is put in when it is known."""

    action: str
    arguments: Document


@dataclass(frozen=True)
class Plan:
    """The one value that check mode, diff mode and the real run share. Changed is bool(steps)."""

    before: Document
    after: Document
    steps: tuple[Step, ...]


def plan_present(found: Snapshot, wanted: Wanted) -> Plan:
    """Template first, then the group that launches from it, then what hangs on the group."""
    image = wanted.image_id or (found.template.image_id if found.template else wanted.latest_image)
    data = {**wanted.template, "ImageId": image}
    steps = _template_steps(found.template, wanted, data)
    if found.group is None:
        steps += [_create(wanted), Step("metrics", {"Metrics": [METRIC]})]
    else:
        steps += _group_steps(found.group, wanted)
    if not found.policy_arn or found.group is None:
        steps.append(Step("off policy", {}))
    before, after = _view(found, found.template.image_id if found.template else ""), _wanted_view(found, wanted, image)
    return Plan(before, after if steps else before, tuple(steps))


def plan_absent(found: Snapshot) -> Plan:
    """The group with its instances, then the template. A group that is being deleted is waited for."""
    steps = [Step("delete group", {})] if found.group else []
    steps += [Step("delete template", {"LaunchTemplateId": found.template.id})] if found.template else []
    return Plan(_view(found, found.template.image_id if found.template else ""), {}, tuple(steps))


def description(data: Document) -> str:
    """The description of a version with this content."""
    return MARK + hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def _template_steps(found: Template | None, wanted: Wanted, data: Document) -> list[Step]:
    arguments = {"LaunchTemplateData": data, "VersionDescription": description(data)}
    if found is None:
        tags = [{"Key": key, "Value": value} for key, value in sorted(wanted.tags.items())]
        specification = [{"ResourceType": "launch-template", "Tags": tags}] if tags else []
        return [Step("create template", {**arguments, "TagSpecifications": specification})]
    if found.description == description(data):
        return []
    return [Step("new template version", {**arguments, "LaunchTemplateId": found.id})]


def _create(wanted: Wanted) -> Step:
    return Step(
        "create group",
        {
            **wanted.settings,
            "DesiredCapacity": wanted.at_first,
            "TargetGroupARNs": sorted(wanted.target_groups),
            "Tags": _tag_list(wanted.name, wanted.tags),
        },
    )


def _group_steps(found: Group, wanted: Wanted) -> list[Step]:
    steps = []
    changed = {key: value for key, value in wanted.settings.items() if found.settings.get(key) != value}
    if changed:
        steps.append(Step("update group", changed))
    if new := sorted(wanted.target_groups - found.target_groups):
        steps.append(Step("attach", {"TargetGroupARNs": new}))
    if stale := sorted(found.target_groups - wanted.target_groups):
        steps.append(Step("detach", {"TargetGroupARNs": stale}))
    if tags := {key: value for key, value in wanted.tags.items() if found.tags.get(key) != value}:
        steps.append(Step("tag", {"Tags": _tag_list(wanted.name, tags)}))
    if METRIC not in found.metrics:
        steps.append(Step("metrics", {"Metrics": [METRIC]}))
    desired = {KEEP: found.desired, ON: wanted.count, OFF: 0}[wanted.power]
    if desired != found.desired:
        steps.append(Step("power " + wanted.power, {"DesiredCapacity": desired}))
    return steps


def _tag_list(name: str, tags: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "ResourceId": name,
            "ResourceType": "auto-scaling-group",
            "Key": key,
            "Value": value,
            "PropagateAtLaunch": True,
        }
        for key, value in sorted(tags.items())
    ]


def _view(found: Snapshot, image: str) -> dict[str, Any]:
    view: dict[str, Any] = {}
    if found.template:
        view["template"] = {"image_id": image, "version": found.template.description}
    if found.group:
        view["group"] = {
            **found.group.settings,
            "desired": found.group.desired,
            "target_groups": sorted(found.group.target_groups),
            "tags": dict(found.group.tags),
        }
    return view


def _wanted_view(found: Snapshot, wanted: Wanted, image: str) -> dict[str, Any]:
    current = wanted.at_first if found.group is None else found.group.desired
    return {
        "template": {"image_id": image, "version": description({**wanted.template, "ImageId": image})},
        "group": {
            **wanted.settings,
            "desired": {KEEP: current, ON: wanted.count, OFF: 0}[wanted.power],
            "target_groups": sorted(wanted.target_groups),
            "tags": {**(found.group.tags if found.group else {}), **wanted.tags},
        },
    }
