# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of the one-off task, and of a worker that rolls."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.once_plan import (
    Ended,
    ended,
    log_stream,
    started_by,
    tail,
)
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.worker_health_plan import WorkerLook, judge_worker

ARN = "arn:aws:ecs:us-east-1:111111111111:task/c/abc"


def task(code=None, **members):
    return {"taskArn": ARN, "containers": [{"name": "api", **({} if code is None else {"exitCode": code})}], **members}


def test_started_by_is_short_and_its_own():
    names = {started_by(service, digest) for service in ("a", "b") for digest in ("sha256:1", "sha256:2")}
    assert len(names) == 4
    assert all(len(name) <= 36 and name.replace("-", "").isalnum() for name in names)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (task(0, stopCode="EssentialContainerExited"), Ended(0, "exited with 0", well=True)),
        (task(0, stopCode="UserInitiated", stoppedReason="timeout"), Ended(0, "task abc stopped: timeout")),
        (
            task(3, stopCode="EssentialContainerExited", stoppedReason="Essential container in task exited"),
            Ended(3, "task abc stopped: Essential container in task exited; container api exited with 3"),
        ),
        (
            task(stopCode="TaskFailedToStart", stoppedReason="CannotPullContainerError: no"),
            Ended(None, "task abc stopped: CannotPullContainerError: no"),
        ),
        (task(137, stopCode="UserInitiated", stoppedReason="by hand"), Ended(137, "task abc stopped: by hand")),
    ],
)
def test_ended(given, found):
    assert ended(given, "api") == found


def test_log():
    options = {"awslogs-group": "/g", "awslogs-stream-prefix": "p"}
    body = {"containerDefinitions": [{"name": "x"}, {"name": "api", "logConfiguration": {"logDriver": "awslogs"}}]}
    assert log_stream(body, "api", ARN) is None
    assert log_stream(body, "x", ARN) is None
    body["containerDefinitions"][1]["logConfiguration"]["options"] = options
    assert log_stream(body, "api", ARN) == ("/g", "p/api/abc")
    assert tail(["a\nb", "\x1b[31mred"]) == ["a", "b", " [31mred"]
    assert tail(str(number) for number in range(30)) == [str(number) for number in range(10, 30)]


DEAD = ({"taskArn": ARN, "stopCode": "EssentialContainerExited", "stoppedReason": "exited"},)


@pytest.mark.parametrize(
    ("changes", "state", "text"),
    [
        ({}, "ready", "1/1 running, 0 pending, rollout completed"),
        ({"rollout": "IN_PROGRESS", "pending": 1}, "waiting", "1/1 running, 1 pending, rollout in progress"),
        ({"steady": False}, "waiting", "1/1 running"),
        ({"running": 2}, "waiting", "2/1 running"),
        ({"definition": "arn:x/w:1", "reason": "rolling back"}, "failed", "ECS rolled it back to w:1: rolling back"),
        ({"definition": "arn:x/w:1", "dead": DEAD}, "failed", "ECS rolled it back to w:1: task abc stopped: exited"),
        (
            {"rollout": "FAILED", "reason": "circuit breaker", "dead": DEAD},
            "failed",
            "circuit breaker: task abc stopped",
        ),
        ({"dead": DEAD}, "failed", "task abc stopped: exited"),
    ],
)
def test_judge_worker(changes, state, text):
    good = {"wanted": "arn:x/w:2", "definition": "arn:x/w:2", "rollout": "COMPLETED", "reason": "", "running": 1}
    look = WorkerLook(**{**good, "pending": 0, "steady": True, **changes})
    verdict = judge_worker(look, 1)
    assert (verdict.state, verdict.text.startswith(text)) == (state, True), verdict
