# SPDX-License-Identifier: GPL-3.0-or-later
"""Deployments by stages with real tasks: where tasks and traffic go, and how it ends."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from localcloud.ecs.native.plan import NO_CANDIDATE
from tests.unit.localcloud.fixtures.cloud import environment
from tests.unit.localcloud.fixtures.processes import wait_until


def test_blue_green_from_the_first_deployment_on(cloud, staged):
    first = staged.end(staged.create(count=2))
    assert (first["status"], first["lifecycleStage"]) == ("SUCCESSFUL", "CLEAN_UP")
    assert first["sourceServiceRevisions"] == []
    # It lands in the alternate group.
    assert (staged.targets(), staged.weights(), staged.weights(staged.test)) == ((0, 2), (0, 100), (0, 100))
    second = staged.end(staged.deploy())
    assert second["status"] == "SUCCESSFUL"
    assert (staged.targets(), staged.weights(), staged.weights(staged.test)) == ((2, 0), (100, 0), (100, 0))
    target, source = second["targetServiceRevision"], second["sourceServiceRevisions"][0]
    assert target | {"arn": ""} == {
        "arn": "",
        "requestedTaskCount": 2,
        "runningTaskCount": 2,
        "pendingTaskCount": 0,
        "requestedProductionTrafficWeight": 100.0,
        "requestedTestTrafficWeight": 100.0,
    }
    assert source["arn"] == first["targetServiceRevision"]["arn"]
    assert (source["runningTaskCount"], source["requestedProductionTrafficWeight"]) == (0, 0.0)
    old, new = cloud.ecs.describe_service_revisions(serviceRevisionArns=[source["arn"], target["arn"]])[
        "serviceRevisions"
    ]
    assert old["containerImages"][0]["imageDigest"] == cloud.digests["serve:1"]
    assert new["containerImages"][0]["imageDigest"] == cloud.digests["serve:2"]
    assert new["resolvedConfiguration"]["loadBalancers"] == [
        {"targetGroupArn": staged.primary, "productionListenerRule": staged.production}
    ]
    cloud.steady(staged.name)


def test_canary_goes_by_parts_also_at_the_first_deployment(staged):
    canary = {"canaryPercent": 0.5, "canaryBakeTimeInMinutes": 20}
    first = staged.create(strategy="CANARY", canaryConfiguration=canary, bakeTimeInMinutes=20)
    staged.reach(first, "PRODUCTION_TRAFFIC_SHIFT")
    assert staged.weights() == (995, 5)
    shown = staged.reach(first, "BAKE_TIME")
    assert (staged.weights(), shown["status"]) == ((0, 100), "IN_PROGRESS")
    assert staged.end(first)["status"] == "SUCCESSFUL"


def test_linear_pauses_at_every_step_and_a_hook_rolls_back(cloud, staged):
    staged.end(staged.create())
    arn = staged.deploy(
        strategy="LINEAR",
        linearConfiguration={"stepPercent": 40.0, "stepBakeTimeInMinutes": 0},
        lifecycleHooks=[{"targetType": "PAUSE", "lifecycleStages": ["PRE_PRODUCTION_TRAFFIC_SHIFT"]}],
    )
    answered, seen = [], []
    for action in ("CONTINUE", "CONTINUE", "ROLLBACK"):
        hook = staged.hook(arn)
        seen.append(staged.weights())
        for old in answered:
            with pytest.raises(ClientError, match="either completed, unavailable, or not associated"):
                staged.answer(arn, old)
        staged.answer(arn, hook, action)
        answered.append(hook)
    assert len({hook["hookId"] for hook in answered}) == 3
    assert (hook["timeoutAction"], hook["targetType"]) == ("ROLLBACK", "PAUSE")
    assert seen == [(0, 100), (400, 600), (800, 200)]
    shown = staged.end(arn)
    assert shown["status"] == "ROLLBACK_SUCCESSFUL"
    assert shown["statusReason"] == (
        "Service deployment rolled back because PRE_PRODUCTION_TRAFFIC_SHIFT pause hook was answered with ROLLBACK."
    )
    assert [hook["status"] for hook in shown["lifecycleHookDetails"]] == ["SUCCEEDED", "SUCCEEDED", "FAILED"]
    assert shown["rollback"]["serviceRevisionArn"] == shown["sourceServiceRevisions"][0]["arn"]
    assert (staged.weights(), staged.weights(staged.test), staged.targets()) == ((0, 100), (0, 100), (0, 1))
    service = cloud.steady(staged.name)
    assert service["taskDefinition"] == service["deployments"][0]["taskDefinition"]
    assert environment(cloud.tasks(staged.name)[0]).get("RELEASE") != "2"
    with pytest.raises(ClientError, match="in terminal states"):
        staged.answer(arn, hook)


@pytest.mark.parametrize(("action", "status"), [("ROLLBACK", "ROLLBACK_FAILED"), ("CONTINUE", "SUCCESSFUL")])
def test_a_hook_expires(staged, action, status):
    timeout = {"timeoutInMinutes": 4, "action": action}
    hooks = [
        {"targetType": "PAUSE", "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"], "timeoutConfiguration": timeout},
        {"targetType": "PAUSE", "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"], "timeoutConfiguration": timeout},
    ]
    arn = staged.create(lifecycleHooks=hooks)
    hook = staged.hook(arn)
    assert hook["expiresAt"] > staged.show(arn)["startedAt"]
    shown = staged.end(arn)
    assert shown["status"] == status
    assert [hook["status"] for hook in shown["lifecycleHookDetails"]] == ["TIMED_OUT", "TIMED_OUT"]
    # Nothing to go back to: the first deployment stays where it was, with the test traffic only.
    assert (staged.weights() == (100, 0)) is (status == "ROLLBACK_FAILED")
    assert shown.get("statusReason") == {"ROLLBACK_FAILED": NO_CANDIDATE}.get(status)


def test_a_second_update_in_the_bake_time_takes_over(cloud, staged):
    staged.end(staged.create())
    second = staged.deploy(bakeTimeInMinutes=1440)
    staged.reach(second, "BAKE_TIME")
    third = staged.deploy("serve:1", bakeTimeInMinutes=0)
    shown = staged.end(third)
    assert (shown["status"], staged.weights(), staged.targets()) == ("SUCCESSFUL", (0, 100), (0, 1))
    # The revision that served is the one that the third started from.
    superseded = staged.show(second)
    assert (superseded["status"], superseded["statusReason"]) == ("STOPPED", "Replaced by a new service deployment.")
    assert shown["sourceServiceRevisions"][0]["arn"] == superseded["targetServiceRevision"]["arn"]
    cloud.steady(staged.name)


def test_an_update_among_the_steps_leaves_the_rule_split_and_is_refused(cloud, staged):
    staged.end(staged.create())
    canary = {"canaryPercent": 5, "canaryBakeTimeInMinutes": 1440}
    second = staged.deploy(strategy="CANARY", canaryConfiguration=canary)
    staged.reach(second, "PRODUCTION_TRAFFIC_SHIFT")
    third = staged.end(staged.deploy("serve:1"))
    assert third["status"] == "ROLLBACK_SUCCESSFUL"
    assert third["statusReason"] == (
        "Service deployment rolled back because of invalid networking configuration. productionListenerRule "
        f"{staged.production} should have exactly one target group serving traffic but found 2 target groups which are "
        "serving traffic"
    )
    assert staged.weights() == (50, 950)
    staged.point(0, 1)
    assert staged.end(staged.deploy("serve:1", strategy="BLUE_GREEN"))["status"] == "SUCCESSFUL"
    assert staged.targets() == (1, 0)
    cloud.steady(staged.name)


def test_alarms_roll_back_unless_they_rang_before(cloud, staged):
    watch = cloud.client("cloudwatch")

    def ring(state):
        watch.set_alarm_state(AlarmName="errors", StateValue=state, StateReason="test")

    watch.put_metric_alarm(
        AlarmName="errors",
        Namespace="none",
        MetricName="none",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    ring("ALARM")
    alarms = {"alarmNames": ["errors"], "enable": True, "rollback": True}
    ignored = staged.end(staged.create(alarms=alarms))
    assert (ignored["status"], ignored["alarms"]["status"]) == ("SUCCESSFUL", "DISABLED")
    ring("OK")
    arn = staged.deploy(bakeTimeInMinutes=1440)
    assert staged.reach(arn, "BAKE_TIME")["alarms"]["status"] == "MONITORING"
    ring("ALARM")
    shown = staged.end(arn)
    assert (shown["status"], shown["alarms"]["status"]) == ("ROLLBACK_SUCCESSFUL", "TRIGGERED")
    assert shown["alarms"]["triggeredAlarmNames"] == ["errors"]
    assert "errors" in shown["rollback"]["reason"]
    assert (staged.weights(), staged.targets()) == ((0, 100), (0, 1))


def test_stop_rolls_back_even_while_the_old_revision_goes(cloud, staged):
    for group in (staged.primary, staged.alternate):
        attributes = [{"Key": "deregistration_delay.timeout_seconds", "Value": "1"}]
        cloud.elb.modify_target_group_attributes(TargetGroupArn=group, Attributes=attributes)
    staged.end(staged.create())
    arn = staged.deploy()
    staged.reach(arn, "CLEAN_UP")
    cloud.ecs.stop_service_deployment(serviceDeploymentArn=arn, stopType="ROLLBACK")
    assert staged.show(arn)["status"] in ("ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS")
    assert staged.end(arn)["status"] == "ROLLBACK_SUCCESSFUL"
    assert (staged.weights(), staged.targets()) == ((0, 100), (0, 1))
    with pytest.raises(cloud.ecs.exceptions.ConflictException):
        cloud.ecs.stop_service_deployment(serviceDeploymentArn=arn)


def test_a_revision_that_never_gets_healthy(cloud, staged):
    breaker = {"enable": True, "rollback": True}
    first = staged.end(staged.create("crash:1", deploymentCircuitBreaker=breaker))
    assert (first["status"], first["statusReason"]) == ("ROLLBACK_FAILED", NO_CANDIDATE)
    assert any("circuit breaker threshold was exceeded" in message for message in cloud.messages(staged.name))
    second = staged.deploy("sick:1")
    shown = staged.reach(second, "SCALE_UP")
    assert shown["targetServiceRevision"]["requestedTaskCount"] == 1
    # The next one takes over; what is left of those before goes first.
    third = staged.end(staged.deploy("serve:2"))
    assert (third["status"], staged.targets()) == ("SUCCESSFUL", (0, 1))
    assert [item["status"] for item in staged.all()] == ["SUCCESSFUL", "STOPPED", "ROLLBACK_FAILED"]


def test_from_rolling_and_back(cloud, staged):
    plain = {name: value for name, value in staged.entry().items() if name != "advancedConfiguration"}
    first = staged.end(staged.create(strategy="ROLLING", balancers=[plain]))
    assert (first["status"], staged.targets()) == ("SUCCESSFUL", (1, 0))
    cloud.update(
        staged.name,
        taskDefinition=cloud.define("serve:2"),
        loadBalancers=[staged.entry()],
        deploymentConfiguration={"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 0},
    )
    second = staged.end(staged.newest())
    assert (second["status"], staged.targets(), staged.weights()) == ("SUCCESSFUL", (0, 1), (0, 100))
    third = staged.end(staged.deploy("serve:1", strategy="ROLLING"))
    assert (third["status"], "lifecycleStage" in third) == ("SUCCESSFUL", False)
    # Rolling with a pair stays in the group that serves.
    assert (staged.targets(), staged.weights()) == ((0, 1), (0, 100))


def test_a_count_that_comes_with_a_release_is_not_the_old_revisions(cloud, staged):
    """As the first release does it: the revision before it names an image that is nowhere."""
    staged.end(staged.create("nothing:1", count=0))
    cloud.update(staged.name, taskDefinition=cloud.define("serve:1"), desiredCount=1)
    shown = staged.end(staged.newest())
    assert (shown["status"], staged.targets(), staged.weights()) == ("SUCCESSFUL", (1, 0), (100, 0))
    assert [task["lastStatus"] for task in cloud.tasks(staged.name, "STOPPED")] == []


def test_the_count_changes_on_the_way(cloud, staged):
    arn = staged.create(bakeTimeInMinutes=1440)
    staged.reach(arn, "BAKE_TIME")
    cloud.update(staged.name, desiredCount=2)
    wait_until(lambda: staged.targets() == (0, 2), "the second task")
    assert staged.newest() == arn
