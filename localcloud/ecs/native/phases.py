# SPDX-License-Identifier: GPL-3.0-or-later
"""The way that a deployment goes: its lifecycle stages in order, with what holds in each. Pure.

The stages and their order are those of the page "workflow" and of DeploymentLifecycleHook in the API Reference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

#: How many tasks a revision has in a phase: none, the desired count, or those that it has.
Count = Literal["none", "full", "left"]
#: What must be so before the next phase.
Goal = Literal["nothing", "others_gone", "target_ready", "source_ready", "source_gone", "target_gone"]

FULL = 100.0


@dataclass(frozen=True, slots=True)
class Phase:
    """One stage, or one of the stage's turns in a deployment by steps.

    target, source: tasks of the new and of the old revision. production, test: percent of the traffic that the new one
    gets from here on; None leaves it. minutes: how long the phase lasts at least.
    """

    stage: str
    target: Count = "full"
    source: Count = "full"
    goal: Goal = "nothing"
    production: float | None = None
    test: float | None = None
    minutes: float = 0


def forward(configuration: Mapping[str, Any], several: bool) -> tuple[Phase, ...]:
    """The way to success. configuration: the deploymentConfiguration with its defaults. several: more than one revision
    is active at the start, which is what RECONCILE_SERVICE is for."""
    reconcile = (Phase("RECONCILE_SERVICE", target="none", goal="others_gone"),) if several else ()
    return (
        *reconcile,
        Phase("PRE_SCALE_UP", target="none"),
        Phase("SCALE_UP", goal="target_ready"),
        Phase("POST_SCALE_UP"),
        Phase("TEST_TRAFFIC_SHIFT", test=FULL),
        Phase("POST_TEST_TRAFFIC_SHIFT"),
        *_shifts(configuration),
        Phase("POST_PRODUCTION_TRAFFIC_SHIFT"),
        Phase("BAKE_TIME", minutes=configuration["bakeTimeInMinutes"]),
        Phase("CLEAN_UP", source="none", goal="source_gone"),
    )


def backward(*, shifted: bool, tested: bool, cleaning: bool) -> tuple[Phase, ...]:
    """The way back. shifted, tested: the new revision gets production, test traffic. cleaning: the old revision was
    being stopped, so that it has to come up again first.

    The stages that move traffic come again on the way back (the page "workflow": their hooks are called for both
    directions). That all production traffic returns at once is how the strategies' pages describe a rollback.
    """
    up = (Phase("SCALE_UP", target="left", goal="source_ready"),) if cleaning else ()
    production = (Phase("PRODUCTION_TRAFFIC_SHIFT", target="left", production=0.0),) if shifted else ()
    test = (Phase("TEST_TRAFFIC_SHIFT", target="left", test=0.0),) if tested else ()
    return (*up, *production, *test, Phase("CLEAN_UP", target="none", goal="target_gone"))


def _shifts(configuration: Mapping[str, Any]) -> Iterator[Phase]:
    """PRE_PRODUCTION_TRAFFIC_SHIFT and PRODUCTION_TRAFFIC_SHIFT come at every step (DeploymentLifecycleHook)."""
    for percent, minutes in _steps(configuration):
        yield Phase("PRE_PRODUCTION_TRAFFIC_SHIFT")
        yield Phase("PRODUCTION_TRAFFIC_SHIFT", production=percent, minutes=minutes)


def _steps(configuration: Mapping[str, Any]) -> Iterator[tuple[float, float]]:
    """(percent of the traffic, minutes to stay there); the last step's bake time is that of BAKE_TIME.

    LinearConfiguration, CanaryConfiguration in the API Reference.
    """
    if configuration["strategy"] == "LINEAR":
        step = configuration["linearConfiguration"]
        percent = step["stepPercent"]
        while percent < FULL:
            yield percent, step["stepBakeTimeInMinutes"]
            percent = round(percent + step["stepPercent"], 1)
    elif configuration["strategy"] == "CANARY":
        canary = configuration["canaryConfiguration"]
        if canary["canaryPercent"] < FULL:
            yield canary["canaryPercent"], canary["canaryBakeTimeInMinutes"]
    yield FULL, 0
