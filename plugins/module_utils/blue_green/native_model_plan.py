# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A deployment that Amazon ECS itself carries out, as DescribeServiceDeployments and DescribeServiceRevisions show it.

Pure. Stages are open strings: the API's own list of them lacks one that ECS reports.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# ServiceDeployment.status (Amazon ECS API reference).
IN_FLIGHT = ("PENDING", "IN_PROGRESS", "STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS")
BACKWARD = ("STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS")
# In their order (Amazon ECS developer guide, blue/green deployments, lifecycle stages).
STAGES = (
    "RECONCILE_SERVICE",
    "PRE_SCALE_UP",
    "SCALE_UP",
    "POST_SCALE_UP",
    "TEST_TRAFFIC_SHIFT",
    "POST_TEST_TRAFFIC_SHIFT",
    "PRE_PRODUCTION_TRAFFIC_SHIFT",
    "PRODUCTION_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
    "BAKE_TIME",
    "CLEAN_UP",
)
# Where a PAUSE hook of ours waits: the new revision can be seen on the preview route, no user sees it yet, and in a
# linear deployment ECS comes here once, not at every step.
GATE_STAGE = "POST_TEST_TRAFFIC_SHIFT"


def rank(stage: str) -> int:
    """The stage's place in the lifecycle; -1 for one that is not known here."""
    return STAGES.index(stage) if stage in STAGES else -1


@dataclass(frozen=True, slots=True)
class Hook:
    """A lifecycle hook of a deployment. expires: when ECS stops waiting, as text; then it does timeout_action."""

    id: str
    status: str
    expires: str = ""
    timeout_action: str = ""


@dataclass(frozen=True, slots=True)
class Revision:
    """A service revision: what a deployment starts or replaces.

    group: ARN of the target group that it is registered in, empty while that is not known. images: container -> the
    reference and the digest that ECS resolved it to. Weights are in percent.
    """

    arn: str
    definition: str = ""
    group: str = ""
    images: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    requested: int = 0
    running: int = 0
    pending: int = 0
    production: float = 0.0
    test: float = 0.0


@dataclass(frozen=True, slots=True)
class Rollout:
    """A service deployment. gated: it has a PAUSE hook of ours at GATE_STAGE.

    reason: what ECS says of its state or of why it rolls back. alarms: names of those that have gone off.
    """

    arn: str
    status: str
    stage: str = ""
    reason: str = ""
    target: Revision | None = None
    sources: tuple[Revision, ...] = ()
    hooks: tuple[Hook, ...] = ()
    gated: bool = False
    watched: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()

    @property
    def in_flight(self) -> bool:
        return self.status in IN_FLIGHT

    @property
    def backward(self) -> bool:
        """ECS takes it back, or is about to."""
        return self.status in BACKWARD

    @property
    def awaiting(self) -> Hook | None:
        """The hook that waits for an answer."""
        return next((hook for hook in self.hooks if hook.status == "AWAITING_ACTION"), None)

    @property
    def name(self) -> str:
        """The last part of its ARN, which is its id."""
        return self.arn.rpartition("/")[2]

    @property
    def gate_ahead(self) -> bool:
        """Its gate has not been passed: it waits there, or has not come to it."""
        return self.gated and rank(self.stage) <= rank(GATE_STAGE)
