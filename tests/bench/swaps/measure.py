# SPDX-License-Identifier: GPL-3.0-or-later
"""One command of a contender, measured: seconds to full traffic and to its end, failed requests, AWS calls."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from localcloud import images
from localcloud.demo import run
from tests.bench.swaps.cloud import host_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.bench.swaps.cloud import Cloud

# Seconds of load and samples before a command and after its end.
BEFORE, AFTER = 1.0, 3.0
# Stages of a swap whose time is the service's, the load balancer's or what was asked for, not the toolkit's.
INHERENT = ("healthy", "smoke", "one_off_task", "watch", "prove", "drain")
RESULT = images.ROOT / "build" / "deploy-local-bench.json"
# What the last command of each contender and direction said.
LOGS = images.ROOT / "build" / "bench-swap"


@dataclass(frozen=True)
class Measured:
    """Seconds from the command's start to FULL traffic on the release it brings, to its END, and the part of them that
    was not inherent waiting; requests of the load while it ran, how many failed; AWS calls."""

    full: float
    end: float
    requests: int
    failed: int
    errors: dict[str, int]
    calls: int
    overhead: float = 0.0
    stages: dict[str, float] | None = None

    def shown(self) -> dict[str, Any]:
        """As JSON takes it."""
        return asdict(self)


def full_traffic(samples: Sequence[Mapping[str, Any]], host: str, version: str, begun: float) -> float | None:
    """Seconds after BEGUN from when on every answer to HOST is VERSION's; None if the last one is not."""
    since: float | None = None
    for sample in samples:
        if sample["host"] != host or sample["t"] < begun:
            continue
        if sample["version"] != version:
            since = None
        elif since is None:
            since = float(sample["t"])
    return None if since is None else since - begun


def overhead(result: Mapping[str, Any], seconds: float) -> tuple[float, dict[str, float]]:
    """What of a Slipway command's SECONDS was no inherent wait, and the seconds of each stage."""
    stages = {name: float(took) for name, took in result["timings"].items() if name != "total"}
    return seconds - sum(stages.get(name, 0.0) for name in INHERENT), stages


def own_seconds(calls: Sequence[Mapping[str, Any]], events: Sequence[Mapping[str, Any]], seconds: float) -> float:
    """What of a rolling command's SECONDS lay outside of the deployment itself: before its UpdateService, and after the
    service had reached its steady state. EVENTS are the service's own, as DescribeServices shows them."""
    begun = [float(call["time"]) for call in calls if call["operation"] == "UpdateService"]
    if not begun:
        return seconds
    settled = [
        event["createdAt"].timestamp()
        for event in events
        if event["message"].endswith("has reached a steady state.") and event["createdAt"].timestamp() > begun[0]
    ]
    return max(0.0, seconds - (min(settled) - begun[0])) if settled else seconds


class Sampler:
    """The process that asks all contenders' services which release answers."""

    def __init__(self, cloud: Cloud, names: Sequence[str]) -> None:
        self._file = cloud.folder / "samples.jsonl"
        hosts = [host_of(name) for name in names]
        command = [sys.executable, "-m", "tests.bench.swaps.sampler", str(self._file), cloud.url, *hosts]
        self._process = subprocess.Popen(command, cwd=images.ROOT, stdin=subprocess.DEVNULL)

    def samples(self) -> list[dict[str, Any]]:
        """What was seen so far, in the order of the answers."""
        lines = self._file.read_text().split("\n")[:-1]
        return sorted((json.loads(line) for line in lines), key=lambda sample: sample["t"])

    def __enter__(self) -> Sampler:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(timeout=20)


@contextmanager
def load(cloud: Cloud, name: str, rate: float) -> Iterator[dict[str, Any]]:
    """Open-loop load on one contender's service; the dict has the generator's summary after the block."""
    out, summary = cloud.folder / "load.json", {}
    command = [sys.executable, "-m", "localcloud.load", cloud.url, "--host", host_of(name), "--rate", str(rate)]
    process = subprocess.Popen([*command, "--seconds", "900", "--out", str(out)], cwd=images.ROOT)
    try:
        yield summary
    finally:
        process.terminate()
        process.wait(timeout=60)
    summary.update(json.loads(out.read_text()))


def measure(cloud: Cloud, sampler: Sampler, name: str, command: Sequence[str], version: str, rate: float) -> Measured:
    """Run COMMAND, which brings VERSION to the service NAME, under load; raises run.StepFailedError when it fails."""
    RESULT.unlink(missing_ok=True)
    lines: list[str] = []
    last = cloud.last_call()
    with load(cloud, name, rate) as summary:
        time.sleep(BEFORE)
        begun = time.time()
        status = run.stream(cloud.env, command, lines.append)
        seconds = time.time() - begun
        calls = cloud.calls(last)
        time.sleep(AFTER)
    LOGS.mkdir(parents=True, exist_ok=True)
    (LOGS / f"{name}-{version}.log").write_text("\n".join(lines) + "\n", encoding="utf-8")
    if status:
        raise run.StepFailedError("\n".join([f"{' '.join(command)} failed", *lines[-25:]]))
    full = full_traffic(sampler.samples(), host_of(name), version, begun)
    if full is None:
        raise run.StepFailedError(f"{' '.join(command)} ended, but {version} does not answer all requests")
    if RESULT.exists():
        own, stages = overhead(json.loads(RESULT.read_text()), seconds)
    else:
        own, stages = own_seconds(calls, cloud.describe(name)["events"], seconds), None
    counts = (int(summary["requests"]), int(summary["failed"]), dict(summary["errors"]))
    return Measured(full, seconds, *counts, len(calls), own, stages)
