# SPDX-License-Identifier: GPL-3.0-or-later
"""What whoever builds an environment may do, and what not. That nothing is missing the end-to-end tests show."""

from __future__ import annotations

import json

import pytest
from ansible_collections.slipway.ops.plugins.module_utils import operator_permissions_plan as plan

from localcloud.iam.language import Decision, Question, decide

OWN = {"slipway:project": "slipway", "slipway:environment": "staging"}
SCOPE = {
    "account_id": "222222222222",
    "region": "us-east-1",
    "name": "slipway-staging",
    "table": "slipway-staging-releases",
    "topic": "",
    "services": [{"name": "api"}],
    "site": {},
    "promotion": {},
    "tags": OWN,
}


def arn(service, rest):
    return f"arn:aws:{service}:us-east-1:222222222222:{rest}"


def tagged(kind, **other):
    return {f"aws:{kind}Tag/{key}": value for key, value in {**OWN, **other}.items()}


ROLE = "arn:aws:iam::222222222222:role"
VPC, GROUP = arn("ec2", "vpc/vpc-1"), arn("ec2", "security-group/sg-1")
FRONT = "arn:aws:cloudfront::222222222222:distribution/E1"
OTHER = {"slipway:environment": "production"}
CASES = {
    "a vpc with the tags": ("ec2:CreateVpc", arn("ec2", "vpc/*"), tagged("Request"), True),
    "a vpc without": ("ec2:CreateVpc", arn("ec2", "vpc/*"), {}, False),
    "a subnet in the own vpc": ("ec2:CreateSubnet", VPC, tagged("Resource"), True),
    "a subnet in another one": ("ec2:CreateSubnet", VPC, tagged("Resource", **OTHER), False),
    "another vpc goes": ("ec2:DeleteVpc", VPC, tagged("Resource", **OTHER), False),
    "a vpc of another account": ("ec2:DeleteVpc", VPC.replace("2222", "3333"), tagged("Resource"), False),
    "a vpc in another region": ("ec2:DeleteVpc", VPC.replace("us-east-1", "eu-west-1"), tagged("Resource"), False),
    "tags at the making": ("ec2:CreateTags", VPC, {"ec2:CreateAction": "CreateVpc"}, True),
    "tags onto another vpc": ("ec2:CreateTags", VPC, tagged("Request"), False),
    "a rule into another group": ("ec2:AuthorizeSecurityGroupIngress", GROUP, {}, False),
    "no rule in the default group": ("ec2:RevokeSecurityGroupIngress", GROUP, {}, True),
    "instances": ("ec2:RunInstances", arn("ec2", "instance/*"), tagged("Request"), False),
    "an own role": ("iam:CreateRole", f"{ROLE}/slipway-staging-api-task", {}, True),
    "another role": ("iam:PutRolePolicy", f"{ROLE}/slipway-production-api-task", {}, False),
    "a managed policy": ("iam:AttachRolePolicy", f"{ROLE}/slipway-staging-api-task", {}, False),
    "a user": ("iam:CreateUser", "arn:aws:iam::222222222222:user/me", {}, False),
    "its role to tasks": (
        "iam:PassRole",
        f"{ROLE}/slipway-staging-api-task",
        {"iam:PassedToService": "ecs-tasks.amazonaws.com"},
        True,
    ),
    "its role to functions": (
        "iam:PassRole",
        f"{ROLE}/slipway-staging-api-task",
        {"iam:PassedToService": "lambda.amazonaws.com"},
        False,
    ),
    "a linked role": (
        "iam:CreateServiceLinkedRole",
        f"{ROLE}/aws-service-role/x",
        {"iam:AWSServiceName": "ecs.amazonaws.com"},
        True,
    ),
    "an own bucket": ("s3:PutBucketPolicy", "arn:aws:s3:::slipway-staging-site-222222222222", {}, True),
    "another bucket": ("s3:PutBucketPolicy", "arn:aws:s3:::slipway-production-site-333333333333", {}, False),
    "an object's content": ("s3:GetObject", "arn:aws:s3:::slipway-staging-site-222222222222/a", {}, False),
    "a distribution with the tags": ("cloudfront:CreateDistribution", FRONT, tagged("Request"), True),
    "another distribution": ("cloudfront:UpdateDistribution", FRONT, tagged("Resource", **OTHER), False),
    "a secret's value": ("secretsmanager:GetSecretValue", arn("secretsmanager", "secret:a"), {}, False),
    "a record": ("dynamodb:PutItem", arn("dynamodb", "table/slipway-staging-releases"), {}, False),
    "another cluster": ("ecs:UpdateService", arn("ecs", "service/slipway-production/api-blue"), {}, False),
    "another load balancer": (
        "elasticloadbalancing:DeleteLoadBalancer",
        arn("elasticloadbalancing", "loadbalancer/app/slipway-production/1"),
        {},
        False,
    ),
    "another key": ("kms:ScheduleKeyDeletion", arn("kms", "key/1"), {}, False),
}


@pytest.mark.parametrize("case", CASES)
def test_who_builds_an_environment(case):
    action, resource, context, answer = CASES[case]
    found = decide(plan.policies(SCOPE), Question(action, resource, context))
    assert (found is Decision.ALLOWED) is answer


def test_each_policy_is_as_long_as_iam_takes_and_no_two_would_be_one():
    found = plan.policies(SCOPE)
    sizes = [len(json.dumps(each, separators=(",", ":"))) for each in found]
    assert max(sizes) <= plan.LIMIT
    assert len(found) <= 10
    sids = [statement["Sid"] for each in found for statement in each["Statement"]]
    assert len(set(sids)) == len(sids)


def test_what_there_is_nothing_for_is_left_out():
    sids = {statement["Sid"] for each in plan.policies({**SCOPE, "table": ""}) for statement in each["Statement"]}
    assert not sids & {"Records", "PassSchedulerRole", "PassInfrastructureRole"}


def test_no_action_is_a_wildcard():
    actions = [action for grant in plan.GRANTS for action in grant.actions]
    assert [action for action in actions if "*" in action] == []
    assert [grant.sid for grant in plan.GRANTS if list(grant.actions) != sorted(grant.actions)] == []
