# SPDX-License-Identifier: GPL-3.0-or-later
"""One-off task, workers and schedules on the test cloud: real tasks, the real ECS scheduler, one service."""

from __future__ import annotations

import threading
import time

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.once_plan import started_by
from ansible_collections.slipway.ops.plugins.modules import ecs_blue_green, ecs_remove_services, elb_listener_rule

from localcloud.ecs import deployments, views
from localcloud.mends import ecr, scheduler
from tests.unit.localcloud.fixtures.cloud import Cloud
from tests.unit.localcloud.fixtures.processes import wait_until
from tests.unit.plugins.modules.aws_harness import run

COLORS = ("blue", "green")
OPTIONS = {"awslogs-group": "/app", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "jobs"}


def definition(*command, stop_timeout=2, ports=False):
    container = {
        "name": "api",
        "log_configuration": {"log_driver": "awslogs", "options": OPTIONS},
        "stop_timeout": stop_timeout,
    }
    container |= {"command": list(command)} if command else {}
    container |= {"port_mappings": [{"container_port": 8080}]} if ports else {}
    return {"cpu": 256, "memory": 512, "containers": [container]}


class Site:
    """Service api with worker tally and schedule report, as site.yml leaves them, and the module to deploy it."""

    def __init__(self, cloud):
        self.cloud = cloud
        self.worker = "serve"
        self.groups = {}
        self.scheduler = cloud.client("scheduler")

    def arguments(self, **changes):
        worker = {"name": "tally", "task_definition": definition(self.worker), "exclusive": True}
        schedule = {
            "name": "report",
            "task_definition": definition("once"),
            "expression": "at(2999-01-01T00:00:00)",
            "role_arn": "arn:aws:iam::111111111111:role/scheduler",
        }
        network = {"subnets": self.cloud.subnets, "security_groups": [self.cloud.group]}
        return {
            "service": "api",
            "cluster": "main",
            "load_balancer": "lb",
            "task_definition": definition(ports=True),
            "port": 8080,
            "network_configuration": network,
            "drain_floor": 0,
            "poll_interval": 0,
            "healthy_timeout": 30,
            "workers": [worker],
            "schedules": [schedule],
            **changes,
        }

    def build(self, capsys):
        elb = self.cloud.elb
        for color in COLORS:
            made = elb.create_target_group(
                Name=f"api-{color}", Protocol="HTTP", Port=8080, VpcId=self.cloud.vpc, TargetType="ip"
            )
            self.groups[color] = made["TargetGroups"][0]["TargetGroupArn"]
            attributes = [{"Key": "deregistration_delay.timeout_seconds", "Value": "0"}]
            elb.modify_target_group_attributes(TargetGroupArn=self.groups[color], Attributes=attributes)
        made = elb.create_listener(
            LoadBalancerArn=self.cloud.balancer,
            Protocol="HTTP",
            Port=80,
            DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
        )
        groups = [{"arn": self.groups["blue"], "weight": 100}, {"arn": self.groups["green"], "weight": 0}]
        rule = {"service": "api", "rule": "production", "priority": 10, "conditions": {"path": ["/*"]}}
        rule |= {"load_balancer": "lb", "listener_arn": made["Listeners"][0]["ListenerArn"], "target_groups": groups}
        run(elb_listener_rule.main, capsys, **rule)
        return self.converge(capsys)

    def converge(self, capsys, **changes):
        given = self.arguments(image=f"{self.cloud.repository}:unreleased", **changes)
        return run(ecs_blue_green.main, capsys, action="converge", **given)

    def deploy(self, capsys, tag, **changes):
        given = self.arguments(image=f"{self.cloud.repository}:{tag}", **changes)
        return run(ecs_blue_green.main, capsys, action="deploy", **given)

    def rollback(self, capsys):
        return run(ecs_blue_green.main, capsys, action="rollback", **self.arguments())

    def digest(self, key):
        return self.cloud.digests[key]

    def runs(self, family):
        """The digest that a revision's container is told."""
        found = self.cloud.ecs.describe_task_definition(taskDefinition=family)["taskDefinition"]
        told = found["containerDefinitions"][0]["environment"]
        return next((item["value"] for item in told if item["name"] == "SLIPWAY_IMAGE_DIGEST"), None)

    def worker_runs(self):
        return self.runs(self.cloud.service("api-tally")["taskDefinition"])

    def schedule_runs(self):
        found = self.scheduler.get_schedule(GroupName="main-api", Name="report")
        return self.runs(found["Target"]["EcsParameters"]["TaskDefinitionArn"])

    def weights(self):
        balancers = self.cloud.elb.describe_listeners(LoadBalancerArn=self.cloud.balancer)["Listeners"]
        rules = self.cloud.elb.describe_rules(ListenerArn=balancers[0]["ListenerArn"])["Rules"]
        groups = rules[0]["Actions"][0]["ForwardConfig"]["TargetGroups"]
        names = {arn: color for color, arn in self.groups.items()}
        return {names[group["TargetGroupArn"]]: group["Weight"] for group in groups}

    def once_tasks(self, digest):
        arns = []
        for color in COLORS:
            for desired in ("RUNNING", "STOPPED"):
                found = self.cloud.ecs.list_tasks(cluster="main", family=f"api-{color}", desiredStatus=desired)
                arns += found["taskArns"]
        tasks = self.cloud.ecs.describe_tasks(cluster="main", tasks=arns)["tasks"] if arns else []
        return [task for task in tasks if task.get("startedBy") == started_by("api", digest)]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(views, "UNCHECKED_SETTLE", 0.3)
        patch.setattr(deployments, "BACKOFF_FIRST", 0.1)
        for mend in (ecr, scheduler):
            mend.install()
        cloud = Cloud(tmp_path_factory.mktemp("cloud"))
        cloud.start()
        for name, value in {
            "AWS_ENDPOINT_URL": cloud.settings.endpoint_url,
            "AWS_ACCESS_KEY_ID": cloud.account.access_key,
            "AWS_SECRET_ACCESS_KEY": cloud.account.secret_key,
            "AWS_REGION": "us-east-1",
        }.items():
            patch.setenv(name, value)
        patch.setattr("ansible_collections.slipway.ops.plugins.module_utils.blue_green.once.POLL_SECONDS", 0.05)
        yield cloud
        cloud.stop()


@pytest.fixture(scope="module")
def made(cloud):
    """The service, once it is built; the tests go on from where the one before left it."""
    return Site(cloud)


@pytest.fixture
def site(made, capsys):
    if not made.groups:
        made.built = made.build(capsys)
    return made


ONCE = {"one_off_task": {"command": ["once"], "timeout": 20}}


def names(result):
    return [step["name"] for step in result["steps"]]


class Sampler:
    """Looks at a worker's tasks all the time: how many have not really ended."""

    def __init__(self, cloud, name):
        self.most, self._end = 0, threading.Event()
        self._cloud, self._name = cloud, name
        self._thread = threading.Thread(target=self._look)

    def _look(self):
        while not self._end.is_set():
            alive = {
                task["taskArn"]
                for desired in ("RUNNING", "STOPPED")
                for task in self._cloud.tasks(self._name, desired)
                if task["lastStatus"] != "STOPPED"
            }
            self.most = max(self.most, len(alive))
            time.sleep(0.02)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()


def test_site_makes_workers_without_tasks_and_no_schedule_before_the_first_release(site, cloud, capsys):
    assert site.built["outcome"] == "converged", site.built
    assert {"create worker api-tally", "create schedule group main-api"} <= set(names(site.built))
    service = cloud.service("api-tally")
    assert (service["desiredCount"], service["deploymentConfiguration"]["maximumPercent"]) == (0, 100)
    assert site.scheduler.list_schedules(GroupName="main-api")["Schedules"] == []
    assert site.converge(capsys)["changed"] is False


def test_the_first_release_brings_worker_and_schedule(site, cloud, capsys):
    done = site.deploy(capsys, "app-1", **ONCE)
    assert done["outcome"] == "promoted", done["msg"]
    assert done["one_off_task"]["exit_code"] == 0
    assert done["one_off_task"]["log_tail"] == ["once starts"]
    assert site.worker_runs() == site.schedule_runs() == site.digest("app:1")
    assert cloud.service("api-tally")["runningCount"] == 1
    again = site.deploy(capsys, "app-1", **ONCE)
    assert (again["outcome"], again["steps"]) == ("promoted", [])
    assert len(site.once_tasks(site.digest("app:1"))) == 1
    assert site.converge(capsys)["changed"] is False


def test_what_a_worker_or_a_schedule_lacks_is_found_before_the_first_change(site, cloud, capsys):
    def lacking(entry, group):
        container = entry["task_definition"]["containers"][0]
        container["log_configuration"] = {"log_driver": "awslogs", "options": {**OPTIONS, "awslogs-group": group}}
        return [entry]

    given = site.arguments()
    revisions = cloud.ecs.list_task_definitions()["taskDefinitionArns"]
    workers, schedules = lacking(given["workers"][0], "/tally"), lacking(given["schedules"][0], "/report")
    done = site.deploy(capsys, "app-2", workers=workers, schedules=schedules)
    assert done["outcome"] == "blocked"
    for group in ("/tally", "/report"):
        assert done["msg"].count(f"log group {group} does not exist") == 1, done["msg"]
    assert cloud.ecs.list_task_definitions()["taskDefinitionArns"] == revisions


def test_a_failing_one_off_task_stops_everything_before_it_begins(site, cloud, capsys):
    before = cloud.service("api-tally")["taskDefinition"]
    failed = site.deploy(capsys, "app-2", one_off_task={"command": ["crash"], "timeout": 20})
    assert (failed["outcome"], site.weights()) == ("rolled_back", {"blue": 100, "green": 0})
    assert "the one-off task crash of api failed" in failed["msg"]
    assert (
        "container api exited with 3; its log ends: crash starts | no way. The database may have been" in failed["msg"]
    )
    assert failed["one_off_task"]["exit_code"] == 3
    assert cloud.service("api-tally")["taskDefinition"] == before
    assert cloud.service("api-green")["desiredCount"] == 0


def test_a_one_off_task_that_does_not_end_is_stopped(site, cloud, capsys):
    failed = site.deploy(capsys, "app-2", one_off_task={"command": ["serve"], "timeout": 1})
    assert "was not done within 1 s and was stopped; its log ends: serve starts" in failed["msg"]
    left = [task for task in site.once_tasks(site.digest("app:2")) if task["desiredStatus"] != "STOPPED"]
    assert (failed["outcome"], left) == ("rolled_back", [])


def test_a_killed_run_s_task_is_adopted_and_everything_moves_after_the_shift(site, cloud, capsys):
    """The task of the killed run still runs when the next run comes."""
    digest = site.digest("app:2")
    wait_until(
        lambda: all(task["lastStatus"] == "STOPPED" for task in site.once_tasks(digest)), "the end of the others"
    )
    count = len(site.once_tasks(digest))
    orphan = cloud.ecs.run_task(
        cluster="main",
        taskDefinition="api-green",
        launchType="FARGATE",
        networkConfiguration=cloud.network,
        startedBy=started_by("api", digest),
        overrides={"containerOverrides": [{"name": "api", "command": ["once"]}]},
    )["tasks"][0]["taskArn"]
    site.worker = "slow"
    with Sampler(cloud, "api-tally") as sampler:
        done = site.deploy(capsys, "app-2", **ONCE)
    assert done["outcome"] == "promoted", done["msg"]
    assert (done["one_off_task"]["task_arn"], len(site.once_tasks(digest))) == (orphan, count + 1)
    found = names(done)
    assert found.index("production weights to blue 0, green 100") < found.index("roll worker api-tally")
    assert (
        found.index("roll worker api-tally")
        < found.index("point schedule report")
        < found.index("mark the release of green")
    )
    assert site.worker_runs() == site.schedule_runs() == digest
    assert sampler.most == 1


def test_a_rollback_takes_worker_and_schedule_back_and_never_runs_two(site, cloud, capsys):
    """The worker that goes ignores SIGTERM: ECS itself would start the other one beside it."""
    with Sampler(cloud, "api-tally") as sampler:
        done = site.rollback(capsys)
    assert done["outcome"] == "rolled_back", done["msg"]
    assert site.worker_runs() == site.schedule_runs() == site.digest("app:1")
    assert (site.weights(), sampler.most) == ({"blue": 100, "green": 0}, 1)
    assert site.rollback(capsys)["steps"] == []


def test_a_broken_worker_takes_the_whole_release_back(site, cloud, capsys):
    site.worker = "crash"
    failed = site.deploy(capsys, "app-2")
    assert (failed["outcome"], site.weights()) == ("rolled_back", {"blue": 100, "green": 0}), failed["msg"]
    assert "worker api-tally: " in failed["msg"]
    assert "container api exited with 3" in failed["msg"]
    assert site.worker_runs() == site.schedule_runs() == site.digest("app:1")
    assert cloud.service("api-tally")["runningCount"] == 1
    found = names(failed)
    last = len(found) - 1 - found[::-1].index("roll worker api-tally")
    assert found.index("production weights to blue 100, green 0") < last


def test_destroying_takes_workers_and_schedules_along(site, cloud, capsys):
    given = {"cluster": "main", "workers_of": "api", "families": ["api-report"], "schedule_group": "main-api"}
    promised = run(ecs_remove_services.main, capsys, check=True, **given)
    kept = run(ecs_remove_services.main, capsys, check=True, cluster="main", workers_of="api", keep=["api-tally"])
    done = run(ecs_remove_services.main, capsys, **given)
    assert promised["steps"] == done["steps"]
    assert done["steps"][:2] == ["schedules of main-api", "service api-tally"]
    assert any(step.startswith("task definition api-report:") for step in done["steps"])
    assert kept["steps"] == []
    assert run(ecs_remove_services.main, capsys, **given)["changed"] is False


def test_a_service_that_is_a_worker(site, cloud, capsys):
    given = {
        "kind": "worker",
        "service": "jobs",
        "load_balancer": None,
        "port": None,
        "workers": [],
        "schedules": [],
        "app_container": "api",
        "task_definition": definition("serve"),
    }
    assert site.deploy(capsys, "app-1", **given)["outcome"] == "blocked"
    assert site.converge(capsys, **given)["outcome"] == "converged"
    assert site.converge(capsys, **given)["changed"] is False
    first = site.deploy(capsys, "app-1", **given)
    assert (first["outcome"], cloud.service("jobs")["runningCount"]) == ("promoted", 1), first["msg"]
    assert site.deploy(capsys, "app-1", **given)["steps"] == []
    broken = site.deploy(capsys, "app-2", **{**given, "task_definition": definition("crash")})
    assert (broken["outcome"], site.runs(cloud.service("jobs")["taskDefinition"])) == (
        "rolled_back",
        site.digest("app:1"),
    )
    assert "Taken back: worker jobs: 1/1 running" in broken["msg"]
    assert site.deploy(capsys, "app-2", **given)["outcome"] == "promoted"
    back = run(ecs_blue_green.main, capsys, action="rollback", **site.arguments(**given))
    assert (back["outcome"], site.runs(cloud.service("jobs")["taskDefinition"])) == (
        "rolled_back",
        site.digest("app:1"),
    )
    assert run(ecs_blue_green.main, capsys, action="rollback", **site.arguments(**given))["outcome"] == "blocked"
