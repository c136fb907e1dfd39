# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The steps of a deployment that Amazon ECS carries out. Each is data, like those of steps_plan. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .plan_model import Metric

# What a wait is for.
SCALED = "scaled"
GATE = "gate"
SHIFTED = "shifted"
DONE = "done"
BACK = "back"

_AIMS = {
    SCALED: "wait until ECS has brought up {color}",
    GATE: "wait until ECS asks at its hook, {color} on the preview route",
    SHIFTED: "wait until ECS has moved the traffic to {color}",
    DONE: "wait for the end of the bake and of ECS's deployment to {color}",
    BACK: "wait until ECS has taken the deployment back, to {color}",
}


@dataclass(frozen=True, slots=True)
class StartRollout:
    """Has ECS deploy a revision, definition None: the one registered before.

    changes: UpdateService members, or where create is set those of CreateService, whose tags it also has. known: ARNs
    of the deployments there were, so that one whose beginning was not answered is found and not begun twice.
    """

    color: str
    definition: str | None
    changes: Mapping[str, Any]
    known: frozenset[str] = frozenset()
    create: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return f"have ECS deploy to {self.color}{', with a new service' if self.create else ''}"


@dataclass(frozen=True, slots=True)
class WaitRollout:
    """Follows the deployment until it has come so far: until is one of the constants above.

    timeout: seconds. expected: seconds of it that the strategy itself takes, for the reader. metrics: thresholds that
    must hold while the revision has traffic. ignore: tasks stopped before.
    """

    color: str
    until: str
    timeout: float
    poll_interval: float
    expected: float = 0.0
    metrics: tuple[Metric, ...] = ()
    ignore: frozenset[str] = frozenset()

    @property
    def title(self) -> str:
        return _AIMS[self.until].format(color=self.color)


@dataclass(frozen=True, slots=True)
class AnswerHook:
    """Answers the PAUSE hook that waits. action: CONTINUE or ROLLBACK."""

    color: str
    action: str

    @property
    def title(self) -> str:
        return f"answer ECS's hook: {self.action.lower()}"


@dataclass(frozen=True, slots=True)
class StopRollout:
    """Has ECS take the deployment in flight back."""

    color: str

    @property
    def title(self) -> str:
        return f"have ECS take the deployment to {self.color} back"


@dataclass(frozen=True, slots=True)
class RemoveColors:
    """Deletes the ECS services that engine two_service had, which have no traffic any more."""

    names: tuple[str, ...]

    @property
    def title(self) -> str:
        return f"delete {' and '.join(self.names)} of engine two_service"
