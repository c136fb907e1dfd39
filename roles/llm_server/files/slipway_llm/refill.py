# SPDX-License-Identifier: GPL-3.0-or-later
"""Fill the instance store with the model, whose files' SHA-256 the manifest tells. Run at every boot.

What is there and right stays; what is there and wrong is fetched anew; what was on its way goes on. The link `current`
leads to the model only once every file of it is right.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from pathlib import Path

from slipway_llm.credentials import Credentials
from slipway_llm.download import CHUNK, Download, hash_file
from slipway_llm.errors import HostError
from slipway_llm.manifest_plan import File, Location, ManifestError, locate, parse
from slipway_llm.objects import Objects, Source, StoppedError
from slipway_llm.settings import Settings, run
from slipway_llm.sigv4 import payload_hash

CONNECTIONS = 32
LARGEST_MANIFEST = 4 * 1024 * 1024
FOLDER = re.compile(r"[0-9a-f]{32}")


@dataclass
class Report:
    """Bytes: of the model, fetched now, found right, left by an interrupted run. repaired: files that were wrong."""

    manifest_sha256: str
    files: int = 0
    bytes: int = 0
    fetched: int = 0
    kept: int = 0
    resumed: int = 0
    repaired: int = 0
    seconds: float = 0.0


def refill(settings: Settings, connections: int = CONNECTIONS) -> Report:
    """Bring the model of the settings onto the disk. Raises HostError."""
    started = time.monotonic()
    models = Path(settings.models)
    if not os.path.ismount(settings.mount):
        raise HostError(f"{settings.mount} is not mounted: the model would fill the disk of the system")
    try:
        models.mkdir(parents=True, exist_ok=True)
        with (models / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            # Until every file is proven again, the engine is not to start with what an earlier boot left.
            settings.current.unlink(missing_ok=True)
            where = locate(settings.manifest)
            source = Source(where.bucket, settings.region, Credentials())
            report, files = _manifest(settings, source, where)
            folder = models / report.manifest_sha256[:32]
            _prune(models, folder)
            _Refill(source, where, folder, report, connections).run(files)
            _point(settings.current, folder)
    except ManifestError as error:
        raise HostError(f"{settings.manifest}: {error}") from error
    except OSError as error:
        raise HostError(f"{error.filename or models}: {error.strerror or error}") from error
    report.seconds = round(time.monotonic() - started, 3)
    return report


def _manifest(settings: Settings, source: Source, where: Location) -> tuple[Report, tuple[File, ...]]:
    """The manifest, proven to be the one that the settings name, if they do."""
    text = Objects(source, threading.Event()).whole(where.key, LARGEST_MANIFEST)
    found = payload_hash(text)
    if settings.manifest_sha256 not in ("", found):
        wrong = f"{settings.manifest} has SHA-256 {found}, not {settings.manifest_sha256}"
        raise HostError(f"{wrong}: it was replaced; nothing was fetched")
    files = parse(text)
    return Report(found, files=len(files), bytes=sum(file.size for file in files)), files


def _prune(models: Path, folder: Path) -> None:
    """Remove every other model: the disk has room for one, and S3 has them all."""
    for other in models.iterdir():
        if FOLDER.fullmatch(other.name) and other != folder:
            print(f"removing {other}", flush=True)
            shutil.rmtree(other)


def _point(link: Path, folder: Path) -> None:
    """Let the link lead to the folder, in one step."""
    new = link.with_name(".current")
    new.unlink(missing_ok=True)
    new.symlink_to(folder.name)
    new.rename(link)


class _Refill:
    """One run."""

    def __init__(self, source: Source, where: Location, folder: Path, report: Report, connections: int) -> None:
        self._source, self._where, self._folder, self._report = source, where, folder, report
        self._connections = connections
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._left: dict[Download, int] = {}
        self._wrong: list[Download] = []
        self._said = time.monotonic()

    def run(self, files: tuple[File, ...]) -> None:
        downloads = self._missing(files)
        self._room(downloads)
        self._round(downloads)
        # The log of an interrupted run may have lied, or a byte fell over: once more from the beginning.
        again, self._wrong = [Download(download.file, self._folder) for download in self._wrong], []
        for download in again:
            print(f"{download.path} came with another SHA-256 than the manifest's; once more", flush=True)
            self._report.repaired += 1
        self._round(again)
        if self._wrong:
            name = f"s3://{self._where.bucket}/{self._where.beside(self._wrong[0].file.path)}"
            raise HostError(f"{name} is not the file of the manifest, twice: upload it anew; no model was put in place")

    def _missing(self, files: tuple[File, ...]) -> list[Download]:
        """What is to fetch; what is there is hashed, as nobody can know who wrote to the disk since."""
        self._folder.mkdir(exist_ok=True)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            states = list(pool.map(self._state, files))
        self._report.kept = sum(file.size for file, state in zip(files, states, strict=True) if state == "right")
        self._report.repaired = states.count("wrong")
        return [Download(file, self._folder) for file, state in zip(files, states, strict=True) if state != "right"]

    def _state(self, file: File) -> str:
        path = self._folder / file.path
        if not path.is_file():
            return "missing"
        if path.stat().st_size == file.size and hash_file(path) == file.sha256:
            return "right"
        print(f"{path} is not the file of the manifest; fetching it anew", flush=True)
        path.unlink()
        return "wrong"

    def _room(self, downloads: list[Download]) -> None:
        """Raises HostError, before the first byte, if the disk cannot hold the rest."""
        needed = sum(max(0, download.file.size - download.allocated) for download in downloads)
        free = shutil.disk_usage(self._folder).free
        if needed > free:
            raise HostError(f"{self._folder}: the disk has {free} bytes free, the model needs {needed} more")

    def _round(self, downloads: list[Download]) -> None:
        """Fetch, with all connections, and complete each file as its last segment arrives."""
        items: list[tuple[Download, int]] = []
        try:
            for download in downloads:
                numbers = download.open()
                self._report.resumed += download.resumed
                self._left[download] = len(numbers)
                items += [(download, number) for number in numbers]
                if not numbers:
                    download.catch_up(memoryview(bytearray(CHUNK)))
                    self._completed(download)
            self._threads(iter(items), min(self._connections, len(items)))
        finally:
            for download in downloads:
                download.close()

    def _threads(self, items: Iterator[tuple[Download, int]], number: int) -> None:
        if not number:
            return
        with ThreadPoolExecutor(number) as pool:
            running = [pool.submit(self._work, items) for _each in range(number)]
            done, _pending = wait(running, return_when=FIRST_EXCEPTION)
            failed = [error for future in done if (error := future.exception())]
            if failed:
                self._stopped.set()
        if failed:
            raise failed[0]

    def _work(self, items: Iterator[tuple[Download, int]]) -> None:
        """One thread with one connection, until nothing is left."""
        objects, buffer = Objects(self._source, self._stopped), memoryview(bytearray(CHUNK))
        try:
            while not self._stopped.is_set():
                with self._lock:
                    item = next(items, None)
                if item is None:
                    return
                download, number = item
                download.fetch(objects, self._where.beside(download.file.path), number, buffer)
                self._arrived(download, number)
        except StoppedError:
            return
        finally:
            objects.close()

    def _arrived(self, download: Download, number: int) -> None:
        start, end = download.file.segment(number)
        with self._lock:
            self._report.fetched += end - start
            self._left[download] -= 1
            last = not self._left[download]
            if time.monotonic() - self._said > 10:
                self._said = time.monotonic()
                done = self._report.fetched + self._report.kept + self._report.resumed
                print(f"{done} of {self._report.bytes} bytes", flush=True)
        if last:
            self._completed(download)

    def _completed(self, download: Download) -> None:
        if not download.complete():
            with self._lock:
                self._wrong.append(download)


def main(settings: Settings) -> None:
    """Refill, and leave the report for the metrics."""
    report = refill(settings)
    text = json.dumps(asdict(report))
    print(text, flush=True)
    target = Path(settings.run)
    target.mkdir(exist_ok=True)
    (target / "refill.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(run("refill", main))
