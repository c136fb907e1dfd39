# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of permissions know beforehand: why something is granted that no test calls, and what nobody may do.

docs/security.md is made from it, too (docs_build/permissions.py).
"""

from __future__ import annotations

from typing import Any

#: Why an action is granted that no playbook of these tests calls.
UNUSED: dict[str, str] = {
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
TASK_ROLE, OWN = "slipway-local-api-task", "arn:aws:iam::111111111111:role"
ELB = "arn:aws:elasticloadbalancing:us-east-1:111111111111"
RECORDS = "table/slipway-production-releases"
OF_SITE = {"service": {"S": "site"}, "item": {"S": "lease"}}
OF_API = {"KeyConditionExpression": "service = :s", "ExpressionAttributeValues": {":s": {"S": "api"}}}
STOP = {"cluster": "slipway-local", "service": "api-blue", "desiredCount": 0}
SHELL = {"cluster": "slipway-local", "task": "0ec5", "command": "sh", "interactive": True}
#: What a deploying role must not do: roles, network, firewall, secrets' values, other services, other environments.
FORBIDDEN: list[tuple[str, str, str, dict[str, Any]]] = [
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
    ("operator", "secretsmanager", "get_secret_value", {"SecretId": "api/key"}),
    ("operator", "iam", "create_access_key", {"UserName": "slipway"}),
    ("operator", "iam", "put_role_policy", {"RoleName": "other", "PolicyName": "p", "PolicyDocument": "{}"}),
    ("operator", "ec2", "delete_vpc", {"VpcId": "vpc-1"}),
    ("operator", "ec2", "authorize_security_group_ingress", {"GroupId": "sg-1", "CidrIp": "0.0.0.0/0"}),
    ("operator", "s3", "delete_bucket", {"Bucket": "slipway-production-site-333333333333"}),
    ("operator", "dynamodb", "put_item", {"TableName": "slipway-local-releases", "Item": OF_SITE}),
    ("status", "s3", "get_object", {"Bucket": "slipway-local-site-111111111111", "Key": "site/index.html"}),
    ("status", "logs", "get_log_events", {"logGroupName": "/ecs/slipway-local/api", "logStreamName": "any"}),
    ("status", "ecs", "update_service", STOP),
    ("status", "dynamodb", "update_item", {"TableName": "slipway-local-releases", "Key": OF_SITE}),
    ("frontend", "s3", "put_object", {"Bucket": "slipway-production-site-333333333333", "Key": "site/index.html"}),
    ("frontend", "s3", "get_object", {"Bucket": "slipway-local-111111111111-api", "Key": "any"}),
    ("frontend", "s3", "put_bucket_policy", {"Bucket": "slipway-local-site-111111111111", "Policy": "{}"}),
    ("frontend", "cloudfront", "delete_distribution", {"Id": "E1"}),
    ("frontend", "ecs", "update_service", STOP),
    ("frontend", "elbv2", "modify_rule", {"RuleArn": f"{ELB}:listener-rule/app/slipway-local/1/2/3"}),
]
