# SPDX-License-Identifier: GPL-3.0-or-later
"""The gates against moto and a real HTTP front: what passes, and where the traffic is if something does not."""

from __future__ import annotations

import json

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.slipway.ops.plugins.module_utils import elb
from ansible_collections.slipway.ops.plugins.module_utils.blue_green import inputs_plan
from ansible_collections.slipway.ops.plugins.modules import ecs_blue_green

from tests.unit.plugins.modules.aws_harness import world
from tests.unit.plugins.modules.blue_green_site import front, module, names, site

__all__ = ["module", "site", "world"]

CANARY = {"strategy": "canary", "canary_steps": [{"weight": 10, "pause": 0}]}
LIVE, NEW = {"blue": 100, "green": 0}, {"blue": 0, "green": 100}


@pytest.fixture
def alarm(world):
    """Sets an alarm's state, and makes it at first."""
    client = world.client("cloudwatch")

    def set_state(name, state, reason="as set"):
        if not client.describe_alarms(AlarmNames=[name])["MetricAlarms"]:
            how = {"Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1, "Threshold": 1}
            compared = {"ComparisonOperator": "GreaterThanThreshold"}
            client.put_metric_alarm(AlarmName=name, Namespace="x", MetricName="y", **how, **compared)
        client.set_alarm_state(AlarmName=name, StateValue=state, StateReason=reason)

    return set_state


def said(tmp_path):
    return [json.loads(line)["text"] for line in (tmp_path / "progress").read_text().splitlines()]


def test_gates_that_hold(world, site, alarm):
    alarm("quiet", "OK")
    site("deploy", "v1")
    with front(world) as preview:
        # This front answers by the production rule, so that the color is not asked for on the preview route.
        gates = {"smoke": [{"url": preview}], "alarms": ["quiet"], "probe": None, **CANARY}
        promise, done = site("deploy", "v2", check=True, **gates), site("deploy", "v2", **gates)
    assert done["outcome"] == "promoted"
    assert names(promise) == names(done)
    assert [check["passed"] for check in done["smoke"]] == [True]
    assert promise["smoke"] == []
    steps = names(done)
    assert steps.index("1 smoke checks of green") < steps.index("production weights to blue 90, green 10")
    assert {"pause: watch green for 0 s", "bake: watch green for 0 s"} <= set(steps)
    assert {"smoke", "watch"} <= set(done["timings"])
    assert world.weights() == NEW


def test_smoke_checks_that_do_not_pass_leave_the_traffic_alone(world, site):
    site("deploy", "v1")
    failed = site("deploy", "v2", smoke=[{"url": "http://127.0.0.1:9/healthz", "attempts": 1}], probe=None)
    assert (failed["outcome"], failed["failed"]) == ("rolled_back", True)
    assert "1 of 1 smoke checks of green failed: GET http://127.0.0.1:9/healthz: no answer" in failed["msg"]
    assert "production weights are blue 100 (3 healthy), green 0 (0 healthy)" in failed["msg"]
    assert [check["passed"] for check in failed["smoke"]] == [False]
    assert (world.weights(), world.weights("preview"), world.desired("green")) == (LIVE, LIVE, 0)

    # This front shows the production rule's color, as a load balancer does before it follows the preview rule.
    with front(world) as preview:
        late = {"url": preview, "count": 3, "timeout": 0.3}
        failed = site("deploy", "v2", preview_url=preview, smoke=[{"path": "/"}], probe=late)
    assert failed["outcome"] == "rolled_back"
    assert "did not answer from green 3 times in a row within 0.3 s, so no smoke check was made" in failed["msg"]
    assert (failed["smoke"], world.weights()) == ([], LIVE)


def test_an_alarm_that_is_on_already_blocks_the_deployment(world, site, alarm, tmp_path):
    site("deploy", "v1")
    alarm("hot", "ALARM", "3 of 3 were above 5")
    alarm("quiet", "OK")
    for check in (True, False):
        blocked = site("deploy", "v2", check=check, alarms=["hot", "quiet", "absent"])
        assert (blocked["outcome"], blocked["changed"]) == ("blocked", False)
        assert "alarm hot is in ALARM already (3 of 3 were above 5)" in blocked["msg"]
        assert "alarm absent does not exist" in blocked["msg"]
        assert "quiet" not in blocked["msg"]
    assert (world.weights(), world.desired("green")) == (LIVE, 0)

    lenient = site("deploy", "v2", alarms=["hot", "quiet"], ignore_alarms_at_start=True)
    assert lenient["outcome"] == "promoted"
    assert "not watched, as in ALARM before this deployment: hot" in said(tmp_path)
    assert site("rollback", alarms=["hot"])["outcome"] == "rolled_back", "alarms do not hold up a rollback"


def at_weight(world, monkeypatch, weight, act):
    """Acts right after the live color's weight was set so."""
    real = elb.modify_rule_actions

    def modify(client, rule_arn, actions):
        answer = real(client, rule_arn, actions)
        if world.weights() == {"blue": 100 - weight, "green": weight}:
            act()
        return answer

    monkeypatch.setattr(elb, "modify_rule_actions", modify)


def test_an_alarm_that_goes_off_sends_the_traffic_back(world, site, alarm, monkeypatch):
    """Also with those left out that were on before: what goes off later is this deployment's doing."""
    site("deploy", "v1")
    for weight, name, lenient in ((10, "pause", False), (100, "bake", True)):
        alarm("quiet", "OK")
        with monkeypatch.context() as patch:
            at_weight(world, patch, weight, lambda: alarm("quiet", "ALARM", "3 of 3 were above 5"))
            failed = site("deploy", "v2", alarms=["quiet"], ignore_alarms_at_start=lenient, probe=None, **CANARY)
        assert failed["outcome"] == "rolled_back"
        assert f"green failed its {name} with 0 s left: alarm quiet went off: 3 of 3 were above 5" in failed["msg"]
        assert (world.weights(), world.desired("green")) == (LIVE, 0)


def test_a_plan_made_again_does_not_take_a_new_alarm_for_an_old_one(world, site, alarm):
    site("deploy", "v1")
    alarm("quiet", "OK")

    def grow_and_burn(name, _changes):
        if name == "api-green":
            world.on_update.clear()
            world.client("ecs").update_service(cluster="c", service="api-blue", desiredCount=5)
            world.tasks_register("blue", 5)
            alarm("quiet", "ALARM", "boom")

    world.on_update.append(grow_and_burn)
    failed = site("deploy", "v2", alarms=["quiet"], ignore_alarms_at_start=True, probe=None, **CANARY)
    assert failed["outcome"] == "rolled_back"
    assert "alarm quiet went off: boom" in failed["msg"]
    assert world.weights() == LIVE


def test_parameters_that_cannot_be_are_told_at_once(module):
    metric = {"name": "x", "statistic": "y", "at_most": 1}
    refused = module("deploy", "v1", smoke=[{"path": "/a"}, {"url": "nowhere", "status": 7}], metrics=[metric])
    assert refused["outcome"] == "blocked"
    for complaint in (
        "smoke[0]: path '/a' needs preview_url",
        "smoke[1]: url",
        "smoke[1]: status 7",
        "metrics[0]: name",
    ):
        assert complaint in refused["msg"]


def test_the_documented_examples_are_accepted():
    for task in yaml.safe_load(ecs_blue_green.EXAMPLES):
        given = task["slipway.ops.ecs_blue_green"]
        validated = ArgumentSpecValidator(ecs_blue_green.ARGUMENTS).validate(given)
        assert validated.error_messages == []
        assert inputs_plan.problems(validated.validated_parameters) == []
