# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A plan and the steps it is made of. Each is data: what to do, to which color, and its title for people. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Union

from .native_steps_plan import AnswerHook, RemoveColors, StartRollout, StopRollout, WaitRollout
from .plan_model import TAG_RELEASE, TAG_SCALING, Gates, Once, Probe, Scaling, Smoke
from .worker_steps_plan import (
    CreateScheduleGroup,
    CreateWorker,
    EmptyWorker,
    MarkWorker,
    PointSchedule,
    RemoveSchedule,
    RollWorker,
    SettleWorker,
    WaitWorker,
)


@dataclass(frozen=True, slots=True)
class RegisterDefinition:
    color: str
    request: Mapping[str, Any]

    @property
    def title(self) -> str:
        return f"register {self.color} task definition"


@dataclass(frozen=True, slots=True)
class PointRule:
    """Rewrites a rule's actions, provided they still are what the plan saw. weights: color -> weight, for people."""

    rule: str
    arn: str
    expected: list[dict[str, Any]]
    actions: list[dict[str, Any]]
    weights: Mapping[str, int]

    @property
    def title(self) -> str:
        shown = ", ".join(f"{color} {weight}" for color, weight in sorted(self.weights.items()))
        return f"{self.rule} weights to {shown}"


@dataclass(frozen=True, slots=True)
class DeleteRule:
    """Deletes a rule that is one too many, provided that its actions still are what the plan saw."""

    rule: str
    arn: str
    expected: list[dict[str, Any]]

    @property
    def title(self) -> str:
        return f"delete {self.rule} rule {self.arn}"


@dataclass(frozen=True, slots=True)
class SetScaling:
    color: str
    scaling: Scaling

    @property
    def title(self) -> str:
        suspended = ", scale-in suspended" if self.scaling.scale_in_suspended else ""
        return f"scaling of {self.color} to {self.scaling.minimum}..{self.scaling.maximum}{suspended}"


@dataclass(frozen=True, slots=True)
class CreateService:
    """definition None: the revision registered by the step before."""

    color: str
    definition: str | None
    request: Mapping[str, Any]
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return f"create service {self.color}"


@dataclass(frozen=True, slots=True)
class UpdateService:
    """UpdateService with changes. registered: together with the revision registered before, else definition if any."""

    color: str
    changes: Mapping[str, Any]
    definition: str | None = None
    registered: bool = False

    @property
    def title(self) -> str:
        if "desiredCount" in self.changes:
            return f"scale {self.color} to {self.changes['desiredCount']}"
        return f"update service {self.color}"


@dataclass(frozen=True, slots=True)
class TagService:
    """Tags the service; released, candidate: with the revision it runs, as its release or as a candidate for that."""

    color: str
    tags: Mapping[str, str]
    released: bool = False
    candidate: bool = False

    @property
    def title(self) -> str:
        if self.released:
            return f"mark the release of {self.color}"
        if self.candidate:
            return f"mark the candidate on {self.color}"
        if TAG_SCALING in self.tags:
            return f"record the scaling of {self.color}, {self.tags[TAG_SCALING]}"
        return f"{'withdraw the release of' if TAG_RELEASE in self.tags else 'tag service'} {self.color}"


@dataclass(frozen=True, slots=True)
class WaitHealthy:
    """Until need tasks run and are healthy targets for several polls in a row. ignore: tasks stopped before."""

    color: str
    need: int
    timeout: float
    poll_interval: float
    ignore: frozenset[str] = frozenset()

    @property
    def title(self) -> str:
        return f"wait for {self.need} healthy {self.color}"


@dataclass(frozen=True, slots=True)
class ConfirmCapacity:
    """Just before the shift: target still has need healthy targets, and live has not grown beyond need.

    live and target are the same color where all traffic goes back to it.
    """

    live: str
    target: str
    need: int

    @property
    def title(self) -> str:
        if self.live == self.target:
            return f"confirm that {self.target} can take the traffic back"
        return f"confirm that {self.target} carries what {self.live} carries"


@dataclass(frozen=True, slots=True)
class Prove:
    """share: the target's weight in percent; below 100 one answer of its color is the proof.

    required False: a proof that fails is only reported.
    """

    color: str
    probe: Probe
    required: bool = True
    share: int = 100

    @property
    def title(self) -> str:
        return f"prove that {self.color} answers"


@dataclass(frozen=True, slots=True)
class Drain:
    """seconds since the step began; deregistration_delay is what ECS adds to it for open requests, for the reader."""

    color: str
    seconds: float
    deregistration_delay: int = 0

    @property
    def title(self) -> str:
        return f"drain {self.color} for {self.seconds:g} s"


@dataclass(frozen=True, slots=True)
class UntagService:
    color: str
    keys: tuple[str, ...]

    @property
    def title(self) -> str:
        return f"remove {', '.join(self.keys)} from {self.color}"


@dataclass(frozen=True, slots=True)
class SetHealthCheck:
    """Gives a color's target group the checks that its release is made for. changes: ModifyTargetGroup members."""

    color: str
    changes: Mapping[str, Any]

    @property
    def title(self) -> str:
        return f"health check of {self.color} to {', '.join(f'{key} {value}' for key, value in self.changes.items())}"


@dataclass(frozen=True, slots=True)
class ScheduleScaleDown:
    """Has Application Auto Scaling take a color's tasks away after seconds, with no run of ours."""

    color: str
    seconds: float

    @property
    def title(self) -> str:
        return f"keep {self.color} warm for {self.seconds:g} s"


@dataclass(frozen=True, slots=True)
class CancelScaleDown:
    color: str

    @property
    def title(self) -> str:
        return f"cancel the scale-down of {self.color}"


@dataclass(frozen=True, slots=True)
class RunOnce:
    """Runs the one-off task with a revision of the color, definition None: the one registered by the step before.

    When it has ended well the service is tagged with the digest, so that it never runs twice for it.
    """

    color: str
    once: Once
    digest: str
    definition: str | None = None

    @property
    def title(self) -> str:
        return f"run {' '.join(self.once.command)} once"


@dataclass(frozen=True, slots=True)
class CheckSmoke:
    """Every check of the gates, over the preview route, must pass.

    probe: with it the route must first be seen to answer from the color, as often and within the time that it says.
    """

    color: str
    checks: tuple[Smoke, ...]
    poll_interval: float
    probe: Probe | None = None

    @property
    def title(self) -> str:
        return f"{len(self.checks)} smoke checks of {self.color}"


@dataclass(frozen=True, slots=True)
class Watch:
    """For seconds no alarm of the gates may fire, no metric cross its threshold, no task of the color die and no target
    get unhealthy. need: targets that must stay healthy. name: what the time is for, pause or bake."""

    color: str
    name: str
    seconds: float
    need: int
    gates: Gates
    poll_interval: float
    ignore: frozenset[str] = frozenset()

    @property
    def title(self) -> str:
        return f"{self.name}: watch {self.color} for {self.seconds:g} s"


@dataclass(frozen=True, slots=True)
class AwaitApproval:
    """Ends the run here: a person decides, and another run goes on. Marks the candidate as having passed the gates."""

    color: str

    @property
    def title(self) -> str:
        return f"leave {self.color} to a person's decision"


# Union, because ansible-test's pylint takes `|` between classes for a mistake.
Step = Union[  # noqa: UP007
    RegisterDefinition,
    PointRule,
    DeleteRule,
    SetScaling,
    CreateService,
    UpdateService,
    TagService,
    WaitHealthy,
    ConfirmCapacity,
    Prove,
    Drain,
    UntagService,
    SetHealthCheck,
    ScheduleScaleDown,
    CancelScaleDown,
    RunOnce,
    CheckSmoke,
    Watch,
    AwaitApproval,
    CreateWorker,
    SettleWorker,
    EmptyWorker,
    RollWorker,
    WaitWorker,
    MarkWorker,
    CreateScheduleGroup,
    PointSchedule,
    RemoveSchedule,
    StartRollout,
    WaitRollout,
    AnswerHook,
    StopRollout,
    RemoveColors,
]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do, or why not.

    before, after: what a user compares. blocked: why nothing may be done. needs: what has to exist by the time this is
    applied. origin, target: the color that has the traffic and the one that shall have it. fallback: where the traffic
    goes when something fails after the shift. definition: the target's task definition ARN where it is known already.
    first: the target has never had a release, so a failure leaves nothing to return to. awaits: the last step leaves
    the decision to a person.
    """

    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    blocked: str | None = None
    needs: tuple[str, ...] = ()
    origin: str | None = None
    target: str | None = None
    fallback: str | None = None
    definition: str | None = None
    first: bool = False
    awaits: bool = False

    @property
    def changed(self) -> bool:
        return bool(self.steps)
