# SPDX-License-Identifier: GPL-3.0-or-later
"""up, down and status: what a user says to a local cloud's supervisor, from outside it."""

from __future__ import annotations

import http.client
import json
import os
import select
import shlex
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from localcloud import images, processes, status

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from localcloud.status import Status

#: Seconds that `up` waits for a word; the supervisor gives up on its own before that.
_UP_LIMIT = 90.0
#: Seconds that `down` waits for the supervisor to stop everything; then it does so itself.
_DOWN_LIMIT = 15.0


def up(state: Path, weight_delay: float, tables: Sequence[Path]) -> int:
    """Start the cloud of this folder and wait until it is ready."""
    found = _settled(state)
    if found and found.running:
        print(f"already up: {_how_to_use(state, found)}")
        return 0
    all_tables = [images.TABLE, *(table.absolute() for table in tables)]
    try:
        images.load(all_tables)
    except images.ImageTableError as error:
        return _fail(str(error))
    if found:
        print(f"the last local cloud here had crashed: {found.reason}")
        _clean(state, found)
    word = _launch(state, weight_delay, all_tables)
    if not word.get("ready"):
        return _fail(f"the local cloud did not start: {word['reason']}", word["log_tail"])
    now = status.load(state)
    assert now is not None
    print(f"up after {word['seconds']} s: {_how_to_use(state, now)}")
    return 0


def down(state: Path) -> int:
    """Stop the cloud of this folder and remove everything it wrote there."""
    found = status.load(state)
    if found is None:
        print(f"no local cloud in {state}")
        return 0
    was_crashed = found.phase == status.CRASHED
    if found.running:
        found.supervisor.signal(signal.SIGTERM)
        if not found.supervisor.wait_gone(_DOWN_LIMIT):
            found.supervisor.signal(signal.SIGKILL)
    _clean(state, found)
    print(f"cleaned up after the crash: {found.reason}" if was_crashed else "down")
    return 0


def show_status(state: Path) -> int:
    """Print how the cloud of this folder is."""
    found = status.load(state)
    if found is None:
        print(f"no local cloud in {state}")
        return 3
    if found.phase == status.CRASHED:
        return _fail(f"crashed: {found.reason}", found.log_tail)
    print(f"{found.phase}: {found.endpoint_url} (supervisor pid {found.supervisor.pid})")
    for line in _answering(found.endpoint_url):
        print(line)
    return 0


def _answering(endpoint_url: str) -> list[str]:
    """One line for each listener and site that answers; none while control does not."""
    connection = http.client.HTTPConnection(endpoint_url.removeprefix("http://"), timeout=5)
    try:
        connection.request("GET", "/_localcloud/status")
        told = json.load(connection.getresponse())
    except OSError:
        return []
    finally:
        connection.close()
    lines = [f"  listener {item['url']}  {item['arn'].partition(':listener/')[2]}" for item in told["listeners"]]
    return lines + [
        f"  site     {item['url']}  {item['id']} {item['domain_name']} {item['status']}" for item in told["sites"]
    ]


def _settled(state: Path) -> Status | None:
    """The status, once a start that is under way has come to its end."""
    deadline = time.monotonic() + _UP_LIMIT
    while (found := status.load(state)) and found.running and found.phase == status.STARTING:
        if time.monotonic() > deadline:
            break
        time.sleep(0.1)
    return found


def _how_to_use(state: Path, found: Status) -> str:
    return f"{found.endpoint_url}; use it with: . {shlex.quote(str(state / 'env'))}"


def _launch(state: Path, weight_delay: float, tables: Sequence[Path]) -> dict[str, Any]:
    """Start a supervisor that outlives this process; its first word."""
    (state / "log").mkdir(mode=0o700, parents=True, exist_ok=True)
    state.chmod(0o700)
    report_read, report_write = os.pipe()
    command = [sys.executable, "-m", "localcloud.supervisor", "--state", str(state)]
    command += ["--weight-delay", str(weight_delay), "--report", str(report_write)]
    for table in tables:
        command += ["--images", str(table)]
    with (state / "log" / "supervisor.log").open("ab") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(report_write,),
            cwd=images.ROOT,
            start_new_session=True,
        )
    os.close(report_write)
    try:
        return _first_word(report_read, state)
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        raise
    finally:
        os.close(report_read)


def _first_word(descriptor: int, state: Path) -> dict[str, Any]:
    readable, _, _ = select.select([descriptor], [], [], _UP_LIMIT)
    text = os.read(descriptor, 1 << 20) if readable else b""
    if text:
        word: dict[str, Any] = json.loads(text)
        return word
    reason = "the supervisor died" if readable else f"no word from the supervisor after {_UP_LIMIT:.0f} s"
    return {"ready": False, "reason": reason, "log_tail": status.tail(state / "log" / "supervisor.log")}


def _clean(state: Path, found: Status) -> None:
    """Kill what a dead cloud left running and remove its files."""
    processes.sweep(found.cloud_id)
    status.remove_files(state, keep_report=False)


def _fail(message: str, log_tail: Sequence[str] = ()) -> int:
    print(message, file=sys.stderr)
    for line in log_tail:
        print(f"  | {line}", file=sys.stderr)
    return 1
