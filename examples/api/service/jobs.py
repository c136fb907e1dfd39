# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs beside the HTTP server, from the same image: `main.py worker`, `main.py migrate`, `main.py report`.

Each logs its release, so that one sees in the logs that workers and scheduled tasks follow a deployment.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable

from service import settings, storage

Job = Callable[[str, settings.Settings], Awaitable[int]]

LIMIT = 1000
#: Seconds between two looks of the worker.
PAUSE = 5.0


async def worker(version: str, given: settings.Settings) -> int:
    """Counts the items, and says so when their number changes, until SIGTERM."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    _say(version, f"worker of {given.digest} starts")
    bucket, before = storage.Bucket(given.bucket) if given.bucket else None, -1
    while not stop.is_set():
        count = await _count(bucket)
        if count != before:
            _say(version, f"{count} items")
        before = count
        try:
            await asyncio.wait_for(stop.wait(), PAUSE)
        except TimeoutError:
            continue
    _say(version, "worker stops")
    return 0


async def migrate(version: str, given: settings.Settings) -> int:
    """Stands for a change of a schema: looks at what is stored, and changes nothing, however often it runs."""
    count = await _count(storage.Bucket(given.bucket) if given.bucket else None)
    _say(version, f"{count} items fit the schema of {version}")
    return 0


async def report(version: str, given: settings.Settings) -> int:
    """Says how many items there are, and ends."""
    count = await _count(storage.Bucket(given.bucket) if given.bucket else None)
    _say(version, f"report: {count} items")
    return 0


JOBS: dict[str, Job] = {"worker": worker, "migrate": migrate, "report": report}


async def _count(bucket: storage.Bucket | None) -> int:
    return len(await bucket.names(LIMIT)) if bucket else 0


def _say(version: str, text: str) -> None:
    print(f"api {version}: {text}", flush=True)


def main(version: str, name: str) -> int:
    """Run a job. Exit status 0, 1 when it failed, 2 when there is no such job or a setting is wrong."""
    job = JOBS.get(name)
    if job is None:
        print(f"api {version}: no job {name!r}; there are {', '.join(JOBS)}", file=sys.stderr)
        return 2
    try:
        return asyncio.run(job(version, settings.read(os.environ)))
    except settings.SettingsError as error:
        print(f"api {version}: {error}", file=sys.stderr)
        return 2
    except storage.StorageError as error:
        print(f"api {version}: {name} failed: {error}", file=sys.stderr)
        return 1
