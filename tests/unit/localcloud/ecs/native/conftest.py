# SPDX-License-Identifier: GPL-3.0-or-later
"""Services that ECS deploys by stages: their target groups, rules and role; a minute lasts a moment."""

from __future__ import annotations

import itertools
import json

import pytest

from localcloud.ecs.native.clock import CLOCK
from tests.unit.localcloud.fixtures.processes import wait_until

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


_priorities = itertools.count(1, 2)
#: What an infrastructure role needs, and on what condition it has it.
CONDITIONS = {
    "Describe*": {},
    "RegisterTargets": {},
    "DeregisterTargets": {},
    "ModifyListener": {},
    "ModifyRule": {"StringEquals": {"aws:ResourceTag/slipway:service": "api"}},
}


@pytest.fixture(autouse=True)
def minute(monkeypatch):
    monkeypatch.setattr(CLOCK, "minute", 0.05)


@pytest.fixture(scope="module")
def role(cloud):
    return infrastructure(cloud, "infrastructure", CONDITIONS)


def infrastructure(cloud, name, actions):
    """A role that lets ECS take these actions; its ARN."""
    iam = cloud.client("iam")
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    statements = [
        {
            "Effect": "Allow",
            "Action": f"elasticloadbalancing:{action}",
            "Resource": "*",
            "Condition": CONDITIONS[action],
        }
        for action in actions
    ]
    policy = {"Version": "2012-10-17", "Statement": statements}
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(policy))
    return made["Role"]["Arn"]


class Staged:
    """A service's pair of target groups with a production and a test rule, and what one asks of its deployments."""

    def __init__(self, cloud, role):
        self.cloud, self.role = cloud, role
        self.primary, self.alternate = cloud.target_group(), cloud.target_group()
        listener = cloud.elb.describe_listeners(LoadBalancerArn=cloud.balancer)["Listeners"][0]["ListenerArn"]
        self.priority = next(_priorities)
        self.production = self.rule(listener, 0, (100, 0))
        self.test = self.rule(listener, 1, (0, 100))
        self.name = ""

    def rule(self, listener, offset, weights):
        priority = self.priority + offset
        conditions = [{"Field": "path-pattern", "Values": [f"/{priority}"]}]
        made = self.cloud.elb.create_rule(
            ListenerArn=listener,
            Priority=priority,
            Conditions=conditions,
            Actions=[self.forward(*weights)],
            Tags=[{"Key": "slipway:service", "Value": "api"}],
        )
        return made["Rules"][0]["RuleArn"]

    def forward(self, primary, alternate):
        groups = [
            {"TargetGroupArn": self.primary, "Weight": primary},
            {"TargetGroupArn": self.alternate, "Weight": alternate},
        ]
        return {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}

    def point(self, primary, alternate):
        """Change the production rule by hand."""
        self.cloud.elb.modify_rule(RuleArn=self.production, Actions=[self.forward(primary, alternate)])

    def entry(self, **advanced):
        return {
            "targetGroupArn": self.primary,
            "containerName": "app",
            "containerPort": 8080,
            "advancedConfiguration": {
                "alternateTargetGroupArn": self.alternate,
                "productionListenerRule": self.production,
                "testListenerRule": self.test,
                "roleArn": self.role,
                **advanced,
            },
        }

    def create(self, image="serve:1", count=1, balancers=None, **configuration):
        """Create the service; the answer is its first service deployment."""
        self.name = f"staged-{self.priority}"
        definition = self.cloud.define(image)
        self.cloud.ecs.create_service(
            cluster="main",
            serviceName=self.name,
            taskDefinition=definition,
            desiredCount=count,
            launchType="FARGATE",
            networkConfiguration=self.cloud.network,
            loadBalancers=[self.entry()] if balancers is None else balancers,
            deploymentConfiguration={"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 0, **configuration},
        )
        return self.newest()

    def deploy(self, image="serve:2", **configuration):
        """Deploy another image; the answer is the new service deployment."""
        members = {"deploymentConfiguration": configuration} if configuration else {}
        self.cloud.update(self.name, taskDefinition=self.cloud.define(image), **members)
        return self.newest()

    def newest(self):
        """ARN of the newest service deployment."""
        return self.all()[0]["serviceDeploymentArn"]

    def replace_role(self, role):
        """Have ECS use another role; the answer is the deployment that this begins."""
        self.cloud.update(self.name, loadBalancers=[self.entry(roleArn=role)])
        return self.newest()

    def all(self):
        """The service's deployments, newest first."""
        return self.cloud.ecs.list_service_deployments(cluster="main", service=self.name)["serviceDeployments"]

    def show(self, arn):
        shown = self.cloud.ecs.describe_service_deployments(serviceDeploymentArns=[arn])
        return shown["serviceDeployments"][0]

    def reach(self, arn, stage):
        """Wait for a stage; the answer is the service deployment."""
        return wait_until(
            lambda: (s := self.show(arn)).get("lifecycleStage") == stage and s, f"the stage {stage} of {arn}"
        )

    def end(self, arn):
        """Wait for the end; the answer is the service deployment."""
        return wait_until(lambda: "finishedAt" in (s := self.show(arn)) and s, f"the end of {arn}")

    def weights(self, rule=None):
        """Weights of the primary and of the alternate group."""
        found = self.cloud.elb.describe_rules(RuleArns=[rule or self.production])["Rules"][0]
        groups = found["Actions"][0]["ForwardConfig"]["TargetGroups"]
        weights = {group["TargetGroupArn"]: group["Weight"] for group in groups}
        return weights[self.primary], weights[self.alternate]

    def targets(self):
        """Numbers of targets in the primary and in the alternate group."""
        return len(self.cloud.targets(self.primary)), len(self.cloud.targets(self.alternate))

    def hook(self, arn):
        """Wait for a hook that awaits an answer; the answer is its description."""

        def look():
            hooks = self.show(arn).get("lifecycleHookDetails", ())
            return next((hook for hook in hooks if hook["status"] == "AWAITING_ACTION"), None)

        return wait_until(look, f"a hook of {arn}")

    def answer(self, arn, hook, action="CONTINUE"):
        self.cloud.ecs.continue_service_deployment(serviceDeploymentArn=arn, hookId=hook["hookId"], action=action)


@pytest.fixture
def role_with(cloud):
    """Makes a role that lacks an action."""
    return lambda lacking: infrastructure(cloud, f"no-{lacking}", [name for name in CONDITIONS if name != lacking])


@pytest.fixture
def staged(cloud, role):
    staged = Staged(cloud, role)
    yield staged
    if staged.name:
        cloud.delete(staged.name)
