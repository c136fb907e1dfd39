# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.bits_plan import strays

IMAGE = "repo@sha256:a"


def task(**container):
    return {"taskArn": "arn:task/c/abc", "containers": [{"name": "api", "image": IMAGE, **container}]}


@pytest.mark.parametrize(
    ("tasks", "texts"),
    [
        ([task(imageDigest="sha256:a")], []),
        ([task()], []),
        ([task(imageDigest=None), {"taskArn": "arn:task/c/new"}], []),
        ([task(image="repo:latest", imageDigest="sha256:b")], []),
        (
            [task(imageDigest="sha256:a"), task(imageDigest="sha256:b")],
            ["task abc runs sha256:b as api, deployed was repo@sha256:a"],
        ),
    ],
)
def test_tasks_that_run_something_else(tasks, texts):
    assert [stray.text for stray in strays(tasks)] == texts
