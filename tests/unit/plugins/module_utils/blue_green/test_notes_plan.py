# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.notes_plan import (
    healthy_seconds,
    policy_notes,
    timing_notes,
)

from tests.unit.plugins.module_utils.blue_green.cases import color, wanted

GROUPS = [f"arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/api-{name}/1" for name in ("blue", "green")]
BLUE, GREEN = "targetgroup/api-blue/1", "targetgroup/api-green/1"
CHECK = {"HealthCheckIntervalSeconds": 30, "HealthyThresholdCount": 5}


@pytest.mark.parametrize(
    ("delay", "check", "asked", "notes"),
    [
        (300, {}, wanted(), []),
        (300, {}, wanted(bake=300.0), []),
        (
            300,
            {},
            wanted(bake=60.0),
            ["requests to blue may last 300 s (deregistration delay), the bake watches for 60 s: what long requests"],
        ),
        (0, CHECK, wanted(healthy_timeout=151), []),
        (
            0,
            CHECK,
            wanted(healthy_timeout=150),
            ["target group api-green may take 150 s to call a target healthy (5 checks, 30 s apart)"],
        ),
        (0, CHECK, wanted(healthy_timeout=150, health_check={"HealthCheckIntervalSeconds": 5}), []),
    ],
)
def test_times_that_do_not_fit(delay, check, asked, notes):
    old = replace(color("blue", "v1", 3), deregistration_delay=delay)
    target = replace(color("green"), health_check=check)
    found = list(timing_notes(old, target, "api-green", asked))
    assert len(found) == len(notes)
    assert all(text.startswith(note) for text, note in zip(found, notes, strict=True))


def test_how_long_checks_take():
    assert healthy_seconds(CHECK) == 150
    assert healthy_seconds({}) == 0


def policy(**tracking):
    return {"PolicyName": "p", "ResourceId": "service/c/api-blue", "TargetTrackingScalingPolicyConfiguration": tracking}


def predefined(label):
    return policy(
        PredefinedMetricSpecification={
            "PredefinedMetricType": "ALBRequestCountPerTarget",
            **({"ResourceLabel": label} if label else {}),
        }
    )


def dimensions(*groups):
    return [{"Name": "LoadBalancer", "Value": "app/lb/1"}, *({"Name": "TargetGroup", "Value": name} for name in groups)]


def queries(*groups):
    metrics = [{"MetricStat": {"Metric": {"Dimensions": dimensions(name)}}} for name in groups]
    return policy(CustomizedMetricSpecification={"Metrics": [*metrics, {"Expression": "a + b"}]})


@pytest.mark.parametrize(
    ("found", "pinned"),
    [
        (predefined(f"app/lb/1/{BLUE}"), BLUE),
        (predefined(None), None),
        (predefined("app/lb/1/targetgroup/web/1"), None),
        (queries(BLUE, GREEN), None),
        (queries(GREEN), GREEN),
        (policy(CustomizedMetricSpecification={"Dimensions": dimensions(GREEN)}), GREEN),
        (policy(CustomizedMetricSpecification={}), None),
        ({"PolicyName": "steps", "ResourceId": "service/c/api-blue"}, None),
    ],
)
def test_policies_that_see_one_target_group(found, pinned):
    notes = list(policy_notes([found], GROUPS))
    if pinned is None:
        assert notes == []
    else:
        expected = f"scaling policy p of service/c/api-blue counts the requests of {pinned} only, so that a shift"
        assert [note[: len(expected)] for note in notes] == [expected]
