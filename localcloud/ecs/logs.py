# SPDX-License-Identifier: GPL-3.0-or-later
"""The awslogs driver: a container's output as events of a log stream in moto's CloudWatch Logs."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence

from moto.core.exceptions import JsonRESTError
from moto.logs.models import logs_backends

from localcloud.control.lock import MOTO
from localcloud.fargate.spec import LogSink


def open_log(account_id: str, region: str, options: Mapping[str, str], stream: str) -> LogSink:
    """Create the stream; the answer writes lines to it. LookupError if the group does not exist.

    options: the awslogs options; with "awslogs-create-group": "true" a missing group is created. Call under the lock on
    moto; the sink takes it itself.
    """
    backend, group = logs_backends[account_id][region], options.get("awslogs-group", "")
    if group not in backend.groups:
        if options.get("awslogs-create-group") != "true":
            raise LookupError(group)
        backend.create_log_group(group, {})
    backend.ensure_log_stream(group, stream)

    def write(lines: Sequence[str]) -> None:
        timestamp = int(time.time() * 1000)
        events = [{"timestamp": timestamp, "message": line} for line in lines]
        with MOTO, contextlib.suppress(JsonRESTError):  # a group deleted under a running task loses its output
            backend.put_log_events(group, stream, events)

    return write
