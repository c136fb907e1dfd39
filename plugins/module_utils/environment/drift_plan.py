# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a check run of site.yml would change, from what Ansible's default callback has printed of it. Pure."""

from __future__ import annotations

import re
from typing import Any

_TASK = re.compile(r"(?:TASK|RUNNING HANDLER) \[(?:[\w.]+ : )?(.*?)\] \**")
_CHANGED = re.compile(r"changed: \[([^\]]+)\]")
_FAILED = re.compile(r"(?:\[ERROR\]: |fatal: )(.*)")
LONGEST = 300


def drift(output: str, status: int) -> dict[str, Any]:
    """changes: [{host, task}], one for each pair. failed: why the run ended early, empty when it did not."""
    task, failed = "", ""
    changes: list[dict[str, str]] = []
    for line in output.splitlines():
        if found := _TASK.match(line):
            task = found[1]
        elif found := _CHANGED.match(line):
            entry = {"host": found[1], "task": task}
            changes += [] if entry in changes else [entry]
        elif (found := _FAILED.match(line)) and not failed:
            failed = found[1][:LONGEST]
    return {"changes": changes, "failed": (failed or f"exit status {status}") if status else ""}
