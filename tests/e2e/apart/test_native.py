# SPDX-License-Identifier: GPL-3.0-or-later
"""Every outcome of both engines, the change from one to the other, and a killed run, under load on one service.

On a cloud of its own, whose minutes are short: ECS counts its own deployments in minutes.
"""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from tests.chaos.cloud import IMAGES, NAME, SERVICE, Cloud, provision
from tests.chaos.runs import Runner
from tests.chaos.stage import Stage
from tests.chaos.watch import Load, Window
from tests.e2e.harness import wait_until

CRASH, NOTHING = "api:crash", "api:nothing"
TABLE = Path(__file__).parents[1] / "images.json"
RATE = 60.0
# Seconds of a minute, and of a change of weights until the load balancer knows of it.
MINUTE, WEIGHT_DELAY = 1.5, 1.0
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ecs.amazonaws.com"}}],
}
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "elasticloadbalancing:*", "Resource": "*"}],
}


class Engines(Stage):
    """A stage whose runs name their engine."""

    engine = "two_service"

    def set(self):
        self.cloud = Cloud(self.folder / "cloud", TABLE)
        self.cloud.admin("PUT", "settings", {"minute": MINUTE, "weight_delay": WEIGHT_DELAY})
        self.facts = provision(self.cloud)
        self.facts["images"][CRASH] = self.cloud.push(CRASH)
        self.facts["images"][NOTHING] = f"{self.facts['images'][CRASH].partition('@')[0]}:nothing"
        iam = self.cloud.client("iam")
        made = iam.create_role(RoleName="infrastructure", AssumeRolePolicyDocument=json.dumps(TRUST))
        iam.put_role_policy(RoleName="infrastructure", PolicyName="own", PolicyDocument=json.dumps(POLICY))
        self.facts["infrastructure"] = made["Role"]["Arn"]
        self.runner = Runner(self.folder / "runs")
        self.runner.wait_ready()
        self.runner.env = {name: value for name, value in self.cloud.env.items() if name.startswith("AWS_")}
        self.load = Load(f"{self.cloud.env['LOCAL_ALB_URL']}/version", self.folder / "load", RATE)
        self.undisturbed("converge", None)
        self.undisturbed("deploy", IMAGES[0])
        self.load.begin()
        self.window = Window(time.time())

    def params(self, action, image, **changes):
        native = {"engine": "native", "infrastructure_role_arn": self.facts["infrastructure"]}
        return super().params(
            action, image, poll_interval=0.2, **(native if self.engine == "native" else {}), **changes
        )

    def ends(self, outcome, action, image=None, **changes):
        """The result of a run that must end so."""
        result = self.start(action, image, **changes).wait()
        assert result.get("outcome") == outcome, result.get("msg") or result
        return result

    def stopped(self, operation, action, image, **changes):
        """A run that gets SIGTERM as soon as it has made this call."""
        before = self.last_call()
        run = self.start(action, image, **changes)
        wait_until("a change", lambda: any(call["operation"] == operation for call in self.calls_since(before)))
        assert run.alive, run.wait()
        os.kill(run.pid, signal.SIGTERM)
        assert run.wait().get("outcome") == "failed", run.result

    def lost(self):
        """Requests that have failed since the load began, and all of them."""
        self.window.end = time.time()
        time.sleep(1.2)
        count = self.load.count(self.window)
        self.window.end = float("inf")
        return count.failed, count.requests

    def stage_of_ecs(self):
        """The stage of ECS's own deployment in flight."""
        ecs = self.cloud.client("ecs")
        listed = ecs.list_service_deployments(cluster=NAME, service=SERVICE)["serviceDeployments"]
        flying = [each["serviceDeploymentArn"] for each in listed if "finishedAt" not in each]
        found = ecs.describe_service_deployments(serviceDeploymentArns=flying)["serviceDeployments"] if flying else []
        return found[0].get("lifecycleStage", "") if found else ""


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    made = Engines(tmp_path_factory.mktemp("engines"), RATE)
    try:
        made.set()
        yield made
    finally:
        made.strike()


def outcomes(stage, interfere):
    """All six on a service that runs the first release, which it does again in the end. interfere: as somebody else."""
    first, second = IMAGES
    refused = stage.ends("blocked", "deploy", NOTHING)
    assert "nothing was changed" in refused["msg"]
    taken = stage.ends("rolled_back", "deploy", CRASH)
    assert "exited with" in taken["msg"]
    stage.ends("awaiting_approval", "deploy", second, pause_before_shift=True, **stage.slow)
    assert stage.answers() == {first}
    run = stage.start("continue", None, **stage.slow)
    interfere(run)
    result = run.wait()
    assert result["outcome"] == "superseded", result
    return result


def test_every_outcome_of_two_service(stage):
    live, idle = stage.colors()
    stage.slow = {"strategy": "canary", "canary_steps": [{"weight": 50, "pause": 1}]}

    def split(_run):
        wait_until("the canary", lambda: stage.weights()[idle] == 50)
        stage.set_weights({live: 90, idle: 10})

    outcomes(stage, split)
    stage.set_weights({live: 100, idle: 0})
    stage.ends("rolled_back", "rollback")
    stage.stopped("ModifyRule", "deploy", IMAGES[1], strategy="canary", canary_steps=[{"weight": 50, "pause": 5}])
    stage.ends("promoted", "deploy", IMAGES[1])
    assert stage.answers() == {IMAGES[1]}
    assert stage.lost()[0] == 0


def test_the_change_to_native_loses_nothing(stage):
    live, idle = stage.colors()
    stage.engine = "native"
    assert stage.ends("converged", "converge")["changed"] is False
    result = stage.ends("promoted", "deploy", IMAGES[0])
    assert result["colors"] == {"from": live, "to": idle}
    assert stage.answers() == {IMAGES[0]}
    stage.engine = "two_service"
    assert "Engine two_service cannot take over" in stage.ends("blocked", "deploy", IMAGES[1])["msg"]
    stage.engine = "native"
    assert stage.lost()[0] == 0


def test_every_outcome_of_native(stage):
    stage.slow = {"bake": 3600}

    def replace(_run):
        wait_until("the bake", lambda: stage.stage_of_ecs() == "BAKE_TIME")
        # The next deployment stops the tasks of the release before first, and asks no load balancer.
        time.sleep(2 * WEIGHT_DELAY)
        ecs = stage.cloud.client("ecs")
        old = ecs.describe_services(cluster=NAME, services=[SERVICE])["services"][0]["taskDefinition"]
        own = {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1, "lifecycleHooks": []}
        ecs.update_service(
            cluster=NAME,
            service=SERVICE,
            taskDefinition=old,
            deploymentConfiguration=own,
            forceNewDeployment=True,
        )

    result = outcomes(stage, replace)
    assert "Replaced by a new service deployment" in result["msg"]
    wait_until("the end of the other deployment", lambda: not stage.stage_of_ecs())
    stage.stopped("UpdateService", "deploy", IMAGES[0], bake=60)
    stage.ends("promoted", "deploy", IMAGES[0])
    assert stage.answers() == {IMAGES[0]}
    assert stage.lost()[0] == 0


def test_a_killed_run_of_native_is_told_and_gone_on_with(stage):
    run = stage.start("deploy", IMAGES[1], strategy="linear", linear_step_percent=50, linear_step_pause=60, bake=60)
    wait_until("the shift", lambda: stage.stage_of_ecs() == "PRODUCTION_TRAFFIC_SHIFT")
    run.kill()
    told = stage.ends("promoted", "deploy", IMAGES[1])
    assert "ECS deploys sha256:" in told["found"]
    assert stage.answers() == {IMAGES[1]}
    back = stage.ends("rolled_back", "rollback")
    assert stage.answers() == {IMAGES[0]}
    assert "no earlier release" in stage.ends("blocked", "rollback")["msg"]
    assert back["service_deployment"]["status"] == "SUCCESSFUL"
    failed, requests = stage.lost()
    assert failed == 0
    assert requests > 0
