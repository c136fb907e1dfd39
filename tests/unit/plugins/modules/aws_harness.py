# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module's main() in this process against moto, with just enough of ECS's data plane to deploy on.

moto serves every API call for real; what it lacks is that a service's tasks register as targets. World does that.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.ops.plugins.module_utils import ecs
from ansible_collections.slipway.ops.plugins.module_utils.aws_session import OneSession
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ecs.models import ecs_backends

COLORS = ("blue", "green")


@dataclass
class World:
    """An account with network, load balancer, two listeners, both target groups, a cluster and a repository."""

    ids: dict[str, str] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    clients: dict[str, Any] = field(default_factory=dict)
    dead: list[dict[str, Any]] = field(default_factory=list)
    addresses: int = 0
    on_update: list[Any] = field(default_factory=list)

    def client(self, name: str) -> Any:
        """One client per service: making one costs more than all its calls."""
        if name not in self.clients:
            self.clients[name] = boto3.client(name, region_name="us-east-1")
        return self.clients[name]

    def build(self) -> None:
        ec2, elb = self.client("ec2"), self.client("elbv2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"][
                "SubnetId"
            ]
            for n, zone in enumerate("ab")
        ]
        group = ec2.create_security_group(GroupName="tasks", Description="tasks", VpcId=vpc)["GroupId"]
        balancer = elb.create_load_balancer(Name="lb", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
        self.ids = {"subnet": subnets[0], "security_group": group}
        for name, port in (("listener", 80), ("preview", 8080)):
            answer = elb.create_listener(
                LoadBalancerArn=balancer,
                Protocol="HTTP",
                Port=port,
                DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
            )
            self.ids[name] = answer["Listeners"][0]["ListenerArn"]
        for color in COLORS:
            made = elb.create_target_group(Name=f"api-{color}", Protocol="HTTP", Port=8080, VpcId=vpc, TargetType="ip")
            self.ids[color] = made["TargetGroups"][0]["TargetGroupArn"]
        self.client("ecs").create_cluster(clusterName="c")
        self.client("ecr").create_repository(repositoryName="api")

    def push(self, tag: str) -> None:
        """Puts an image into ECR and remembers its digest."""
        kind = "application/vnd.oci.image.manifest.v1+json"
        manifest = json.dumps({"schemaVersion": 2, "mediaType": kind, "layers": [{"digest": tag}]})
        answer = self.client("ecr").put_image(repositoryName="api", imageTag=tag, imageManifest=manifest)
        self.digests[tag] = answer["image"]["imageId"]["imageDigest"]

    def weights(self, rule: str = "listener") -> dict[str, int]:
        rules = self.client("elbv2").describe_rules(ListenerArn=self.ids[rule])["Rules"]
        groups = rules[0]["Actions"][0]["ForwardConfig"]["TargetGroups"]
        names = {self.ids[color]: color for color in COLORS}
        return {names[group["TargetGroupArn"]]: group["Weight"] for group in groups}

    def set_weights(self, blue: int, green: int) -> None:
        elb = self.client("elbv2")
        rule = elb.describe_rules(ListenerArn=self.ids["listener"])["Rules"][0]["RuleArn"]
        groups = [
            {"TargetGroupArn": self.ids["blue"], "Weight": blue},
            {"TargetGroupArn": self.ids["green"], "Weight": green},
        ]
        elb.modify_rule(RuleArn=rule, Actions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}])

    def desired(self, color: str) -> int:
        return self.client("ecs").describe_services(cluster="c", services=[f"api-{color}"])["services"][0][
            "desiredCount"
        ]

    def scaling(self, color: str) -> tuple[int, int, bool]:
        found = self.client("application-autoscaling").describe_scalable_targets(
            ServiceNamespace="ecs", ResourceIds=[f"service/c/api-{color}"]
        )["ScalableTargets"][0]
        suspended = found.get("SuspendedState", {}).get("DynamicScalingInSuspended", False)
        return found["MinCapacity"], found["MaxCapacity"], suspended

    def warm(self, color: str) -> str | None:
        """The schedule of the color's scale-down."""
        found = self.client("application-autoscaling").describe_scheduled_actions(
            ServiceNamespace="ecs", ResourceId=f"service/c/api-{color}"
        )["ScheduledActions"]
        return next((action["Schedule"] for action in found), None)

    def tags(self, color: str) -> dict[str, str]:
        """The tags of Slipway on the color's service."""
        found = self.client("ecs").describe_services(cluster="c", services=[f"api-{color}"], include=["TAGS"])
        tags = {tag["key"]: tag["value"] for tag in found["services"][0]["tags"]}
        return {key: value for key, value in tags.items() if key.startswith("slipway:")}

    def tasks_register(self, color: str, count: int) -> None:
        """The data plane: exactly count targets."""
        elb, group = self.client("elbv2"), self.ids[color]
        found = elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        targets = [item["Target"] for item in found]
        if targets[count:]:
            elb.deregister_targets(TargetGroupArn=group, Targets=targets[count:])
        for _ in range(count - len(targets)):
            self.addresses += 1
            elb.register_targets(TargetGroupArn=group, Targets=[{"Id": f"10.0.0.{self.addresses}", "Port": 8080}])


@pytest.fixture
def world(monkeypatch):
    """A World in an account of its own."""
    for key in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(key)
    for key, value in {"ACCESS_KEY_ID": "x", "SECRET_ACCESS_KEY": "x", "REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{key}", value)
    made = World()
    monkeypatch.setattr(AnsibleAWSModule, "client", lambda _module, name: made.client(name))
    monkeypatch.setattr(OneSession, "__call__", lambda session, name: session._module.client(name))
    real_update, real_create = ecs.update_service, ecs.create_service

    def update(client, cluster, name, changes):
        answer = real_update(client, cluster, name, changes)
        if "desiredCount" in changes:
            # moto never counts the tasks of a deployment, only those of the service.
            backend = ecs_backends[DEFAULT_ACCOUNT_ID]["us-east-1"]
            backend.services[f"{cluster}:{name}"].deployments[0]["runningCount"] = changes["desiredCount"]
            made.tasks_register(name.rpartition("-")[2], changes["desiredCount"])
        for hook in made.on_update:
            hook(name, changes)
        return answer

    def create(client, name, request, token):
        """moto forgets what CreateService says about deployments and health checks; UpdateService it remembers."""
        answer = real_create(client, name, request, token)
        kept = (
            "deploymentConfiguration",
            "healthCheckGracePeriodSeconds",
            "enableECSManagedTags",
            "enableExecuteCommand",
        )
        real_update(client, request["cluster"], name, {key: request[key] for key in kept})
        return answer

    monkeypatch.setattr(ecs, "update_service", update)
    monkeypatch.setattr(ecs, "create_service", create)
    monkeypatch.setattr(ecs, "list_stopped_tasks", lambda *_: [task["taskArn"] for task in made.dead])
    monkeypatch.setattr(ecs, "describe_tasks", lambda _client, _cluster, arns: made.dead if arns else [])
    with mock_aws():
        yield made


def run(main, capsys, *, check: bool = False, **arguments: Any) -> dict[str, Any]:
    """The module's result as Ansible gets it."""
    given = {**arguments, "_ansible_check_mode": check, "_ansible_diff": True}
    capsys.readouterr()
    with patch_module_args(given), pytest.raises(SystemExit):
        main()
    return json.loads(capsys.readouterr().out)
