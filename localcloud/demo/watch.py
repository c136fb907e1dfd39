# SPDX-License-Identifier: GPL-3.0-or-later
"""Watching a service's swap from outside, through the ordinary AWS API: live weights and healthy targets over time."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Mapping

COLORS = ("blue", "green")
PERIOD = 0.5


def client(env: Mapping[str, str], name: str) -> Any:
    """A boto3 client for service NAME with the endpoint and credentials of an env file, and nothing of the user's."""
    session = boto3.Session(
        aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=env.get("AWS_SESSION_TOKEN"),
        region_name=env["AWS_REGION"],
    )
    return session.client(name, endpoint_url=env["AWS_ENDPOINT_URL"])


class Service:
    """One service of an environment: two target groups, the production rule that weighs them, and the tasks."""

    def __init__(self, env: Mapping[str, str], prefix: str, service: str) -> None:
        """Look the rule and the groups up by name and tag; raises ClientError when they don't exist.

        PREFIX is the name of both the cluster and the load balancer.
        """
        self._elb, self._ecs = client(env, "elbv2"), client(env, "ecs")
        self._cluster, self._name = prefix, service
        groups = self._elb.describe_target_groups(Names=[f"{service}-{color}" for color in COLORS])["TargetGroups"]
        self.groups = {group["TargetGroupName"].rsplit("-", 1)[1]: group["TargetGroupArn"] for group in groups}
        balancer = self._elb.describe_load_balancers(Names=[prefix])["LoadBalancers"][0]["LoadBalancerArn"]
        self.rule = self._production_rule(balancer, service)

    def _production_rule(self, balancer: str, service: str) -> str:
        listeners = self._elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"]
        rules = [
            rule["RuleArn"]
            for listener in listeners
            for rule in self._elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
            if not rule["IsDefault"]
        ]
        wanted = {"slipway:service": service, "slipway:rule": "production"}
        for described in self._elb.describe_tags(ResourceArns=rules)["TagDescriptions"]:
            if wanted.items() <= {tag["Key"]: tag["Value"] for tag in described["Tags"]}.items():
                return str(described["ResourceArn"])
        raise LookupError(f"no production rule of {service}")

    def weights(self) -> dict[str, int]:
        """The rule's weight of each color."""
        actions = self._elb.describe_rules(RuleArns=[self.rule])["Rules"][0]["Actions"]
        by_arn = {
            group["TargetGroupArn"]: int(group["Weight"])
            for action in actions
            for group in action.get("ForwardConfig", {}).get("TargetGroups", [])
        }
        return {color: by_arn.get(arn, 0) for color, arn in self.groups.items()}

    def healthy(self) -> dict[str, int]:
        """The number of each color's healthy targets."""
        return {color: self._count_healthy(arn) for color, arn in self.groups.items()}

    def _count_healthy(self, group: str) -> int:
        answer = self._elb.describe_target_health(TargetGroupArn=group)
        states = [target["TargetHealth"]["State"] for target in answer["TargetHealthDescriptions"]]
        return states.count("healthy")

    def tasks(self, color: str) -> list[str]:
        """The ARNs of a color's tasks that have not stopped yet, those that are stopping included.

        By the family of their task definitions, which both engines name after the color; not those of RunTask.
        """
        family = f"{self._name}-{color}"
        arns = [
            arn
            for wanted in ("RUNNING", "STOPPED")
            for arn in self._ecs.list_tasks(cluster=self._cluster, family=family, desiredStatus=wanted)["taskArns"]
        ]
        described = self._ecs.describe_tasks(cluster=self._cluster, tasks=arns)["tasks"] if arns else []
        alive = [task for task in described if task["lastStatus"] != "STOPPED"]
        return [task["taskArn"] for task in alive if task["group"].startswith("service:")]


class Watcher:
    """Samples a service every PERIOD seconds in a thread, between `with` and the end of its block."""

    def __init__(self, service: Service) -> None:
        self.samples: list[dict[str, Any]] = []
        self._service = service
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        while not self._stop.is_set():
            try:
                sample = {"t": time.time(), "weights": self._service.weights(), "healthy": self._service.healthy()}
            except (BotoCoreError, ClientError):
                pass  # a gap in the drawing; what the swap does about such an answer is the swap's matter
            else:
                self.samples.append(sample)
            self._stop.wait(PERIOD)

    def __enter__(self) -> Watcher:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(timeout=10)
