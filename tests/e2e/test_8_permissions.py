# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks of a pipeline have run under the roles that GitHub Actions gets, and AWS's side was enforcing: nothing
was missing, nothing is too much, and what these roles must not do they cannot."""

from __future__ import annotations

import json
import urllib.request

import boto3
import pytest
from ansible_collections.slipway.ops.plugins.module_utils.deploy_permissions_plan import GRANTS, PUSH
from botocore.exceptions import ClientError

from tests.e2e import roles

#: Why an action is granted that no playbook of these tests calls.
UNUSED = {
    "application-autoscaling:DeleteScheduledAction": "a rollback while the color that was left is still kept warm",
    "cloudfront:ListInvalidations": "somebody else's invalidations under way",
    "cloudwatch:GetMetricData": "with ecs_service_metrics",
    "dynamodb:Query": "the gate of a promotion and whoever reads the records, where there is one",
    "ecs:DescribeClusters": "a color that is missing, to say why",
    "ecs:StopTask": "a one-off task that takes longer than its timeout",
    "elasticloadbalancing:ModifyTargetGroup": "a release with another health check",
    "iam:SimulatePrincipalPolicy": "a service with secrets",
    "scheduler:DeleteSchedule": "a rollback to a release that had no such scheduled task",
    "ssm:DescribeParameters": "a service with parameters",
    "s3:DeleteObject": "a release that need be kept no longer",
}
#: Roles that did all of their work here; those of a backend in staging and production did none.
BUSY = [("local", "backend"), ("local", "frontend"), ("production", "frontend")]


@pytest.fixture(scope="module")
def recorded(environments):
    """(environment, repository) to the calls of the playbooks that its role ran."""
    url = environments["local"].env["AWS_ENDPOINT_URL"]
    with urllib.request.urlopen(f"{url}/_localcloud/calls", timeout=30) as answer:
        calls = json.load(answer)
    assert calls[0]["n"] == 1, "the log has forgotten its first calls"
    of_key = {
        keys["AWS_ACCESS_KEY_ID"]: (name, roles.RUN_BY[playbook])
        for name, environment in environments.items()
        for playbook, keys in environment.callers.items()
    }
    found = {place: [] for place in of_key.values()}
    for call in calls:
        if place := of_key.get(call["access_key"]):
            found[place].append(call)
    return found


def test_the_playbooks_have_run(environments, recorded):
    assert set(environments["local"].callers) >= set(roles.RUN_BY) - {"promote", "continue_backend"}
    assert "promote" in environments["production"].callers
    calls = {place: len(found) > 20 for place, found in recorded.items()}
    assert calls == dict.fromkeys([*BUSY, ("staging", "frontend")], True)


def test_nothing_is_missing(recorded):
    refused = {
        (*place, call["operation"], asked["action"], asked["resource"])
        for place, found in recorded.items()
        for call in found
        for asked in call["asked"]
        if asked["decision"] != "allowed"
    }
    assert refused == set()


def test_nothing_is_too_much(environments, recorded):
    for name, repository in BUSY:
        used = {asked["action"] for call in recorded[name, repository] for asked in call["asked"]}
        policy = roles.policies(environments[name])[repository]
        granted = {action for statement in policy["Statement"] for action in statement["Action"]}
        assert (name, repository, granted - used - set(UNUSED)) == (name, repository, set())


def test_every_reason_is_for_something_that_is_granted():
    assert set(UNUSED) <= {action for grant in GRANTS if grant.part != PUSH for action in grant.actions}


@pytest.fixture(scope="module")
def call(environments):
    """Call an operation by the role of a repository in local; code and message of the refusal."""

    def made(repository, service, operation, **parameters):
        playbook = next(name for name, by in roles.RUN_BY.items() if by == repository)
        env = environments["local"].env | environments["local"].callers[playbook]
        client = boto3.client(
            service,
            region_name=env["AWS_REGION"],
            endpoint_url=env["AWS_ENDPOINT_URL"],
            aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=env["AWS_SESSION_TOKEN"],
        )
        with pytest.raises(ClientError) as caught:
            getattr(client, operation)(**parameters)
        return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]

    return made


TASK_ROLE, OWN = "slipway-local-api-task", "arn:aws:iam::111111111111:role"
ELB = "arn:aws:elasticloadbalancing:us-east-1:111111111111"
RECORDS = "table/slipway-production-releases"
OF_SITE = {"service": {"S": "site"}, "item": {"S": "lease"}}
OF_API = {"KeyConditionExpression": "service = :s", "ExpressionAttributeValues": {":s": {"S": "api"}}}
STOP = {"cluster": "slipway-local", "service": "api-blue", "desiredCount": 0}
SHELL = {"cluster": "slipway-local", "task": "0ec5", "command": "sh", "interactive": True}
#: What a deploying role must not do: roles, network, firewall, secrets' values, other services, other environments.
FORBIDDEN = [
    ("backend", "iam", "put_role_policy", {"RoleName": TASK_ROLE, "PolicyName": "p", "PolicyDocument": "{}"}),
    ("backend", "iam", "update_assume_role_policy", {"RoleName": TASK_ROLE, "PolicyDocument": "{}"}),
    ("backend", "iam", "create_role", {"RoleName": "mine", "AssumeRolePolicyDocument": "{}"}),
    ("backend", "iam", "create_access_key", {"UserName": "slipway"}),
    ("backend", "sts", "assume_role", {"RoleArn": f"{OWN}/{TASK_ROLE}", "RoleSessionName": "run"}),
    ("backend", "ec2", "authorize_security_group_ingress", {"GroupId": "sg-1", "CidrIp": "0.0.0.0/0"}),
    ("backend", "ec2", "delete_vpc", {"VpcId": "vpc-1"}),
    ("backend", "elbv2", "delete_load_balancer", {"LoadBalancerArn": f"{ELB}:loadbalancer/app/slipway-local/1"}),
    ("backend", "wafv2", "disassociate_web_acl", {"ResourceArn": f"{ELB}:loadbalancer/app/slipway-local/1"}),
    ("backend", "ecr", "batch_delete_image", {"repositoryName": "api", "imageIds": [{"imageTag": "1.0.0"}]}),
    ("backend", "secretsmanager", "get_secret_value", {"SecretId": "api/key"}),
    ("backend", "dynamodb", "scan", {"TableName": "slipway-local-releases"}),
    ("backend", "dynamodb", "delete_table", {"TableName": "slipway-local-releases"}),
    ("backend", "dynamodb", "get_item", {"TableName": "slipway-local-releases", "Key": OF_SITE}),
    ("backend", "dynamodb", "query", {"TableName": f"arn:aws:dynamodb:us-east-1:333333333333:{RECORDS}", **OF_API}),
    ("backend", "ecs", "update_service", STOP | {"cluster": "slipway-production"}),
    ("backend", "ecs", "update_service", STOP | {"service": "other-blue"}),
    ("backend", "ecs", "delete_service", {"cluster": "slipway-local", "service": "api-blue"}),
    ("backend", "ecs", "execute_command", SHELL),
    ("frontend", "s3", "put_object", {"Bucket": "slipway-production-site-333333333333", "Key": "site/index.html"}),
    ("frontend", "s3", "get_object", {"Bucket": "slipway-local-111111111111-api", "Key": "any"}),
    ("frontend", "s3", "put_bucket_policy", {"Bucket": "slipway-local-site-111111111111", "Policy": "{}"}),
    ("frontend", "cloudfront", "delete_distribution", {"Id": "E1"}),
    ("frontend", "ecs", "update_service", STOP),
    ("frontend", "elbv2", "modify_rule", {"RuleArn": f"{ELB}:listener-rule/app/slipway-local/1/2/3"}),
]


@pytest.mark.parametrize(
    ("repository", "service", "operation", "parameters"),
    FORBIDDEN,
    ids=[f"{number}-{each[0]}-{each[2]}" for number, each in enumerate(FORBIDDEN)],
)
def test_what_a_deploying_role_cannot_do(call, repository, service, operation, parameters):
    code, message = call(repository, service, operation, **parameters)
    assert code in ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
    assert "because no identity-based policy allows the " in message
