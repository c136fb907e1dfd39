# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes what each task returned as a JSON line to the file RECORDER_FILE, beside whatever the terminal shows."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: recorder
type: notification
short_description: Writes what each task returned to a file
description: For the end-to-end tests, which compare runs task by task.
requirements: [the environment variable RECORDER_FILE]
"""


class CallbackModule(CallbackBase):
    """One line for each result of a task on a host; a loop's items are in the result."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "recorder"
    CALLBACK_NEEDS_ENABLED = True

    def _write(self, outcome: str, result: Any) -> None:
        line = {
            "outcome": outcome,
            "host": result.host.get_name(),
            "task": result.task.get_name().strip(),
            "changed": bool(result.result.get("changed")),
            "result": result.result,
        }
        with Path(os.environ["RECORDER_FILE"]).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line, default=str) + "\n")

    def v2_runner_on_ok(self, result: Any) -> None:
        """Ansible: a task went well."""
        self._write("ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Ansible: a task failed."""
        self._write("ignored" if ignore_errors else "failed", result)
