# SPDX-License-Identifier: GPL-3.0-or-later
"""What else happens to a deployment: another one, a converge, a person, growth, death, lag, wrong clocks, sleep."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path
from typing import Any

from tests.chaos.cloud import IMAGES, NAME, SERVICE, TABLE
from tests.chaos.kills import way_of
from tests.chaos.runs import Run
from tests.chaos.stage import WAIT, Case, Stage
from tests.chaos.state import lease

#: What may be carried out late without harm: reads, marks and definitions.
_HARMLESS = ("Describe", "List", "Get", "BatchGet", "Tag", "Untag", "RegisterTask")
#: Long enough that no lease runs out while its run is held.
LONG_LEASE = {"table": TABLE, "ttl": 60, "wait": 0}


def two_at_once(stage: Stage, rng: random.Random) -> Case:
    """Two deployments, the second at any moment of the first: it waits for the lease, or is told to go."""
    wait = rng.choice((0, WAIT))
    with stage.case("two deployments at once", f"the second waits {wait:g} s") as case:
        first, second = stage.other_image(), rng.choice(IMAGES)
        runs = [stage.start("deploy", first, lock=LONG_LEASE, **way_of(rng))]
        time.sleep(rng.uniform(0, stage.seconds * 0.9))
        runs.append(stage.start("deploy", second, lock={**LONG_LEASE, "wait": wait}))
        case.runs += runs
        for run in runs:
            run.wait()
        outcomes = [run.outcome for run in runs]
        case.expect(set(outcomes) <= {"promoted", "blocked"}, f"they ended with {outcomes}: {_why(*runs)}")
        case.expect("promoted" in outcomes, f"none of them was promoted: {_why(*runs)}")
        last = max((run for run in runs if run.outcome == "promoted"), key=lambda run: run.ended, default=runs[0])
        end = first if last is runs[0] else second
        # The release that was live already leaves nothing to do, so the other color still has what it had.
        if end == first or outcomes == ["promoted", "promoted"]:
            stage.compare(case, end)
        else:
            stage.finish(case, first)
    return case


def beside_converge(stage: Stage, rng: random.Random) -> Case:
    """What site.yml does to the service, again and again during a deployment."""
    with stage.case("a converge beside it", "") as case:
        image = stage.other_image()
        run = stage.start("deploy", image, **way_of(rng))
        case.runs.append(run)
        while run.alive:
            time.sleep(rng.uniform(0, 0.5))
            converge = stage.run(case, "converge", None)
            case.expect(converge.outcome in ("converged", "blocked"), f"converge: {converge.outcome}: {_why(converge)}")
        case.expect(run.outcome == "promoted", f"the deployment: {run.outcome}: {_why(run)}")
        case.name = f"{len(case.runs) - 1} of them"
        stage.compare(case, image)
    return case


def person(stage: Stage, rng: random.Random, number: int) -> Case:
    """A person changes the weights at AWS call NUMBER of a deployment, which must leave them as they are."""
    with stage.case("a person edits the rule", f"call {number}") as case:
        image, way = stage.other_image(), way_of(rng)
        stage.fault(kind="hold", index=number, count=None)
        run = stage.start("deploy", image, lock=LONG_LEASE, **way)
        case.runs.append(run)
        held = stage.held(run)
        live, idle = stage.colors()
        weights = rng.choice(({live: 60, idle: 40}, {live: 0, idle: 100}, {live: 100, idle: 1}))
        changed = time.time()
        stage.set_weights(weights)
        stage.no_faults()
        run.wait()
        before = f"before {held['service']} {held['operation']}" if held else "after its end"
        case.name += f", {before}: {weights}: {run.outcome}"
        left = stage.weights() == weights
        if run.outcome != "promoted":
            case.expect(run.outcome in ("superseded", "blocked"), f"ended with {run.outcome}: {_why(run)}")
            case.expect(left, f"the run has changed the person's {weights} to {stage.weights()}")
        repair = stage.run(case, "repair", None, confirm=SERVICE)
        case.expect(repair.outcome in ("repaired", "blocked"), f"repair: {repair.outcome}: {_why(repair)}")
        stage.finish(case, image, **way)
        case.window.harms.append((changed - 1, time.time()))
    return case


def grows(stage: Stage, rng: random.Random, number: int) -> Case:
    """The live color scales out at AWS call NUMBER of a deployment."""
    with stage.case("the live color scales out", f"call {number}") as case:
        image = stage.other_image()
        stage.fault(kind="hold", index=number, count=None)
        run = stage.start("deploy", image, lock=LONG_LEASE)
        case.runs.append(run)
        held = stage.held(run)
        live, _ = stage.colors()
        ecs = stage.cloud.client("ecs")
        ecs.update_service(cluster=NAME, service=f"{SERVICE}-{live}", desiredCount=4)
        stage.no_faults()
        run.wait()
        case.name += f", before {held['service']} {held['operation']}" if held else ", after its end"
        case.expect(run.outcome == "promoted", f"ended with {run.outcome}: {_why(run)}")
        live, _ = stage.colors()
        ecs.update_service(cluster=NAME, service=f"{SERVICE}-{live}", desiredCount=2)
        stage.finish(case, image)
    return case


def dies(stage: Stage, rng: random.Random) -> Case:
    """Tasks of the new color die while it bakes, kill -9 as a lack of memory does it."""
    with stage.case("green dies during bake", "") as case:
        before, image = stage.live_image(), stage.other_image()
        _, idle = stage.colors()
        everyone = rng.random() < 0.5
        run = stage.start("deploy", image, bake=30, drain_floor=0)
        case.runs.append(run)
        _until(lambda: not run.alive or stage.weights()[idle] == 100)
        time.sleep(rng.uniform(0.5, 2.0))
        pids = _tasks(stage, idle)
        case.name = f"{len(pids) if everyone else 1} of {len(pids)} tasks"
        case.expect(bool(pids), "there was no task to kill")
        harm = time.time() - 1
        for pid in pids if everyone else pids[:1]:
            os.kill(pid, signal.SIGKILL)
        run.wait()
        case.window.harms.append((harm, time.time() + 1))
        case.expect(run.outcome == "rolled_back", f"ended with {run.outcome}: {_why(run)}")
        case.expect(stage.live_image() == before, f"the traffic is on {stage.live_image()}, not on {before}")
        time.sleep(1)
        stage.finish(case, image)
    return case


def weight_delay(stage: Stage, rng: random.Random, seconds: float) -> Case:
    """The data plane takes up new weights only after so long."""
    with stage.case("weights take their time", f"{seconds:g} s") as case:
        image, way = stage.other_image(), way_of(rng)
        stage.cloud.admin("PUT", "settings", {"weight_delay": seconds})
        try:
            run = stage.run(case, "deploy", image, **way)
            case.expect(run.outcome == "promoted", f"ended with {run.outcome}: {_why(run)}")
            stage.compare(case, image)
        finally:
            stage.cloud.admin("PUT", "settings", {"weight_delay": 0})
    return case


def skew(stage: Stage, rng: random.Random, seconds: float, killed: bool) -> Case:
    """One of two runs has a wrong clock: no lease is taken that is held, and one that ran out keeps nobody out."""
    with stage.case("clock skew of the lease", f"{seconds:+g} s") as case:
        image, mine = stage.other_image(), rng.random() < 0.5
        stage.fault(kind="hold", index=rng.randint(20, 35), count=None)
        locked = {"table": TABLE, "ttl": 25 if killed else 60, "wait": 0}
        run = stage.start("deploy", image, lock=locked, skew=seconds if mine else 0.0)
        case.runs.append(run)
        case.expect(stage.held(run) is not None, "the first run was not held")
        stage.cloud.admin("PUT", "faults", {"rules": []})
        beside = stage.run(case, "deploy", image, lock=locked, skew=0.0 if mine else seconds)
        case.expect(beside.outcome == "blocked", f"the second run: {beside.outcome}: {_why(beside)}")
        if killed:
            case.name += ", and the first is killed"
            run.kill()
            stage.no_faults()
            stage.finish(case, image, lock={**locked, "wait": 40}, skew=seconds)
        else:
            stage.no_faults()
            run.wait()
            case.expect(run.outcome == "promoted", f"the first run: {run.outcome}: {_why(run)}")
            stage.compare(case, image)
    return case


def overtaken(stage: Stage, rng: random.Random, share: float) -> Case:
    """A run sleeps (SIGSTOP, as a suspended runner) beyond its lease; another deploys; then the first wakes up."""
    with stage.case("asleep and overtaken", f"at {share:.0%}") as case:
        image, other = stage.other_image(), stage.live_image()
        run = stage.start("deploy", image, **way_of(rng))
        case.runs.append(run)
        _until(lambda: not run.alive or lease(stage.cloud) == "held")
        time.sleep(share * stage.seconds * 0.8)
        held = _put_to_sleep(stage, run)
        try:
            again = stage.run(case, "deploy", other)
            case.expect(again.outcome == "promoted", f"the second run: {again.outcome}: {_why(again)}")
        finally:
            if run.alive:
                os.kill(run.pid, signal.SIGCONT)
        run.wait()
        case.name += f"{', with the lease' if held else ''}: {run.outcome}"
        expected = "superseded" if held else "promoted"
        case.expect(run.outcome == expected, f"the sleeper ended with {run.outcome}, not {expected}: {_why(run)}")
        time.sleep(1)
        answers = stage.answers()
        case.expect(answers == {other}, f"{sorted(answers)} answer, not {other}")
        stage.finish(case, image)
    return case


def stalled(stage: Stage, rng: random.Random, number: int) -> Case:
    """AWS call NUMBER of a run is answered only after its lease has run out and another has deployed.

    A call that changes capacity or weights cannot be called back once it is on its way: such a one is let go at once.
    """
    with stage.case("stalled and overtaken", f"call {number}") as case:
        image, other = stage.other_image(), stage.live_image()
        stage.fault(kind="hold", index=number, count=None)
        run = stage.start("deploy", image, **way_of(rng))
        case.runs.append(run)
        held = stage.held(run)
        reads = held is not None and held["operation"].startswith(_HARMLESS)
        case.name += f", {held['service']} {held['operation']}" if held else ", after its end"
        if not reads or lease(stage.cloud) != "held":
            stage.no_faults()
            run.wait()
            case.expect(run.outcome == "promoted", f"ended with {run.outcome}: {_why(run)}")
            stage.compare(case, image)
            return case
        stage.cloud.admin("PUT", "faults", {"rules": []})
        again = stage.run(case, "deploy", other)
        case.expect(again.outcome == "promoted", f"the second run: {again.outcome}: {_why(again)}")
        stage.no_faults()
        run.wait()
        case.name += f": {run.outcome}"
        # Tags go last: by then the run has moved, proven and marked its release, and overtaken it was only afterwards.
        true = {"superseded"} | ({"promoted"} if held["operation"] == "UntagResource" else set())
        case.expect(run.outcome in true, f"the stalled run ended with {run.outcome}: {_why(run)}")
        time.sleep(1)
        answers = stage.answers()
        case.expect(answers == {other}, f"{sorted(answers)} answer, not {other}")
        stage.finish(case, image)
    return case


def _put_to_sleep(stage: Stage, run: Run) -> bool:
    """Stop the run; whether it has the lease, even one that ran out. Who gave it back has nothing more to write."""
    try:
        os.kill(run.pid, signal.SIGSTOP)
    except ProcessLookupError:
        return False
    return lease(stage.cloud) != "free"


def _until(met: Any, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not met() and time.monotonic() < end:
        time.sleep(0.05)


def _why(*runs: Run) -> str:
    return "; ".join(str(run.result.get("msg") or run.result.get("crash", ""))[-500:] for run in runs)


def _tasks(stage: Stage, color: str) -> list[int]:
    """The processes of a color's tasks in this cloud, by the environment that they were started with."""
    marks = (f"SLIPWAY_COLOR={color}".encode(), f"AWS_ENDPOINT_URL={stage.cloud.env['AWS_ENDPOINT_URL']}".encode())
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            environ = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if all(mark in environ for mark in marks):
            found.append(int(path.parent.name))
    return sorted(found)
