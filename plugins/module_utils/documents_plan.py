# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What it takes to bring named documents (alarms, scaling policies, a cluster's settings) to a wanted state. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Step:
    """One document to put or delete, with what it was and what it becomes; None where it does not exist."""

    name: str
    before: Document | None
    after: Document | None

    @property
    def action(self) -> str:
        """create, update or delete."""
        if self.after is None:
            return "delete"
        return "create" if self.before is None else "update"


@dataclass(frozen=True)
class Plan:
    """The steps in the order of the names; no steps means that nothing differs."""

    steps: tuple[Step, ...]

    @property
    def changed(self) -> bool:
        """Whether anything is to do."""
        return bool(self.steps)

    def diff(self) -> dict[str, Any]:
        """Before and after of what differs, as Ansible's diff mode shows it."""
        return {
            "before": {step.name: step.before for step in self.steps if step.before is not None},
            "after": {step.name: step.after for step in self.steps if step.after is not None},
        }


def plan_documents(current: Mapping[str, Document], wanted: Mapping[str, Document | None]) -> Plan:
    """Steps from CURRENT to WANTED; a wanted None is to be deleted, a document that WANTED does not name is left alone.

    Only the keys of the wanted document count, because AWS adds keys of its own (ARNs, times, states); below them, the
    order of lists and the difference between 5 and 5.0 do not.
    """
    steps = []
    for name in sorted(wanted):
        before, after = current.get(name), wanted[name]
        if after is None:
            if before is not None:
                steps.append(Step(name, before, None))
            continue
        known = None if before is None else {key: before[key] for key in after if key in before}
        if known is None or _canonical(known) != _canonical(after):
            steps.append(Step(name, known, after))
    return Plan(tuple(steps))


def _canonical(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _canonical(item) for key, item in value.items() if item is not None and item not in ([], {})}
    if isinstance(value, (list, tuple)):
        return sorted((_canonical(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
