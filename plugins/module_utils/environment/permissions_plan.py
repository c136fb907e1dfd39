# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What reading an environment takes in AWS: the grants of environment_info, and the policy made from them. Pure.

A scope is the one of deploy_resources_plan. Nothing here changes anything, and no value of a secret can be read.
"""

from __future__ import annotations

from typing import Any

from .. import deploy_resources_plan as on
from ..deploy_permissions_plan import Grant, statement_of
from ..github_oidc_plan import provider_arn

Scope = on.Scope
Document = dict[str, Any]
STATUS = "status"


def _state(scope: Scope) -> list[str]:
    """The one object of the site's bucket that says what is live."""
    bucket = scope["site"].get("bucket")
    return [f"arn:aws:s3:::{bucket}/state/current.json"] if bucket else []


def _bucket(scope: Scope) -> list[str]:
    return on.bucket(scope) if scope["site"] else []


def _distribution(scope: Scope) -> list[str]:
    return on.distribution(scope) if scope["site"] else []


def _services(scope: Scope) -> list[str]:
    """All of the cluster: one of each service's possible names is asked for, whichever engine it has."""
    return [f"arn:aws:ecs:{scope['region']}:{scope['account_id']}:service/{scope['name']}/*"]


def _schedules(scope: Scope) -> list[str]:
    return [f"arn:aws:scheduler:{scope['region']}:{scope['account_id']}:schedule/{scope['name']}-*/*"]


def _provider(scope: Scope) -> list[str]:
    return [provider_arn(str(scope["account_id"]))]


GRANTS: tuple[Grant, ...] = (
    Grant(
        STATUS,
        "ReadNetwork",
        (
            "ec2:DescribeFlowLogs",
            "ec2:DescribeInstances",
            "ec2:DescribeNatGateways",
            "ec2:DescribeRouteTables",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcEndpoints",
            "ec2:DescribeVpcPeeringConnections",
            "ec2:DescribeVpcs",
        ),
        on.everything,
        "the network, and GPU hosts",
    ),
    Grant(
        STATUS,
        "ReadTraffic",
        (
            "elasticloadbalancing:DescribeListeners",
            "elasticloadbalancing:DescribeLoadBalancers",
            "elasticloadbalancing:DescribeRules",
            "elasticloadbalancing:DescribeTags",
            "elasticloadbalancing:DescribeTargetGroups",
            "elasticloadbalancing:DescribeTargetHealth",
        ),
        on.everything,
        "weights, and what stands behind them",
    ),
    # One call asks for all three (Service Authorization Reference, AWS WAF V2, GetWebACLForResource; AWS WAF developer
    # guide, "Permissions for GetWebACLForResource").
    Grant(
        STATUS,
        "ReadFirewall",
        ("wafv2:GetWebACL", "wafv2:GetWebACLForResource", "elasticloadbalancing:GetLoadBalancerWebACL"),
        on.everything,
        "the firewall before the load balancer",
    ),
    Grant(STATUS, "ReadServices", ("ecs:DescribeServices",), _services, "services of the colors and workers"),
    Grant(STATUS, "ReadDefinitions", ("ecs:DescribeTaskDefinition",), on.everything, "which image they run"),
    Grant(STATUS, "ListTasks", ("ecs:ListTasks",), on.everything, "tasks that ECS itself shifts", on.in_cluster),
    Grant(STATUS, "ReadTasks", ("ecs:DescribeTasks",), on.tasks, "whose address is in which target group"),
    Grant(
        STATUS,
        "ReadScaling",
        (
            "application-autoscaling:DescribeScalableTargets",
            "application-autoscaling:DescribeScheduledActions",
            "autoscaling:DescribeAutoScalingGroups",
        ),
        on.everything,
        "bounds, the warm color's end, GPU hosts",
    ),
    Grant(STATUS, "ListSchedules", ("scheduler:ListSchedules",), on.everything, "scheduled tasks"),
    Grant(STATUS, "ReadSchedules", ("scheduler:GetSchedule",), _schedules, "when they run, and which image"),
    Grant(STATUS, "ReadRecords", ("dynamodb:GetItem", "dynamodb:Query"), on.table, "leases and the last runs"),
    Grant(STATUS, "ReadAlarms", ("cloudwatch:DescribeAlarms",), on.alarms, "which alarms are in ALARM"),
    Grant(STATUS, "FindDistribution", ("cloudfront:ListDistributions",), on.everything, "the edge's state"),
    Grant(STATUS, "ReadInvalidations", ("cloudfront:ListInvalidations",), _distribution, "those in progress"),
    Grant(STATUS, "ListSite", ("s3:ListBucket",), _bucket, "404 for a state that is not there"),
    Grant(STATUS, "ReadSiteState", ("s3:GetObject",), _state, "which release of the site is live"),
    Grant(STATUS, "SiteKey", ("kms:Decrypt",), on.site_key, "the bucket's key, where it has one of its own"),
    Grant(STATUS, "ReadProvider", ("iam:GetOpenIDConnectProvider",), _provider, "whether GitHub is trusted"),
    Grant(STATUS, "ListRoles", ("iam:ListRoles",), on.everything, "whom of GitHub the roles trust"),
)
"""Everything, in the order in which the policy and the documentation have it."""


def policy(scope: Scope) -> Document:
    """The policy of who only looks."""
    statements = [found for grant in GRANTS if (found := statement_of(grant, scope))]
    return {"Version": "2012-10-17", "Statement": statements}
