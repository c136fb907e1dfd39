# SPDX-License-Identifier: GPL-3.0-or-later
"""The watch against moto's CloudWatch, in a time of its own; the color's tasks are what the test says."""

from __future__ import annotations

import datetime
from dataclasses import replace

import boto3
import pytest
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.slipway.ops.plugins.module_utils import cloudwatch
from ansible_collections.slipway.ops.plugins.module_utils.blue_green import watch as module
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.alarms import read_alarms
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.health_plan import Look
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.observe import Clients, Scope
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.plan_model import Gates, Metric, Rule
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.progress import Progress
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.run import Run, StepFailedError
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.steps_plan import Watch
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.cloudwatch.models import cloudwatch_backends

from tests.unit.plugins.module_utils.blue_green.cases import color, snapshot

GROUP = "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/api-green/9f"
RULE = "arn:aws:elasticloadbalancing:us-east-1:1:listener-rule/app/lb/0a1b/2c3d/4e5f"
LOOK = Look(desired=2, running=2, fresh=2, pending=0, steady=True, gave_up="", states={"healthy": 2})
ERRORS = Metric("HTTPCode_Target_5XX_Count", "Sum", 5)


class Stage:
    """A run whose pauses only move its clock, and what happens at its times."""

    def __init__(self):
        keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
        self.client = boto3.client("cloudwatch", "us-east-1", **keys)
        self.now, self.look, self.looks, self.events = 0.0, LOOK, 0, {}
        green = replace(color("green", "v2", 2), target_group=GROUP)
        found = replace(snapshot(color("blue", "v1", 2), green), production=Rule(RULE, []))
        progress = Progress(clock=lambda: self.now)
        self.said = []
        progress.say = self.said.append
        self.run = Run(Clients(lambda _name: self.client), Scope("api", "c", "lb"), progress, found, {})
        self.run.sleep = self.sleep

    def sleep(self, seconds):
        self.now = round(self.now + seconds, 6)
        for at in [at for at in self.events if at <= self.now]:
            self.events.pop(at)()

    def alarm(self, name, state="OK", reason="as set"):
        if name not in {item.name for item in read_alarms(self.run.clients, [name])}:
            self.client.put_metric_alarm(
                AlarmName=name,
                Namespace="x",
                MetricName="y",
                Statistic="Sum",
                Period=60,
                EvaluationPeriods=1,
                Threshold=1,
                ComparisonOperator="GreaterThanThreshold",
            )
        self.client.set_alarm_state(AlarmName=name, StateValue=state, StateReason=reason)

    def put(self, value, minutes_ago=0.0):
        dimensions = [
            {"Name": "TargetGroup", "Value": "targetgroup/api-green/9f"},
            {"Name": "LoadBalancer", "Value": "app/lb/0a1b"},
        ]
        time = datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=minutes_ago)
        datum = {"MetricName": ERRORS.name, "Dimensions": dimensions, "Timestamp": time, "Value": value}
        self.client.put_metric_data(Namespace="AWS/ApplicationELB", MetricData=[datum])

    def watch(self, seconds=30.0, interval=5.0, **gates):
        module.watch(self.run, Watch("green", "bake", seconds, 2, Gates(**gates), interval))


@pytest.fixture
def stage(monkeypatch):
    with mock_aws():
        made = Stage()

        def look(_run, _step):
            made.looks += 1
            return made.look

        monkeypatch.setattr(module, "look", look)
        yield made


def test_it_watches_as_long_as_asked(stage):
    stage.alarm("a")
    stage.watch(alarms=("a",))
    assert (stage.looks, stage.now) == (7, 30)
    assert stage.said == [
        "green 2 healthy, 1 alarm quiet; 30 s left",
        "green 2 healthy, 1 alarm quiet; 15 s left",
        "green 2 healthy, 1 alarm quiet; 0 s left",
    ]


def test_no_time_is_one_look(stage):
    stage.alarm("a", "ALARM", "3 of 3 were above 5")
    with pytest.raises(StepFailedError, match="failed its bake with 0 s left: alarm a went off: 3 of 3 were above 5"):
        stage.watch(0, alarms=("a",))
    stage.watch(0)
    assert stage.now == 0


def test_an_alarm_that_goes_off_ends_it_at_once(stage):
    stage.alarm("a")
    stage.alarm("b")
    stage.events[12] = lambda: stage.alarm("b", "ALARM", "boom")
    with pytest.raises(StepFailedError, match="with 15 s left: alarm b went off: boom"):
        stage.watch(alarms=("a", "b"))
    assert stage.now == 15


def test_an_alarm_that_is_deleted_ends_it(stage):
    stage.alarm("a")
    stage.events[5] = lambda: stage.client.delete_alarms(AlarmNames=["a"])
    with pytest.raises(StepFailedError, match="alarm a was deleted"):
        stage.watch(alarms=("a",))


def test_composite_alarms_are_watched_too(stage):
    """moto keeps them beside the others and shows them without being asked; CloudWatch wants to be asked."""
    asked = []
    stage.client.meta.events.register(
        "provide-client-params.cloudwatch.DescribeAlarms", lambda params, **_: asked.append(params["AlarmTypes"])
    )
    stage.alarm("both")
    cloudwatch_backends["123456789012"]["us-east-1"].alarms["both"].rule = 'ALARM("a") AND ALARM("b")'
    stage.events[5] = lambda: stage.client.set_alarm_state(AlarmName="both", StateValue="ALARM", StateReason="both")
    with pytest.raises(StepFailedError, match="alarm both went off: both"):
        stage.watch(alarms=("both",))
    assert asked[-1] == ["MetricAlarm", "CompositeAlarm"]


def test_alarms_that_were_on_before_are_named(stage):
    stage.watch(ignored=("old",))
    assert stage.said[0] == "not watched, as in ALARM before this deployment: old"


def test_a_task_that_dies_ends_it(stage):
    dead = {"taskArn": "arn:task/c/abc", "stopCode": "EssentialContainerExited", "stoppedReason": "Out of memory"}
    stage.events[10] = lambda: setattr(stage, "look", replace(LOOK, dead=(dead,)))
    with pytest.raises(StepFailedError, match="with 20 s left: task abc stopped: Out of memory"):
        stage.watch()


def test_a_target_that_gets_unhealthy_ends_it(stage):
    stage.events[10] = lambda: setattr(stage, "look", replace(LOOK, states={"healthy": 1, "unhealthy": 1}))
    with pytest.raises(StepFailedError, match="1 of 2 targets are healthy, 1 unhealthy"):
        stage.watch()


def test_a_metric_that_crosses_its_threshold_ends_it(stage):
    stage.put(9.0, minutes_ago=5)  # before the watch
    stage.events[10] = lambda: stage.put(3.0)
    stage.events[20] = lambda: stage.put(4.0)
    with pytest.raises(StepFailedError, match="with 10 s left: HTTPCode_Target_5XX_Count Sum was 7, more than 5"):
        stage.watch(metrics=(ERRORS,))
    assert "green 2 healthy, HTTPCode_Target_5XX_Count Sum without data yet; 30 s left" in stage.said
    assert "green 2 healthy, HTTPCode_Target_5XX_Count Sum 3 of at most 5; 20 s left" in stage.said


def test_without_data_there_is_no_verdict(stage):
    stage.watch(metrics=(ERRORS,))
    assert stage.now == 30


def test_metrics_that_cannot_be_read_end_it(stage, monkeypatch):
    answer = [{"Id": "m0", "Label": "errors", "StatusCode": "InternalError"}]
    monkeypatch.setattr(cloudwatch, "get_metric_data", lambda *_: answer)
    with pytest.raises(StepFailedError, match="CloudWatch does not give the metrics of green: errors: InternalError"):
        stage.watch(metrics=(ERRORS,))


def throttled(times):
    left = [times]

    def refuse(**_):
        left[0] -= 1
        if left[0] >= 0:
            raise ClientError({"Error": {"Code": "Throttling", "Message": "Rate exceeded"}}, "DescribeAlarms")

    return refuse


@pytest.mark.parametrize(("times", "fails"), [(2, False), (99, True)])
def test_a_read_that_is_throttled_is_tried_again_and_never_counts_as_ok(stage, monkeypatch, times, fails):
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    stage.alarm("a", "ALARM")
    stage.client.meta.events.register("before-call.cloudwatch.DescribeAlarms", throttled(times))
    with pytest.raises(AnsibleAWSError if fails else StepFailedError) as failed:
        stage.watch(alarms=("a",))
    assert ("describe the alarms" in str(failed.value)) is fails


def test_alarms_beyond_a_page_are_read(stage, monkeypatch):
    monkeypatch.setattr(cloudwatch, "_NAMES_PAGE", 2)
    for name in "abc":
        stage.alarm(name)
    assert [alarm.name for alarm in read_alarms(stage.run.clients, ["a", "b", "c", "d"])] == ["a", "b", "c"]
    assert read_alarms(stage.run.clients, []) == ()
