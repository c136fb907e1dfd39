# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to releases. A case returns what was not as it should be; nothing, if all was well."""

from __future__ import annotations

import hashlib
import itertools
import random
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.runs import Run
from tests.torture.site import BUCKET, RELEASES, Site

OLD, NEW = RELEASES
#: How a bundle's own file begins.
STAMP = "stamp-"
#: Files that are looked at, of thousands.
SAMPLE = 100


@dataclass
class Case:
    """One case. outcomes: of its runs, in their order. note: what a reader wants to know of it."""

    scenario: str
    name: str
    problems: list[str] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)
    note: str = ""
    seconds: float = 0.0

    def expect(self, met: bool, text: str) -> None:
        if not met:
            self.problems.append(text)


@dataclass
class Stage:
    """The site, and what undisturbed releases have shown: how many calls one makes, how long it takes, and what is then
    in the bucket. live: the release that visitors get between the cases.

    Each bundle is one of the two releases with a file of its own in it, so that it was never published before.
    """

    site: Site
    folder: Path
    calls: int = 0
    seconds: float = 0.0
    live: str = ""
    objects: dict[str, dict[str, str]] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def other(self) -> str:
        return NEW if self.live == OLD else OLD

    def bundle(self, name: str) -> Path:
        """A new one of that release."""
        stamp = hashlib.sha256(str(next(self._numbers)).encode()).hexdigest()
        place = self.folder / f"{name}-{stamp}"
        shutil.copytree(RELEASES[name], place)
        (place / "assets" / f"{STAMP}{stamp[:8]}.js").write_text(stamp)
        return place

    def prepare(self) -> None:
        """Undisturbed releases, the first two of which upload everything."""
        for name in (OLD, NEW, OLD):
            self.site.forget()
            run = self.site.start("publish", self.bundle(name))
            result = run.wait()
            if run.outcome != "promoted":
                raise RuntimeError(f"the undisturbed publish of {name}: {result}")
            self.live, self.objects[name] = name, self.stamped_out()
            self.calls, self.seconds = len(self.site.calls()), run.seconds

    def stamped_out(self) -> dict[str, str]:
        """What is served, but for the bundles' own files."""
        return {key: etag for key, etag in self.site.objects().items() if STAMP not in key}

    @contextmanager
    def case(self, scenario: str, name: str) -> Iterator[Case]:
        case, began = Case(scenario, name), time.monotonic()
        yield case
        self.site.let_go()
        case.seconds = time.monotonic() - began

    def run(self, case: Case, action: str, bundle: Path | None = None, **changes: object) -> Run:
        """To its end."""
        run = self.site.start(action, bundle, **changes)
        run.wait()
        case.outcomes.append(run.outcome)
        return run

    def finish(self, case: Case, name: str, bundle: Path) -> None:
        """The same publish again must end as an undisturbed one does, and a second one must change nothing."""
        run = self.run(case, "publish", bundle)
        case.expect(run.outcome == "promoted", f"run again: {run.outcome}: {run.result.get('msg') or run.result}")
        self.live = name
        self.judge(case, name)
        live = self.site.state["release"]
        case.expect(live == run.result.get("release"), f"{live[:12]} is live")
        again = self.run(case, "publish", bundle)
        case.expect(again.result.get("changed") is False, f"a second run changes something: {again.result}")

    def judge(self, case: Case, name: str) -> None:
        """Bucket, state and invalidations are those of an undisturbed release."""
        state, found, wanted = self.site.state, self.stamped_out(), self.objects[name]
        case.expect(state["state"] == "active", f"the state is {state['state']}")
        differ = {key for key in found.keys() | wanted.keys() if found.get(key) != wanted.get(key)}
        case.expect(not differ, f"the bucket differs in {sorted(differ)[:5]}")
        numbers = self.site.activations()
        double = {number for number in numbers if numbers.count(number) > 1}
        case.expect(not double, f"several invalidations for activations {sorted(double)}")
        missing = set(range(1, state["seq"] + 1)) - set(numbers)
        case.note = f"activation {state['seq']}" + (f", {len(missing)} changed no document" if missing else "")


def killed_at_call(stage: Stage, rng: random.Random, number: int) -> Case:
    """kill -9 right before call NUMBER is carried out, after the one before was answered."""
    with stage.case("killed at every call", f"call {number}") as case:
        name = stage.other
        bundle = stage.bundle(name)
        stage.site.hold(number)
        run = stage.site.start("publish", bundle)
        at = stage.site.held(run)
        run.kill()
        stage.site.let_go()
        case.outcomes.append(run.outcome)
        case.name += f", before {at}" if at else ", after its end"
        _afterwards(stage, case, rng, name, bundle)
    return case


def killed_at_moment(stage: Stage, rng: random.Random, share: float) -> Case:
    """kill -9 at a moment of a release, wherever that is."""
    moment = share * stage.seconds
    with stage.case("killed at a random moment", f"{moment:.2f} s") as case:
        name = stage.other
        bundle = stage.bundle(name)
        run = stage.site.start("publish", bundle)
        time.sleep(moment)
        run.kill()
        case.outcomes.append(run.outcome)
        _afterwards(stage, case, rng, name, bundle)
    return case


def _afterwards(stage: Stage, case: Case, rng: random.Random, name: str, bundle: Path) -> None:
    """The same again; or, one time in four, a rollback first."""
    if rng.random() < 0.25:
        case.name += ", then a rollback"
        back = stage.run(case, "rollback")
        case.expect(back.outcome == "rolled_back", f"the rollback: {back.outcome}: {back.result.get('msg')}")
    stage.finish(case, name, bundle)


def two_at_once(stage: Stage, rng: random.Random) -> Case:
    """Two publishers of different releases, nearly at once: one waits for the lease, or is told to go, or neither has
    one, so that only the conditional writes keep the two apart."""
    way = rng.choice(("one waits", "neither waits", "neither has a lock"))
    locks = {"one waits": (_lock(30), _lock(30)), "neither waits": (_lock(0), _lock(0))}.get(way, (None, None))
    with stage.case("two publishers at once", way) as case:
        name = stage.other
        first, second = stage.bundle(name), stage.bundle(stage.live)
        runs = [stage.site.start("publish", first, lock=locks[0])]
        time.sleep(rng.uniform(0, stage.seconds / 3))
        runs.append(stage.site.start("publish", second, lock=locks[1]))
        for run in runs:
            run.wait()
        case.outcomes += [run.outcome for run in runs]
        told = "; ".join(str(run.result.get("msg")) for run in runs)
        case.expect("promoted" in case.outcomes, f"nobody was promoted: {told}")
        case.expect(set(case.outcomes) <= {"promoted", "blocked", "superseded"}, f"{case.outcomes}: {told}")
        outcomes = list(case.outcomes)
        stage.finish(case, name, first)
        case.name += f": {', '.join(outcomes)}"
    return case


def _lock(wait: float) -> dict[str, object]:
    return {"table": "torture-releases", "ttl": 20, "wait": wait}


def rolled_back(stage: Stage) -> Case:
    """To the release before, and how long that takes."""
    with stage.case("rolled back", "") as case:
        back = stage.run(case, "rollback")
        case.expect(back.outcome == "rolled_back", f"{back.outcome}: {back.result.get('msg')}")
        case.name = f"{back.result.get('timings', {}).get('total', 0):.1f} s, {back.result.get('requests')} requests"
        stage.live = stage.other
        stage.judge(case, stage.live)
    return case


def damaged(stage: Stage) -> Case:
    """A deleted, a corrupted and an extra object, of which edges have fetched the latter two."""
    s3 = stage.site.cloud.client("s3")
    with stage.case("healed", "a deleted, a corrupted and an extra object") as case:
        bundle = stage.bundle(NEW)
        stage.finish(case, NEW, bundle)
        known = stage.objects[NEW]
        assets = sorted(key for key in known if key.endswith(".js") and (bundle / key[5:]).exists())
        s3.delete_object(Bucket=BUCKET, Key="site/robots.txt")
        s3.put_object(Bucket=BUCKET, Key=assets[0], Body=b"corrupted", CacheControl="max-age=31536000")
        s3.put_object(Bucket=BUCKET, Key="site/extra.html", Body=b"<p>foreign</p>", ContentType="text/html")
        # So that what gets too old meanwhile is no difference between the two runs.
        verify = {"verify": True, "keep_days": 30}
        healed = stage.run(case, "publish", bundle, **verify)
        case.expect(healed.outcome == "promoted", f"{healed.outcome}: {healed.result.get('msg')}")
        stage.judge(case, NEW)
        paths = healed.result.get("invalidation", {}).get("paths", [])
        for key in (assets[0], "site/extra.html"):
            case.expect(f"/{key[5:]}" in paths, f"the edge was not told of {key}: {paths}")
        again = stage.run(case, "publish", bundle, **verify)
        case.expect(again.result.get("changed") is False, "there was something left to heal")
    return case


def many_paths(stage: Stage, count: int) -> Case:
    """So many files change in place: few paths, within the quotas, and edges forget every file that they had."""
    numbers = range(0, count, max(1, count // SAMPLE))
    with stage.case("coalesced", f"{count:,} changed paths") as case:
        for turn in ("first", "second"):
            bundle = stage.bundle(NEW)
            for number in range(count):
                place = bundle / _media(number)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(_content(turn, number))
            run = stage.site.start("publish", bundle, max_files=30_000, threads=32)
            result = run.wait()
            case.outcomes.append(run.outcome)
            case.expect(run.outcome == "promoted", f"{run.outcome}: {result.get('msg') or result}")
            old = [number for number in numbers if stage.site.visit(_media(number)) != _content(turn, number)]
            case.expect(not old, f"{len(old)} of {len(numbers)} files are not the {turn} ones, {old[:3]} among them")
        paths = result.get("invalidation", {}).get("paths", [])
        case.expect(0 < len(paths) <= 10, f"{len(paths)} paths: {paths[:12]}")
        stages = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in result.get("timings", {}).items())
        case.note = f"{len(paths)} paths: {', '.join(paths)}; {result.get('requests')} requests; {stages}"
    return case


def _media(number: int) -> str:
    return f"media/{number // 250}/{number}.json"


def _content(turn: str, number: int) -> str:
    return f'"{hashlib.sha256(f"{turn}{number}".encode()).hexdigest()}"'
