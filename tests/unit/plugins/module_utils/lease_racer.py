# SPDX-License-Identifier: GPL-3.0-or-later
"""What test_lease has other processes do, each with a clock of its own."""

from __future__ import annotations

import os
import time
from pathlib import Path

from ansible_collections.slipway.ops.plugins.module_utils import lease

from tests.unit.plugins.dynamo import Dynamo, Skewed, client

TIMES = 2
_TIME = time.time


def _set_clock(skew):
    time.time = lambda: _TIME() + skew


def race(arguments):
    """Takes the lease so many times; whoever has it alone may make the file, and writes its token down meanwhile."""
    url, folder, skew = arguments
    _set_clock(skew)
    lease.POLL_INTERVAL = 0.1
    dynamodb = client("dynamodb", url)
    inside, journal = Path(folder) / "inside", Path(folder) / "tokens"
    for _ in range(TIMES):
        mine = lease.Lease(dynamodb, Dynamo.table, "api", f"runner-{os.getpid()}", ttl=600)
        mine.acquire(600, lambda _text: None)
        inside.touch(exist_ok=False)
        with journal.open("a") as stream:
            stream.write(f"{mine.token}\n")
        time.sleep(0.002)
        mine.confirm()
        inside.unlink()
        mine.release()


def look_at(url, skew):
    """Seconds that have passed at DynamoDB -> what comes of asking for the lease then, by a controller so wrong."""
    _set_clock(skew)
    found = {}
    for elapsed in (0, 300, 900):
        said = []
        asking = lease.Lease(Skewed(client("dynamodb", url), elapsed), Dynamo.table, "api", "bob")
        try:
            asking.acquire(0, said.append)
        except lease.LeaseHeldError:
            found[elapsed] = "held"
        else:
            found[elapsed] = " ".join(said).partition(" the lease")[0]
    return found
