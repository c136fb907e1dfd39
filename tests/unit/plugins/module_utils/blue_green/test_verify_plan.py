# SPDX-License-Identifier: GPL-3.0-or-later
"""One sound deployment, and each way in which it can be unsound, as a table."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.image_plan import reference
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.plan_model import Service
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.secret_plan import Decision
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.steps_plan import (
    Plan,
    PointRule,
    RegisterDefinition,
    UpdateService,
)
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.verify_plan import (
    Facts,
    Findings,
    distinct,
    findings,
    questions,
    starting,
    trusts,
)

ACCOUNT = "111111111111"
DIGEST = f"sha256:{'a' * 64}"
REPOSITORY = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/api"
SECRET = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:db-AbCdEf"
PARAMETER = f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/api/key"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/execution"
TRUST = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
LOG = {"logDriver": "awslogs", "options": {"awslogs-group": "/ecs/api", "awslogs-region": "us-east-1"}}
CONTAINER = {
    "name": "api",
    "portMappings": [{"containerPort": 8080}],
    "secrets": [{"name": "A", "valueFrom": SECRET}, {"name": "B", "valueFrom": "/api/key"}],
    "logConfiguration": LOG,
}
BODY = {
    "family": "api-green",
    "cpu": "256",
    "memory": "512",
    "executionRoleArn": ROLE,
    "containerDefinitions": [CONTAINER],
}
SERVICE = Service(
    f"arn:aws:ecs:us-east-1:{ACCOUNT}:service/c/api-green",
    0,
    0,
    0,
    "arn",
    settings={
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}},
        "loadBalancers": [{"containerPort": 8080}],
    },
)
OPEN = {"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "UserIdGroupPairs": [{"GroupId": "sg-lb"}]}
GROUP = {"TargetGroupName": "api-green", "TargetType": "ip", "Port": 8080, "VpcId": "vpc-1"}
ALLOWED = {SECRET: Decision(allowed=True), PARAMETER: Decision(allowed=True)}
FACTS = Facts(
    platforms=("linux/amd64",),
    secrets={SECRET: {"ARN": SECRET, "VersionIdsToStages": {"v1": ["AWSCURRENT"]}}},
    parameters=frozenset({"/api/key"}),
    decisions=ALLOWED,
    log_groups=frozenset({"/ecs/api"}),
    roles={ROLE: {"AssumeRolePolicyDocument": {"Statement": [TRUST]}}},
    subnets={"subnet-1": {"VpcId": "vpc-1"}},
    security_groups={"sg-1": {"VpcId": "vpc-1", "IpPermissions": [OPEN]}},
    vpc="vpc-1",
    balancer_groups=("sg-lb",),
    target_group=GROUP,
)


def asked(image=f"{REPOSITORY}@{DIGEST}", service=SERVICE, container=None, **changes):
    """container: other members of the container; changes: other members of the task definition."""
    body = {**BODY, "containerDefinitions": [{**CONTAINER, **(container or {})}], **changes}
    return questions("api", body, service, "api", reference(image) if image else None)


def secrets(*values):
    return {"secrets": [{"name": "A", "valueFrom": value} for value in values]}


def logs(**options):
    return {"logConfiguration": {"logDriver": "awslogs", "options": options}}


def facts(**changes):
    return replace(FACTS, **changes)


def decided(**decision):
    return facts(decisions={**ALLOWED, SECRET: Decision(**decision)})


SOUND = {
    "a load balancer without security groups": (asked(), facts(balancer_groups=())),
    "all is as it should be": (asked(), FACTS),
    "without an image of ours": (asked(image=None), facts(platforms=())),
    "an index for both": (
        asked(runtimePlatform={"cpuArchitecture": "ARM64"}),
        facts(platforms=("linux/amd64", "linux/arm64")),
    ),
    "ECS makes the log group": (
        asked(container=logs(**{"awslogs-group": "/new", "awslogs-create-group": "true"})),
        FACTS,
    ),
    "another driver": (asked(container={"logConfiguration": {"logDriver": "awsfirelens"}}), FACTS),
    "a group in another region": (
        asked(container=logs(**{"awslogs-group": "/x", "awslogs-region": "eu-west-1"})),
        FACTS,
    ),
    "no log": (asked(container={"logConfiguration": None}), FACTS),
    "no load balancer known": (asked(), facts(vpc="", target_group=None)),
    "a service without one": (asked(service=replace(SERVICE, settings={}), container={"portMappings": None}), FACTS),
}


@pytest.mark.parametrize(("questions_", "found"), SOUND.values(), ids=SOUND)
def test_a_sound_deployment(questions_, found):
    assert findings(questions_, found) == Findings()


UNSOUND = {
    "size": (asked(memory="1000"), FACTS, "task definition api-green: memory 1000: with cpu 256 Fargate offers"),
    "limit": (asked(container={"stopTimeout": 300}), FACTS, "task definition api-green: stopTimeout 300 s"),
    "image": (asked(), facts(image_exists=False), f"image {DIGEST} is not in repository {REPOSITORY}: push it"),
    "tag": (asked(image=f"{REPOSITORY}:v1"), facts(image_exists=False), "image v1 is not in repository"),
    "no tag": (asked(image=REPOSITORY), facts(image_exists=False), "image latest is not in repository"),
    "image elsewhere": (
        asked(image=f"{REPOSITORY}@{DIGEST}".replace(ACCOUNT, "2" * 12)),
        facts(image_exists=False),
        f"image {REPOSITORY.replace(ACCOUNT, '2' * 12)} lies in account 222222222222, us-east-1; this cluster in ",
    ),
    "platform": (
        asked(runtimePlatform={"cpuArchitecture": "ARM64"}),
        FACTS,
        f"image {REPOSITORY} {DIGEST} is built for linux/amd64, the task runs on linux/arm64: build it for that",
    ),
    "no secret at all": (
        asked(container=secrets("arn:aws:s3:::bucket")),
        FACTS,
        "reference arn:aws:s3:::bucket (A of container api) is neither a Secrets Manager secret's ARN nor",
    ),
    "secret": (
        asked(),
        facts(secrets={SECRET: None}),
        f"secret {SECRET} (A of container api) does not exist: create it",
    ),
    "secret without a value": (
        asked(),
        facts(secrets={SECRET: {"ARN": SECRET}}),
        f"secret {SECRET} (A of container api) has no value with stage AWSCURRENT: put one",
    ),
    "parameter": (asked(), facts(parameters=frozenset()), "parameter /api/key (B of container api) does not exist"),
    "not allowed": (
        asked(),
        decided(allowed=False),
        f"secret {SECRET} (A of container api) cannot be read: {ROLE} is not allowed secretsmanager:GetSecretValue",
    ),
    "denied": (
        asked(),
        facts(decisions={**ALLOWED, PARAMETER: Decision(allowed=False, explicit=True, missing=("aws:SourceVpc",))}),
        f"parameter /api/key (B of container api) cannot be read: {ROLE} is denied ssm:GetParameters on it",
    ),
    "no execution role": (
        asked(container=secrets(SECRET), executionRoleArn=None),
        FACTS,
        f"secret {SECRET} (A of container api) needs an execution role that may read it",
    ),
    "log group": (
        asked(),
        facts(log_groups=frozenset()),
        "log group /ecs/api does not exist: run `ansible-playbook -i INVENTORY playbooks/site.yml -e service=api`",
    ),
    "no log group": (asked(container=logs()), FACTS, "log driver awslogs has no awslogs-group: name one"),
    "role": (
        asked(),
        facts(roles={ROLE: None}),
        f"role {ROLE} does not exist: run `ansible-playbook -i INVENTORY playbooks/site.yml -e service=api`",
    ),
    "role elsewhere": (
        asked(taskRoleArn="arn:aws:iam::222222222222:role/task"),
        FACTS,
        f"role arn:aws:iam::222222222222:role/task is no role of account {ACCOUNT}: name one of this account",
    ),
    "role by its name": (asked(taskRoleArn="task"), FACTS, f"role task is no role of account {ACCOUNT}"),
    "trust": (
        asked(),
        facts(roles={ROLE: {"AssumeRolePolicyDocument": None}}),
        f"role {ROLE} does not trust ecs-tasks.amazonaws.com, so no task can take it",
    ),
    "subnet": (asked(), facts(subnets={}), "subnet subnet-1 of the service's network does not exist"),
    "security group": (
        asked(),
        facts(security_groups={"sg-1": {"VpcId": "vpc-2", "IpPermissions": [OPEN]}}),
        "security group sg-1 is in vpc-2, the load balancer in vpc-1: correct it, then run `ansible-playbook",
    ),
    "no security group": (asked(), facts(security_groups={}), "security group sg-1 of the service's network does not"),
    "closed to the load balancer": (
        asked(),
        facts(balancer_groups=("sg-2", "sg-3")),
        "security group sg-1 lets nothing in on port 8080 from the load balancer's sg-2, sg-3: allow it, or run",
    ),
    "port": (
        asked(container={"portMappings": [{"containerPort": 80}, {"containerPort": 81}]}),
        FACTS,
        "container api has the ports 80, 81, the load balancer's targets have 8080: map that port",
    ),
    "no port": (asked(container={"portMappings": []}), FACTS, "container api has the ports none, the load balancer's"),
    "target type": (
        asked(),
        facts(target_group={**GROUP, "TargetType": "instance"}),
        "target group api-green has target type instance, Fargate tasks need ip",
    ),
    "target group elsewhere": (
        asked(),
        facts(target_group={**GROUP, "VpcId": "vpc-2"}),
        "target group api-green is in vpc-2, the load balancer in vpc-1",
    ),
}


@pytest.mark.parametrize(("questions_", "found", "problem"), UNSOUND.values(), ids=UNSOUND)
def test_an_unsound_deployment(questions_, found, problem):
    told = findings(questions_, found)
    assert [text for text in told.problems if not text.startswith(problem)] == []
    assert len(told.problems) == 1
    assert told.notes == ()


def test_findings_add_up():
    broken = asked(memory="1000", container={"portMappings": []})
    told = findings(broken, facts(subnets={}, log_groups=frozenset(), roles={ROLE: None}))
    assert len(told.problems) == 5
    assert Findings(("a",), ("b",)) + Findings(("c",), ("d",)) == Findings(("a", "c"), ("b", "d"))


ELSEWHERE = SECRET.replace(ACCOUNT, "2" * 12)
UNKNOWN = {
    "platform": (
        asked(),
        facts(platforms=(), unknown_platform="its configuration names no platform"),
        f"for which platform image {REPOSITORY} is built is not known: its configuration names no platform",
    ),
    "may not simulate": (
        asked(),
        facts(decisions=None),
        f"whether {ROLE} may read the secrets is not known: iam:SimulatePrincipalPolicy is denied to this run",
    ),
    "a condition": (
        asked(),
        decided(allowed=False, missing=("aws:SourceVpc",)),
        f"whether {ROLE} may read secret {SECRET} is not known: its policy asks for aws:SourceVpc",
    ),
    "a secret with a policy of its own": (
        asked(),
        replace(decided(allowed=False), shared=frozenset({SECRET})),
        f"whether {ROLE} may read secret {SECRET} is not known: only the secret's own policy can allow it",
    ),
    "a secret elsewhere": (
        asked(container=secrets(ELSEWHERE)),
        FACTS,
        f"secret {ELSEWHERE} (A of container api) is not checked: it lies in 222222222222, us-east-1",
    ),
    "port": (
        asked(),
        facts(target_group={**GROUP, "Port": 80}),
        "target group api-green has port 80, its targets get port 8080",
    ),
}


@pytest.mark.parametrize(("questions_", "found", "note"), UNKNOWN.values(), ids=UNKNOWN)
def test_what_is_only_noted(questions_, found, note):
    assert findings(questions_, found) == Findings(notes=(note,))


def test_what_is_looked_up():
    made = asked(
        container=secrets(SECRET, f"{SECRET}:key::", ELSEWHERE, "/api/key", "arn:aws:s3:::bucket"), taskRoleArn=ROLE
    )
    assert made.secrets == (SECRET,)
    assert made.parameters == ("/api/key",)
    assert made.roles == (ROLE,)
    assert (made.subnets, made.security_groups, made.loaded) == (("subnet-1",), ("sg-1",), 8080)
    assert made.misplaced is None


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([TRUST], True),
        (TRUST, True),
        ([{**TRUST, "Principal": {"Service": ["ec2.amazonaws.com", "ecs-tasks.amazonaws.com"]}}], True),
        ([{**TRUST, "Principal": "*", "Action": ["sts:TagSession", "sts:*"]}], True),
        ([{**TRUST, "Effect": "Deny"}], False),
        ([{**TRUST, "Principal": {"AWS": ACCOUNT}}], False),
        ([{**TRUST, "Action": "sts:TagSession"}], False),
        ([{"Effect": "Allow"}], False),
        (None, False),
    ],
)
def test_who_is_trusted(statements, expected):
    assert trusts({"Statement": statements}) is expected


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (RegisterDefinition("green", {}), True),
        (UpdateService("green", {"desiredCount": 3}), True),
        (UpdateService("green", {"desiredCount": 0}), False),
        (UpdateService("blue", {"desiredCount": 3}), False),
        (UpdateService("green", {}), False),
        (PointRule("preview", "arn", [], [], {}), False),
    ],
)
def test_only_a_plan_that_starts_tasks_needs_them_to_start(step, expected):
    assert starting(Plan(steps=(step,), target="green")) is expected


def test_what_several_have_in_common_is_said_once():
    told = distinct([Findings(("a", "b"), ("n",)), Findings(), Findings(("b", "c"), ("n", "m"))])
    assert told == Findings(("a", "b", "c"), ("n", "m"))
