# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS calls that go wrong."""

from __future__ import annotations

import random

from tests.chaos.kills import way_of, way_with
from tests.chaos.stage import Case, Stage

KINDS = ("throttle", "error", "timeout", "lost")
#: What a run may end with when a call of it went wrong.
CLEAN = {"promoted", "rolled_back", "blocked"}
#: A program that waits two seconds for an answer; the botocore default of 60 would only make the suite longer.
IMPATIENT = {"aws_config": {"read_timeout": 2, "connect_timeout": 2}}


def at_call(stage: Stage, rng: random.Random, kind: str, number: int) -> Case:
    """Call NUMBER of a deployment goes wrong once."""
    with stage.case(f"call fails: {kind}", f"call {number}") as case:
        image, way = stage.other_image(), way_with(stage, rng, number)
        stage.fault(kind=kind, index=number, seconds=30)
        before = stage.last_call()
        run = stage.run(case, "deploy", image, **way, **(IMPATIENT if kind == "timeout" else {}))
        struck = stage.struck(run, before)
        stage.no_faults()
        case.name += f", {struck['service']} {struck['operation']}" if struck else ", after its end"
        case.expect(run.outcome in CLEAN, f"ended with {run.outcome}: {run.result.get('msg')}")
        if run.outcome == "promoted":
            stage.compare(case, image)
        else:
            case.notes.append(f"{case.name}: {run.outcome}")
            stage.finish(case, image, **way)
    return case


def outage(stage: Stage, rng: random.Random, kind: str, number: int) -> Case:
    """From call NUMBER on, that operation goes wrong for as long as the run goes on, longer than it retries."""
    with stage.case("operation fails for good", f"{kind} from call {number}") as case:
        image, way = stage.other_image(), way_of(rng)
        before = stage.last_call()
        stage.fault(kind=kind, index=number)
        run = stage.start("deploy", image, env={"AWS_MAX_ATTEMPTS": "1"}, **way)
        case.runs.append(run)
        if struck := stage.struck(run, before):
            case.name = f"{struck['service']} {struck['operation']}, {case.name}"
            stage.fault(kind=kind, service=struck["service"], operation=struck["operation"], count=None)
        run.wait()
        stage.no_faults()
        case.expect(run.outcome in CLEAN | {"failed", "error"}, f"ended with {run.outcome}: {run.result.get('msg')}")
        case.notes.append(f"{case.name}: {run.outcome}")
        stage.finish(case, image, **way)
    return case
