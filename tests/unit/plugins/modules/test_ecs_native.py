# SPDX-License-Identifier: GPL-3.0-or-later
"""Engine native against the local cloud's ECS, which deploys by itself: real API, real tasks, minutes that fly."""

from __future__ import annotations

import json
import os

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.slipway.ops.plugins.module_utils import ecs_deployments
from ansible_collections.slipway.ops.plugins.module_utils.aws_session import OneSession
from ansible_collections.slipway.ops.plugins.module_utils.blue_green import native_run
from ansible_collections.slipway.ops.plugins.modules import ecs_blue_green

from localcloud.ecs import deployments, views
from localcloud.ecs.native.clock import CLOCK
from localcloud.images import ANNOTATION
from tests.unit.localcloud.fixtures.cloud import Cloud

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "elasticloadbalancing:*", "Resource": "*"}],
}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(views, "UNCHECKED_SETTLE", 0.05)
        patch.setattr(deployments, "BACKOFF_FIRST", 0.1)
        patch.setattr(CLOCK, "minute", 0.1)
        clients = {}
        patch.setattr(OneSession, "__call__", lambda session, name: client(clients, session, name))
        for key in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(key)
        made = Cloud(tmp_path_factory.mktemp("cloud"))
        patch.setenv("AWS_ENDPOINT_URL", made.settings.endpoint_url)
        patch.setenv("AWS_ACCESS_KEY_ID", made.account.access_key)
        patch.setenv("AWS_SECRET_ACCESS_KEY", made.account.secret_key)
        patch.setenv("AWS_REGION", "us-east-1")
        made.start()
        made.images = made.ecr.create_repository(repositoryName="own")["repository"]["repositoryUri"]
        for key in ("serve:1", "serve:2", "crash:1", "sick:1"):
            push(made, key)
        yield made
        made.stop()


def client(made, session, name):
    """Made once: to make one costs more than all its calls."""
    if name not in made:
        made[name] = session._module.client(name.partition(":")[0])
    return made[name]


def push(cloud, key):
    """Without a configuration, which moto's ECR would have to serve."""
    kind = "application/vnd.oci.image.manifest.v1+json"
    layers = [{"digest": f"sha256:{key.encode().hex():0>64}"}]
    manifest = {"schemaVersion": 2, "mediaType": kind, "layers": layers, "annotations": {ANNOTATION: key}}
    tag = key.replace(":", "-")
    cloud.ecr.put_image(repositoryName="own", imageManifest=json.dumps(manifest), imageTag=tag)


class Site:
    """What site.yml makes around a service, and the module run on it."""

    def __init__(self, cloud, name, priority, capsys):
        self.cloud, self.name, self.capsys = cloud, name, capsys
        self.groups = {
            color: cloud.elb.create_target_group(
                Name=f"{name}-{color}", Protocol="HTTP", Port=8080, VpcId=cloud.vpc, TargetType="ip"
            )["TargetGroups"][0]["TargetGroupArn"]
            for color in ("blue", "green")
        }
        for arn in self.groups.values():
            delay = [{"Key": "deregistration_delay.timeout_seconds", "Value": "0"}]
            cloud.elb.modify_target_group_attributes(TargetGroupArn=arn, Attributes=delay)
        self.rules = {rule: self._rule(rule, priority + at) for at, rule in enumerate(("production", "preview"))}
        iam = cloud.client("iam")
        made = iam.create_role(RoleName=f"{name}-infra", AssumeRolePolicyDocument=json.dumps(TRUST))
        iam.put_role_policy(RoleName=f"{name}-infra", PolicyName="own", PolicyDocument=json.dumps(POLICY))
        self.role = made["Role"]["Arn"]

    def _rule(self, rule, priority):
        port = 2000 if rule == "production" else 2001
        found = self.cloud.elb.describe_listeners(LoadBalancerArn=self.cloud.balancer)["Listeners"]
        listener = next((each for each in found if each["Port"] == port), None)
        if listener is None:
            fixed = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]
            listener = self.cloud.elb.create_listener(
                LoadBalancerArn=self.cloud.balancer, Protocol="HTTP", Port=port, DefaultActions=fixed
            )["Listeners"][0]
        weights = (100, 0) if rule == "production" else (0, 100)
        groups = [
            {"TargetGroupArn": arn, "Weight": weight} for arn, weight in zip(self.groups.values(), weights, strict=True)
        ]
        return self.cloud.elb.create_rule(
            ListenerArn=listener["ListenerArn"],
            Priority=priority,
            Conditions=[{"Field": "path-pattern", "Values": [f"/{self.name}"]}],
            Actions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}],
            Tags=[{"Key": "slipway:service", "Value": self.name}, {"Key": "slipway:rule", "Value": rule}],
        )["Rules"][0]["RuleArn"]

    def weights(self):
        groups = self.cloud.elb.describe_rules(RuleArns=[self.rules["production"]])["Rules"][0]["Actions"][0]
        names = {arn: color for color, arn in self.groups.items()}
        return {names[each["TargetGroupArn"]]: each["Weight"] for each in groups["ForwardConfig"]["TargetGroups"]}

    def __call__(self, action, image="serve:1", *, check=False, **changes):
        container = {"name": "app", "port_mappings": [{"container_port": 8080}]}
        arguments = {
            "action": action,
            "engine": "native",
            "service": self.name,
            "cluster": "main",
            "load_balancer": "lb",
            "app_container": "app",
            "infrastructure_role_arn": self.role,
            "image": f"{self.cloud.images}:{image.replace(':', '-')}",
            "task_definition": {"cpu": 256, "memory": 512, "containers": [container]},
            "port": 8080,
            "network_configuration": {"subnets": self.cloud.subnets, "security_groups": [self.cloud.group]},
            "desired_count": 1,
            "poll_interval": 0.05,
            "healthy_timeout": 10,
            "drain_floor": 0,
            **changes,
        }
        self.capsys.readouterr()
        with patch_module_args({**arguments, "_ansible_check_mode": check}), pytest.raises(SystemExit):
            ecs_blue_green.main()
        return json.loads(self.capsys.readouterr().out)


@pytest.fixture
def site(cloud, capsys):
    cloud.sites = getattr(cloud, "sites", 0) + 1
    return Site(cloud, f"api{cloud.sites}", 10 * cloud.sites, capsys)


@pytest.fixture
def at(monkeypatch):
    """Has a test do something once, when the deployment that a run follows is first seen in a stage."""
    real, left = native_run.judge, {}

    def judge(rollout, until):
        if rollout.stage in left:
            left.pop(rollout.stage)(rollout)
        return real(rollout, until)

    monkeypatch.setattr(native_run, "judge", judge)
    return left.__setitem__


def ended(result, outcome):
    assert result.get("outcome") == outcome, result["msg"]
    return result


def service(site):
    return site.cloud.service(site.name)


def test_converge_deploy_and_roll_back(site):
    promised = site("converge", check=True)
    made = ended(site("converge"), "converged")
    assert [step["name"] for step in promised["steps"]] == [step["name"] for step in made["steps"]]
    assert not ended(site("converge"), "converged")["changed"]
    first = ended(site("deploy", "serve:1"), "promoted")
    assert first["digest"] in first["service_deployment"]["proven"]["app"]
    target = first["colors"]["to"]
    assert site.weights()[target] == 100
    assert not ended(site("deploy", "serve:1"), "promoted")["changed"]
    assert "no earlier release" in ended(site("rollback"), "blocked")["msg"]

    promised = site("deploy", "serve:2", check=True)
    second = ended(site("deploy", "serve:2"), "promoted")
    assert [step["name"] for step in promised["steps"]] == [step["name"] for step in second["steps"]]
    assert promised["diff"] == second["diff"]
    assert second["colors"] == {"from": target, "to": first["colors"]["from"]}
    assert site.weights()[target] == 0
    assert not ended(site("converge"), "converged")["changed"]
    back = ended(site("rollback"), "rolled_back")
    assert (back["digest"], site.weights()[target]) == (first["digest"], 100)
    assert back["task_definitions"][target] == first["task_definitions"][target]
    assert "no earlier release" in ended(site("rollback"), "blocked")["msg"]


def released(site, *, bake=0):
    ended(site("converge"), "converged")
    return ended(site("deploy", "serve:1", bake=bake), "promoted")


def test_a_person_decides(site):
    live = released(site)["colors"]["to"]
    waits = ended(site("deploy", "serve:2", pause_before_shift=True), "awaiting_approval")
    assert waits["service_deployment"]["hook_id"].startswith("ecs-")
    assert waits["service_deployment"]["expires"]
    assert "continue_backend" in waits["next"]
    assert f"unless its hook {waits['service_deployment']['hook_id']} is answered" in waits["msg"]
    assert site.weights()[live] == 100
    again = ended(site("deploy", "serve:2", pause_before_shift=True), "awaiting_approval")
    assert (again["changed"], "and awaits approval" in again["found"]) == (False, True)
    assert again["service_deployment"]["hook_id"] == waits["service_deployment"]["hook_id"]
    assert "awaits approval" in ended(site("continue", "serve:1"), "blocked")["msg"]
    assert "another deployment is in flight" in ended(site("deploy", "sick:1"), "blocked")["msg"]
    ended(site("continue", "serve:2"), "promoted")
    assert site.weights()[live] == 0
    ended(site("deploy", "serve:1", pause_before_shift=True), "awaiting_approval")
    refused = ended(site("rollback"), "rolled_back")
    assert refused["steps"][0]["name"] == "answer ECS's hook: rollback"
    assert site.weights()[live] == 0
    assert "nothing awaits approval" in ended(site("continue", "serve:1"), "blocked")["msg"]


def test_a_release_that_does_not_come_up_is_taken_back(site):
    live = released(site)["colors"]["to"]
    dead = ended(site("deploy", "crash:1"), "rolled_back")
    assert "exited with" in dead["msg"]
    assert "production weights are" in dead["msg"]
    sick = ended(site("deploy", "sick:1", healthy_timeout=1), "rolled_back")
    assert "within 1 s: IN_PROGRESS SCALE_UP" in sick["msg"]
    assert site.weights()[live] == 100
    assert "ended ROLLBACK_SUCCESSFUL" in site("deploy", "serve:2", check=True)["found"]


def test_a_first_release_that_does_not_come_up_leaves_nothing_running(site):
    ended(site("converge"), "converged")
    ended(site("deploy", "crash:1"), "rolled_back")
    assert service(site)["desiredCount"] == 0
    ended(site("deploy", "serve:1"), "promoted")


@pytest.mark.parametrize("answers", [["unknown"], ["refused", "done"]], ids=["lost", "refused"])
def test_a_deployment_is_begun_once(site, monkeypatch, answers):
    released(site)
    before = len(site.cloud.ecs.list_service_deployments(cluster="main", service=site.name)["serviceDeployments"])
    real, left = ecs_deployments.update_service_once, list(answers)

    def once(*arguments):
        answer = left.pop(0)
        if answer != "refused":
            real(*arguments)
        return answer

    monkeypatch.setattr(native_run, "PAUSE", 0.2)
    monkeypatch.setattr(ecs_deployments, "update_service_once", once)
    ended(site("deploy", "serve:2"), "promoted")
    after = len(site.cloud.ecs.list_service_deployments(cluster="main", service=site.name)["serviceDeployments"])
    assert after == before + 1


def test_what_may_have_begun_is_not_sent_again(site, monkeypatch):
    live = released(site)["colors"]["to"]
    sent = []
    monkeypatch.setattr(native_run, "LISTED", 0.2)
    monkeypatch.setattr(ecs_deployments, "update_service_once", lambda *_arguments: sent.append(1) or "unknown")
    result = site("deploy", "serve:2")
    assert result["failed"]
    assert "It was not sent again" in result["msg"]
    assert len(sent) == 1
    assert site.weights()[live] > 0


class KilledError(BaseException):
    """What nothing in the module catches."""


def test_ecs_goes_on_when_the_run_is_killed_and_the_next_one_says_so(site, at):
    live = released(site)["colors"]["to"]

    def die(_rollout):
        raise KilledError

    at("SCALE_UP", die)
    with pytest.raises(KilledError):
        site("deploy", "serve:2", bake=120)
    found = site("deploy", "serve:2", check=True)["found"]
    assert "green" in found
    result = ended(site("deploy", "serve:2"), "promoted")
    assert site.weights()[live] == 0
    assert result["steps"][-1]["name"].startswith("mark the release of")


def test_an_alarm_has_ecs_take_it_back(site, at):
    live = released(site)["colors"]["to"]
    watch = site.cloud.client("cloudwatch")
    watch.put_metric_alarm(
        AlarmName=site.name,
        MetricName="x",
        Namespace="x",
        Period=60,
        Statistic="Sum",
        Threshold=1.0,
        EvaluationPeriods=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    watch.set_alarm_state(AlarmName=site.name, StateValue="OK", StateReason="quiet")
    fire = {"AlarmName": site.name, "StateValue": "ALARM", "StateReason": "loud"}
    at("BAKE_TIME", lambda _rollout: watch.set_alarm_state(**fire))
    result = ended(site("deploy", "serve:2", alarms=[site.name], bake=600), "rolled_back")
    assert f"alarm {site.name} went off" in result["msg"]
    assert site.weights()[live] == 100
    assert "is in ALARM already" in ended(site("deploy", "serve:2", alarms=[site.name]), "blocked")["msg"]


def test_a_rule_that_somebody_split_is_refused_and_repaired(site):
    live = released(site)["colors"]["to"]
    groups = [{"TargetGroupArn": arn, "Weight": 50} for arn in site.groups.values()]
    forward = [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}]
    site.cloud.elb.modify_rule(RuleArn=site.rules["production"], Actions=forward)
    assert "repair_backend" in ended(site("deploy", "serve:2"), "blocked")["next"]
    ended(site("repair", confirm=site.name), "repaired")
    assert site.weights()[live] == 100
    ended(site("deploy", "serve:2"), "promoted")


def test_a_change_of_engine_that_fails_leaves_the_pair(site):
    two = {"engine": "two_service", "infrastructure_role_arn": None}
    ended(site("converge", **two), "converged")
    live = ended(site("deploy", "serve:1", **two), "promoted")["colors"]["to"]
    ended(site("deploy", "crash:1"), "rolled_back")
    assert site.weights()[live] == 100
    assert service(site)["status"] != "ACTIVE"
