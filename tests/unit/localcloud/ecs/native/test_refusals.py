# SPDX-License-Identifier: GPL-3.0-or-later
"""What ECS refuses of strategies, load balancers and hooks, at once or by a rollback, and of the calls for people."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.unit.localcloud.fixtures.processes import wait_until

PAUSE = {"targetType": "PAUSE", "lifecycleStages": ["POST_SCALE_UP"]}


@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        ({"strategy": "BLUE"}, "Invalid strategy"),
        ({"bakeTimeInMinutes": 1441}, "bakeTimeInMinutes must be between 0 and 1440"),
        ({"linearConfiguration": {"stepPercent": 10.0}}, "only valid with the LINEAR"),
        ({"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 2.9}}, "stepPercent must be"),
        ({"strategy": "CANARY", "canaryConfiguration": {"canaryPercent": 5.55}}, "canaryPercent must be"),
        ({"lifecycleHooks": [{"lifecycleStages": ["POST_SCALE_UP"]}]}, "type PAUSE only"),
        ({"lifecycleHooks": [{**PAUSE, "targetType": "OTHER"}]}, "Invalid targetType"),
        ({"lifecycleHooks": [{**PAUSE, "lifecycleStages": []}]}, "lifecycleStages must not be empty"),
        (
            {"lifecycleHooks": [{**PAUSE, "lifecycleStages": ["PRODUCTION_TRAFFIC_SHIFT"]}]},
            "Invalid lifecycle stage provided for Pause Hook",
        ),
        ({"lifecycleHooks": [{**PAUSE, "timeoutConfiguration": {"action": "WAIT"}}]}, "Invalid timeout action"),
        ({"lifecycleHooks": [PAUSE] * 11}, "more than 10 pause hooks"),
    ],
)
def test_configurations(staged, configuration, message):
    with pytest.raises(ClientError, match=message):
        staged.create(**configuration)
    staged.name = ""


def without(member):
    return lambda staged: [
        {
            **staged.entry(),
            "advancedConfiguration": {
                name: value for name, value in staged.entry()["advancedConfiguration"].items() if name != member
            },
        }
    ]


@pytest.mark.parametrize(
    ("balancers", "message"),
    [
        (lambda staged: [], "behind a load balancer only"),
        (
            lambda staged: [
                {"targetGroupArn": staged.primary, "containerName": "app", "containerPort": 8080},
            ],
            "is required for all loadBalancers when using a non-ROLLING",
        ),
        (
            lambda staged: [
                staged.entry(),
                {"targetGroupArn": staged.test, "containerName": "app", "containerPort": 8080},
            ],
            "Either all or none",
        ),
        (lambda staged: [staged.entry(alternateTargetGroupArn=staged.primary)], "Duplicate targetGroupArn found"),
        (lambda staged: [staged.entry(testListenerRule=staged.production)], "both production and test listener rules"),
        (
            lambda staged: [staged.entry(productionListenerRule=staged.cloud.balancer)],
            "productionListenerRule has an invalid ARN format",
        ),
        (without("roleArn"), "roleArn must not be empty"),
        (lambda staged: [staged.entry(alternateTargetGroupArn="arn:none")], "target group does not exist"),
    ],
    ids=["none", "plain", "mixed", "same-group", "same-rule", "listener", "no-role", "no-group"],
)
def test_load_balancers(staged, balancers, message):
    with pytest.raises(ClientError, match=message):
        staged.create(balancers=balancers(staged))
    staged.name = ""


def test_a_test_rule_is_needed_where_the_production_rule_lacks_a_group(cloud, staged):
    only = {"Type": "forward", "TargetGroupArn": staged.primary}
    cloud.elb.modify_rule(RuleArn=staged.production, Actions=[only])
    with pytest.raises(ClientError, match="testListenerRule is required"):
        staged.create(balancers=without("testListenerRule")(staged))
    staged.name = ""


def elsewhere(staged):
    """A rule that forwards to a stranger."""
    stranger = staged.cloud.target_group()
    groups = [{"TargetGroupArn": stranger, "Weight": 1}, {"TargetGroupArn": staged.alternate, "Weight": 0}]
    action = {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}
    staged.cloud.elb.modify_rule(RuleArn=staged.production, Actions=[action])
    return staged.entry()


def unrelated(staged):
    """Rules that leave out the alternate group."""
    for rule in (staged.production, staged.test):
        action = {"Type": "forward", "TargetGroupArn": staged.primary}
        staged.cloud.elb.modify_rule(RuleArn=rule, Actions=[action])
    return staged.entry()


def closed(staged):
    """A production rule that forwards to nobody."""
    action = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}
    staged.cloud.elb.modify_rule(RuleArn=staged.production, Actions=[action])
    return staged.entry()


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (lambda staged: staged.entry(testListenerRule=f"{staged.test}0"), "One or more rules not found"),
        (lambda staged: staged.entry(roleArn=f"{staged.role}0"), "missing permissions on ECS Infrastructure Role"),
        (elsewhere, "forwarding traffic to unexpected target group"),
        (unrelated, "is not associated with either productionListenerRule or testListenerRule."),
        (closed, "but found 0 target groups which are serving traffic"),
    ],
    ids=["no-rule", "no-role", "elsewhere", "unrelated", "closed"],
)
def test_rules_that_no_deployment_begins_with(cloud, staged, entry, reason):
    shown = staged.end(staged.create(balancers=[entry(staged)]))
    assert shown["status"] == "ROLLBACK_FAILED"
    assert any(reason in message for message in cloud.messages(staged.name))


def test_what_the_infrastructure_role_lacks(cloud, staged, role_with):
    staged.end(staged.create())
    old = staged.role
    for lacking, stage in (("ModifyRule", "TEST_TRAFFIC_SHIFT"), ("ModifyListener", "TEST_TRAFFIC_SHIFT")):
        shown = staged.end(staged.replace_role(role_with(lacking)))
        assert shown["status"] == "ROLLBACK_SUCCESSFUL"
        assert f"{stage} lifecycle hook(s) failed. User: arn:aws:sts::" in shown["statusReason"]
        assert f"allows the elasticloadbalancing:{lacking} action" in shown["statusReason"]
        assert (staged.weights(), staged.targets()) == ((0, 100), (0, 1))
    shown = staged.end(staged.replace_role(role_with("Describe*")))
    assert "missing permissions on ECS Infrastructure Role" in shown["statusReason"]
    arn = staged.replace_role(role_with("RegisterTargets"))
    wait_until(lambda: any("failed to register targets" in said for said in cloud.messages(staged.name)), "the refusal")
    assert staged.show(arn)["lifecycleStage"] == "SCALE_UP"
    assert staged.end(staged.replace_role(old))["status"] == "SUCCESSFUL"


def test_calls_about_deployments(cloud, staged):
    arn = staged.create(lifecycleHooks=[PAUSE])
    hook = staged.hook(arn)
    ecs = cloud.ecs
    with pytest.raises(ecs.exceptions.ServiceDeploymentNotFoundException):
        staged.answer(f"{arn}0", hook)
    with pytest.raises(ClientError, match="must follow the format"):
        staged.answer(arn, {"hookId": "mine"})
    with pytest.raises(ClientError, match="Valid values are: CONTINUE, ROLLBACK"):
        staged.answer(arn, hook, "WAIT")
    with pytest.raises(ClientError, match="Valid values are: ROLLBACK"):
        ecs.stop_service_deployment(serviceDeploymentArn=arn, stopType="ABORT")
    with pytest.raises(ClientError, match="more than 20"):
        ecs.describe_service_deployments(serviceDeploymentArns=[arn] * 21)
    staged.answer(arn, hook)
    staged.end(arn)
    rolling = cloud.create("serve:1")
    found = ecs.list_service_deployments(cluster="main", service=rolling)["serviceDeployments"][0]
    with pytest.raises(ClientError, match="does not stop deployments of the strategy ROLLING"):
        ecs.stop_service_deployment(serviceDeploymentArn=found["serviceDeploymentArn"])
    cloud.steady(rolling)
    cloud.update(rolling, forceNewDeployment=True)
    pages = [
        ecs.list_service_deployments(cluster="main", service=rolling, maxResults=1, **token)
        for token in ({}, {"nextToken": "1"})
    ]
    assert [("nextToken" in page, len(page["serviceDeployments"])) for page in pages] == [(True, 1), (False, 1)]
    cloud.delete(rolling)
