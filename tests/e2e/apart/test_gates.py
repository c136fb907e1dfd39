# SPDX-License-Identifier: GPL-3.0-or-later
"""A release that passes every check and fails under real traffic: its canary is taken back before the others see it.

On a cloud of its own with short health checks, because it wants metrics that nothing else has touched.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.chaos.cloud import IMAGES, Cloud, provision
from tests.chaos.runs import Runner
from tests.chaos.stage import Stage
from tests.chaos.watch import Load, Window

BAD = "api:fails-under-load"
TABLE = Path(__file__).parents[1] / "images.json"
RATE, SHARE = 150.0, 10
# The ALB's and CloudWatch's counts come by the second.
TOLERATED = 5


class Gated(Stage):
    """A stage with the first release deployed and nothing else tried on it."""

    def set(self):
        self.cloud = Cloud(self.folder / "cloud", TABLE)
        self.facts = provision(self.cloud)
        self.facts["images"][BAD] = self.cloud.push(BAD)
        self.runner = Runner(self.folder / "runs")
        self.runner.wait_ready()
        self.runner.env = {name: value for name, value in self.cloud.env.items() if name.startswith("AWS_")}
        self.load = Load(f"{self.cloud.env['LOCAL_ALB_URL']}/version", self.folder / "load", RATE)
        self.undisturbed("converge", None)
        self.undisturbed("deploy", IMAGES[0])


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    made = Gated(tmp_path_factory.mktemp("gates"), RATE)
    try:
        made.set()
        yield made
    finally:
        made.strike()


def test_a_canary_that_fails_is_taken_back(stage):
    stage.load.begin()
    window = Window(time.time())
    run = stage.start(
        "deploy",
        BAD,
        strategy="canary",
        canary_steps=[{"weight": SHARE, "pause": 60}],
        preview_url=stage.cloud.env["LOCAL_PREVIEW_URL"],
        smoke=[
            {"path": "/healthz"},
            {"path": "/version", "contains": "2.0.0", "headers": {"X-Slipway-Color": "green"}},
        ],
        metrics=[{"name": "HTTPCode_Target_5XX_Count", "statistic": "Sum", "at_most": TOLERATED}],
        probe={"url": f"{stage.cloud.env['LOCAL_ALB_URL']}/version", "count": 5, "timeout": 20},
    )
    result = run.wait()
    window.end = time.time()
    time.sleep(1.2)
    count = stage.load.count(window)
    failed = sum(count.errors.values())

    assert result["outcome"] == "rolled_back", result
    assert [check["passed"] for check in result["smoke"]] == [True, True]
    assert "HTTPCode_Target_5XX_Count Sum was" in result["msg"]
    assert "failed its pause with" in result["msg"]
    assert stage.weights() == {"blue": 100, "green": 0}
    assert stage.answers() == {IMAGES[0]}
    # Only the canary's share failed, and only until the next look found it out.
    assert TOLERATED < failed < 0.5 * SHARE / 100 * count.requests, (failed, count.requests)
    print(f"{failed} of {count.requests} requests failed, all with the canary's {SHARE} %")
