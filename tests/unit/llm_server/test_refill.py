# SPDX-License-Identifier: GPL-3.0-or-later
"""The refill against the local cloud's S3: whole, killed, damaged, with a full disk, and with faults of the network."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from slipway_llm import download, manifest_plan, objects, refill
from slipway_llm.errors import HostError

SEGMENT = 64 * 1024
FILES = {
    "model-1.safetensors": random.Random(1).randbytes(20 * SEGMENT + 123),
    "model-2.safetensors": random.Random(2).randbytes(5 * SEGMENT),
    "tokenizer/tokens.json": b'{"a": 1}',
    "empty": b"",
}
SIZE = sum(map(len, FILES.values()))
# As the program runs, but with segments small enough for a test.
PROGRAM = f"""
import sys
from slipway_llm import manifest_plan
manifest_plan.SEGMENT = {SEGMENT}
from slipway_llm import refill, settings
sys.exit(settings.run("refill", refill.main))
"""
HOST = Path(refill.__file__).parents[1]


def manifest(files=FILES):
    listed = [
        {"path": path, "size": len(body), "sha256": hashlib.sha256(body).hexdigest()} for path, body in files.items()
    ]
    return json.dumps({"version": 1, "files": listed}).encode()


@pytest.fixture(autouse=True)
def _small_and_quick(monkeypatch):
    monkeypatch.setattr(manifest_plan, "SEGMENT", SEGMENT)
    monkeypatch.setattr(download, "SEGMENT", SEGMENT)
    monkeypatch.setattr(download, "CHUNK", 10_000)
    monkeypatch.setattr(refill, "CHUNK", 10_000)
    monkeypatch.setattr(random, "uniform", lambda _low, _high: 0.0)


@pytest.fixture
def bucket(aws):
    """The model in S3, as FILES has it."""
    client = aws.client("s3")
    client.create_bucket(Bucket="models")
    for path, body in {**FILES, "manifest.json": manifest()}.items():
        client.put_object(Bucket="models", Key=f"llama/{path}", Body=body)
    aws.fresh()
    return client


def here(settings):
    """The model that `current` leads to, as FILES has one."""
    folder = settings.current.resolve(strict=True)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_model_is_there_whole_with_every_byte_fetched_once(aws, bucket, settings):
    report = refill.refill(settings())
    assert here(settings()) == FILES
    assert (report.files, report.bytes, report.fetched, report.kept, report.repaired) == (4, SIZE, SIZE, 0, 0)
    segments = sum(-(-len(body) // SEGMENT) for body in FILES.values())
    assert len(aws.calls("GetObject")) == segments + 1


def test_a_second_boot_reads_the_manifest_only(aws, bucket, settings):
    refill.refill(settings())
    aws.fresh()
    report = refill.refill(settings())
    assert (report.fetched, report.kept) == (0, SIZE)
    assert len(aws.calls("GetObject")) == 1


@pytest.mark.parametrize("damage", ["changed", "cut off", "gone"])
def test_a_damaged_file_is_fetched_anew_and_no_other(bucket, settings, damage):
    refill.refill(settings())
    victim = settings().current.resolve() / "model-2.safetensors"
    body = bytearray(victim.read_bytes())
    victim.unlink()
    body[7] ^= 1
    if damage != "gone":
        victim.write_bytes(body if damage == "changed" else body[:-1])
    report = refill.refill(settings())
    assert here(settings()) == FILES
    assert report.fetched == len(FILES["model-2.safetensors"])
    assert report.repaired == (damage != "gone")


def start(settings, tmp_path):
    """The program in a process of its own."""
    config = tmp_path / "config.json"
    config.write_text(json.dumps(dataclasses.asdict(settings)))
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "--config", str(config)],
        env={**os.environ, "PYTHONPATH": str(HOST)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def killed_midway(aws, made, tmp_path, whole_answers):
    """Kill the program once that many segments have come, and all its connections wait for more."""
    aws.fault({"kind": "hold", "operation": "GetObject", "index": whole_answers + 2, "count": None})
    with start(made, tmp_path) as process:
        deadline = time.monotonic() + 30
        while aws.held() < 15 and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    aws.fresh()


def test_killed_midway_it_goes_on_where_it_was(aws, bucket, settings, tmp_path):
    made = settings()
    killed_midway(aws, made, tmp_path, whole_answers=10)
    assert not made.current.exists()
    report = refill.refill(made)
    assert here(made) == FILES
    assert report.resumed >= 9 * SEGMENT
    assert report.fetched + report.kept + report.resumed == SIZE
    assert report.repaired == 0


def test_what_an_interrupted_run_left_is_not_trusted(aws, bucket, settings, tmp_path):
    made = settings()
    killed_midway(aws, made, tmp_path, whole_answers=10)
    (part,) = Path(made.models).rglob(".model-1.safetensors.part")
    with part.open("r+b") as file:
        file.write(b"not what was fetched")
    report = refill.refill(made)
    assert here(made) == FILES
    assert report.repaired == 1


@pytest.mark.parametrize(
    "log",
    [b"", b"garbage\n1\n", b"\xff", b"HEAD\n1\nx\n", b"HEAD\n1\n99"],
    ids=["empty", "of another file", "binary", "garbled", "cut off"],
)
def test_a_damaged_log_costs_time_only(aws, bucket, settings, tmp_path, log):
    made = settings()
    killed_midway(aws, made, tmp_path, whole_answers=6)
    (path,) = Path(made.models).rglob(".model-1.safetensors.log")
    path.write_bytes(log.replace(b"HEAD", path.read_bytes().split(b"\n")[0]))
    refill.refill(made)
    assert here(made) == FILES


@pytest.mark.parametrize("kind", ["throttle", "error", "lost"])
def test_faults_pass(aws, bucket, settings, kind):
    aws.fault(
        {"kind": kind, "operation": "GetObject", "index": 1, "count": 1},
        {"kind": kind, "operation": "GetObject", "index": 5, "count": 6},
    )
    report = refill.refill(settings())
    assert here(settings()) == FILES
    assert report.fetched == SIZE


def test_faults_without_end_end_it(aws, bucket, settings):
    aws.fault({"kind": "error", "operation": "GetObject", "index": 4, "count": None})
    with pytest.raises(HostError, match=r"s3://models/llama/\S+: 8 failures in a row, the last: 50"):
        refill.refill(settings(), connections=2)
    assert not settings().current.exists()


def test_an_answer_that_breaks_off_goes_on_at_its_byte(bucket, settings, monkeypatch):
    asked = []
    real = objects.Objects._ask

    def breaks(self, key, extent):
        response = real(self, key, extent)
        if extent and extent[1] - extent[0] > 30_000:
            asked.append(extent)
            monkeypatch.setattr(response, "readinto", iter_then_break(response.readinto))
        return response

    def iter_then_break(read):
        pieces = iter([True, True])

        def readinto(buffer):
            if next(pieces, None):
                return read(buffer)
            raise TimeoutError("the peer fell silent")

        return readinto

    monkeypatch.setattr(objects.Objects, "_ask", breaks)
    report = refill.refill(settings(), connections=3)
    assert here(settings()) == FILES
    assert report.fetched == SIZE
    assert any(start % SEGMENT for start, _end in asked)


def test_a_wrong_object_is_found_and_named(bucket, settings):
    body = bytearray(FILES["model-2.safetensors"])
    body[-1] ^= 1
    bucket.put_object(Bucket="models", Key="llama/model-2.safetensors", Body=bytes(body))
    with pytest.raises(
        HostError, match=r"s3://models/llama/model-2.safetensors is not the file of the manifest, twice"
    ):
        refill.refill(settings())
    assert not settings().current.exists()


@pytest.mark.parametrize("change", [-1, 1])
def test_an_object_of_another_size_is_named(bucket, settings, change):
    body = FILES["model-2.safetensors"]
    bucket.put_object(Bucket="models", Key="llama/model-2.safetensors", Body=(body + b"x")[: len(body) + change])
    if change > 0:  # its first bytes are right, and the rest is nobody's
        refill.refill(settings())
        assert here(settings()) == FILES
        return
    with pytest.raises(HostError, match=r"s3://models/llama/model-2.safetensors.* is not what the manifest says"):
        refill.refill(settings())


def test_a_missing_object_is_named(bucket, settings):
    bucket.delete_object(Bucket="models", Key="llama/model-1.safetensors")
    with pytest.raises(HostError, match=r"s3://models/llama/model-1.safetensors: S3 answers 404 NoSuchKey: upload it"):
        refill.refill(settings())


def test_a_replaced_manifest_is_refused_before_the_first_byte(aws, bucket, settings):
    made = settings(manifest_sha256=hashlib.sha256(b"the one that was reviewed").hexdigest())
    with pytest.raises(HostError, match="it was replaced; nothing was fetched"):
        refill.refill(made)
    assert len(aws.calls("GetObject")) == 1
    refill.refill(settings(manifest_sha256=hashlib.sha256(manifest()).hexdigest()))


def test_another_model_takes_the_place_of_the_first(bucket, settings):
    refill.refill(settings())
    other = {"model": b"another"}
    for path, body in {**other, "manifest.json": manifest(other)}.items():
        bucket.put_object(Bucket="models", Key=f"other/{path}", Body=body)
    made = settings(manifest="s3://models/other/manifest.json")
    refill.refill(made)
    assert here(made) == other
    assert len([path for path in Path(made.models).iterdir() if path.is_dir() and not path.is_symlink()]) == 1


@pytest.fixture
def small_disk(tmp_path):
    """A mounted disk of 1 MiB, which is less than the model."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "slipway", folder], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_disk_that_is_too_small_is_told_before_the_first_byte(aws, bucket, settings, small_disk):
    made = settings(mount=str(small_disk), models=str(small_disk / "models"))
    with pytest.raises(HostError, match=rf"the disk has \d{{6,7}} bytes free, the model needs {SIZE} more"):
        refill.refill(made)
    assert len(aws.calls("GetObject")) == 1
    assert not made.current.exists()


def test_a_disk_that_somebody_else_fills_is_told(bucket, settings, small_disk, monkeypatch):
    made = settings(mount=str(small_disk), models=str(small_disk / "models"))
    monkeypatch.setattr(refill._Refill, "_room", lambda *_arguments: None)
    with pytest.raises(HostError, match=r"model-1.safetensors: the disk is full; it takes \d+ bytes"):
        refill.refill(made)
    assert not made.current.exists()


def test_a_write_that_fails_is_told(bucket, settings, monkeypatch):
    def full(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(HostError, match=r"model-1.safetensors: the disk is full; it takes \d+ bytes"):
        refill.refill(settings(), connections=1)
    monkeypatch.undo()
    assert not settings().current.exists()


def test_without_the_instance_store_the_systems_disk_is_left_alone(settings, tmp_path):
    with pytest.raises(HostError, match="is not mounted"):
        refill.refill(settings(mount=str(tmp_path)))
    assert not Path(settings().models).exists()


def test_the_program_leaves_its_report(bucket, settings, tmp_path):
    made = settings()
    with start(made, tmp_path) as process:
        said, wrong = process.communicate(timeout=60)
    assert (process.returncode, wrong) == (0, "")
    assert json.loads((Path(made.run) / "refill.json").read_text()) == json.loads(said.splitlines()[-1])


def test_the_program_fails_in_one_line(aws, settings, tmp_path):
    with start(settings(manifest="s3://nobodys/manifest.json"), tmp_path) as process:
        said, wrong = process.communicate(timeout=60)
    assert (process.returncode, said) == (1, "")
    assert wrong == "refill: s3://nobodys/manifest.json: S3 answers 404 NoSuchBucket: upload it beside its manifest\n"
