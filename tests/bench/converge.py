# SPDX-License-Identifier: GPL-3.0-or-later
"""site.yml by stock Ansible and by the warm process, side by side: `python -m tests.bench.converge [--minutes M]`.

A local cloud for each of the two, and a round for each environment: the first converge and two that have nothing to do,
by the one and then by the other. Prints medians as a Markdown table, writes build/bench-converge.json, and fails if the
two did not do the same. Figures of the local cloud; they say nothing about AWS's own speed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from localcloud import images
from localcloud.demo import run

BUILD = images.ROOT / "build"
RECORDER = images.ROOT / "tests" / "e2e" / "callback"
ENVIRONMENTS = ("local", "staging", "production")
EXECUTORS = {"stock": "0", "fast": "1"}
KINDS = ("first converge", "nothing to do")
RUNS = ("first converge", "nothing to do", "nothing to do")
HEAD = ("site.yml", "stock", "fast", "ratio", "CPU, stock", "CPU, fast", "ratio", "AWS calls, stock", "AWS calls, fast")


@dataclass(frozen=True)
class Run:
    """One playbook run: seconds on the clock, seconds of processor time of all its processes, AWS calls."""

    executor: str
    environment: str
    kind: str
    seconds: float
    cpu: float
    calls: int


# What a task came to: host, task, outcome, changed.
Came = tuple[str, str, str, bool]


def converge(state: Path, executor: str, environment: str, kind: str) -> tuple[Run, list[Came]]:
    """Run site.yml once. Raises SystemExit with the end of its output if it fails."""
    record = state.parent / f"{executor}-{environment}.jsonl"
    record.write_text("")
    cloud = run.environment(state, environment)
    env = cloud | {
        "SLIPWAY_FAST": EXECUTORS[executor],
        "ANSIBLE_CALLBACK_PLUGINS": str(RECORDER),
        "ANSIBLE_CALLBACKS_ENABLED": "slipway.ops.warm,recorder",
        "ANSIBLE_DEPRECATION_WARNINGS": "0",
        "RECORDER_FILE": str(record),
    }
    command = ["ansible-playbook", "-i", f"inventories/{environment}", "playbooks/site.yml"]
    before, log = calls(cloud), record.with_suffix(".log")
    began = time.monotonic()
    with log.open("w") as stream:
        process = subprocess.Popen(command, cwd=images.ROOT, env=env, stdout=stream, stderr=subprocess.STDOUT)
        _pid, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - began
    if status:
        raise SystemExit(f"{executor}: site.yml of {environment} failed\n{log.read_text()[-3000:]}")
    lines = [json.loads(line) for line in record.read_text().splitlines()]
    came = [(line["host"], line["task"], line["outcome"], line["changed"]) for line in lines]
    used = usage.ru_utime + usage.ru_stime
    return Run(executor, environment, kind, seconds, used, calls(cloud) - before), came


def calls(env: dict[str, str]) -> int:
    """How many AWS calls the playbooks' credentials have made so far; what runs in the cloud has its own."""
    with urllib.request.urlopen(f"{env['AWS_ENDPOINT_URL']}/_localcloud/calls", timeout=30) as answer:
        return sum(call["access_key"] == env["AWS_ACCESS_KEY_ID"] for call in json.load(answer))


def in_parallel(came: list[Came]) -> list[Came]:
    """The tasks in an order that does not depend on which host was faster."""
    return sorted(came, key=lambda each: each[0])


def rounds(states: dict[str, Path], minutes: float) -> list[Run]:
    """All that there is time for, a whole environment at a time."""
    runs: list[Run] = []
    began = time.monotonic()
    for number, environment in enumerate(ENVIRONMENTS):
        if number and (time.monotonic() - began) * (number + 1) / number > minutes * 60:
            print(f"no time for {environment}", flush=True)
            break
        for kind in RUNS:
            done = {executor: converge(state, executor, environment, kind) for executor, state in states.items()}
            runs += [each for each, _came in done.values()]
            print(f"  {environment}, {kind}: {', '.join(told(each) for each, _came in done.values())}", flush=True)
            one, other = (in_parallel(came) for _run, came in done.values())
            if one != other:
                differing = [pair for pair in zip(one, other, strict=False) if pair[0] != pair[1]]
                raise SystemExit(f"the two did not do the same: {differing[:3]}")
    return runs


def told(each: Run) -> str:
    """One run, for whoever watches."""
    return f"{each.executor} {each.seconds:.1f} s ({each.cpu:.1f} s of CPU, {each.calls} calls)"


def table(runs: list[Run]) -> str:
    """The medians, in Markdown."""
    lines = [f"| {' | '.join(HEAD)} |", f"| {' | '.join(['---', *['---:'] * (len(HEAD) - 1)])} |"]
    for kind in KINDS:
        some = {name: [each for each in runs if (each.executor, each.kind) == (name, kind)] for name in EXECUTORS}
        cells = [kind]
        for figure in ("seconds", "cpu"):
            stock, fast = (median(getattr(each, figure) for each in some[name]) for name in EXECUTORS)
            cells += [f"{stock:.1f} s", f"{fast:.1f} s", f"{stock / fast:.1f}"]
        cells += [f"{median(each.calls for each in some[name]):.0f}" for name in EXECUTORS]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.converge")
    parser.add_argument(
        "--minutes", type=float, default=15, help="no environment begins that would not end within them"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as folder:
        states = {executor: Path(folder, executor) for executor in EXECUTORS}
        try:
            for state in states.values():
                run.cloud(state, "up")
            runs = rounds(states, options.minutes)
        finally:
            for state in states.values():
                run.cloud(state, "down")
    load = os.getloadavg()[2]
    machine = f"{os.cpu_count()} cores, load average {load:.1f} over 15 minutes, Python {platform.python_version()}"
    print(f"\nMeasured on the local cloud; {machine}\n\n{table(runs)}")
    BUILD.mkdir(exist_ok=True)
    report = {"machine": machine, "runs": [asdict(each) for each in runs]}
    (BUILD / "bench-converge.json").write_text(json.dumps(report, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
