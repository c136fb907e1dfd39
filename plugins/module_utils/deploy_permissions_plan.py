# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a deployment from GitHub Actions may do in an AWS account: one table, and the IAM policies made from it. Pure.

deploy_resources_plan says what a scope is, and on which resources of it a grant is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from . import deploy_resources_plan as on

Scope = Mapping[str, Any]
Document = dict[str, Any]

PUSH = "push"
BACKEND = "backend"
SITE = "site"
PROMOTION = "promotion"


@dataclass(frozen=True)
class Grant:
    """Some actions on some resources, for one part of the work. No resources: it is not granted.

    why: what it is for, as docs/github-oidc.md says it.
    """

    part: str
    sid: str
    actions: tuple[str, ...]
    resources: Callable[[Scope], list[str]]
    why: str
    condition: Callable[[Scope], Document] | None = None


GRANTS: tuple[Grant, ...] = (
    Grant(PUSH, "Login", ("ecr:GetAuthorizationToken",), on.everything, "the registry's password for docker"),
    Grant(
        PUSH,
        "Push",
        (
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:CompleteLayerUpload",
            "ecr:DescribeImages",
            "ecr:GetDownloadUrlForLayer",
            "ecr:InitiateLayerUpload",
            "ecr:PutImage",
            "ecr:UploadLayerPart",
        ),
        on.repositories,
        "push an image, unless the commit has one; reuse layers that are there",
    ),
    Grant(
        BACKEND,
        "ReadAnything",
        (
            "application-autoscaling:DescribeScalableTargets",
            "application-autoscaling:DescribeScalingPolicies",
            "application-autoscaling:DescribeScheduledActions",
            "cloudwatch:GetMetricData",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ecs:DescribeTaskDefinition",
            "elasticloadbalancing:DescribeListeners",
            "elasticloadbalancing:DescribeLoadBalancers",
            "elasticloadbalancing:DescribeRules",
            "elasticloadbalancing:DescribeTags",
            "elasticloadbalancing:DescribeTargetGroupAttributes",
            "elasticloadbalancing:DescribeTargetGroups",
            "elasticloadbalancing:DescribeTargetHealth",
            "logs:DescribeLogGroups",
        ),
        on.everything,
        "see what serves, and what would keep tasks from starting, before anything is changed",
    ),
    Grant(
        BACKEND, "ReadParameters", ("ssm:DescribeParameters",), on.parameters, "that parameters exist; no value is read"
    ),
    Grant(BACKEND, "ReadAlarms", ("cloudwatch:DescribeAlarms",), on.alarms, "the gates of a deployment"),
    Grant(BACKEND, "ReadCluster", ("ecs:DescribeClusters",), on.cluster, "that the cluster is there"),
    Grant(BACKEND, "ListTasks", ("ecs:ListTasks",), on.everything, "tasks of the new color", on.in_cluster),
    Grant(BACKEND, "ReadTasks", ("ecs:DescribeTasks",), on.tasks, "why a task did not start, or died"),
    Grant(
        BACKEND,
        "ReadImage",
        ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
        on.repositories,
        "digest and platform",
    ),
    Grant(
        BACKEND,
        "ReadRoles",
        ("iam:GetRole", "iam:SimulatePrincipalPolicy"),
        on.task_roles,
        "that the tasks' roles exist, and may read the secrets",
    ),
    Grant(
        BACKEND,
        "ReadSecrets",
        ("secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy"),
        on.secrets,
        "that secrets exist; no value is read",
    ),
    Grant(
        BACKEND,
        "Services",
        ("ecs:DescribeServices", "ecs:TagResource", "ecs:UntagResource", "ecs:UpdateService"),
        on.ecs_service_arns,
        "start and stop tasks of a color, and mark what it runs",
    ),
    Grant(
        BACKEND,
        "ListDeployments",
        ("ecs:ListServiceDeployments",),
        on.native_services,
        "which deployment of ECS's own is under way",
    ),
    Grant(
        BACKEND,
        "Deployments",
        ("ecs:ContinueServiceDeployment", "ecs:DescribeServiceDeployments", "ecs:StopServiceDeployment"),
        on.native_deployments,
        "follow it, let it go on where it waits, take it back",
    ),
    Grant(BACKEND, "Revisions", ("ecs:DescribeServiceRevisions",), on.native_revisions, "which digest it runs"),
    Grant(BACKEND, "Definitions", ("ecs:RegisterTaskDefinition",), on.definitions, "the task definition of a release"),
    Grant(
        BACKEND,
        "TagDefinitions",
        ("ecs:TagResource",),
        on.definitions,
        "its tags, at its registration and never later",
        on.created_by("RegisterTaskDefinition"),
    ),
    Grant(
        BACKEND,
        "PassTaskRoles",
        ("iam:PassRole",),
        on.task_roles,
        "hand the service's own two roles to its tasks",
        on.passed_to("ecs-tasks.amazonaws.com"),
    ),
    Grant(
        BACKEND,
        "PassInfrastructureRole",
        ("iam:PassRole",),
        on.infrastructure_roles,
        "hand ECS the role with which it moves the service's traffic",
        on.passed_to("ecs.amazonaws.com"),
    ),
    Grant(BACKEND, "RunOnce", ("ecs:RunTask",), on.once_definitions, "the one-off task", on.in_cluster),
    Grant(
        BACKEND,
        "TagOnce",
        ("ecs:TagResource",),
        on.once_tasks,
        "its tags, which it has from its task definition, at its start and never later",
        on.created_by("RunTask"),
    ),
    Grant(BACKEND, "StopOnce", ("ecs:StopTask",), on.once_tasks, "the one-off task that takes too long", on.in_cluster),
    Grant(BACKEND, "ReadOnceLog", ("logs:GetLogEvents",), on.once_logs, "the end of its log"),
    Grant(
        BACKEND,
        "Traffic",
        ("elasticloadbalancing:ModifyRule",),
        on.rules,
        "the weights of the service's own rules, known by their tag",
        on.own_rules,
    ),
    Grant(
        BACKEND,
        "HealthChecks",
        ("elasticloadbalancing:ModifyTargetGroup",),
        on.target_groups,
        "the health check of the release",
    ),
    Grant(
        BACKEND,
        "Scaling",
        (
            "application-autoscaling:DeleteScheduledAction",
            "application-autoscaling:PutScheduledAction",
            "application-autoscaling:RegisterScalableTarget",
        ),
        on.scalable,
        "bounds of the color that serves, and the end of the one that is kept warm",
        on.of_ecs,
    ),
    Grant(
        BACKEND,
        "ReadScheduleGroup",
        ("scheduler:GetScheduleGroup",),
        on.schedule_groups,
        "that the group of the service's scheduled tasks is there",
    ),
    Grant(
        BACKEND,
        "Schedules",
        (
            "scheduler:CreateSchedule",
            "scheduler:DeleteSchedule",
            "scheduler:GetSchedule",
            "scheduler:UpdateSchedule",
        ),
        on.schedules,
        "point them to the release",
    ),
    Grant(
        BACKEND,
        "PassSchedulerRole",
        ("iam:PassRole",),
        on.scheduler_roles,
        "hand the service's scheduler role to its schedules",
        on.passed_to("scheduler.amazonaws.com"),
    ),
    Grant(
        BACKEND,
        "Records",
        ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"),
        on.table,
        "lease and records of the services that it deploys, and of no other",
        on.own_items,
    ),
    Grant(BACKEND, "Notify", ("sns:Publish",), on.topic, "tell how a run ended"),
    Grant(SITE, "FindDistribution", ("cloudfront:ListDistributions",), on.everything, "the distribution by its name"),
    Grant(
        SITE,
        "Distribution",
        (
            "cloudfront:CreateInvalidation",
            "cloudfront:GetDistribution",
            "cloudfront:GetInvalidation",
            "cloudfront:ListInvalidations",
            "cloudfront:ListTagsForResource",
        ),
        on.distribution,
        "that the distribution fits the release; invalidate what changed",
    ),
    Grant(
        SITE, "ReadCachePolicies", ("cloudfront:GetCachePolicy",), on.cache_policies, "how long documents are cached"
    ),
    Grant(
        SITE,
        "Bucket",
        ("s3:GetBucketPolicy", "s3:GetBucketPolicyStatus", "s3:GetBucketPublicAccessBlock", "s3:ListBucket"),
        on.bucket,
        "that the bucket is private; 404 for what is missing",
    ),
    Grant(
        SITE,
        "Objects",
        ("s3:DeleteObject", "s3:GetObject", "s3:PutObject"),
        on.objects,
        "files of releases and the site's state",
    ),
    Grant(
        SITE,
        "Key",
        ("kms:Decrypt", "kms:GenerateDataKey"),
        on.site_key,
        "the bucket's key, where it has one of its own",
    ),
    Grant(
        SITE,
        "SiteRecords",
        ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"),
        on.table,
        "lease and records of the site, and of nothing else",
        on.site_items,
    ),
    Grant(SITE, "NotifyOfSite", ("sns:Publish",), on.topic, "tell how a run ended"),
    Grant(
        PROMOTION,
        "ReadProof",
        ("dynamodb:Query",),
        on.before("table"),
        "the records of the environment before",
        on.all_items,
    ),
    Grant(
        PROMOTION,
        "ReadProvenImage",
        ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
        on.before("repositories"),
        "the image that was proven there",
    ),
    Grant(PROMOTION, "ListProvenSite", ("s3:ListBucket",), on.before("bucket"), "404 for what is missing"),
    Grant(
        PROMOTION,
        "ReadProvenSite",
        ("s3:GetObject",),
        on.before("bucket", "/site/*", "/releases/*", "/maps/*"),
        "the release that was proven there",
    ),
)
"""Everything that any role gets, in the order in which the policies and the documentation have it."""


def parts_of(scope: Scope) -> list[str]:
    """The parts of the work that a role which deploys has, by what it may deploy."""
    parts = [BACKEND] if scope["services"] else []
    parts += [SITE] if scope["site"] else []
    return parts + ([PROMOTION] if scope["promotion"] else [])


def statement_of(grant: Grant, scope: Scope) -> Document | None:
    """A grant as a policy has it; None where there is nothing that it could be on."""
    resources = grant.resources(scope)
    if not resources:
        return None
    condition = {"Condition": grant.condition(scope)} if grant.condition else {}
    return {"Sid": grant.sid, "Effect": "Allow", "Action": list(grant.actions), "Resource": resources, **condition}


def statements(scope: Scope, parts: list[str]) -> Iterator[Document]:
    """The policy's statements for these parts."""
    for grant in GRANTS:
        found = statement_of(grant, scope) if grant.part in parts else None
        if found is not None:
            yield found


def policy(scope: Scope, purpose: str) -> Document:
    """The permissions of a role. purpose: deploy (what scope has), or push (its images only)."""
    parts = [PUSH] if purpose == PUSH else parts_of(scope)
    return {"Version": "2012-10-17", "Statement": list(statements(scope, parts))}
