# SPDX-License-Identifier: GPL-3.0-or-later
"""What a local cloud says about itself in STATE/status.json, and what is true of it now."""

from __future__ import annotations

import dataclasses
import json
import shutil
from typing import TYPE_CHECKING

from localcloud import accounts
from localcloud.processes import Identity
from localcloud.settings import write_private

if TYPE_CHECKING:
    from pathlib import Path

STARTING, READY, CRASHED = "starting", "ready", "crashed"
_TAIL = 20


@dataclasses.dataclass(frozen=True, slots=True)
class Status:
    """The last word of a supervisor.

    phase: starting, ready or crashed.
    reason: one line, what went wrong; log_tail: the last lines of the log that tells more.
    """

    phase: str
    supervisor: Identity
    cloud_id: str
    endpoint_url: str = ""
    reason: str = ""
    log_tail: tuple[str, ...] = ()

    @property
    def running(self) -> bool:
        """True while the cloud is up or on its way."""
        return self.phase in (STARTING, READY) and self.supervisor.alive

    def save(self, state: Path) -> None:
        """Write STATE/status.json."""
        write_private(state / "status.json", json.dumps(dataclasses.asdict(self), indent=1))


def load(state: Path) -> Status | None:
    """The status in this folder; None if there is none.

    A supervisor that was killed, or that ran before the machine was booted, could not leave a last word: the status
    then says crashed.
    """
    try:
        data = json.loads((state / "status.json").read_text())
    except FileNotFoundError:
        return None
    found = Status(
        **data | {"supervisor": Identity(**data["supervisor"]), "log_tail": tuple(data["log_tail"])},
    )
    if found.phase != CRASHED and not found.supervisor.alive:
        reason = f"the supervisor (pid {found.supervisor.pid}) was killed or the machine was restarted"
        return dataclasses.replace(found, phase=CRASHED, reason=reason, log_tail=tail(state / "log" / "supervisor.log"))
    return found


def tail(path: Path) -> tuple[str, ...]:
    """The last lines of a log; empty if it cannot be read."""
    try:
        return tuple(path.read_text(errors="replace").splitlines()[-_TAIL:])
    except OSError:
        return ()


def remove_files(state: Path, *, keep_report: bool) -> None:
    """Remove what a cloud wrote to its folder, and nothing else; with keep_report, the status and the logs stay."""
    for name, _ in accounts.ENVIRONMENTS:
        accounts.env_path(state, name).unlink(missing_ok=True)
    (state / accounts.PROFILES).unlink(missing_ok=True)
    (state / "settings.json").unlink(missing_ok=True)
    shutil.rmtree(state / "run", ignore_errors=True)
    if keep_report or not state.is_dir():
        return
    (state / "status.json").unlink(missing_ok=True)
    shutil.rmtree(state / "log", ignore_errors=True)
    if not any(state.iterdir()):
        state.rmdir()
