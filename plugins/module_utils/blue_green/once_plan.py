# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What becomes of the one-off task (a migration). Pure.

It runs on the new digest before any traffic moves, and never twice for a digest once it has ended well: the color's
service says so in a tag. Nothing here undoes what it did: a rollback moves traffic, not data, so that a migration has
to leave the release before able to run (expand first, contract in a later release).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .health_plan import death_of

LOG_LINES = 20
REMINDER = (
    "The database may have been changed, and a rollback does not undo that: the release that runs must bear both "
    "(expand first, contract in a later release)"
)


def started_by(service: str, digest: str) -> str:
    """By which a later run finds the task of a run that was killed. 29 characters, startedBy takes up to 36."""
    return f"slipway-once-{hashlib.sha256(f'{service} {digest}'.encode()).hexdigest()[:16]}"


@dataclass(frozen=True, slots=True)
class Ended:
    """How the task ended. exit_code None: the container never ran. well: it came to its end, and with 0."""

    exit_code: int | None
    why: str
    well: bool = False


def container_of(task: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return next((item for item in task.get("containers", []) if item["name"] == name), {})


def ended(task: Mapping[str, Any], container: str) -> Ended:
    """What a stopped task comes to: the exit code of its app container decides.

    A program that was stopped may exit with 0 as well, in the middle of its work; stopCode tells (Amazon ECS API
    reference, Task).
    """
    code = container_of(task, container).get("exitCode")
    if code == 0 and task.get("stopCode") == "EssentialContainerExited":
        return Ended(0, "exited with 0", well=True)
    reason = death_of(task) or f"task {identity(str(task['taskArn']))} stopped: {task.get('stoppedReason', '')}"
    return Ended(code, reason)


def identity(arn: str) -> str:
    """A task's id, the last part of its ARN."""
    return arn.rpartition("/")[2]


def log_stream(body: Mapping[str, Any], container: str, arn: str) -> tuple[str, str] | None:
    """Log group and stream of a container's output; None when it does not go to CloudWatch Logs under a known name.

    The stream is PREFIX/CONTAINER/TASK-ID (Amazon ECS developer guide, awslogs log driver).
    """
    containers: list[Mapping[str, Any]] = body.get("containerDefinitions", [])
    logging = next((item.get("logConfiguration") or {} for item in containers if item["name"] == container), {})
    options = logging.get("options", {})
    if logging.get("logDriver") != "awslogs" or not options.get("awslogs-stream-prefix"):
        return None
    return options["awslogs-group"], f"{options['awslogs-stream-prefix']}/{container}/{identity(arn)}"


def tail(messages: Iterable[str]) -> list[str]:
    """The last lines, without what would move a terminal's cursor or color it."""
    lines = [line for message in messages for line in message.splitlines()]
    return ["".join(char if char.isprintable() else " " for char in line)[:500] for line in lines[-LOG_LINES:]]
