# SPDX-License-Identifier: GPL-3.0-or-later
"""Alarms: what their datapoints mean, the math they are made with, and the states that come of it."""

from __future__ import annotations

import boto3
import pytest
from ansible_collections.slipway.ops.plugins.module_utils import service_documents_plan
from ansible_collections.slipway.ops.plugins.modules.metric_alarms import wanted_document
from moto import mock_aws
from moto.cloudwatch.models import cloudwatch_backends

from localcloud.cloudwatch.evaluator import Evaluator
from localcloud.cloudwatch.expressions import UnsupportedError, evaluate
from localcloud.cloudwatch.states import Rule, find
from localcloud.mends import cloudwatch as mend
from tests.unit.plugins.module_utils.service_example import GROUPS, example

START = 1_795_500_000  # a whole minute
KNOWN = {"a": [1.0, None, 4.0], "b": [2.0, 3.0, 0.0]}
MARKS = {"0": 1.0, "X": 9.0, "-": None}


@pytest.mark.parametrize(
    ("expression", "series"),
    [
        ("a", [1, None, 4]),
        ("a + b", [3, None, 4]),
        ("a / b", [0.5, None, None]),
        ("100 * FILL(a, 0) - -1", [101, 1, 401]),
        ("IF(FILL(a, 0) > 0, a / 2, 7)", [0.5, 7, 2]),
        ("a >= b", [0, None, 1]),
        ("a <= b", [1, None, 0]),
        ("MAX([a, b])", [2, 3, 4]),
        ("SUM([a, b]) + MIN([a, b])", [4, 6, 4]),
        ("AVG([a, b])", [1.5, 3, 2]),
        ("ABS(a - 4)", [3, None, 0]),
    ],
)
def test_metric_math(expression, series):
    assert evaluate(expression, KNOWN, 3) == series


@pytest.mark.parametrize(
    "expression",
    ["RATE(a)", "c", "a +", "FILL(a, REPEAT)", "METRICS()", "a if b else 1", "__import__('os')", "a.b", "True"],
)
def test_other_math_is_refused_not_guessed(expression):
    with pytest.raises(UnsupportedError):
        evaluate(expression, KNOWN, 3)


@pytest.mark.parametrize(
    ("marks", "datapoints", "missing", "ignore", "breaching", "not_breaching"),
    [
        # The tables of "Configuring how CloudWatch alarms treat missing data".
        ("0-X-X", 3, "OK", "OK", "OK", "OK"),
        ("0----", 3, "OK", "OK", "OK", "OK"),
        ("-----", 3, "INSUFFICIENT_DATA", None, "ALARM", "OK"),
        ("0XX-X", 3, "ALARM", "ALARM", "ALARM", "ALARM"),
        ("--X--", 3, "ALARM", None, "ALARM", "OK"),
        ("0-X-X", 2, "ALARM", "ALARM", "ALARM", "ALARM"),
        ("00X0X", 2, "ALARM", "ALARM", "ALARM", "ALARM"),
        ("0-X--", 2, "OK", "OK", "ALARM", "OK"),
        ("----0", 2, "OK", "OK", "ALARM", "OK"),
        ("00000", 1, "OK", "OK", "OK", "OK"),
    ],
)
def test_states_of_datapoints(marks, datapoints, missing, ignore, breaching, not_breaching):
    series = [MARKS[mark] for mark in marks]
    wanted = {"missing": missing, "ignore": ignore, "breaching": breaching, "notBreaching": not_breaching}
    found = {treat: find(Rule("GreaterThanThreshold", 5, 3, datapoints, treat), series).state for treat in wanted}
    assert found == wanted


@pytest.mark.parametrize(
    ("comparison", "breaching"),
    [
        ("GreaterThanThreshold", [False, False, True]),
        ("GreaterThanOrEqualToThreshold", [False, True, True]),
        ("LessThanThreshold", [True, False, False]),
        ("LessThanOrEqualToThreshold", [True, True, False]),
    ],
)
def test_comparisons(comparison, breaching):
    states = [find(Rule(comparison, 5, 1, 1, "missing"), [value]).state for value in (4.0, 5.0, 6.0)]
    assert [state == "ALARM" for state in states] == breaching


class World:
    """moto's CloudWatch with the mends, and time that a test moves."""

    def __init__(self):
        self.client = boto3.client("cloudwatch", "us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
        self.evaluator = Evaluator()

    def put(self, minute, name, value, group="blue"):
        """A datapoint of a target group's metric, minutes after START."""
        dimensions = [
            {"Name": "TargetGroup", "Value": f"targetgroup/api-{group}/{group}1"},
            {"Name": "LoadBalancer", "Value": "app/slipway-local/0a1b"},
        ]
        datum = {"MetricName": name, "Dimensions": dimensions, "Timestamp": START + 60 * minute, "Value": value}
        self.client.put_metric_data(Namespace="AWS/ApplicationELB", MetricData=[datum])

    def state(self, name, minute=None):
        """The alarm's state, after evaluating at the minute's end if one is given."""
        if minute is not None:
            self.evaluator.evaluate_due(START + 60 * (minute + 1))
        (alarm,) = self.client.describe_alarms(AlarmNames=[name])["MetricAlarms"]
        return alarm["StateValue"], alarm["StateReason"]


@pytest.fixture
def world(monkeypatch):
    with monkeypatch.context() as patch, mock_aws():
        for name in ("get_metric_statistics", "get_metric_data", "put_metric_alarm"):
            original = getattr(mend.CloudWatchBackend, name)
            patch.setattr(mend.CloudWatchBackend, name, original)
        mend.install()
        yield World()
        cloudwatch_backends.reset()


def own_alarms(world, **inputs):
    errors, unhealthy = map(wanted_document, service_documents_plan.alarms(example(**inputs), GROUPS))
    for alarm in (errors, unhealthy):
        world.client.put_metric_alarm(**alarm)
    return errors["AlarmName"], unhealthy["AlarmName"]


def test_the_alarms_of_the_role_see_a_bad_canary_that_gets_little_traffic(world):
    errors, unhealthy = own_alarms(world)
    assert world.state(errors)[0] == "INSUFFICIENT_DATA"
    for minute in range(6):
        world.put(minute, "RequestCount", 990.0)
        world.put(minute, "RequestCount", 10.0, "green")
        world.put(minute, "HealthyHostCount", 2.0)
        if minute >= 2:
            world.put(minute, "HTTPCode_Target_5XX_Count", 9.0, "green")
        expected = "ALARM" if minute >= 4 else "OK"
        assert (minute, world.state(errors, minute)[0]) == (minute, expected)
    assert "3 out of the last 3 datapoints [90, 90, 90] was greater than the threshold (5)" in world.state(errors)[1]
    assert world.state(unhealthy)[0] == "OK"
    for minute in (6, 7):
        world.state(errors, minute)
    assert world.state(errors)[0] == "OK", "no requests are no failures"


@pytest.mark.parametrize("color", ["blue", "green"])
def test_the_alarm_on_unhealthy_targets_looks_at_either_color(world, color):
    _errors, unhealthy = own_alarms(world)
    for minute in range(3):
        world.put(minute, "UnHealthyHostCount", 1.0, color)
    assert world.state(unhealthy, 2)[0] == "ALARM"


def test_a_state_that_is_set_lasts_until_the_next_evaluation(world):
    errors, _unhealthy = own_alarms(world)
    assert world.state(errors, 0)[0] == "OK"
    world.client.set_alarm_state(AlarmName=errors, StateValue="ALARM", StateReason="a drill")
    assert world.state(errors, 0) == ("ALARM", "a drill")
    assert world.state(errors, 1)[0] == "OK"


def test_an_update_keeps_the_state(world):
    errors, _unhealthy = own_alarms(world)
    world.client.set_alarm_state(AlarmName=errors, StateValue="ALARM", StateReason="a drill")
    own_alarms(world, alarm_5xx_percent=1)
    assert world.state(errors) == ("ALARM", "a drill")


def test_one_metric_with_a_statistic(world):
    dimensions = [
        {"Name": "LoadBalancer", "Value": "app/slipway-local/0a1b"},
        {"Name": "TargetGroup", "Value": "targetgroup/api-blue/blue1"},
    ]
    for statistic, threshold in (("Sum", 3), ("Average", 1.5), ("Maximum", 2), ("Minimum", 1), ("SampleCount", 2)):
        world.client.put_metric_alarm(
            AlarmName=statistic,
            Namespace="AWS/ApplicationELB",
            MetricName="TargetResponseTime",
            Dimensions=dimensions,
            Statistic=statistic,
            Period=60,
            EvaluationPeriods=1,
            Threshold=threshold,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
        )
    assert world.state("Sum", 0)[0] == "INSUFFICIENT_DATA"
    for value in (1.0, 2.0):
        world.put(1, "TargetResponseTime", value)
    states = {name: world.state(name, 1)[0] for name in ("Sum", "Average", "Maximum", "Minimum", "SampleCount")}
    assert set(states.values()) == {"ALARM"}


def test_what_is_not_modeled_keeps_its_state(world, caplog):
    errors, _unhealthy = own_alarms(world)
    world.client.put_metric_alarm(
        AlarmName="percentile",
        Namespace="AWS/ApplicationELB",
        MetricName="RequestCount",
        ExtendedStatistic="p99",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    world.client.put_metric_data(
        Namespace="AWS/ApplicationELB", MetricData=[{"MetricName": "RequestCount", "Timestamp": START, "Value": 9}]
    )
    assert world.state("percentile", 0)[0] == "INSUFFICIENT_DATA"
    assert "alarm percentile keeps its state: statistic p99 is not modeled" in caplog.text
    assert world.state(errors)[0] == "OK"
