# SPDX-License-Identifier: GPL-3.0-or-later
"""What the policies allow, what they do not, and that the documentation says the same.

That nothing is missing and nothing too much is measured by tests/e2e/test_8_permissions.py.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.deploy_permissions_plan import GRANTS, PUSH, policy
from ansible_collections.slipway.ops.plugins.module_utils.github_oidc_plan import DEPLOY, policy_size
from ansible_collections.slipway.ops.plugins.module_utils.github_oidc_roles_plan import POLICY_LIMIT

from tests.unit.iam_evaluator import allows

DOCUMENTATION = Path(__file__).resolve().parents[4] / "docs" / "github-oidc.md"
SECRET = "arn:aws:secretsmanager:us-east-1:222222222222:secret:api/key-AbCdEf"
API = {
    "name": "api",
    "secrets": {"KEY": f"{SECRET}:json::", "OTHER": "arn:aws:ssm:us-east-1:222222222222:parameter/api/other"},
    "llm_providers": [{"name": "openai", "secret_arn": "arn:aws:secretsmanager:us-east-1:222222222222:secret:llm"}],
    "workers": [{"name": "mailer", "secrets": None}],
    "schedules": [{"name": "nightly"}],
    "one_off_task": {"command": ["migrate"]},
}
QUEUE = {"name": "queue", "kind": "worker", "repository": "jobs"}
SITE = {
    "bucket": "site-bucket",
    "distribution_arn": "arn:aws:cloudfront::222222222222:distribution/E1",
    "kms_key_arn": "",
}
TABLE = "arn:aws:dynamodb:us-east-1:222222222222:table/slipway-staging-releases"


def scope(*services, **changes):
    return {
        "account_id": "222222222222",
        "region": "us-east-1",
        "name": "slipway-staging",
        "table": "slipway-staging-releases",
        "topic": "",
        "services": list(services),
        "site": {},
        "promotion": {},
        **changes,
    }


def arn(service, rest):
    return f"arn:aws:{service}:us-east-1:222222222222:{rest}"


def role(name):
    return f"arn:aws:iam::222222222222:role/slipway-staging-{name}"


ECS_TASKS = {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
OWN_RULE = {"aws:ResourceTag/slipway:service": "api"}
SCALING = {
    "application-autoscaling:service-namespace": "ecs",
    "application-autoscaling:scalable-dimension": "ecs:service:DesiredCount",
}
CLUSTER = {"ecs:cluster": arn("ecs", "cluster/slipway-staging")}
RULE = arn("elasticloadbalancing", "listener-rule/app/slipway-staging/1/2/3")
TARGET = arn("application-autoscaling", "scalable-target/0ec5")

ALLOWED = [
    ("ecs:UpdateService", arn("ecs", "service/slipway-staging/api-green"), {}),
    ("ecs:UpdateService", arn("ecs", "service/slipway-staging/api-mailer"), {}),
    ("ecs:RegisterTaskDefinition", arn("ecs", "task-definition/api-nightly:*"), {}),
    ("ecs:TagResource", arn("ecs", "task-definition/api-blue:7"), {"ecs:CreateAction": "RegisterTaskDefinition"}),
    ("ecs:TagResource", arn("ecs", "task/slipway-staging/0123"), {"ecs:CreateAction": "RunTask"}),
    ("ecs:ListTasks", "*", CLUSTER),
    ("ecs:RunTask", arn("ecs", "task-definition/api-blue:3"), CLUSTER),
    ("ecs:StopTask", arn("ecs", "task/slipway-staging/0123"), CLUSTER),
    ("elasticloadbalancing:ModifyRule", RULE, OWN_RULE),
    ("elasticloadbalancing:ModifyTargetGroup", arn("elasticloadbalancing", "targetgroup/api-blue/0123"), {}),
    ("application-autoscaling:RegisterScalableTarget", TARGET, SCALING),
    ("iam:PassRole", role("api-task"), ECS_TASKS),
    ("iam:PassRole", role("api-scheduler"), {"iam:PassedToService": "scheduler.amazonaws.com"}),
    ("ecr:BatchGetImage", arn("ecr", "repository/api"), {}),
    ("secretsmanager:DescribeSecret", SECRET, {}),
    ("secretsmanager:DescribeSecret", arn("secretsmanager", "secret:llm-AbCdEf"), {}),
    ("ssm:DescribeParameters", "*", {}),
    ("scheduler:UpdateSchedule", arn("scheduler", "schedule/slipway-staging-api/nightly"), {}),
    ("logs:GetLogEvents", arn("logs", "log-group:/ecs/slipway-staging/api:log-stream:api/api/0123"), {}),
    ("dynamodb:PutItem", TABLE, {"dynamodb:LeadingKeys": ["api"]}),
]
REFUSED = [
    ("ecs:UpdateService", arn("ecs", "service/slipway-staging/queue"), {}),
    ("ecs:UpdateService", arn("ecs", "service/slipway-production/api-green"), {}),
    ("ecs:UpdateService", arn("ecs", "service/slipway-staging/api-admin-blue"), {}),
    ("ecs:DeleteService", arn("ecs", "service/slipway-staging/api-green"), {}),
    ("ecs:ExecuteCommand", arn("ecs", "task/slipway-staging/0123"), {}),
    ("ecs:TagResource", arn("ecs", "task-definition/api-blue:7"), {}),
    ("ecs:TagResource", arn("ecs", "task/slipway-staging/0123"), {}),
    ("ecs:RunTask", arn("ecs", "task-definition/queue:3"), CLUSTER),
    ("ecs:RunTask", arn("ecs", "task-definition/api-blue:3"), {"ecs:cluster": arn("ecs", "cluster/other")}),
    ("elasticloadbalancing:ModifyRule", RULE, {"aws:ResourceTag/slipway:service": "queue"}),
    ("elasticloadbalancing:ModifyRule", RULE, {}),
    ("elasticloadbalancing:DeleteRule", RULE, OWN_RULE),
    (
        "application-autoscaling:RegisterScalableTarget",
        TARGET,
        SCALING | {"application-autoscaling:service-namespace": "dynamodb"},
    ),
    ("iam:PassRole", role("api-task"), {"iam:PassedToService": "lambda.amazonaws.com"}),
    ("iam:PassRole", role("queue-task"), ECS_TASKS),
    ("iam:PassRole", role("github-deploy-api"), ECS_TASKS),
    ("iam:PutRolePolicy", role("api-task"), {}),
    ("ecr:PutImage", arn("ecr", "repository/api"), {}),
    ("secretsmanager:GetSecretValue", SECRET, {}),
    ("ssm:GetParameters", arn("ssm", "parameter/api/other"), {}),
    ("dynamodb:PutItem", TABLE, {"dynamodb:LeadingKeys": ["queue"]}),
    ("dynamodb:UpdateItem", TABLE, {"dynamodb:LeadingKeys": ["site"]}),
    ("dynamodb:Query", TABLE, {}),
    ("dynamodb:Scan", TABLE, {}),
    ("dynamodb:DeleteItem", TABLE, {"dynamodb:LeadingKeys": ["api"]}),
    ("s3:PutObject", "arn:aws:s3:::site-bucket/site/index.html", {}),
    ("sns:Publish", arn("sns", "deployments"), {}),
    ("sts:AssumeRole", role("api-task"), {}),
]


@pytest.mark.parametrize(("action", "resource", "context"), ALLOWED, ids=range(len(ALLOWED)))
def test_a_deployment_of_a_service_may(action, resource, context):
    assert allows(policy(scope(API), DEPLOY), action, resource, context)


@pytest.mark.parametrize(("action", "resource", "context"), REFUSED, ids=range(len(REFUSED)))
def test_and_may_not(action, resource, context):
    assert not allows(policy(scope(API), DEPLOY), action, resource, context)


@pytest.mark.parametrize(
    ("action", "resource", "answer"),
    [
        ("s3:PutObject", "arn:aws:s3:::site-bucket/site/assets/a.js", True),
        ("s3:DeleteObject", "arn:aws:s3:::site-bucket/releases/1/manifest.json", True),
        ("s3:PutObject", "arn:aws:s3:::site-bucket/AWSLogs/x", False),
        ("s3:PutObject", "arn:aws:s3:::other-bucket/site/index.html", False),
        ("s3:PutBucketPolicy", "arn:aws:s3:::site-bucket", False),
        ("cloudfront:CreateInvalidation", "arn:aws:cloudfront::222222222222:distribution/E1", True),
        ("cloudfront:CreateInvalidation", "arn:aws:cloudfront::222222222222:distribution/E2", False),
        ("cloudfront:UpdateDistribution", "arn:aws:cloudfront::222222222222:distribution/E1", False),
        ("kms:GenerateDataKey", "arn:aws:kms:us-east-1:222222222222:key/1", False),
        ("ecs:UpdateService", "*", False),
    ],
)
def test_a_publication_of_the_site(action, resource, answer):
    assert allows(policy(scope(site=SITE), DEPLOY), action, resource) is answer


def test_the_site_s_own_key_and_no_distribution_yet():
    key = "arn:aws:kms:us-east-1:222222222222:key/1"
    site = SITE | {"kms_key_arn": key, "distribution_arn": ""}
    document = policy(scope(site=site), DEPLOY)
    assert allows(document, "kms:GenerateDataKey", key)
    assert allows(document, "cloudfront:GetDistribution", "arn:aws:cloudfront::222222222222:distribution/E9")


def test_a_push_is_of_images_and_nothing_else():
    document = policy(scope(API, QUEUE, site=SITE), PUSH)
    assert [statement["Sid"] for statement in document["Statement"]] == ["Login", "Push"]
    assert allows(document, "ecr:PutImage", arn("ecr", "repository/jobs"))
    assert not allows(document, "ecr:BatchDeleteImage", arn("ecr", "repository/jobs"))


def test_a_service_whose_traffic_ecs_moves():
    native, plain = policy(scope({**API, "engine": "native"}), DEPLOY), policy(scope(API), DEPLOY)
    stop = ("ecs:StopServiceDeployment", arn("ecs", "service-deployment/slipway-staging/api/0123"))
    infrastructure = ("iam:PassRole", role("api-infrastructure"), {"iam:PassedToService": "ecs.amazonaws.com"})
    for asked in (stop, infrastructure, ("ecs:ListServiceDeployments", arn("ecs", "service/slipway-staging/api"))):
        assert allows(native, *asked)
        assert not allows(plain, *asked)
    assert not allows(native, "ecs:StopServiceDeployment", arn("ecs", "service-deployment/slipway-staging/queue/0123"))
    assert not allows(native, "iam:PassRole", role("api-infrastructure"), ECS_TASKS)
    assert allows(plain, "ecs:DescribeServices", arn("ecs", "service/slipway-staging/api"))


def test_a_worker_has_no_traffic():
    document = policy(scope(QUEUE, topic=arn("sns", "deployments")), DEPLOY)
    sids = {statement["Sid"] for statement in document["Statement"]}
    assert not sids & {
        "Traffic",
        "HealthChecks",
        "Scaling",
        "Schedules",
        "RunOnce",
        "StopOnce",
        "ReadSecrets",
        "ReadParameters",
    }
    assert allows(document, "ecs:UpdateService", arn("ecs", "service/slipway-staging/queue"))
    assert allows(document, "sns:Publish", arn("sns", "deployments"))


def test_a_promotion_reads_the_environment_before():
    before = {
        "table": "arn:aws:dynamodb:us-east-1:111111111111:table/t",
        "repositories": ["arn:aws:ecr:us-east-1:111111111111:repository/api"],
        "bucket": "arn:aws:s3:::before",
    }
    document = policy(scope(API, site=SITE, promotion=before), DEPLOY)
    for service in ("api", "site"):
        assert allows(document, "dynamodb:Query", before["table"], {"dynamodb:LeadingKeys": [service]})
    assert not allows(document, "dynamodb:Query", before["table"], {"dynamodb:LeadingKeys": ["queue"]})
    assert not allows(document, "dynamodb:PutItem", before["table"], {"dynamodb:LeadingKeys": ["api"]})
    assert allows(document, "s3:GetObject", "arn:aws:s3:::before/releases/1/manifest.json")
    assert not allows(document, "s3:PutObject", "arn:aws:s3:::before/releases/1/manifest.json")
    backend = policy(scope(API, promotion=before | {"bucket": ""}), DEPLOY)
    assert "ReadProvenSite" not in {statement["Sid"] for statement in backend["Statement"]}
    assert not allows(backend, "dynamodb:Query", before["table"], {"dynamodb:LeadingKeys": ["site"]})


def test_a_service_with_everything_the_site_and_a_promotion_fit_into_one_role():
    before = {
        "table": "arn:aws:dynamodb:us-east-1:111111111111:table/slipway-staging-releases",
        "repositories": ["arn:aws:ecr:us-east-1:111111111111:repository/api"],
        "bucket": "arn:aws:s3:::slipway-staging-site-111111111111",
    }
    everything = scope(API, site=SITE | {"kms_key_arn": SECRET}, promotion=before, topic=arn("sns", "deployments"))
    assert policy_size(policy(everything, DEPLOY)) < POLICY_LIMIT
    plain = [{"name": f"service-{number}"} for number in range(6)]
    assert policy_size(policy(scope(*plain), DEPLOY)) < POLICY_LIMIT


def test_no_store_no_records():
    document = policy(scope(API, table=""), DEPLOY)
    assert not allows(document, "dynamodb:GetItem", TABLE, {"dynamodb:LeadingKeys": ["api"]})


def test_no_action_is_a_wildcard_and_no_statement_is_there_twice():
    assert [action for grant in GRANTS for action in grant.actions if "*" in action] == []
    assert len({grant.sid for grant in GRANTS}) == len(GRANTS)
    assert [grant.sid for grant in GRANTS if list(grant.actions) != sorted(grant.actions)] == []


def test_the_documentation_has_every_grant():
    rows = re.findall(r"^\| (\w+) \| `(\w+)` \| (.+) \| (.+) \|$", DOCUMENTATION.read_text(), re.MULTILINE)
    assert rows == [
        (grant.part, grant.sid, ", ".join(f"`{action}`" for action in grant.actions), grant.why) for grant in GRANTS
    ]
