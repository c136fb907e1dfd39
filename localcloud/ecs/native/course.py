# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of a deployment that ECS takes through its stages. Changed only under the lock on moto."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from localcloud.ecs.native.clock import CLOCK
from localcloud.ecs.native.phases import Phase

if TYPE_CHECKING:
    from localcloud.ecs.model import Deployment, Service


@dataclass(slots=True, kw_only=True)
class Hook:
    """A PAUSE hook that a deployment came to. opened: monotonic seconds. minutes: until it times out.
    status, timeout_action: as in DeploymentLifecycleHookDetail."""

    id: str
    stage: str
    opened: float
    opened_at: datetime
    minutes: float
    timeout_action: str
    status: str = "AWAITING_ACTION"

    @property
    def expires_at(self) -> datetime:
        """When it times out, by the minute that holds now."""
        return self.opened_at + timedelta(seconds=self.minutes * CLOCK.minute)

    @property
    def expired(self) -> bool:
        """Whether that time has come."""
        return CLOCK.minutes(time.monotonic() - self.opened) >= self.minutes


@dataclass(slots=True, kw_only=True)
class Course:
    """configuration: the deploymentConfiguration at the start. source: the revision that serves meanwhile, and that a
    rollback goes back to; None at the first deployment. index: the phase, -1 before the first. entered: monotonic
    seconds of its begin. production, test: percent of traffic that the new revision gets. hooks: all that were met, the
    last `met` of them in this phase. asked: why somebody wants a rollback. watched: alarms that count. idle: the source
    had no tasks when the deployment began; a desired count that came with it is the new revision's. denied: why the
    phase's traffic could not be moved."""

    configuration: dict[str, Any]
    source: Deployment | None
    phases: tuple[Phase, ...]
    watched: tuple[str, ...] = ()
    idle: bool = False
    index: int = -1
    entered: float = 0.0
    back: bool = False
    ended: bool = False
    production: float = 0.0
    test: float = 0.0
    hooks: list[Hook] = field(default_factory=list)
    met: int = 0
    asked: str = ""
    denied: str = ""
    triggered: list[str] = field(default_factory=list)

    @property
    def phase(self) -> Phase | None:
        """Where it is; None before the first stage."""
        return self.phases[self.index] if self.index >= 0 else None

    def close(self) -> None:
        """It is over. A hook that nobody has answered dies with it; which status it has then is not documented."""
        self.ended = True
        self.close_hooks()

    def close_hooks(self) -> None:
        """The way forward is over."""
        for hook in self.hooks:
            if hook.status == "AWAITING_ACTION":
                hook.status = "FAILED"

    @property
    def current_hooks(self) -> list[Hook]:
        """The hooks of this phase."""
        return self.hooks[len(self.hooks) - self.met :]


def entries(deployment: Deployment) -> Iterator[tuple[dict[str, Any], str, str]]:
    """(advancedConfiguration, target group of this revision, the pair's other one) for each load balancer entry."""
    for entry, resolved in zip(deployment.load_balancers, deployment.resolved, strict=True):
        advanced, mine = entry["advancedConfiguration"], resolved["targetGroupArn"]
        pair = (entry["targetGroupArn"], advanced["alternateTargetGroupArn"])
        yield advanced, mine, next(arn for arn in pair if arn != mine)


def under_way(service: Service) -> bool:
    """Whether time alone may bring the newest deployment's next stage."""
    course = service.primary.course if service.deployments else None
    return course is not None and not course.ended


def in_charge(service: Service) -> bool:
    """Whether the service's newest deployment is on its way through stages, or has failed there.

    If not, the rolling planner keeps the service.
    """
    if not service.deployments:
        return False
    course = service.primary.course
    return course is not None and (not course.ended or service.primary.rollout == "FAILED")
