# SPDX-License-Identifier: GPL-3.0-or-later
"""What the infrastructure role lets ECS do with a load balancer. Call under the lock on moto.

Asked whether IAM is enforced for callers or not: a role that ECS cannot use is found out nowhere else. The sessions and
sentences are those of the page "troubleshooting"; which calls are needed, those of the managed policy
AmazonECSInfrastructureRolePolicyForLoadBalancers, whose permissions a role of one's own may scope to ARNs.
"""

from __future__ import annotations

import json

from localcloud.iam.language import Decision, Question, UnsupportedError, Who, decide
from localcloud.iam.principals import assumed, role_of
from localcloud.iam.tags import tags_of

#: The sessions as which ECS moves traffic, and registers targets.
TRAFFIC, SCHEDULER = "ECSNetworkingWithELB", "ecs-service-scheduler"
_READS = ("DescribeListeners", "DescribeRules", "DescribeTargetGroups")


def usable(role_arn: str) -> bool:
    """Whether ECS may assume the role, and read with it."""
    role = role_of(role_arn)
    if role is None:
        return False
    trust = role.assume_role_policy_document
    document = json.loads(trust) if isinstance(trust, str) else trust
    asked = Question("sts:AssumeRole", "*", {"aws:SourceAccount": role_arn.split(":")[4]})
    trusted = decide([document], asked, Who(service="ecs.amazonaws.com")) is Decision.ALLOWED
    return trusted and not any(denied(role_arn, TRAFFIC, name, "*") for name in _READS)


def denied(role_arn: str, session: str, action: str, resource: str) -> str:
    """AWS's refusal of an action of Elastic Load Balancing, "" if the role allows it."""
    role = role_of(role_arn)
    if role is None:
        return f"ECS was unable to assume role {role_arn}"
    principal = assumed(role, session)
    asked = f"elasticloadbalancing:{action}"
    context = {f"aws:ResourceTag/{key}": value for key, value in tags_of(resource).items()}
    try:
        found = principal.decide(Question(asked, resource, context))
    except UnsupportedError as error:
        return f"the local cloud cannot judge {role_arn}'s policies: {error}"
    if found is Decision.ALLOWED:
        return ""
    why = f"because no identity-based policy allows the {asked} action"
    return f"User: {principal.arn} is not authorized to perform: {asked} on resource: {resource} {why}"
