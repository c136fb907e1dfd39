# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What can stop the carrying out of a plan, and the context in which it runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from .. import ecs
from .observe import Clients, Scope, service_from
from .plan_model import Service, Snapshot
from .progress import Progress


class StepFailedError(Exception):
    """A step did not reach what it is for. The text is one line, for people."""


class PlanOutdatedError(Exception):
    """The service is no longer as the plan assumed, in a way that a new plan can take into account."""


class SupersededError(Exception):
    """Somebody else changed the rule between our read and our write."""


@dataclass
class Run:
    """Clients, what the plan was made from, and what the steps have learned.

    definitions: color -> the revision its service runs, kept up as steps change it. registered: color -> the revision
    this run registered. done: steps carried out.
    """

    clients: Clients
    scope: Scope
    progress: Progress
    snapshot: Snapshot
    tags: dict[str, str]
    validate_certs: bool = True
    sleep: Callable[[float], None] = time.sleep
    definitions: dict[str, str] = field(default_factory=dict)
    registered: dict[str, str] = field(default_factory=dict)
    done: int = 0

    def __post_init__(self) -> None:
        for color, state in self.snapshot.colors.items():
            if state.service:
                self.definitions[color] = state.service.definition

    def describe(self, color: str) -> dict:
        """The color's service as ECS describes it now."""
        name = self.scope.name_of(color)
        found = ecs.describe_services(self.clients.ecs, self.scope.cluster, [name])
        if name not in found:
            raise StepFailedError(f"service {name} was deleted while this ran")
        return found[name]

    def service(self, color: str) -> Service:
        return service_from(self.describe(color))

    def group(self, color: str) -> str:
        """ARN of the color's target group, which the planners require before they plan a step that needs it."""
        group = self.snapshot.colors[color].target_group
        if group is None:
            raise StepFailedError(f"there is no target group {self.scope.name_of(color)}")
        return group
