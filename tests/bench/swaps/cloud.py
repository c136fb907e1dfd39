# SPDX-License-Identifier: GPL-3.0-or-later
"""The local cloud of the benchmark: Slipway's environment with one service, and a rolling service for each peer.

All services are on the same load balancer, each with a host name of its own, with equal target groups, equal tasks and
the same pair of images.
"""

from __future__ import annotations

import json
import time
import urllib.request
from pathlib import Path
from typing import Any

from localcloud import images
from localcloud.demo import run, watch

# Name of Slipway's service, its image repository and the containers.
SERVICE = "bench"
PREFIX = "slipway-local"
OLD, NEW = "1.0.0", "2.0.0"
# Seconds that a change of weights takes to reach the load balancer: the figure that the other tests have.
WEIGHT_DELAY = 5.0
# As role ecs_service sets them for Slipway's own groups.
HEALTH_CHECK = {
    "HealthCheckPath": "/healthz",
    "HealthCheckIntervalSeconds": 5,
    "HealthCheckTimeoutSeconds": 2,
    "HealthyThresholdCount": 2,
    "UnhealthyThresholdCount": 2,
    "Matcher": {"HttpCode": "200"},
}
DEREGISTRATION_DELAY = 5
TASKS = 2


def host_of(name: str) -> str:
    """The host name under which the load balancer finds a contender's service."""
    return f"{name}.bench.example"


class Cloud:
    """A local cloud in FOLDER, up between `with` and the end of its block, and clients for its account.

    start: seconds that pass before a task's program begins; here none otherwise, with Fargate 30 to 60.
    """

    def __init__(self, folder: Path, start: int = 0) -> None:
        self.folder = folder
        self.start = start
        self._state = folder / "cloud"
        self.env: dict[str, str] = {}
        self.images: dict[str, str] = {}

    def __enter__(self) -> Cloud:
        self.folder.mkdir(parents=True, exist_ok=True)
        tables = ["--images", str(self._table())] if self.start else []
        run.cloud(self._state, "up", "--weight-delay", str(WEIGHT_DELAY), *tables)
        self.env = run.environment(self._state, "local")
        return self

    def __exit__(self, *_: object) -> None:
        run.cloud(self._state, "down")

    def _table(self) -> Path:
        """An image table with the two releases, whose programs begin late."""
        path = self.folder / "images.json"
        program = "import runpy, time; time.sleep({}); runpy.run_path('releases/{}/main.py', run_name='__main__')"
        table = {
            f"api:{version}": {
                "folder": str(images.ROOT / "examples" / "api"),
                "command": ["{python}", "-c", program.format(self.start, version)],
                "env": {"PYTHONPATH": "."},
            }
            for version in (OLD, NEW)
        }
        path.write_text(json.dumps(table))
        return path

    def client(self, name: str) -> Any:
        """A boto3 client."""
        return watch.client(self.env, name)

    @property
    def url(self) -> str:
        """What is asked and loaded."""
        return f"{self.env['LOCAL_ALB_URL']}/version"

    @property
    def variables(self) -> Path:
        """File of extra variables that put Slipway's service into the environment in place of the example's."""
        path = self.folder / "services.json"
        bucket = f"{PREFIX}-111111111111-{SERVICE}"
        service = {
            "name": SERVICE,
            "kind": "web",
            "port": 8080,
            "priority": 100,
            "hosts": [host_of(SERVICE)],
            "health_check_path": HEALTH_CHECK["HealthCheckPath"],
            "deregistration_delay": DEREGISTRATION_DELAY,
            # The role's default; the local inventory's own is short, for those who watch.
            "keep_warm": 3600,
            "probe_url": self.url,
            "probe_host": host_of(SERVICE),
            "preview_url": self.env["LOCAL_PREVIEW_URL"],
            "smoke": [{"path": HEALTH_CHECK["HealthCheckPath"], "host": host_of(SERVICE)}],
            "s3_buckets": [{"name": bucket, "access": "read_write", "create": True}],
        }
        if self.start:
            # As outside of the local cloud: role ecs_service's own default, and time enough.
            service |= {"poll_interval": 5, "healthy_timeout": 300 + self.start}
        path.write_text(json.dumps({"services": [service]}))
        return path

    def playbook(self, name: str, *extra: str) -> None:
        """Run one of Slipway's playbooks; raises run.StepFailedError with the end of its output."""
        lines: list[str] = []
        status = run.playbook(self.env, name, "local", ["-e", f"@{self.variables}", *extra], lines.append)
        if status:
            raise run.StepFailedError("\n".join([f"{name}.yml failed", *lines[-25:]]))

    def provision(self, peers: list[str]) -> None:
        """Slipway's environment with the old release live, and each peer's service with it too."""
        self.playbook("site")
        for version in (OLD, NEW):
            pushed = run.cloud(self._state, "push", f"api:{version}", "--repository", SERVICE)
            self.images[version] = pushed.splitlines()[-1]
        self.playbook("deploy_backend", "-e", f"image={self.images[OLD]}")
        for number, peer in enumerate(peers):
            self._add(peer, 201 + number)
        for peer in peers:
            self.settle(peer, 120.0 + self.start)

    def _add(self, peer: str, priority: int) -> None:
        """A rolling service of PEER's own, made from what Slipway's live color runs."""
        ecs, elb = self.client("ecs"), self.client("elbv2")
        color = self.colors()[0]
        model = ecs.describe_services(cluster=PREFIX, services=[f"{SERVICE}-{color}"])["services"][0]
        group = self._group(peer)
        condition = [{"Field": "host-header", "HostHeaderConfig": {"Values": [host_of(peer)]}}]
        actions = [{"Type": "forward", "TargetGroupArn": group}]
        elb.create_rule(ListenerArn=self._listener(), Priority=priority, Conditions=condition, Actions=actions)
        definition = self.definition(peer, model["taskDefinition"])
        ecs.register_task_definition(**definition)
        container = definition["containerDefinitions"][0]
        ecs.create_service(
            cluster=PREFIX,
            serviceName=peer,
            taskDefinition=peer,
            desiredCount=TASKS,
            launchType="FARGATE",
            networkConfiguration=model["networkConfiguration"],
            loadBalancers=[{"targetGroupArn": group, "containerName": container["name"], "containerPort": 8080}],
            deploymentConfiguration={"minimumHealthyPercent": 100, "maximumPercent": 200},
            healthCheckGracePeriodSeconds=60 + self.start,
        )

    def _group(self, peer: str) -> str:
        elb = self.client("elbv2")
        vpc = elb.describe_target_groups(Names=[f"{SERVICE}-blue"])["TargetGroups"][0]["VpcId"]
        made = elb.create_target_group(
            Name=peer, Protocol="HTTP", Port=8080, VpcId=vpc, TargetType="ip", **HEALTH_CHECK
        )
        arn = str(made["TargetGroups"][0]["TargetGroupArn"])
        delay = {"Key": "deregistration_delay.timeout_seconds", "Value": str(DEREGISTRATION_DELAY)}
        elb.modify_target_group_attributes(TargetGroupArn=arn, Attributes=[delay])
        return arn

    def _listener(self) -> str:
        elb = self.client("elbv2")
        balancer = elb.describe_load_balancers(Names=[PREFIX])["LoadBalancers"][0]["LoadBalancerArn"]
        listeners = elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"]
        return str(min(listeners, key=lambda listener: listener["Port"])["ListenerArn"])

    def definition(self, peer: str, arn: str) -> dict[str, Any]:
        """RegisterTaskDefinition's request for PEER's family, with what ARN has but Slipway's own marks."""
        found = self.client("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"]
        kept = ("containerDefinitions", "cpu", "memory", "networkMode", "requiresCompatibilities", "runtimePlatform")
        request = {key: found[key] for key in (*kept, "taskRoleArn", "executionRoleArn")}
        container = request["containerDefinitions"][0]
        marks = [pair for pair in container["environment"] if not pair["name"].startswith("SLIPWAY_")]
        return {**request, "family": peer, "containerDefinitions": [{**container, "environment": marks}]}

    def describe(self, service: str) -> dict[str, Any]:
        """DescribeServices of one service."""
        found: dict[str, Any] = self.client("ecs").describe_services(cluster=PREFIX, services=[service])["services"][0]
        return found

    def colors(self) -> tuple[str, str]:
        """Slipway's live color and the other one."""
        weights = watch.Service(self.env, PREFIX, SERVICE).weights()
        live = max(weights, key=lambda color: weights[color])
        return live, next(color for color in weights if color != live)

    def cool(self) -> None:
        """Take the warm color's tasks away, as its scheduled scale-down does in the end, so that the next swap starts
        from the same state as the first."""
        scaling, name = self.client("application-autoscaling"), f"{SERVICE}-{self.colors()[1]}"
        where = {
            "ServiceNamespace": "ecs",
            "ResourceId": f"service/{PREFIX}/{name}",
            "ScalableDimension": "ecs:service:DesiredCount",
        }
        known = scaling.describe_scheduled_actions(ServiceNamespace="ecs", ResourceId=where["ResourceId"])
        for action in known["ScheduledActions"]:
            scaling.delete_scheduled_action(ScheduledActionName=action["ScheduledActionName"], **where)
        scaling.register_scalable_target(MinCapacity=0, MaxCapacity=0, **where)
        self.client("ecs").update_service(cluster=PREFIX, service=name, desiredCount=0)
        self.settle(name)

    def settle(self, service: str, seconds: float = 90.0) -> None:
        """Wait until a service has its desired tasks, one deployment, and no task that is still stopping."""
        ecs, end = self.client("ecs"), time.monotonic() + seconds
        while True:
            found = self.describe(service)
            stopped = ecs.list_tasks(cluster=PREFIX, serviceName=service, desiredStatus="STOPPED")["taskArns"]
            tasks = ecs.describe_tasks(cluster=PREFIX, tasks=stopped)["tasks"] if stopped else []
            stopping = [task for task in tasks if task["lastStatus"] != "STOPPED"]
            if found["runningCount"] == found["desiredCount"] and len(found["deployments"]) == 1 and not stopping:
                return
            if time.monotonic() > end:
                raise run.StepFailedError(f"service {service} did not settle in {seconds:g} s")
            time.sleep(0.5)

    def last_call(self) -> int:
        """Number of the newest AWS call in the local cloud's log."""
        calls = self.calls(0)
        return int(calls[-1]["n"]) if calls else 0

    def calls(self, since: int) -> list[dict[str, Any]]:
        """The AWS calls made with this account's own key after number SINCE."""
        url = f"{self.env['AWS_ENDPOINT_URL']}/_localcloud/calls?since={since}"
        with urllib.request.urlopen(url, timeout=30) as answer:
            found: list[dict[str, Any]] = json.load(answer)
        return [call for call in found if call["access_key"] == self.env["AWS_ACCESS_KEY_ID"]]
