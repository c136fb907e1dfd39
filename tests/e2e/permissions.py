# SPDX-License-Identifier: GPL-3.0-or-later
"""A recorded AWS call as IAM sees it: action, resource and the keys of conditions, from what the request names.

Sources: the tables of the Service Authorization Reference, and for S3 "Required permissions for Amazon S3 API
operations" in its user guide.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Names = Mapping[str, str]

#: boto3's name of a service -> prefix of its actions, where they differ.
_PREFIXES = {"elbv2": "elasticloadbalancing"}
#: Operation -> the action that it needs, where it has another name.
_ACTIONS = {
    "s3:HeadObject": "s3:GetObject",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:CopyObject": "s3:PutObject",
    "s3:DeleteObjects": "s3:DeleteObject",
    "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "cloudwatch:GetMetricStatistics": "cloudwatch:GetMetricData",
}
#: Needs no permission (AWS STS API reference, GetCallerIdentity).
FREE = {"sts:GetCallerIdentity"}


@dataclass(frozen=True)
class Asked:
    """What IAM decides on."""

    action: str
    resource: str
    context: dict[str, Any] = field(default_factory=dict)


def asked(call: Mapping[str, Any], region: str = "us-east-1") -> Iterator[Asked]:
    """All that IAM is asked for one call of /_localcloud/calls."""
    operation = f"{_PREFIXES.get(call['service'], call['service'])}:{call['operation']}"
    if operation in FREE:
        return
    action, names = _ACTIONS.get(operation, operation), call["named"]
    home = f"{region}:{call['account']}"
    for resource in _resources(action, names, home):
        yield Asked(action, resource, _context(action, names, home))
    if action in ("scheduler:CreateSchedule", "scheduler:UpdateSchedule"):
        yield Asked("iam:PassRole", names["Target.RoleArn"], {"iam:PassedToService": "scheduler.amazonaws.com"})
    if action == "ecs:RunTask" and names.get("propagateTags"):
        created = {"ecs:CreateAction": "RunTask"}
        yield Asked("ecs:TagResource", f"arn:aws:ecs:{home}:task/{names['cluster']}/0ec5", created)
    if action == "ecs:RegisterTaskDefinition":
        yield from _beside_a_registration(names, home)


def _beside_a_registration(names: Names, home: str) -> Iterator[Asked]:
    """Registering a task definition passes its roles, and tags it."""
    for key in ("taskRoleArn", "executionRoleArn"):
        yield Asked("iam:PassRole", names[key], {"iam:PassedToService": "ecs-tasks.amazonaws.com"})
    created = {"ecs:CreateAction": "RegisterTaskDefinition"}
    yield Asked("ecs:TagResource", f"arn:aws:ecs:{home}:task-definition/{names['family']}:1", created)


def _resources(action: str, names: Names, home: str) -> list[str]:
    service = action.partition(":")[0]
    special = _SPECIAL.get(action) or _OF_SERVICE.get(service)
    if special is None:
        return ["*"]
    account = home.partition(":")[2]
    found = special(names) if callable(special) else [special.format_map(names)]
    return [each.replace("HOME", home).replace("ACCOUNT", account) for each in found]


def _listed(key: str, shape: str = "{}") -> Callable[[Names], list[str]]:
    """The items of a list that the request names."""

    def items(names: Names) -> list[str]:
        found = [value for name, value in names.items() if re.fullmatch(rf"{key}\.(member\.)?\d+", name)]
        return [shape.format(value) for value in found]

    return items


def _in_cluster(names: Names) -> list[str]:
    return [f"arn:aws:ecs:HOME:service/{names['cluster']}/{name}" for name in _listed("services")(names)]


def _table(names: Names) -> list[str]:
    name = names["TableName"]
    return [name if name.startswith("arn:") else f"arn:aws:dynamodb:HOME:table/{name}"]


def _bucket_path(names: Names) -> list[str]:
    return [f"arn:aws:s3:::{names['path'].strip('/').partition('/')[0]}"]


def _object(names: Names) -> list[str]:
    bucket, _, key = names["path"].lstrip("/").partition("/")
    # DeleteObjects names its keys in its body, which the log does not have.
    return [f"arn:aws:s3:::{bucket}/{key or 'site/?'}"]


def _distribution(names: Names) -> list[str]:
    return [f"arn:aws:cloudfront::ACCOUNT:distribution/{names['path'].split('/')[3]}"]


def _alarm(names: Names) -> list[str]:
    return _listed("AlarmNames", "arn:aws:cloudwatch:HOME:alarm:{}")(names) or ["arn:aws:cloudwatch:HOME:alarm:any"]


def _schedule(names: Names) -> list[str]:
    group = names.get("groupName") or names["GroupName"]
    return [f"arn:aws:scheduler:HOME:schedule/{group}/{names['path'].rpartition('/')[2]}"]


def _schedule_group(names: Names) -> list[str]:
    return [f"arn:aws:scheduler:HOME:schedule-group/{names['path'].rpartition('/')[2]}"]


def _anything(names: Names) -> list[str]:
    return ["*"]


_OF_SERVICE: dict[str, Any] = {
    "dynamodb": _table,
    "ecr": "arn:aws:ecr:HOME:repository/{repositoryName}",
    "secretsmanager": "{SecretId}",
    "sns": "{TopicArn}",
    "cloudfront": _distribution,
    "s3": _bucket_path,
}
_SPECIAL: dict[str, Any] = {
    "ecr:GetAuthorizationToken": _anything,
    "ecs:DescribeClusters": _listed("clusters", "arn:aws:ecs:HOME:cluster/{}"),
    "ecs:DescribeServices": _in_cluster,
    "ecs:DescribeTasks": _listed("tasks"),
    "ecs:RegisterTaskDefinition": "arn:aws:ecs:HOME:task-definition/{family}:1",
    "ecs:RunTask": "{taskDefinition}",
    "ecs:StopTask": "{task}",
    "ecs:TagResource": "{resourceArn}",
    "ecs:UntagResource": "{resourceArn}",
    "ecs:UpdateService": "arn:aws:ecs:HOME:service/{cluster}/{service}",
    "elasticloadbalancing:ModifyRule": "{RuleArn}",
    "elasticloadbalancing:ModifyTargetGroup": "{TargetGroupArn}",
    "application-autoscaling:RegisterScalableTarget": "arn:aws:application-autoscaling:HOME:scalable-target/0ec5",
    "application-autoscaling:PutScheduledAction": "arn:aws:application-autoscaling:HOME:scalable-target/0ec5",
    "application-autoscaling:DeleteScheduledAction": "arn:aws:application-autoscaling:HOME:scalable-target/0ec5",
    "cloudwatch:DescribeAlarms": _alarm,
    "iam:GetRole": "arn:aws:iam::ACCOUNT:role/{RoleName}",
    "iam:SimulatePrincipalPolicy": "{PolicySourceArn}",
    "logs:GetLogEvents": "arn:aws:logs:HOME:log-group:{logGroupName}:log-stream:{logStreamName}",
    "scheduler:GetScheduleGroup": _schedule_group,
    "scheduler:CreateSchedule": _schedule,
    "scheduler:DeleteSchedule": _schedule,
    "scheduler:GetSchedule": _schedule,
    "scheduler:UpdateSchedule": _schedule,
    "cloudfront:GetCachePolicy": lambda names: [
        f"arn:aws:cloudfront::ACCOUNT:cache-policy/{names['path'].split('/')[3]}"
    ],
    "cloudfront:ListDistributions": _anything,
    "cloudfront:ListTagsForResource": "{Resource}",
    "s3:DeleteObject": _object,
    "s3:GetObject": _object,
    "s3:PutObject": _object,
}


def _context(action: str, names: Names, home: str) -> dict[str, Any]:
    if action.startswith("dynamodb:"):
        keys = ("Key.service.S", "Item.service.S", "ExpressionAttributeValues.:service.S")
        return {"dynamodb:LeadingKeys": [names[key] for key in keys if key in names]}
    if action in ("ecs:ListTasks", "ecs:RunTask", "ecs:StopTask"):
        return {"ecs:cluster": f"arn:aws:ecs:{home}:cluster/{names['cluster']}"}
    if action.startswith("application-autoscaling:"):
        shown = {"service-namespace": "ServiceNamespace", "scalable-dimension": "ScalableDimension"}
        return {f"application-autoscaling:{key}": names[name] for key, name in shown.items() if name in names}
    return {}
