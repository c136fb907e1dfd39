# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the named objects need that a distribution refers to: access controls, functions and policies. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .config_plan import Config, merge, same, wire

KINDS = ("origin_access_control", "cache_policy", "response_headers_policy", "function")


@dataclass(frozen=True)
class Part:
    """One object. config is as the API writes it; of a function it also has Code, and whether that is published."""

    kind: str
    name: str
    config: Config
    id: str = ""
    """What a distribution refers to it by: an id, of a function the ARN."""


@dataclass(frozen=True)
class Step:
    """create, update or delete of one object, with the whole configuration that it is to have."""

    action: str
    kind: str
    name: str
    id: str
    before: Config
    after: Config

    @property
    def label(self) -> str:
        """The step in words."""
        return f"{self.action} {self.kind} {self.name}"


@dataclass(frozen=True)
class Plan:
    """The one value that check mode, diff mode and the real run share. Changed is bool(steps)."""

    steps: tuple[Step, ...]

    def diff(self) -> dict[str, Any]:
        """Before and after of what differs."""
        before = {f"{step.kind} {step.name}": step.before for step in self.steps if step.before}
        after = {f"{step.kind} {step.name}": step.after for step in self.steps if step.after}
        return {"before": before, "after": after}


def declared(part: Mapping[str, Any]) -> Part:
    """A part as a module's caller writes it: kind, name, config with plain lists, and of a function its code."""
    config = wire(part["config"] or {})
    if part["kind"] == "function":
        return Part("function", part["name"], {**config, "Code": part["code"], "Published": True})
    return Part(part["kind"], part["name"], {**config, "Name": part["name"]})


def plan_present(live: Sequence[Part], wanted: Sequence[Part]) -> Plan:
    """Create what is not there, and lay what is declared over what is."""
    there = {(part.kind, part.name): part for part in live}
    return Plan(
        tuple(step for part in wanted for step in [_step(there.get((part.kind, part.name)), part)] if step is not None)
    )


def plan_absent(live: Sequence[Part]) -> Plan:
    """Delete what is there."""
    return Plan(tuple(Step("delete", part.kind, part.name, part.id, part.config, {}) for part in live))


def _step(live: Part | None, wanted: Part) -> Step | None:
    if live is None:
        return Step("create", wanted.kind, wanted.name, "", {}, wanted.config)
    after = merge(live.config, wanted.config)
    if same(live.config, after):
        return None
    return Step("update", live.kind, live.name, live.id, live.config, after)
