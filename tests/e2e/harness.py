# SPDX-License-Identifier: GPL-3.0-or-later
"""What the end-to-end tests do to a local cloud, by the means that users have: playbooks, the AWS API, HTTP."""

from __future__ import annotations

import itertools
import json
import threading
import time
import urllib.request
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docs_build import commands
from localcloud.demo import run, site, watch
from tests.e2e import roles

CALLBACK = Path(__file__).parent / "callback"
SERVICE = "api"
OLD, NEW = "api:1.0.0", "api:2.0.0"
# A part of a webhook's address that nobody may read: test_9_secrets.py.
CANARY = "a-canary-among-the-secrets"
# Every run of a playbook, for test_9_documented.py.
RAN: list[commands.Play] = []
# Seconds that a weight change takes to reach the load balancer: the issue's own figure.
WEIGHT_DELAY = 5.0


@dataclass(frozen=True)
class Done:
    """A playbook run: exit status, all output, and what each task returned (tests/e2e/callback/recorder.py)."""

    status: int
    output: str
    tasks: list[dict[str, Any]]

    @property
    def changed(self) -> list[tuple[str, str]]:
        """(host, task) of each task that changed something."""
        return [(task["host"], task["task"]) for task in self.tasks if task["changed"]]

    @property
    def failures(self) -> list[str]:
        """The message of each task that failed."""
        return [str(task["result"].get("msg", "")) for task in self.tasks if task["outcome"] == "failed"]

    @property
    def deployment(self) -> dict[str, Any]:
        """What slipway.ops.ecs_blue_green or slipway.ops.site_release returned last."""
        return next(task["result"] for task in reversed(self.tasks) if "outcome" in task["result"])


@dataclass
class Environment:
    """One environment of the local cloud in STATE; files of its runs go to FOLDER."""

    name: str
    state: Path
    folder: Path
    _count: itertools.count[int] = field(default_factory=itertools.count)
    _clients: dict[str, Any] = field(default_factory=dict)
    callers: dict[str, dict[str, str]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def env(self) -> dict[str, str]:
        """The environment of programs that use this AWS account."""
        return run.environment(self.state, self.name)

    @property
    def prefix(self) -> str:
        """What the names of this environment begin with."""
        return f"slipway-{self.name}"

    @property
    def url(self) -> str:
        """Where the load balancer answers."""
        return self.env["LOCAL_ALB_URL"]

    def client(self, service: str) -> Any:
        """A boto3 client of this account."""
        if service not in self._clients:
            self._clients[service] = watch.client(self.env, service)
        return self._clients[service]

    def looks(self, service: str) -> Any:
        """A boto3 client that may do what reading an environment takes."""
        return watch.client(self.env | self.keys(roles.STATUS, roles.STATUS), service)

    def watched(self) -> watch.Service:
        """The load balancer's side of the service."""
        return watch.Service(self.env, self.prefix, SERVICE)

    def playbook(
        self, name: str, *arguments: str, extra: Mapping[str, Any] | None = None, env: Mapping[str, str] | None = None
    ) -> Done:
        """Run playbooks/NAME.yml with EXTRA variables, and ENV in place of the environment's own where it has it.

        Those of a pipeline and site may do no more than the roles that are meant for them (roles.py).
        """
        given = [*arguments, *(["-e", json.dumps(extra)] if extra else [])]
        RAN.append(commands.Play(name, frozenset(extra or {}), "--check" in arguments))
        command = ["ansible-playbook", "-i", f"inventories/{self.name}", f"playbooks/{name}.yml", *given]
        keys = self.keys(roles.RUN_BY[name], name) if name in roles.RUN_BY else {}
        return self._recorded(name, command, {**keys, **(env or {})})

    def keys(self, role: str, name: str) -> dict[str, str]:
        """Credentials of a session of a role, the same for the same name."""
        with self._lock:
            if name not in self.callers:
                self.callers[name] = roles.session(self, role, name)
            return self.callers[name]

    @property
    def administrator(self) -> dict[str, str]:
        """The account's own credentials, for what no role here is meant for."""
        return {
            **{name: self.env[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")},
            "AWS_SESSION_TOKEN": "",
        }

    def forget_callers(self) -> None:
        """Have no roles but those that the playbooks made."""
        roles.remove(self)
        self.callers.clear()

    def module(self, name: str, parameters: Mapping[str, Any]) -> Done:
        """Run one module, as `ansible -m` does."""
        command = ["ansible", self.name, "-i", f"inventories/{self.name}", "-m", name, "-a", json.dumps(parameters)]
        return self._recorded(name, command, {"ANSIBLE_LOAD_CALLBACK_PLUGINS": "1"})

    def _recorded(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> Done:
        record = self.folder / f"{self.name}-{next(self._count)}-{name}.jsonl"
        record.touch()
        lines: list[str] = []
        recorded = {
            "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACK),
            "ANSIBLE_CALLBACKS_ENABLED": "slipway.ops.warm,recorder",
            "ANSIBLE_NOCOLOR": "1",
            "RECORDER_FILE": str(record),
        }
        status = run.stream({**self.env, **recorded, **env}, command, lines.append)
        output = "\n".join(lines)
        record.with_suffix(".log").write_text(output)
        return Done(status, output, [json.loads(line) for line in record.read_text().splitlines()])

    def push(self, image: str) -> str:
        """Push an image of the tables; its reference by tag."""
        pushed = run.cloud(self.state, "push", image, "--environment", self.name).splitlines()[-1]
        return f"{pushed.partition('@')[0]}:{image.partition(':')[2]}"

    def deploy(self, image: str, **extra: Any) -> Done:
        """deploy_backend.yml with IMAGE and other extra variables."""
        return self.playbook("deploy_backend", extra={"image": image, **extra})

    def weight_delay(self, seconds: float) -> None:
        """Have changes of weights take so long from now on."""
        url = f"{self.env['AWS_ENDPOINT_URL']}/_localcloud/settings"
        body = json.dumps({"weight_delay": seconds}).encode()
        with urllib.request.urlopen(urllib.request.Request(url, body, method="PUT"), timeout=10) as answer:
            assert json.load(answer)["weight_delay"] == seconds

    def load(self, rate: float, seconds: float = 300.0) -> run.Load:
        """Start load on the service's /version."""
        return run.Load(f"{self.url}/version", self.folder, rate, seconds)

    @property
    def site_url(self) -> str:
        """Where the site's distribution answers."""
        return self.env["LOCAL_SITE_URL"]

    def publish(self, version: str) -> Done:
        """deploy_frontend.yml with a release of the example frontend."""
        return self.playbook("deploy_frontend", extra={"bundle": str(site.RELEASES / version)})

    def visitors(self, *versions: str) -> run.Visitors:
        """Let visitors into the site, where one of these releases may be live."""
        return run.Visitors(self.site_url, site.bundles(*versions), self.folder)

    def answer(self) -> dict[str, str]:
        """What /version says now: release, color, digest, address."""
        with urllib.request.urlopen(f"{self.url}/version", timeout=10) as answer:
            return json.load(answer)

    def answers_from(self, color: str) -> bool:
        """Whether /version is answered now, and by this color."""
        try:
            return self.answer()["color"] == color
        except OSError:  # urllib's errors are some
            return False

    def traffic(self) -> dict[str, Any]:
        """What a site.yml must never move: the rules' weights, and each color's tasks, revision and scaling bounds."""
        services = self.client("ecs").describe_services(cluster=self.prefix, services=_colors())["services"]
        targets = self.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="ecs")
        return {
            "weights": self.watched().weights(),
            "services": {each["serviceName"]: (each["desiredCount"], each["taskDefinition"]) for each in services},
            "scaling": {
                each["ResourceId"]: (each["MinCapacity"], each["MaxCapacity"], each.get("SuspendedState"))
                for each in targets["ScalableTargets"]
            },
        }

    def everything(self) -> dict[str, Any]:
        """All that the roles make in this account, without what changes by itself: to see that nothing was changed."""
        found: dict[str, Any] = {}
        for service, operation, key, drop in _READS:
            client = self.client(service)
            answer = getattr(client, operation)()
            items = [_without(each, drop) for each in answer[key] if not _gone(each)]
            found[f"{service} {key}"] = sorted(json.dumps(each, default=str) for each in items)
        found["rules"] = self._rules()
        found["services"] = self._services()
        found["edge"] = self._edge()
        return found

    def _edge(self) -> list[str]:
        """What stands before the site: names, as their states change by themselves."""
        front, waf = self.client("cloudfront"), self.client("wafv2")
        custom = {"Type": "custom"}
        lists = [
            [each["Comment"] for each in front.list_distributions()["DistributionList"].get("Items", [])],
            [each["Name"] for each in front.list_functions()["FunctionList"].get("Items", [])],
            [each["Name"] for each in front.list_origin_access_controls()["OriginAccessControlList"].get("Items", [])],
            [
                each["CachePolicy"]["Id"]
                for each in front.list_cache_policies(**custom)["CachePolicyList"].get("Items", [])
            ],
            [
                each["ResponseHeadersPolicy"]["Id"]
                for each in front.list_response_headers_policies(**custom)["ResponseHeadersPolicyList"].get("Items", [])
            ],
        ]
        lists += [
            [each["Name"] for each in waf.list_web_acls(Scope=scope)["WebACLs"]] for scope in ("CLOUDFRONT", "REGIONAL")
        ]
        return sorted(name for found in lists for name in found)

    def _rules(self) -> list[Any]:
        elb = self.client("elbv2")
        balancers = [balancer["LoadBalancerArn"] for balancer in elb.describe_load_balancers()["LoadBalancers"]]
        listeners = [elb.describe_listeners(LoadBalancerArn=arn)["Listeners"] for arn in balancers]
        return [elb.describe_rules(ListenerArn=each["ListenerArn"])["Rules"] for found in listeners for each in found]

    def _services(self) -> list[tuple[str, int, str]]:
        ecs, found = self.client("ecs"), []
        for cluster in ecs.list_clusters()["clusterArns"]:
            if arns := ecs.list_services(cluster=cluster)["serviceArns"]:
                found += ecs.describe_services(cluster=cluster, services=arns)["services"]
        return [(each["serviceName"], each["desiredCount"], each["taskDefinition"]) for each in found]


# (service, operation, member of the answer, members of its items that change by themselves)
_READS: Sequence[tuple[str, str, str, tuple[str, ...]]] = (
    ("ec2", "describe_vpcs", "Vpcs", ()),
    ("ec2", "describe_subnets", "Subnets", ("AvailableIpAddressCount",)),
    ("ec2", "describe_route_tables", "RouteTables", ()),
    ("ec2", "describe_security_groups", "SecurityGroups", ()),
    ("ec2", "describe_internet_gateways", "InternetGateways", ()),
    ("ec2", "describe_vpc_endpoints", "VpcEndpoints", ()),
    ("ec2", "describe_flow_logs", "FlowLogs", ("DeliverLogsStatus",)),
    ("elbv2", "describe_load_balancers", "LoadBalancers", ()),
    ("elbv2", "describe_target_groups", "TargetGroups", ()),
    ("ecs", "list_clusters", "clusterArns", ()),
    ("ecs", "list_task_definitions", "taskDefinitionArns", ()),
    ("ecr", "describe_repositories", "repositories", ()),
    ("s3", "list_buckets", "Buckets", ()),
    ("logs", "describe_log_groups", "logGroups", ("storedBytes",)),
    ("iam", "list_roles", "Roles", ("RoleLastUsed",)),
    ("cloudwatch", "describe_alarms", "MetricAlarms", ("StateUpdatedTimestamp", "StateValue", "StateReason")),
)


def _without(item: Any, drop: Sequence[str]) -> Any:
    return {key: value for key, value in item.items() if key not in drop} if isinstance(item, dict) else item


def _gone(item: Any) -> bool:
    """What AWS goes on describing for a while after it was deleted; and the roles of these tests themselves."""
    if not isinstance(item, dict):
        return False
    return str(item.get("State", "")).lower() in ("deleting", "deleted") or item.get("Path") == roles.PATH


def _colors() -> list[str]:
    return [f"{SERVICE}-{color}" for color in watch.COLORS]


def hosts_of(name: str) -> set[str]:
    """The hosts by which site.yml builds an environment side by side, its one service among them."""
    parts = ("releases", "s3-endpoint", "site", *(["peering"] if name == "local" else []))
    return {name, SERVICE, *(f"{name}-{part}" for part in parts)}


def enforce_policies(url: str) -> None:
    """Have the local cloud refuse from now on what a caller's policies do not allow."""
    body = json.dumps({"enforce": True}).encode()
    with urllib.request.urlopen(
        urllib.request.Request(f"{url}/_localcloud/iam", body, method="PUT"), timeout=10
    ) as got:
        assert json.load(got) == {"enforce": True}


def everywhere(environments: Mapping[str, Environment], *arguments: str) -> dict[str, Done]:
    """Run site.yml in all environments at the same time."""
    with ThreadPoolExecutor() as threads:
        runs = {name: threads.submit(each.playbook, "site", *arguments) for name, each in environments.items()}
    return {name: future.result() for name, future in runs.items()}


def other_than(version: str) -> str:
    """Of the two releases that the tests deploy, the one whose version is not this."""
    return next(image for image in (OLD, NEW) if not image.endswith(f":{version}"))


def wait_until(what: str, check: Any, seconds: float = 60.0) -> None:
    """Poll CHECK until it is true; fails with WHAT after SECONDS."""
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.25)
