# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.health_check_plan import (
    LABEL,
    health_check_from,
    health_check_step,
    observed,
    problems,
    recorded,
    with_health_check,
)
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.plan_model import Definition
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.steps_plan import (
    PointRule,
    RegisterDefinition,
    SetHealthCheck,
    UpdateService,
    WaitHealthy,
)
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.swap_plan import plan_deploy, plan_rollback
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.task_definition_plan import normalized

from tests.unit.plugins.module_utils.blue_green.cases import after, arn, body, color, snapshot, wanted

GIVEN = {
    "protocol": "HTTP",
    "path": "/healthz",
    "interval": 5,
    "timeout": 2,
    "healthy": 2,
    "unhealthy": 3,
    "matcher": "200",
}
OLD = health_check_from({**GIVEN, "path": "/old"})
NEW = health_check_from(GIVEN)


def test_the_option_becomes_what_aws_takes():
    assert NEW == {
        "HealthCheckProtocol": "HTTP",
        "HealthCheckPath": "/healthz",
        "HealthCheckIntervalSeconds": 5,
        "HealthCheckTimeoutSeconds": 2,
        "HealthyThresholdCount": 2,
        "UnhealthyThresholdCount": 3,
        "Matcher": {"HttpCode": "200"},
    }
    assert health_check_from(None) is None
    assert observed({**NEW, "TargetGroupName": "x", "HealthCheckPort": "traffic-port"}) == NEW


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"path": "healthz"}, "health_check.path 'healthz' must begin with /"),
        ({"path": "/" * 1025}, "at most 1024 characters"),
        ({"interval": 4}, "health_check.interval 4 is outside 5 to 300"),
        ({"interval": 301}, "outside 5 to 300"),
        ({"timeout": 1}, "health_check.timeout 1 is outside 2 to 120"),
        ({"healthy": 1}, "health_check.healthy 1 is outside 2 to 10"),
        ({"unhealthy": 11}, "health_check.unhealthy 11 is outside 2 to 10"),
        ({"timeout": 5}, "health_check.timeout 5 must be less than health_check.interval 5"),
        ({"matcher": ""}, "health_check.matcher '' is no list of codes from 200 to 499"),
        ({"matcher": "200-599"}, "is no list of codes"),
        ({"matcher": "ok"}, "is no list of codes"),
    ],
)
def test_what_aws_would_refuse_is_told_first(change, complaint):
    (found,) = problems({**GIVEN, **change})
    assert complaint in found


def test_good_options():
    assert problems(None) == []
    for matcher in ("200", "200,204", "200-299", "200-299,404"):
        assert problems({**GIVEN, "matcher": matcher}) == []


def labelled(release, name, check):
    return with_health_check(body(release, name), "api", check)


def test_it_is_recorded_in_the_task_definition_and_found_again():
    made = labelled("v1", "blue", NEW)
    assert recorded(made) == recorded(normalized(made)) == NEW
    assert normalized(made) != normalized(labelled("v1", "blue", OLD))
    assert with_health_check(made, "api", None) is made
    assert LABEL not in str(body("v1", "blue"))
    two = {"containerDefinitions": [{"name": "log"}, {"name": "api", "dockerLabels": {"a": "b"}}]}
    assert with_health_check(two, "api", NEW)["containerDefinitions"][0] == {"name": "log"}
    assert recorded(with_health_check(two, "api", NEW)) == NEW


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"Other": 1}'])
def test_a_record_that_says_nothing_is_none(text):
    assert recorded({"containerDefinitions": [{"name": "api", "dockerLabels": {LABEL: text}}]}) is None
    assert recorded(None) is None


def test_only_what_differs_is_changed():
    group = color("green")
    assert health_check_step(group, None) == []
    assert health_check_step(replace(group, target_group=None), NEW) == []
    assert health_check_step(replace(group, health_check=NEW), NEW) == []
    step = health_check_step(replace(group, health_check=OLD), NEW)
    assert step == [SetHealthCheck("green", {"HealthCheckPath": "/healthz"})]
    assert step[0].title == "health check of green to HealthCheckPath /healthz"


def released(name, release, tasks, check, group_check, **service):
    """A color that runs a release with its record, behind a group with some check."""
    made = Definition(arn(release, name), normalized(labelled(release, name, check)))
    state = color(name, release, tasks, release=release, **service)
    return replace(state, definition=made, latest=made, released=made, health_check=group_check)


def deployment(release, check):
    return wanted(
        release, bodies={name: labelled(release, name, check) for name in ("blue", "green")}, health_check=check
    )


def kinds(plan):
    return [type(step) for step in plan.steps]


def test_a_deployment_brings_its_check_to_the_color_that_it_brings_up():
    state = snapshot(released("blue", "v1", 2, OLD, OLD), released("green", "v0", 0, OLD, OLD))
    plan = plan_deploy(state, deployment("v2", NEW))
    (step,) = [step for step in plan.steps if isinstance(step, SetHealthCheck)]
    assert step == SetHealthCheck("green", {"HealthCheckPath": "/healthz"})
    assert kinds(plan).index(SetHealthCheck) < kinds(plan).index(RegisterDefinition)
    assert after(state, plan.steps).colors["blue"].health_check == OLD


def test_other_settings_make_another_revision():
    state = snapshot(released("blue", "v1", 2, OLD, OLD), released("green", "v0", 0, OLD, OLD))
    assert plan_deploy(state, deployment("v1", OLD)).steps == ()
    assert SetHealthCheck in kinds(plan_deploy(state, deployment("v1", NEW)))


def test_a_first_deployment_brings_its_check_too():
    plan = plan_deploy(snapshot(color("blue"), color("green")), deployment("v1", NEW))
    assert [step for step in plan.steps if isinstance(step, SetHealthCheck)] == [SetHealthCheck("blue", NEW)]


@pytest.mark.parametrize("tasks", [0, 2], ids=["cold", "warm"])
def test_a_rollback_restores_the_check_of_the_release_and_waits_for_it(tasks):
    """Somebody, or site.yml while the group was empty, has changed it since."""
    state = snapshot(released("blue", "v1", tasks, OLD, NEW), released("green", "v2", 2, NEW, NEW), (0, 100))
    plan = plan_rollback(state, wanted(None))
    (step,) = [step for step in plan.steps if isinstance(step, SetHealthCheck)]
    assert step == SetHealthCheck("blue", {"HealthCheckPath": "/old"})
    order = kinds(plan)
    assert order.index(SetHealthCheck) < order.index(WaitHealthy)
    if not tasks:
        assert order.index(SetHealthCheck) < order.index(UpdateService)


def test_a_warm_rollback_with_its_check_in_place_waits_for_nothing():
    state = snapshot(released("blue", "v1", 2, OLD, OLD), released("green", "v2", 2, NEW, NEW), (0, 100))
    order = kinds(plan_rollback(state, wanted(None)))
    assert SetHealthCheck not in order
    assert WaitHealthy not in order
    assert PointRule in order


def test_a_release_from_before_there_was_a_record_keeps_what_the_group_has():
    state = snapshot(color("blue", "v1", 0, release="v1"), color("green", "v2", 2, release="v2"), (0, 100))
    assert SetHealthCheck not in kinds(plan_rollback(state, wanted(None)))
