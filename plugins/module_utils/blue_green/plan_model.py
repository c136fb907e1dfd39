# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The values that observing, planning and applying exchange: what is, what is wanted, and the steps between. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Union

COLORS = ("blue", "green")
# A service carries the last revision of its color that took traffic and was proven. It, not the service's current
# task definition, says what the previous release is: a deployment that failed or was killed leaves a revision in the
# idle service that nobody ever released.
TAG_RELEASE = "slipway:release"
# Its value once a rollback has turned away from the color, so that the next rollback does not bring the release back.
WITHDRAWN = "withdrawn"
# A client that an ALB pins to the old color for longer than this would turn every deployment into a long wait.
MAX_STICKY_SECONDS = 3600
FULL_WEIGHT = 100


def other(color: str) -> str:
    return COLORS[1 - COLORS.index(color)]


@dataclass(frozen=True, slots=True)
class Scaling:
    """Bounds of a color's scalable target, and which kinds of scaling are suspended on it."""

    minimum: int
    maximum: int
    scale_in_suspended: bool = False
    scale_out_suspended: bool = False
    schedule_suspended: bool = False


IDLE_SCALING = Scaling(0, 0)


@dataclass(frozen=True, slots=True)
class Definition:
    """A registered task definition: its ARN and its normalized body."""

    arn: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Service:
    """A color's ECS service.

    steady: nothing but the primary deployment has tasks. gave_up: the circuit breaker ended the deployment, so ECS
    starts no more tasks until a new deployment. settings: the CreateService members that converge owns.
    """

    arn: str
    desired: int
    running: int
    pending: int
    definition: str
    steady: bool = True
    gave_up: bool = False
    release: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ColorState:
    """All that is known of one color.

    definition is what its service runs, latest the family's newest revision, released the one its release tag names.
    healthy counts targets in state healthy, deregistration_delay is in seconds, stopped are ARNs of stopped tasks.
    """

    color: str
    target_group: str | None = None
    service: Service | None = None
    definition: Definition | None = None
    latest: Definition | None = None
    released: Definition | None = None
    scaling: Scaling | None = None
    healthy: int = 0
    deregistration_delay: int = 0
    stopped: frozenset[str] = frozenset()

    @property
    def desired(self) -> int:
        return self.service.desired if self.service else 0

    @property
    def running(self) -> int:
        return self.service.running if self.service else 0

    @property
    def proven(self) -> bool:
        """What the service runs has taken traffic and was proven."""
        return self.service is not None and self.service.release == self.service.definition

    @property
    def empty(self) -> bool:
        """Nothing answers here and nothing is about to."""
        pending = self.service.pending if self.service else 0
        return not (self.desired or self.running or pending or self.healthy)


@dataclass(frozen=True, slots=True)
class Rule:
    """A listener rule with its actions exactly as AWS describes them."""

    arn: str
    actions: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The service as it is.

    missing names what is not there; image_digest is None for an image that ECR lacks. surplus: production or preview ->
    further rules of that name, which a move to another listener leaves until it is finished.
    """

    service: str
    cluster: str
    colors: Mapping[str, ColorState]
    production: Rule | None = None
    preview: Rule | None = None
    image_digest: str | None = None
    missing: tuple[str, ...] = ()
    surplus: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)

    def color_of(self, target_group: str) -> str | None:
        return next((name for name, state in self.colors.items() if state.target_group == target_group), None)


@dataclass(frozen=True, slots=True)
class Probe:
    """count answers in a row, each over a new connection, must carry the color in header within timeout seconds."""

    url: str
    host: str | None
    header: str
    count: int
    timeout: float


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a deployment or a rollback is asked to reach. Seconds throughout.

    bodies: color -> RegisterTaskDefinition request (empty for a rollback). size: tasks of a first deployment.
    """

    bodies: Mapping[str, Mapping[str, Any]]
    size: int
    scaling: Scaling | None
    probe: Probe | None
    drain_floor: float
    healthy_timeout: float
    poll_interval: float


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
    """Tags the service; released: with the revision it runs as its release."""

    color: str
    tags: Mapping[str, str]
    released: bool = False

    @property
    def title(self) -> str:
        if self.released:
            return f"mark the release of {self.color}"
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
    """Just before the shift: target still has need healthy targets, and live has not grown beyond need."""

    live: str
    target: str
    need: int

    @property
    def title(self) -> str:
        return f"confirm that {self.target} carries what {self.live} carries"


@dataclass(frozen=True, slots=True)
class Prove:
    """required False: a proof that fails is only reported."""

    color: str
    probe: Probe
    required: bool = True

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


# Union, because ansible-test's pylint takes `|` between classes for a mistake.
Step = Union[  # noqa: UP007
    RegisterDefinition,
    PointRule,
    SetScaling,
    CreateService,
    UpdateService,
    TagService,
    WaitHealthy,
    ConfirmCapacity,
    Prove,
    Drain,
]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do, or why not.

    before, after: what a user compares. blocked: why nothing may be done. needs: what has to exist by the time this is
    applied. origin, target: the color that has the traffic and the one that shall have it. fallback: where the traffic
    goes when something fails after the shift. definition: the target's task definition ARN where it is known already.
    first: the target has never had a release, so a failure leaves nothing to return to.
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

    @property
    def changed(self) -> bool:
        return bool(self.steps)
