# SPDX-License-Identifier: GPL-3.0-or-later
"""Target health as a state machine, and the choice of a target inside a group. No I/O; the caller brings the time.

Sources on docs.aws.amazon.com: "Health checks for Application Load Balancer target groups" (states, thresholds, one
passed check is enough after registration, fail open), "Edit target group attributes" (deregistration delay: a
target stays `draining` until the delay has passed, in-flight requests or not), API_TargetHealth (reason codes).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from localcloud.alb.config import HealthCheck, TargetGroupConfig, TargetKey


@dataclass(frozen=True, slots=True)
class Status:
    """A target's state with reason and description (None if healthy), and the checks passed or failed in a row."""

    state: str
    reason: str | None = None
    description: str | None = None
    passed: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The outcome of one health check; reason and description say why it failed."""

    passed: bool
    reason: str | None = None
    description: str | None = None


REGISTERING = Status("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
CHECKING = Status("initial", "Elb.InitialHealthChecking", "Initial health checks in progress")
UNUSED = Status("unused", "Target.NotInUse", "Target group is not configured to receive traffic from the load balancer")
DRAINING = Status("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")

PASSED = CheckResult(True)
TIMED_OUT = CheckResult(False, "Target.Timeout", "Request timed out")
FAILED = CheckResult(False, "Target.FailedHealthChecks", "Health checks failed")


def code_mismatch(status: int) -> CheckResult:
    """The target answered with a status that the matcher does not know."""
    return CheckResult(False, "Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{status}]")


def advance(status: Status, result: CheckResult, check: HealthCheck) -> Status:
    """The status after one more health check.

    From `initial` one passed check is enough; otherwise it takes HealthyThresholdCount passed, or
    UnhealthyThresholdCount failed checks in a row to change the state.
    """
    passed = status.passed + 1 if result.passed else 0
    failed = 0 if result.passed else status.failed + 1
    if result.passed:
        if status.state != "healthy" and (status.state == "initial" or passed >= check.healthy_threshold):
            return Status("healthy", passed=passed)
        return replace(status, passed=passed, failed=0)
    if failed >= check.unhealthy_threshold or status.state == "unhealthy":
        return Status("unhealthy", result.reason, result.description, failed=failed)
    return replace(status, passed=0, failed=failed)


class Target:
    """One target of one group, as long as it is registered or draining."""

    __slots__ = ("drained_at", "group", "in_flight", "key", "status")

    def __init__(self, group: str, key: TargetKey, status: Status) -> None:
        self.group = group
        self.key = key
        self.status = status
        self.in_flight = 0
        self.drained_at: float | None = None  # when draining ends, on the caller's clock


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What `Group.reconcile` did: targets whose health checks start, and those whose checks stop."""

    started: tuple[Target, ...] = ()
    stopped: tuple[Target, ...] = ()


class Group:
    """A target group: its targets and the choice among them."""

    def __init__(self, config: TargetGroupConfig, random: Callable[[], float]) -> None:
        """`random` gives numbers in [0, 1); only the weighted_random algorithm uses it."""
        self.config = config
        self.targets: dict[TargetKey, Target] = {}
        self.in_use = False
        self._random = random
        self._cursor = 0
        self._routable: tuple[Target, ...] = ()

    def reconcile(self, config: TargetGroupConfig, in_use: bool, now: float) -> Reconciled:
        """Take over a configuration. Registration and deregistration act at once, whatever the weight delay.

        A group that no rule names has `unused` targets without health checks; one that a rule begins to name starts
        over at `initial`. A target registered again while it drains starts over too. In an unused group a
        deregistered target is gone at once: the load balancer sends it nothing that could drain.
        """
        before = {key: target for key, target in self.targets.items() if _is_checked(target)}
        was_in_use, self.in_use, self.config = self.in_use, in_use, config
        wanted = set(config.targets)
        for key in config.targets:
            target = self.targets.get(key)
            if target is None:
                self.targets[key] = Target(config.arn, key, REGISTERING if in_use else UNUSED)
            elif target.drained_at is not None or was_in_use != in_use:
                target.status, target.drained_at = (REGISTERING if in_use else UNUSED), None
        for target in [target for key, target in self.targets.items() if key not in wanted]:
            self._deregister(target, now)
        self.refresh()
        after = {key: target for key, target in self.targets.items() if _is_checked(target)}
        return Reconciled(
            started=tuple(target for key, target in after.items() if key not in before),
            stopped=tuple(target for key, target in before.items() if key not in after),
        )

    def _deregister(self, target: Target, now: float) -> None:
        if not self.in_use:
            del self.targets[target.key]
        elif target.drained_at is None:
            target.status, target.drained_at = DRAINING, now + self.config.deregistration_delay

    def expire(self, now: float) -> tuple[Target, ...]:
        """Remove and return the targets whose deregistration delay has passed."""
        done = tuple(t for t in self.targets.values() if t.drained_at is not None and t.drained_at <= now)
        for target in done:
            del self.targets[target.key]
        return done

    def next_expiry(self) -> float | None:
        """When `expire` has something to do next, or None."""
        return min((t.drained_at for t in self.targets.values() if t.drained_at is not None), default=None)

    def refresh(self) -> None:
        """Work out anew which targets get requests; call it after any change of a status.

        Healthy ones if there are any, else all registered ones: the group fails open. That `initial` targets count
        among those is inferred: AWS documents 503 only for "no registered targets" or all of them unused.
        """
        registered = [t for t in self.targets.values() if t.status.state not in ("draining", "unused")]
        healthy = [t for t in registered if t.status.state == "healthy"]
        self._routable = tuple(healthy or registered)

    def pick(self, sticky: TargetKey | None = None) -> Target | None:
        """The target for one request, or None (answer 503): no registered targets, or all of them unused.

        `sticky` is the target of a valid stickiness cookie; it is used while it may get requests.
        """
        routable = self._routable
        if not routable:
            return None
        if sticky is not None:
            for target in routable:
                if target.key == sticky:
                    return target
        self._cursor = (self._cursor + 1) % len(routable)
        if self.config.algorithm == "least_outstanding_requests":
            # The cursor turns the order, so that equally busy targets take turns.
            return min(_turned(routable, self._cursor), key=lambda target: target.in_flight)
        if self.config.algorithm == "weighted_random":
            return routable[int(self._random() * len(routable))]
        return routable[self._cursor]

    def describe(self) -> list[dict[str, str | int | None]]:
        """The targets as a health line reports them, sorted."""
        return [
            {
                "id": target.key.id,
                "port": target.key.port,
                "state": target.status.state,
                "reason": target.status.reason,
                "description": target.status.description,
            }
            for _, target in sorted(self.targets.items())
        ]


def _is_checked(target: Target) -> bool:
    """Health checks go to registered targets of groups in use (a draining one is no longer routed to)."""
    return target.status.state not in ("draining", "unused")


def _turned(targets: tuple[Target, ...], by: int) -> Iterable[Target]:
    return targets[by:] + targets[:by]
