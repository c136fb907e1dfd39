# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The role as which Amazon ECS moves a service's traffic (engine native): who may take it, and what it may do. Pure."""

from __future__ import annotations

from ansible_collections.slipway.ops.plugins.module_utils.service_documents_plan import (
    COLORS,
    Document,
    Inputs,
    policy_document,
    statement,
)


def infrastructure_trust(service: Inputs) -> Document:  # noqa: ARG001
    """ECS itself moves the weights as this role. The trust is the one that AWS documents, without conditions:
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/AmazonECSInfrastructureRolePolicyForLoadBalancers.html
    """
    return policy_document(
        {
            "Sid": "Ecs",
            "Effect": "Allow",
            "Principal": {"Service": "ecs.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    )


def infrastructure_policy(service: Inputs) -> Document:
    """What ECS needs to move the traffic of this service (AmazonECSInfrastructureRolePolicyForLoadBalancers), on its
    two target groups, the two listeners and the rules that bear its tag. What only describes knows no resources.
    """
    scope = f"arn:aws:elasticloadbalancing:{service['region']}:{service['account_id']}"
    listeners = [arn for arn in (service["listener_arn"], service["preview_listener_arn"]) if arn]
    described = ("DescribeListeners", "DescribeRules", "DescribeTargetGroups", "DescribeTargetHealth")
    rules = f"{scope}:listener-rule/app/{service['load_balancer']}/*"
    return policy_document(
        statement("Describe", [f"elasticloadbalancing:{name}" for name in described], "*"),
        statement(
            "Targets",
            ["elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:RegisterTargets"],
            [f"{scope}:targetgroup/{service['name']}-{color}/*" for color in COLORS],
        ),
        *([statement("Listeners", ["elasticloadbalancing:ModifyListener"], listeners)] if listeners else []),
        statement("Rules", ["elasticloadbalancing:ModifyRule"], rules)
        | {"Condition": {"StringEquals": {"aws:ResourceTag/slipway:service": service["name"]}}},
    )
