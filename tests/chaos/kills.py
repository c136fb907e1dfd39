# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that are killed, and the run after them."""

from __future__ import annotations

import random
import time
from typing import Any

from tests.chaos.stage import Case, Stage

CANARY = {"strategy": "canary", "canary_steps": [{"weight": 20, "pause": 1}], "bake": 1}


def way_of(rng: random.Random) -> dict[str, Any]:
    """All at once, or in steps."""
    return CANARY if rng.random() < 0.4 else {}


def way_with(stage: Stage, rng: random.Random, number: int) -> dict[str, Any]:
    """A way that comes to call NUMBER. The stage counted a cold deployment; a warm one at once makes fewer calls."""
    return CANARY if number > stage.calls * 0.75 else way_of(rng)


def at_call(stage: Stage, rng: random.Random, number: int) -> Case:
    """kill -9 right before AWS call NUMBER of a deployment is carried out: after the one before was answered."""
    with stage.case("killed at a call", f"call {number}") as case:
        image, way = stage.other_image(), way_with(stage, rng, number)
        stage.fault(kind="hold", index=number, count=None)
        run = stage.start("deploy", image, **way)
        case.runs.append(run)
        held = stage.held(run)
        run.kill()
        stage.no_faults()
        case.name += f", before {held['service']} {held['operation']}" if held else ", after its end"
        _afterwards(stage, case, rng, image, way)
    return case


def at_moment(stage: Stage, rng: random.Random, share: float) -> Case:
    """kill -9 at a moment of a deployment, wherever that is."""
    moment = share * stage.seconds
    with stage.case("killed at a moment", f"{moment:.2f} s") as case:
        image, way = stage.other_image(), way_of(rng)
        run = stage.start("deploy", image, **way)
        case.runs.append(run)
        time.sleep(moment)
        run.kill()
        _afterwards(stage, case, rng, image, way)
    return case


def _afterwards(stage: Stage, case: Case, rng: random.Random, image: str, way: dict[str, Any]) -> None:
    """The same again; or, one time in four, a rollback first."""
    if rng.random() < 0.25:
        case.name += ", then a rollback"
        run = stage.run(case, "rollback", None)
        met = run.outcome in ("rolled_back", "blocked")
        case.expect(met, f"the rollback afterwards: {run.outcome}: {run.result.get('msg')}")
        if stage.live_image() == image:
            # The killed run had changed nothing yet, or was through: the release before this one is what was to come.
            # Once more there and back, for a deployment of what is live leaves the other color as it is.
            stage.run(case, "deploy", stage.other_image())
    stage.finish(case, image, **way)
