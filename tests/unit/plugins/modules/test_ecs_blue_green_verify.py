# SPDX-License-Identifier: GPL-3.0-or-later
"""What a deployment is refused for before its first change, and what it tells before it, against moto."""

from __future__ import annotations

import json
from copy import deepcopy

import pytest
from ansible_collections.slipway.ops.plugins.module_utils import ecs
from botocore.exceptions import ClientError
from moto.iam.responses import IamResponse

from localcloud.mends.iam import simulate_principal_policy
from tests.unit.plugins.modules.aws_harness import world
from tests.unit.plugins.modules.blue_green_site import DEFINITION, REPOSITORY, module, site

__all__ = ["module", "site", "world"]

ACCOUNT = "123456789012"
READS = ("Describe", "List", "Get", "BatchGet", "Simulate", "Assume")
INDEX = "application/vnd.oci.image.index.v1+json"


SERVICES = (
    "ecs",
    "ecr",
    "elbv2",
    "ec2",
    "iam",
    "logs",
    "ssm",
    "secretsmanager",
    "application-autoscaling",
    "cloudwatch",
)


@pytest.fixture
def hook(world):
    """Calls a function before each AWS call of this test, with the name of the operation."""
    hooked = []

    def register(function):
        def before(model, **_):
            function(model.name)

        for name in SERVICES:
            world.client(name).meta.events.register("before-call", before)
        hooked.append(before)

    yield register
    for before in hooked:
        for name in SERVICES:
            world.client(name).meta.events.unregister("before-call", before)


@pytest.fixture
def calls(hook, monkeypatch):
    """The names of the AWS calls that are made."""
    made = []
    hook(made.append)
    monkeypatch.setattr(IamResponse, "simulate_principal_policy", simulate_principal_policy, raising=False)
    return made


@pytest.fixture
def refuse(hook):
    """Lets AWS refuse an operation."""

    def register(operation, code):
        def before(name):
            if name == operation:
                raise ClientError({"Error": {"Code": code, "Message": "no"}}, operation)

        hook(before)

    return register


def role(world, name, service="ecs-tasks.amazonaws.com", allowed=None):
    """An IAM role that service may take; allowed: (action, resource) pairs."""
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    iam = world.client("iam")
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
    if allowed:
        statements = [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in allowed]
        policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy)
    return made["Role"]["Arn"]


def definition(**changes):
    """The usual task definition with other members of the container (container_*) or of the task."""
    made = deepcopy(DEFINITION)
    for name, value in changes.items():
        place = made["containers"][0] if name.startswith("container_") else made
        place[name.removeprefix("container_")] = value
    return made


def index(world, tag, *architectures):
    """An image index for these architectures."""
    entries = [
        {"digest": f"sha256:{number:064d}", "platform": {"os": "linux", "architecture": name}}
        for number, name in enumerate(architectures)
    ]
    manifest = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries})
    answer = world.client("ecr").put_image(repositoryName="api", imageTag=tag, imageManifest=manifest)
    return answer["image"]["imageId"]["imageDigest"]


def awslogs(group):
    return {"log_driver": "awslogs", "options": {"awslogs-group": group, "awslogs-region": "us-east-1"}}


def state(world):
    """All that a deployment changes."""
    ecs = world.client("ecs")
    services = ecs.describe_services(cluster="c", services=["api-blue", "api-green"], include=["TAGS"])["services"]
    definitions = ecs.list_task_definitions()["taskDefinitionArns"]
    targets = world.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="ecs")
    return (
        [(each["desiredCount"], each["taskDefinition"], each.get("tags")) for each in services],
        definitions,
        [(each["ResourceId"], each["MinCapacity"]) for each in targets["ScalableTargets"]],
        world.weights(),
        world.weights("preview"),
    )


@pytest.fixture
def broken(world, site):
    """A deployment with ten things wrong, and what it is to be told about each."""
    site("deploy", "v1")
    secrets = world.client("secretsmanager")
    digest = index(world, "arm", "arm64", "unknown")
    closed = secrets.create_secret(Name="closed", SecretString="x")["ARN"]
    empty = secrets.create_secret(Name="empty")["ARN"]
    missing = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:missing-AbCdEf"
    execution = role(world, "execution", "ec2.amazonaws.com", [("secretsmanager:*", empty)])
    world.client("ec2").delete_subnet(SubnetId=world.ids["subnet"])
    given = definition(
        cpu=256,
        memory=1536,
        task_role_arn=f"arn:aws:iam::{ACCOUNT}:role/nobody",
        execution_role_arn=execution,
        container_port_mappings=[{"container_port": 9090}],
        container_stop_timeout=600,
        container_log_configuration=awslogs("/ecs/gone"),
        container_secrets=[
            {"name": "CLOSED", "value_from": closed},
            {"name": "EMPTY", "value_from": f"{empty}:key::"},
            {"name": "MISSING", "value_from": f"{missing}:key::"},
            {"name": "PARAMETER", "value_from": "/api/none"},
        ],
    )
    return given, (
        "task definition api-green: memory 1536: with cpu 256 Fargate offers 512, 1024 or 2048 MiB",
        "task definition api-green: stopTimeout 600 s of container api is outside 2 to 120",
        f"image {REPOSITORY} {digest} is built for linux/arm64, the task runs on linux/amd64",
        f"secret {closed} (CLOSED of container api) cannot be read: {execution} is not allowed",
        f"secret {empty} (EMPTY of container api) has no value with stage AWSCURRENT",
        f"secret {missing} (MISSING of container api) does not exist",
        "parameter /api/none (PARAMETER of container api) does not exist",
        "log group /ecs/gone does not exist",
        f"role arn:aws:iam::{ACCOUNT}:role/nobody does not exist",
        f"role {execution} does not trust ecs-tasks.amazonaws.com",
        f"subnet {world.ids['subnet']} of the service's network does not exist",
        "container api has the ports 9090, the load balancer's targets have 8080",
    )


def test_all_that_is_wrong_is_told_at_once_and_nothing_is_changed(world, site, broken, calls):
    given, expected = broken
    before = state(world)
    for check in (True, False):
        calls.clear()
        failed = site("deploy", "arm", check=check, task_definition=given)
        assert (failed["outcome"], failed["changed"], failed["failed"]) == ("blocked", False, True)
        assert [text for text in expected if text not in failed["msg"]] == []
        assert failed["msg"].count("; ") == len(expected) - 1, "and nothing else"
        assert [name for name in calls if not name.startswith(READS)] == []
    assert state(world) == before
    assert site("deploy", "v1")["changed"] is False, "what runs already is not verified again"


def test_what_is_right_is_deployed(world, site, calls):
    secret = world.client("secretsmanager").create_secret(Name="open", SecretString="{}")["ARN"]
    world.client("ssm").put_parameter(Name="/api/key", Value="x", Type="SecureString")
    world.client("logs").create_log_group(logGroupName="/ecs/api")
    index(world, "both", "amd64", "arm64")
    parameters = f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/api/*"
    given = definition(
        task_role_arn=role(world, "task"),
        execution_role_arn=role(
            world, "execution", allowed=[("secretsmanager:GetSecretValue", secret), ("ssm:GetParameters", parameters)]
        ),
        container_log_configuration=awslogs("/ecs/api"),
        container_secrets=[
            {"name": "A", "value_from": f"{secret}:a::"},
            {"name": "B", "value_from": f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/api/key"},
            {"name": "C", "value_from": "/api/key"},
        ],
    )
    done = site("deploy", "both", task_definition=given, healthy_timeout=200)
    assert (done["outcome"], done["notes"]) == ("promoted", [])
    assert calls.count("SimulatePrincipalPolicy") == 2
    assert "GetSecretValue" not in calls


def test_a_lookup_that_fails_is_a_failure(site, calls, refuse):
    """Not allowed to look is not the same as not there."""
    refuse("DescribeLogGroups", "AccessDeniedException")
    failed = site("deploy", "v1", task_definition=definition(container_log_configuration=awslogs("/ecs/api")))
    assert failed["failed"]
    assert "Failed to describe log group /ecs/api" in failed["msg"]
    assert [name for name in calls if not name.startswith(READS)] == []


def test_what_cannot_be_known_is_a_note(world, site, refuse):
    """Who may not simulate deploys all the same, and is told."""
    secret = world.client("secretsmanager").create_secret(Name="open", SecretString="{}")["ARN"]
    execution = role(world, "execution")
    refuse("SimulatePrincipalPolicy", "AccessDenied")
    given = definition(execution_role_arn=execution, container_secrets=[{"name": "A", "value_from": secret}])
    done = site("deploy", "v1", task_definition=given)
    assert done["outcome"] == "promoted"
    platform, healthy, reading = sorted(done["notes"])
    assert platform.startswith(f"for which platform image {REPOSITORY} is built is not known: its manifest names")
    assert healthy.startswith("target group api-blue may take 150 s to call a target healthy (5 checks, 30 s apart)")
    assert reading == (
        f"whether {execution} may read the secrets is not known: iam:SimulatePrincipalPolicy is denied to this run"
    )


def told(tmp_path):
    return [json.loads(line)["text"] for line in (tmp_path / "progress").read_text().splitlines()]


def test_a_run_begins_with_its_plan(world, site, tmp_path):
    site("deploy", "v1")
    (tmp_path / "progress").unlink()
    given = definition(cpu=512, memory=1024)
    promise = site("deploy", "v2", check=True, task_definition=given)
    done = site("deploy", "v2", task_definition=given)
    assert promise["plan"] == done["plan"]
    text = done["plan"]["text"]
    first = [f"plan: {line}" for line in text] + [f"note: {line}" for line in done["notes"]]
    both = told(tmp_path)
    assert [line for line in both if line in first] == [*first, *first]
    assert both[1 : len(first) + 1] == first, "right after what was found"
    assert text[0].startswith("api from blue to green with image sha256:")
    assert text[0].endswith(": api.image, cpu, memory")
    assert done["plan"]["rule"]["weights"] == {"blue": 100, "green": 0}
    assert done["plan"]["waiting"]["seconds"] > 150
    assert done["plan"]["double"]["usd"] > 0


def test_tasks_that_run_other_bits_get_no_traffic(world, site, monkeypatch):
    """Hazard 4.19: the digest that ECS reports for each task is not the one that was deployed."""
    site("deploy", "v1")
    both = index(world, "both", "amd64")
    reported = {"digest": f"sha256:{'b' * 64}"}

    def describe(_client, _cluster, arns):
        named = ecs.describe_services(world.client("ecs"), "c", ["api-green"])["api-green"]["taskDefinition"]
        image = ecs.describe_task_definition(world.client("ecs"), named)["containerDefinitions"][0]["image"]
        container = {"name": "api", "image": image, "imageDigest": reported["digest"]}
        return [{"taskArn": arn, "taskDefinitionArn": named, "containers": [container]} for arn in arns]

    monkeypatch.setattr(ecs, "list_service_tasks", lambda _client, _cluster, _service: ["arn:task/c/abc"])
    monkeypatch.setattr(ecs, "describe_tasks", describe)
    failed = site("deploy", "both")
    assert (failed["outcome"], failed["failed"]) == ("rolled_back", True)
    assert f"green: task abc runs {reported['digest']} as api, deployed was {REPOSITORY}@{both}" in failed["msg"]
    assert world.weights() == {"blue": 100, "green": 0}
    reported["digest"] = f"sha256:{0:064d}"
    assert site("deploy", "both")["outcome"] == "promoted", "an image that the deployed index leads to"
