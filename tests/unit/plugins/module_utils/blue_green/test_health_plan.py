# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.health_plan import (
    Look,
    complaints_of,
    counted,
    death_of,
    judge,
)


def look(**changes):
    made = {
        "desired": 2,
        "running": 2,
        "fresh": 2,
        "pending": 0,
        "steady": True,
        "gave_up": "",
        "states": {"healthy": 2},
    }
    return Look(**{**made, **changes})


def task(code, reason, *containers):
    return {"taskArn": "arn:task/c/abc", "stopCode": code, "stoppedReason": reason, "containers": list(containers)}


PULL = task(
    "TaskFailedToStart",
    "CannotPullContainerError: pull image manifest has been retried 1 time(s): CannotPullContainerError: not found",
    {"name": "api", "reason": "CannotPullContainerError: not found"},
)
CRASH = task("EssentialContainerExited", "Essential container in task exited", {"name": "api", "exitCode": 1})
SICK = task(
    "ServiceSchedulerInitiated",
    "Task failed ELB health checks in (target-group arn:tg)",
    {"name": "api", "exitCode": 0},
)
SCALED_IN = task("ServiceSchedulerInitiated", "Scaling activity initiated by (deployment ecs-svc/1)")
BY_HAND = task("UserInitiated", "Task stopped by user")
NO_ROOM = task("TaskFailedToStart", "Capacity is unavailable at this time. Please try again later")

CASES = {
    "all healthy and settled": (look(), "ready", "2/2 healthy, 2 running"),
    "more than enough": (look(desired=3, running=3, fresh=3, states={"healthy": 3}), "ready", "3/2 healthy"),
    "targets still initial": (look(states={"initial": 2}), "waiting", "0/2 healthy, 2 running (2 initial)"),
    "healthy, but a task is being replaced": (look(running=1, pending=1), "waiting", "2/2 healthy"),
    "healthy, but the old revision still has tasks": (look(steady=False), "waiting", "2/2 healthy"),
    "healthy, but tasks of the revision before": (look(fresh=0), "waiting", "2/2 healthy"),
    "more tasks than wanted, all healthy": (look(running=3), "waiting", "2/2 healthy"),
    "the service wants fewer than needed": (look(desired=1, running=1, fresh=1), "waiting", "2/2 healthy"),
    "an unhealthy target": (
        look(states={"unhealthy": 1, "healthy": 1}, complaints=("Health checks failed with these codes: [500]",)),
        "waiting",
        "1/2 healthy, 2 running (1 unhealthy): Health checks failed with these codes: [500]",
    ),
    "ECS replaces an unhealthy task": (
        look(running=3, states={"unhealthy": 2}, complaints=("Request timed out",)),
        "failed",
        "ECS replaces unhealthy tasks: Request timed out",
    ),
    "the circuit breaker ended it": (
        look(gave_up="ECS deployment failed: tasks failed to start."),
        "failed",
        "ECS deployment failed",
    ),
    "the image cannot be pulled": (look(dead=(PULL,)), "failed", "task abc stopped: CannotPullContainerError: pull"),
    "a container exited": (look(dead=(CRASH,)), "failed", "container api exited with 1"),
    "a task failed its health checks": (look(dead=(SICK,)), "failed", "Task failed ELB health checks"),
    "a scale-in is no failure": (look(dead=(SCALED_IN,)), "ready", ""),
    "neither is a person": (look(dead=(BY_HAND,)), "ready", ""),
    "nor a lack of room": (look(dead=(NO_ROOM,), running=1), "waiting", ""),
}


@pytest.mark.parametrize("name", CASES)
def test_judgement(name):
    seen, state, text = CASES[name]
    verdict = judge(seen, 2)
    assert verdict.state == state
    assert text in verdict.text


def test_a_reason_is_one_line_and_said_once():
    twice = task("TaskFailedToStart", "boom", {"name": "api", "exitCode": None, "reason": "line\none"}, {"name": "log"})
    assert death_of(PULL).count("not found") == 1
    assert death_of(twice) == "task abc stopped: boom; api: line one"


def test_states_are_counted_and_complaints_collected():
    health = [
        {"TargetHealth": {"State": "healthy"}},
        {"TargetHealth": {"State": "unhealthy", "Reason": "Target.Timeout"}},
        {"TargetHealth": {"State": "unhealthy", "Description": "Request timed out"}},
        {"TargetHealth": {"State": "unhealthy"}},
    ]
    assert counted(health) == {"healthy": 1, "unhealthy": 3}
    assert complaints_of(health) == ("Request timed out", "Target.Timeout", "unhealthy")
