# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What is and what is wanted, as observing and planning exchange it. Pure. The steps between: steps_plan."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .native_model_plan import Rollout

COLORS = ("blue", "green")
# A service carries the last revision of its color that took traffic and was proven. It, not the service's current
# task definition, says what the previous release is: a deployment that failed or was killed leaves a revision in the
# idle service that nobody ever released.
TAG_RELEASE = "slipway:release"
# Its value once a rollback has turned away from the color, so that the next rollback does not bring the release back.
WITHDRAWN = "withdrawn"
# The revision that a deployment under way brings to this color; gone once it is released or given up. With it a run
# that follows a crash tells a shift of ours, half done, from weights that somebody split by hand.
TAG_CANDIDATE = "slipway:candidate"
# The candidate that has passed every gate before the shift and waits for a person.
TAG_APPROVAL = "slipway:awaiting-approval"
# Digest for which the one-off task has ended well, so that a run that follows a crash does not run it twice.
TAG_MIGRATED = "slipway:migrated"
# The live color's bounds and suspensions from before the deployment holds them, as Scaling.text writes them.
TAG_SCALING = "slipway:scaling"
# A worker's service carries both, its release and the one before, to which a rollback returns.
TAG_PREVIOUS = "slipway:previous"
# The service whose worker an ECS service is.
TAG_WORKER_OF = "slipway:worker-of"
# The scheduled action that takes the warm old color's tasks away without a runner.
KEEP_WARM_ACTION = "slipway-keep-warm"
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

    @property
    def text(self) -> str:
        """As TAG_SCALING keeps it: "2..6", or "2..6 in out schedule" with the kinds that are suspended."""
        kinds = {"in": self.scale_in_suspended, "out": self.scale_out_suspended, "schedule": self.schedule_suspended}
        return " ".join([f"{self.minimum}..{self.maximum}", *(kind for kind, suspended in kinds.items() if suspended)])


IDLE_SCALING = Scaling(0, 0)


def scaling_from(text: str) -> Scaling | None:
    """What Scaling.text wrote; None for anything else."""
    found = re.fullmatch(r"(\d+)\.\.(\d+)((?: (?:in|out|schedule))*)", text)
    if found is None:
        return None
    kinds = found[3].split()
    return Scaling(int(found[1]), int(found[2]), "in" in kinds, "out" in kinds, "schedule" in kinds)


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
    health_check holds the members of the target group that ModifyTargetGroup accepts, described all that
    DescribeTargetGroups shows. warm_until: when the scheduled action takes its tasks away, empty when none stands.
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
    health_check: Mapping[str, Any] = field(default_factory=dict)
    described: Mapping[str, Any] | None = None
    warm_until: str = ""

    @property
    def tags(self) -> Mapping[str, str]:
        return self.service.tags if self.service else {}

    @property
    def recorded(self) -> Scaling | None:
        """The bounds from before a deployment held them; None when no deployment does."""
        return scaling_from(self.tags.get(TAG_SCALING, ""))

    @property
    def candidate(self) -> bool:
        """A deployment of ours brought what the service runs, and has neither finished nor given it up."""
        return self._tagged(TAG_CANDIDATE)

    @property
    def awaiting(self) -> bool:
        """What the service runs has passed the gates and waits for a person."""
        return self._tagged(TAG_APPROVAL)

    def _tagged(self, key: str) -> bool:
        service = self.service
        return service is not None and service.desired > 0 and service.tags.get(key) == service.definition

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
class WorkerState:
    """A service without a load balancer, as it is; its members mean what they mean of a color.

    previous: the release before the one that the release tag names.
    """

    name: str
    service: Service | None = None
    definition: Definition | None = None
    latest: Definition | None = None
    released: Definition | None = None
    previous: Definition | None = None
    stopped: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ScheduleState:
    """A schedule as it is: the revision it starts, the one it started before, and its members as AWS shows them."""

    name: str
    definition: Definition | None
    previous: Definition | None
    latest: Definition | None
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rule:
    """A listener rule with its actions and conditions exactly as AWS describes them.

    priority None: the default rule, or one that is not known. listener: ARN.
    """

    arn: str
    actions: list[dict[str, Any]]
    conditions: list[dict[str, Any]] = field(default_factory=list)
    priority: int | None = None
    listener: str = ""


@dataclass(frozen=True, slots=True)
class Native:
    """What only a service of engine native has.

    exists: its ECS service is there, desired its tasks. rollout: the deployment in flight; last: the one that ended
    last. known: ARNs of all its deployments. balancing: its loadBalancers. release: what its tag names. foreign: color
    -> the ECS service that engine two_service has for it.
    """

    exists: bool = False
    desired: int = 0
    rollout: Rollout | None = None
    last: Rollout | None = None
    known: frozenset[str] = frozenset()
    balancing: tuple[Mapping[str, Any], ...] = ()
    foreign: Mapping[str, Service] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The service as it is.

    missing names what is not there; image_digest is None for an image that ECR lacks. surplus: production or preview ->
    further rules of that name, which a move to another listener leaves until it is finished. alarms: those of the
    gates that exist. ahead: production or preview -> the rules that its listener asks before it, first one first.
    workers, schedules: name -> state, for those that exist. schedule_group: there is a group for the schedules.
    balancer: the load balancer as described. manifest: the image's, JSON text. native: of engine native only. standing:
    tasks of the one ECS service that engine native has, seen by engine two_service.
    """

    service: str
    cluster: str
    colors: Mapping[str, ColorState]
    production: Rule | None = None
    preview: Rule | None = None
    image_digest: str | None = None
    missing: tuple[str, ...] = ()
    surplus: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    alarms: tuple[Alarm, ...] = ()
    ahead: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    workers: Mapping[str, WorkerState] = field(default_factory=dict)
    schedules: Mapping[str, ScheduleState] = field(default_factory=dict)
    schedule_group: bool = False
    balancer: Mapping[str, Any] | None = None
    manifest: str | None = None
    native: Native | None = None
    standing: int = 0

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
class Smoke:
    """One check of the candidate over the preview route.

    url is complete. contains: text that the body must have; headers: name -> text that its value must contain;
    seconds: the longest an answer may take. attempts: tries until it passes, one poll interval apart.
    """

    url: str
    host: str | None = None
    method: str = "GET"
    status: int = 200
    contains: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 5.0
    attempts: int = 3


@dataclass(frozen=True, slots=True)
class Metric:
    """A threshold on a CloudWatch metric of the target color.

    name: an AWS/ApplicationELB target-group metric; statistic as CloudWatch names it; at_most in the metric's own unit.
    """

    name: str
    statistic: str
    at_most: float


@dataclass(frozen=True, slots=True)
class Gates:
    """What must hold for the traffic to move on.

    alarms: names of CloudWatch alarms, none of which may be in ALARM. ignored: those that are not watched because they
    were in ALARM before the first change and ignore_alarms_at_start allows that.
    """

    smoke: tuple[Smoke, ...] = ()
    alarms: tuple[str, ...] = ()
    metrics: tuple[Metric, ...] = ()
    ignore_alarms_at_start: bool = False
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shift:
    """weight: the target's share in percent, the rest stays on the old color. pause: seconds to watch it there."""

    weight: int
    pause: float


@dataclass(frozen=True, slots=True)
class Once:
    """The one-off task: command of container in a task of the new revision, on the service's network."""

    command: tuple[str, ...]
    timeout: float
    container: str = ""


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker as it is wanted. name: its ECS service and its family.

    template: RegisterTaskDefinition request in which the release's image and digest are missing. exclusive: at no time
    do two of its tasks run, so that its old task stops before the new one starts.
    """

    name: str
    template: Mapping[str, Any]
    count: int = 1
    exclusive: bool = False


@dataclass(frozen=True, slots=True)
class ScheduledTask:
    """A scheduled task as it is wanted. name: its schedule; family: its task definitions'. template: as in Worker.

    settings: CreateSchedule members but for the target. role: ARN of what EventBridge Scheduler runs the task as.
    """

    name: str
    family: str
    template: Mapping[str, Any]
    settings: Mapping[str, Any]
    role: str


@dataclass(frozen=True, slots=True)
class Alarm:
    """A CloudWatch alarm as DescribeAlarms shows it. state: OK, ALARM or INSUFFICIENT_DATA."""

    name: str
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a deployment or a rollback is asked to reach. Seconds throughout.

    bodies: color -> RegisterTaskDefinition request (empty for a rollback). size: tasks of a first deployment.
    shifts: the way to full weight, whose last step has FULL_WEIGHT. bake: how long the gates are watched there.
    keep_warm: how long the old color keeps its tasks afterwards. background: a scheduled action takes them away, not
    the run. once: the one-off task. health_check: ModifyTargetGroup members that the release is checked with, None to
    leave them. workers, schedules: what runs beside the service, at the same digest. infrastructure_role: ARN of what
    ECS moves weights as (engine native). insist: a person deploys although nothing that serves is healthy.
    """

    bodies: Mapping[str, Mapping[str, Any]]
    size: int
    scaling: Scaling | None
    probe: Probe | None
    drain_floor: float
    healthy_timeout: float
    poll_interval: float
    gates: Gates = Gates()
    shifts: tuple[Shift, ...] = (Shift(FULL_WEIGHT, 0.0),)
    bake: float = 0.0
    pause_before_shift: bool = False
    keep_warm: float = 0.0
    background: bool = False
    once: Once | None = None
    health_check: Mapping[str, Any] | None = None
    workers: tuple[Worker, ...] = ()
    schedules: tuple[ScheduledTask, ...] = ()
    infrastructure_role: str = ""
    insist: bool = False
