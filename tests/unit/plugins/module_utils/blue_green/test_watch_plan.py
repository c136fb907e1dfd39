# SPDX-License-Identifier: GPL-3.0-or-later
"""What one look during a watch means."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.health_plan import Look
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.plan_model import Alarm, Gates, Metric
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.watch_plan import (
    Sight,
    judge,
    queries,
    shown,
    unread,
    values_of,
)

ERRORS = Metric("HTTPCode_Target_5XX_Count", "Sum", 5)
SLOW = Metric("TargetResponseTime", "p99", 0.8)
GATES = Gates(alarms=("a", "b"), metrics=(ERRORS, SLOW))
LOOK = Look(desired=2, running=2, fresh=2, pending=0, steady=True, gave_up="", states={"healthy": 2})
QUIET = (Alarm("a", "OK", ""), Alarm("b", "INSUFFICIENT_DATA", ""))
GOOD = Sight(LOOK, QUIET, {ERRORS: [0, 5], SLOW: []})
DEAD = {
    "taskArn": "arn:task/c/abc",
    "stopCode": "EssentialContainerExited",
    "stoppedReason": "Essential container in task exited",
    "containers": [{"name": "api", "exitCode": 3}],
}
SCALED_IN = {"taskArn": "arn:task/c/abc", "stopCode": "ServiceSchedulerInitiated", "stoppedReason": "Scaling activity"}


@pytest.mark.parametrize(
    ("sight", "finding"),
    [
        (
            replace(GOOD, tasks=replace(LOOK, dead=(SCALED_IN, DEAD))),
            "task abc stopped: Essential container in task exited; container api exited with 3",
        ),
        (replace(GOOD, tasks=replace(LOOK, gave_up="tasks failed to start")), "tasks failed to start"),
        (
            replace(GOOD, tasks=replace(LOOK, states={"healthy": 2, "unhealthy": 1}, complaints=("got 500",))),
            "2 of 2 targets are healthy, 1 unhealthy: got 500",
        ),
        (
            replace(GOOD, tasks=replace(LOOK, states={"healthy": 1, "draining": 1})),
            "1 of 2 targets are healthy, 0 unhealthy",
        ),
        (replace(GOOD, alarms=(Alarm("a", "ALARM", "3 of 3"), QUIET[1])), "alarm a went off: 3 of 3"),
        (replace(GOOD, alarms=(Alarm("a", "ALARM", ""), QUIET[1])), "alarm a went off: no reason given"),
        (replace(GOOD, alarms=QUIET[:1]), "alarm b was deleted"),
        (
            replace(GOOD, values={ERRORS: [0, 7, 1], SLOW: [0.8]}),
            "HTTPCode_Target_5XX_Count Sum was 7, more than 5",
        ),
    ],
)
def test_every_gate_can_fail(sight, finding):
    assert judge(sight, GATES, 2) == [finding]


def test_all_gates_that_fail_are_told():
    sight = Sight(replace(LOOK, dead=(DEAD,), states={}), (), {ERRORS: [6], SLOW: [1]})
    assert len(judge(sight, GATES, 2)) == 6


@pytest.mark.parametrize(
    "sight", [GOOD, replace(GOOD, tasks=replace(LOOK, states={"healthy": 3, "initial": 1}, dead=(SCALED_IN,)))]
)
def test_gates_that_hold(sight):
    assert judge(sight, GATES, 2) == []
    assert judge(Sight(LOOK), Gates(), 2) == []


def test_an_alarm_that_is_not_watched_does_not_count():
    assert judge(replace(GOOD, alarms=(*QUIET, Alarm("c", "ALARM", "x"))), GATES, 2) == []


def test_what_is_shown_while_it_watches():
    assert shown(GOOD, GATES) == (
        "2 healthy, 2 alarms quiet (1 without data yet), HTTPCode_Target_5XX_Count Sum 5 of at most 5, "
        "TargetResponseTime p99 without data yet"
    )
    assert shown(Sight(LOOK, QUIET[:1]), Gates(alarms=("a",))) == "2 healthy, 1 alarm quiet"
    assert shown(Sight(LOOK), Gates()) == "2 healthy"


def test_the_metrics_are_those_of_the_color_s_target_group():
    rule = "arn:aws:elasticloadbalancing:us-east-1:1:listener-rule/app/lb/0a1b/2c3d/4e5f"
    first, second = queries((ERRORS, SLOW), rule, "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/api-green/9f")
    assert (first["Id"], second["Id"]) == ("m0", "m1")
    assert first["MetricStat"] == {
        "Metric": {
            "Namespace": "AWS/ApplicationELB",
            "MetricName": "HTTPCode_Target_5XX_Count",
            "Dimensions": [
                {"Name": "TargetGroup", "Value": "targetgroup/api-green/9f"},
                {"Name": "LoadBalancer", "Value": "app/lb/0a1b"},
            ],
        },
        "Period": 60,
        "Stat": "Sum",
    }


def test_results_of_several_pages_belong_together():
    results = [{"Id": "m0", "Values": [1.0]}, {"Id": "m1"}, {"Id": "m0", "Values": [2.0]}]
    assert values_of((ERRORS, SLOW), results) == {ERRORS: [1.0, 2.0], SLOW: []}
    assert values_of((ERRORS,), []) == {ERRORS: []}


def test_a_metric_that_cannot_be_read_is_no_metric_without_data():
    results = [
        {"Label": "x", "StatusCode": "Complete"},
        {"Label": "y", "StatusCode": "InternalError"},
        {"Label": "z", "StatusCode": "PartialData"},
        {"Label": "w", "StatusCode": "Forbidden"},
    ]
    assert unread(results) == ["y: InternalError", "w: Forbidden"]
