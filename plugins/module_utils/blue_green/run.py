# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What can stop the carrying out of a plan, and the context in which it runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .. import ecs
from ..lease import Lease, NoLease
from ..stopping import SLICE, Stop, StoppedError
from .observe import Clients, Scope, service_from
from .plan_model import Service, Snapshot
from .progress import Progress

__all__ = ["PlanOutdatedError", "Run", "StepFailedError", "Stop", "StoppedError", "SupersededError"]


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
    this run registered. smoke: what the smoke checks saw. once: how the one-off task ended. done: steps carried out.
    rollout: what is known of ECS's own deployment (engine native). created: ARN of the service that this run created.
    aws_time: of Application Auto Scaling in Unix seconds, 0 while it is not known, at aws_time_read by the run's clock.
    """

    clients: Clients
    scope: Scope
    progress: Progress
    snapshot: Snapshot
    tags: dict[str, str]
    validate_certs: bool = True
    lease: Lease | NoLease = field(default_factory=NoLease)
    stop: Stop = field(default_factory=Stop)
    sleep: Callable[[float], None] = time.sleep
    definitions: dict[str, str] = field(default_factory=dict)
    registered: dict[str, str] = field(default_factory=dict)
    smoke: list[dict[str, Any]] = field(default_factory=list)
    once: dict[str, Any] = field(default_factory=dict)
    rollout: dict[str, Any] = field(default_factory=dict)
    created: str = ""
    done: int = 0
    aws_time: float = 0.0
    aws_time_read: float = 0.0

    def __post_init__(self) -> None:
        for color, state in self.snapshot.colors.items():
            if state.service:
                self.definitions[color] = state.service.definition

    def pause(self, seconds: float) -> None:
        """Waits, keeping the lease. Raises LeaseLostError when it is gone, StoppedError when the run is to end."""
        left = seconds
        while True:
            self.stop.check()
            self.lease.keep()
            if left <= 0:
                return
            self.sleep(min(SLICE, left))
            left -= SLICE

    def describe(self, color: str) -> dict:
        """The color's service as ECS describes it now."""
        name = self.scope.name_of(color)
        found = ecs.describe_services(self.clients.ecs, self.scope.cluster, [name])
        if name not in found:
            raise StepFailedError(f"service {name} was deleted while this ran")
        return found[name]

    def service(self, color: str) -> Service:
        return service_from(self.describe(color))

    def service_arn(self, color: str) -> str:
        """ARN of the color's service, for its tags."""
        service = self.snapshot.colors[color].service
        if service is None and not self.created:
            raise StepFailedError(f"service {self.scope.name_of(color)} does not exist")
        return service.arn if service else self.created

    def group(self, color: str) -> str:
        """ARN of the color's target group, which the planners require before they plan a step that needs it."""
        group = self.snapshot.colors[color].target_group
        if group is None:
            raise StepFailedError(f"there is no target group {self.scope.name_of(color)}")
        return group
