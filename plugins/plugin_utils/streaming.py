# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the action plugins share that show a module's progress while it runs, one short line per event."""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

# How often the file is looked at, and how much of one event is shown.
LOOK_SECONDS = 0.2
SHOWN_CHARACTERS = 240

display = Display()


def line_of(event: str, label: str) -> str | None:
    """One line for one event, None for what is no event. Texts come from AWS and from the service: nothing in them may
    reach the terminal as a control sequence."""
    try:
        parsed = json.loads(event)
        seconds, text = float(parsed["seconds"]), str(parsed["text"])
    except (ValueError, TypeError, KeyError):
        return None
    printable = "".join(character if character.isprintable() else " " for character in text)
    return f"[{seconds:6.1f}s] {label}: {printable[:SHOWN_CHARACTERS]}"


class Follower:
    """Follows a file in a thread of its own and shows every complete line exactly once."""

    def __init__(self, path: Path, show: Callable[[str], None]) -> None:
        self._path = path
        self._show = show
        self._offset = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> Follower:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        """The last events are shown before the task's result is."""
        self._ended.set()
        self._thread.join()
        self._look()

    def _follow(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            self._look()

    def _look(self) -> None:
        with self._path.open("rb") as stream:
            stream.seek(self._offset)
            complete, newline, _rest = stream.read().rpartition(b"\n")
        self._offset += len(complete) + len(newline)
        for line in complete.decode("utf-8", errors="replace").splitlines():
            self._show(line)


class StreamingAction(ActionBase):
    """Runs the module of the task's name.

    label_argument: the argument that stands before each line. label_default: what stands there without it.

    Streaming needs a file that module and controller share, so only a local connection streams.
    """

    label_argument = ""
    label_default = ""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        arguments = {key: value for key, value in self._task.args.items() if key != "progress_file"}
        if self._connection.transport != "local" or self._play_context.become:
            return {**result, **self._execute_module(module_args=arguments, task_vars=task_vars)}
        label = str(arguments.get(self.label_argument, self.label_default))

        def show(event: str) -> None:
            line = line_of(event, label)
            if line:
                display.display(line)

        with tempfile.TemporaryDirectory(prefix="slipway-") as folder:
            path = Path(folder) / "progress.jsonl"
            path.touch()
            arguments["progress_file"] = str(path)
            with Follower(path, show):
                answer = self._execute_module(module_args=arguments, task_vars=task_vars)
        return {**result, **answer}
