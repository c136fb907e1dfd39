# SPDX-License-Identifier: GPL-3.0-or-later
"""A local cloud of a stage's own, with what site.yml would make for one service, in a second instead of a minute."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from localcloud.demo import run

SERVICE = "api"
NAME = "chaos"
#: The application id of the suite's own calls.
APP = "chaos"
TABLE = "chaos-releases"
COLORS = ("blue", "green")
IMAGES = ("api:1.0.0", "api:2.0.0")
#: Seconds: as short as still tells healthy from unhealthy, so that hundreds of deployments fit into an hour.
HEALTH = {
    "HealthCheckPath": "/healthz",
    "HealthCheckIntervalSeconds": 2,
    "HealthCheckTimeoutSeconds": 1,
    "HealthyThresholdCount": 2,
    "UnhealthyThresholdCount": 2,
}
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ecs-tasks.amazonaws.com"}}],
}
_QUIET = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}


class Cloud:
    """One local cloud, and the suite's own view of it: these clients are never struck by faults.

    tables: images that it has beside the local cloud's own.
    """

    def __init__(self, state: Path, *tables: Path) -> None:
        self.state = state
        run.cloud(state, "up", *(argument for table in tables for argument in ("--images", str(table))))
        self.env = run.environment(state, "local")
        self._clients: dict[str, Any] = {}

    def down(self) -> None:
        """Stop it and remove what it wrote."""
        run.cloud(self.state, "down")

    def client(self, name: str) -> Any:
        """A boto3 client whose user agent is not a module's."""
        if name not in self._clients:
            self._clients[name] = boto3.client(
                name,
                endpoint_url=self.env["AWS_ENDPOINT_URL"],
                region_name=self.env["AWS_REGION"],
                aws_access_key_id=self.env["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=self.env["AWS_SECRET_ACCESS_KEY"],
                config=Config(user_agent_appid=APP, parameter_validation=False),
            )
        return self._clients[name]

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        """The admin API's answer."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.env['AWS_ENDPOINT_URL']}/_localcloud/{path}", data, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def push(self, image: str, repository: str = SERVICE) -> str:
        """Put an image of the tables into ECR; its reference by digest."""
        return run.cloud(self.state, "push", image, "--repository", repository).splitlines()[-1]


def provision(cloud: Cloud) -> dict[str, Any]:
    """Network, load balancer with the service's two rules, cluster, repository, roles, logs and the release store."""
    found = _network(cloud.client("ec2"))
    elb = cloud.client("elbv2")
    balancer = elb.create_load_balancer(Name=NAME, Subnets=found["subnets"], SecurityGroups=[found["group"]])
    found["groups"] = _groups(elb, found["vpc"])
    found["rules"] = _rules(elb, balancer["LoadBalancers"][0]["LoadBalancerArn"], found["groups"])
    cloud.client("ecs").create_cluster(clusterName=NAME)
    cloud.client("ecr").create_repository(repositoryName=SERVICE)
    cloud.client("logs").create_log_group(logGroupName=f"/{NAME}/{SERVICE}")
    role = cloud.client("iam").create_role(RoleName="execution", AssumeRolePolicyDocument=json.dumps(_TRUST))
    found["role"] = role["Role"]["Arn"]
    cloud.client("dynamodb").create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("service", "item")],
        KeySchema=[{"AttributeName": "service", "KeyType": "HASH"}, {"AttributeName": "item", "KeyType": "RANGE"}],
    )
    found["images"] = {image: cloud.push(image) for image in IMAGES}
    return found


def _network(ec2: Any) -> dict[str, Any]:
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"][
            "SubnetId"
        ]
        for n, zone in enumerate("ab")
    ]
    group = ec2.create_security_group(GroupName="tasks", Description="tasks", VpcId=vpc)["GroupId"]
    among = {"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "UserIdGroupPairs": [{"GroupId": group}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[among])
    return {"vpc": vpc, "subnets": subnets, "group": group}


def _groups(elb: Any, vpc: str) -> dict[str, str]:
    groups = {}
    for color in COLORS:
        made = elb.create_target_group(
            Name=f"{SERVICE}-{color}", Protocol="HTTP", Port=8080, VpcId=vpc, TargetType="ip", **HEALTH
        )
        groups[color] = made["TargetGroups"][0]["TargetGroupArn"]
        delay = {"Key": "deregistration_delay.timeout_seconds", "Value": "1"}
        elb.modify_target_group_attributes(TargetGroupArn=groups[color], Attributes=[delay])
    return groups


def _rules(elb: Any, balancer: str, groups: dict[str, str]) -> dict[str, str]:
    rules = {}
    for rule, port, live in (("production", 80, "blue"), ("preview", 8080, "green")):
        listener = elb.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=port, DefaultActions=[_QUIET])
        made = elb.create_rule(
            ListenerArn=listener["Listeners"][0]["ListenerArn"],
            Priority=100,
            Conditions=[{"Field": "path-pattern", "Values": ["/*"]}],
            Actions=[forward(groups, {color: 100 if color == live else 0 for color in COLORS})],
            Tags=[{"Key": "slipway:service", "Value": SERVICE}, {"Key": "slipway:rule", "Value": rule}],
        )
        rules[rule] = made["Rules"][0]["RuleArn"]
    return rules


def forward(groups: dict[str, str], weights: dict[str, int]) -> dict[str, Any]:
    """A rule's action that gives each color its weight."""
    weighted = [{"TargetGroupArn": groups[color], "Weight": weight} for color, weight in weights.items()]
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": weighted}}
