# SPDX-License-Identifier: GPL-3.0-or-later
"""The target health state machine and the choice of a target, as tables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from localcloud.alb.config import HealthCheck, TargetGroupConfig, TargetKey
from localcloud.alb.targets import (
    CHECKING,
    DRAINING,
    FAILED,
    PASSED,
    REGISTERING,
    TIMED_OUT,
    UNUSED,
    Group,
    Status,
    advance,
    code_mismatch,
)

CHECK = HealthCheck(healthy_threshold=3, unhealthy_threshold=2)
ONE, TWO, THREE = (TargetKey(f"127.0.0.{last}", 80) for last in (1, 2, 3))
HEALTHY = Status("healthy")


def config(*keys: TargetKey, **changes: Any) -> TargetGroupConfig:
    return replace(TargetGroupConfig("g", "HTTP", CHECK, keys, deregistration_delay=10.0), **changes)


def group_of(*keys: TargetKey, in_use: bool = True, **changes: Any) -> Group:
    group = Group(config(*keys, **changes), lambda: 0.99)
    group.reconcile(group.config, in_use, now=0.0)
    return group


def set_states(group: Group, *statuses: Status) -> Group:
    for target, status in zip(group.targets.values(), statuses, strict=True):
        target.status = status
    group.refresh()
    return group


def picks(group: Group, count: int) -> list[str | None]:
    chosen = [group.pick() for _ in range(count)]
    return [target.key.id[-1] if target else None for target in chosen]


@pytest.mark.parametrize(
    ("start", "results", "state", "reason"),
    [
        (CHECKING, [PASSED], "healthy", None),
        (CHECKING, [FAILED], "initial", "Elb.InitialHealthChecking"),
        (CHECKING, [FAILED, PASSED], "healthy", None),
        (CHECKING, [FAILED, FAILED], "unhealthy", "Target.FailedHealthChecks"),
        (HEALTHY, [FAILED], "healthy", None),
        (HEALTHY, [FAILED, PASSED, FAILED], "healthy", None),
        (HEALTHY, [TIMED_OUT, code_mismatch(500)], "unhealthy", "Target.ResponseCodeMismatch"),
        (HEALTHY, [FAILED, TIMED_OUT], "unhealthy", "Target.Timeout"),
        (HEALTHY, [FAILED, FAILED, PASSED, PASSED], "unhealthy", "Target.FailedHealthChecks"),
        (HEALTHY, [FAILED, FAILED, PASSED, PASSED, PASSED], "healthy", None),
        (HEALTHY, [FAILED, FAILED, PASSED, PASSED, FAILED, PASSED, PASSED], "unhealthy", "Target.FailedHealthChecks"),
        (HEALTHY, [FAILED, FAILED, TIMED_OUT], "unhealthy", "Target.Timeout"),
    ],
)
def test_health_state(start: Status, results: list[Any], state: str, reason: str | None) -> None:
    status = start
    for result in results:
        status = advance(status, result, CHECK)
    assert (status.state, status.reason) == (state, reason)


def test_description_names_the_status_code() -> None:
    status = advance(Status("unhealthy"), code_mismatch(503), CHECK)
    assert status.description == "Health checks failed with these codes: [503]"


UNHEALTHY = Status("unhealthy")


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([HEALTHY, HEALTHY, HEALTHY], ["2", "3", "1"]),
        ([HEALTHY, UNHEALTHY, HEALTHY], ["3", "1", "3"]),
        ([HEALTHY, CHECKING, DRAINING], ["1", "1", "1"]),
        ([UNHEALTHY, UNHEALTHY, UNHEALTHY], ["2", "3", "1"]),  # fails open
        ([UNHEALTHY, CHECKING, DRAINING], ["2", "1", "2"]),  # fails open, but not to a draining one
        ([DRAINING, DRAINING, DRAINING], [None, None, None]),
        ([UNUSED, UNUSED, UNUSED], [None, None, None]),
    ],
)
def test_which_targets_get_requests(statuses: list[Status], expected: list[str | None]) -> None:
    assert picks(set_states(group_of(ONE, TWO, THREE), *statuses), 3) == expected


def test_empty_group_has_no_target() -> None:
    assert group_of().pick() is None


def test_least_outstanding_requests_takes_the_least_busy_and_turns_among_equals() -> None:
    group = set_states(group_of(ONE, TWO, THREE, algorithm="least_outstanding_requests"), HEALTHY, HEALTHY, HEALTHY)
    group.targets[ONE].in_flight = 5
    assert sorted(set(picks(group, 6)), key=str) == ["2", "3"]
    group.targets[ONE].in_flight, group.targets[TWO].in_flight, group.targets[THREE].in_flight = 1, 2, 3
    assert picks(group, 3) == ["1", "1", "1"]


def test_weighted_random_draws_a_number() -> None:
    group = set_states(group_of(ONE, TWO, THREE, algorithm="weighted_random"), HEALTHY, HEALTHY, HEALTHY)
    assert picks(group, 2) == ["3", "3"]


def test_sticky_target_is_used_only_while_it_may_get_requests() -> None:
    group = set_states(group_of(ONE, TWO), HEALTHY, HEALTHY)
    assert {target.key for target in (group.pick(TWO) for _ in range(3)) if target} == {TWO}
    set_states(group, HEALTHY, UNHEALTHY)
    chosen = group.pick(TWO)
    assert chosen is not None
    assert chosen.key == ONE


def test_deregistered_target_drains_for_the_whole_delay_then_is_gone() -> None:
    group = set_states(group_of(ONE, TWO), HEALTHY, HEALTHY)
    changes = group.reconcile(config(TWO), True, now=100.0)
    assert [target.key for target in changes.stopped] == [ONE]
    assert group.targets[ONE].status == DRAINING
    assert picks(group, 2) == ["2", "2"]
    assert group.next_expiry() == 110.0
    assert group.expire(109.9) == ()
    assert [target.key for target in group.expire(110.0)] == [ONE]
    assert list(group.targets) == [TWO]


def test_draining_does_not_start_again_with_each_configuration() -> None:
    group = group_of(ONE)
    group.reconcile(config(), True, now=100.0)
    group.reconcile(config(), True, now=105.0)
    assert group.next_expiry() == 110.0


def test_target_registered_again_while_draining_starts_over() -> None:
    group = set_states(group_of(ONE), HEALTHY)
    group.reconcile(config(), True, now=100.0)
    changes = group.reconcile(config(ONE), True, now=101.0)
    assert [target.status for target in changes.started] == [REGISTERING]
    assert group.next_expiry() is None


def test_group_without_rule_is_unused_and_unchecked_until_a_rule_names_it() -> None:
    group = group_of(ONE, in_use=False)
    assert group.targets[ONE].status == UNUSED
    changes = group.reconcile(config(ONE), True, now=1.0)
    assert [target.status for target in changes.started] == [REGISTERING]
    changes = group.reconcile(config(ONE), False, now=2.0)
    assert [target.status for target in changes.stopped] == [UNUSED]


def test_target_of_an_unused_group_is_gone_at_once() -> None:
    group = group_of(ONE, in_use=False)
    group.reconcile(config(), False, now=1.0)
    assert not group.targets


def test_same_configuration_changes_nothing() -> None:
    group = set_states(group_of(ONE), HEALTHY)
    changes = group.reconcile(config(ONE), True, now=1.0)
    assert (changes.started, changes.stopped, group.targets[ONE].status) == ((), (), HEALTHY)


def test_report_is_sorted_and_says_why() -> None:
    group = group_of(TWO, ONE)
    assert [(item["id"], item["reason"]) for item in group.describe()] == [
        ("127.0.0.1", "Elb.RegistrationInProgress"),
        ("127.0.0.2", "Elb.RegistrationInProgress"),
    ]
