# SPDX-License-Identifier: GPL-3.0-or-later
"""The scheduler's decision, as a table of states."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.ecs.plan import (
    Break,
    Close,
    Complete,
    DeploymentView,
    Retire,
    ServiceView,
    Start,
    Steady,
    Stop,
    TaskView,
    breaker_threshold,
    plan,
)

FAULT = ("Task failed ELB health checks in (target-group tg)", "(port 80) is unhealthy")


def new(alive=0, **members):
    return DeploymentView("new", alive=alive, **members)


def old(alive=0):
    return DeploymentView("old", "COMPLETED", alive=alive)


def tasks(deployment, states):
    """h healthy, p on its way, f faulty: new1, new2, ..."""
    return tuple(
        TaskView(f"{deployment}{number}", deployment, state == "h", FAULT if state == "f" else None)
        for number, state in enumerate(states, 1)
    )


def service(desired, new_states="", old_states=None, deployment=None, **members):
    """A service with a primary deployment `new` and, if it has states, one `old`."""
    mine, others = tasks("new", new_states), tasks("old", old_states or "")
    primary = deployment or new(alive=len(mine))
    both = (primary,) if old_states is None else (primary, old(alive=len(others)))
    return ServiceView(desired=desired, deployments=both, tasks=others + mine, **members)


def scaling(task):
    return Stop(task, "scaling")


def replaced(task):
    return Stop(task, "deployment")


def fault(task):
    return Stop(task, "fault", *FAULT)


COMPLETED = {"rollout": "COMPLETED"}
TABLE = {
    "a new service starts all its tasks": (service(2), (Start(2),)),
    "tasks on their way are waited for": (service(2, "pp"), ()),
    "healthy tasks complete the rollout": (service(2, "hh"), (Complete(), Steady(True))),
    "an empty service is complete": (service(0), (Complete(), Steady(True))),
    "all well": (service(1, "h", deployment=new(1, **COMPLETED), steady=True), ()),
    "a crashed task is replaced, and the steady state left": (
        service(2, "h", deployment=new(1, **COMPLETED), steady=True),
        (Start(1), Steady(False)),
    ),
    "a start that was put off": (service(1, deployment=new(retry_at=20.0)), ()),
    "a start that was put off until now": (service(1, deployment=new(retry_at=10.0)), (Start(1),)),
    "scale out": (service(3, "h", deployment=new(1, **COMPLETED)), (Start(2),)),
    "scale in takes what is not healthy first, then the youngest": (
        service(1, "phh", deployment=new(3, **COMPLETED)),
        (scaling("new1"), scaling("new3")),
    ),
    "a draining task keeps the steady state off": (service(1, "h", deployment=new(2, **COMPLETED)), ()),
    # Rolling update
    "200 %: all new tasks start beside the old ones": (service(2, "", "hh"), (Start(2),)),
    "the old ones stay until new ones are healthy": (service(2, "pp", "hh"), ()),
    "100 % minimum: an old one goes for each healthy new one": (service(2, "hp", "hh"), (replaced("old1"),)),
    "all new ones are healthy: the old ones go": (service(2, "hh", "hp"), (replaced("old1"), replaced("old2"))),
    "draining old tasks hold the completion back": (
        ServiceView(1, (new(1), old(1)), tasks("new", "h")),
        (),
    ),
    "a deployment without tasks is dropped": (
        service(1, "h", ""),
        (Retire("old"), Complete(), Steady(True)),
    ),
    "150 % of 1 is 1: no room, nothing moves": (service(1, "", "h", maximum_percent=150), ()),
    "125 % of 4": (service(4, "", "hhhh", maximum_percent=125), (Start(1),)),
    "50 to 100 %: half of the old ones give way first": (
        service(4, "", "hhhh", minimum_percent=50, maximum_percent=100),
        (replaced("old1"), replaced("old2")),
    ),
    "0 to 100 %: all give way at once": (
        service(2, "", "hh", minimum_percent=0, maximum_percent=100),
        (replaced("old1"), replaced("old2")),
    ),
    "the minimum is rounded up": (
        service(3, "", "hhh", minimum_percent=50, maximum_percent=100),
        (replaced("old1"),),
    ),
    "unhealthy old tasks stay while there is room beside them": (service(2, "pp", "pp"), ()),
    "unhealthy old tasks give way where there is no room": (
        service(2, "", "ph", maximum_percent=100),
        (replaced("old1"),),
    ),
    # Failed checks
    "a faulty task is replaced first": (service(1, "f"), (Start(1),)),
    "it stays until its replacement is healthy": (service(1, "fp"), ()),
    "it goes then": (service(1, "fh"), (fault("new1"),)),
    "it goes at once where there is no room": (service(1, "f", maximum_percent=100), (fault("new1"),)),
    "of two, one at a time as room is needed": (service(1, "ff"), (fault("new1"),)),
    "scaled to zero they all go": (service(0, "ff"), (fault("new1"), fault("new2"))),
    # Circuit breaker
    "two failures are not enough": (service(1, deployment=new(failed=2), breaker=True), (Start(1),)),
    "three are": (service(1, deployment=new(failed=3), breaker=True), (Break(),)),
    "without it the scheduler tries on": (service(1, deployment=new(failed=9)), (Start(1),)),
    "a complete deployment is past it": (
        service(1, deployment=new(failed=9, **COMPLETED), breaker=True),
        (Start(1),),
    ),
    "a failed deployment starts nothing and stops nothing": (
        service(2, "f", "hh", deployment=new(1, rollout="FAILED"), breaker=True, minimum_percent=50),
        (),
    ),
    "but it can be scaled in": (service(0, "h", deployment=new(1, rollout="FAILED")), (scaling("new1"),)),
    "and so can what an older deployment left": (
        service(1, "", "hp", deployment=new(rollout="FAILED")),
        (scaling("old2"),),
    ),
    # Deletion
    "a deleted service stops its tasks": (service(0, "h", active=False), (scaling("new1"),)),
    "and waits for them": (ServiceView(0, (new(1),), active=False), ()),
    "and is gone": (service(0, active=False), (Close(),)),
}


@pytest.mark.parametrize(("state", "actions"), TABLE.values(), ids=TABLE)
def test_table(state, actions):
    assert plan(state, now=10.0) == actions


@pytest.mark.parametrize(("desired", "threshold"), [(0, 3), (1, 3), (6, 3), (7, 4), (30, 15), (1000, 200)])
def test_breaker_threshold(desired, threshold):
    assert breaker_threshold(desired) == threshold


@given(
    desired=st.integers(0, 5),
    mine=st.text("hpf", max_size=6),
    others=st.text("hpf", max_size=6),
    percents=st.sampled_from([(100, 200), (50, 100), (0, 100), (50, 150), (100, 125)]),
)
def test_bounds_hold_in_every_state(desired, mine, others, percents):
    """Never above the maximum by a start; never below the minimum by replacing healthy tasks."""
    minimum, maximum = percents
    state = service(desired, mine, others, minimum_percent=minimum, maximum_percent=maximum)
    actions = plan(state, now=0.0)
    started = sum(action.count for action in actions if isinstance(action, Start))
    assert started == 0 or len(state.tasks) + started <= desired * maximum / 100
    gone = {action.task for action in actions if isinstance(action, Stop)}
    healthy = {task.id for task in state.tasks if task.healthy}
    replaced_healthy = {a.task for a in actions if isinstance(a, Stop) and a.why == "deployment"} & healthy
    if replaced_healthy:
        assert len(healthy - gone) >= min(desired, -(-desired * minimum // 100))
