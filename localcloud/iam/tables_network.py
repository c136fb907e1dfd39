# SPDX-License-Identifier: GPL-3.0-or-later
"""EC2, load balancers, IAM and STS: which call asks what. See asking.py."""

from __future__ import annotations

from localcloud.iam.asking import Row, on, rows

_EC2 = "arn:aws:ec2:{R}:{A}:"
_ROLE = "arn:aws:iam::{A}:role/{RoleName}"
_PROVIDER = "{OpenIDConnectProviderArn}"

TABLE: dict[str, Row | None] = {
    # Nobody needs a permission to ask who he is, or may be refused it.
    **rows("sts", "GetCallerIdentity", None),
    # Whom a role trusts decides as well; guard.py asks the role.
    **rows("sts", "AssumeRole", on("{RoleArn}")),
    # AWS restricts EC2's readers by no resource.
    **rows(
        "ec2",
        "DescribeAccountAttributes DescribeAddresses DescribeAvailabilityZones DescribeFlowLogs DescribeImages "
        "DescribeInstanceTypes DescribeInstances DescribeInternetGateways DescribeLaunchTemplateVersions "
        "DescribeLaunchTemplates DescribeNatGateways DescribeNetworkAcls DescribeNetworkInterfaces DescribePrefixLists "
        "DescribeRouteTables DescribeSecurityGroupRules DescribeSecurityGroups DescribeSpotPriceHistory "
        "DescribeSubnets DescribeTags DescribeVpcAttribute DescribeVpcEndpoints DescribeVpcPeeringConnections "
        "DescribeVpcs DescribeManagedPrefixLists DescribeVolumes DescribeInstanceTypeOfferings",
        on(),
    ),
    **rows(
        "elbv2",
        "DescribeAccountLimits DescribeListenerCertificates DescribeListeners DescribeLoadBalancerAttributes "
        "DescribeLoadBalancers DescribeRules DescribeSSLPolicies DescribeTags DescribeTargetGroupAttributes "
        "DescribeTargetGroups DescribeTargetHealth DescribeListenerAttributes",
        on(),
    ),
    **rows(
        "ec2",
        "AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress DeleteSecurityGroup RevokeSecurityGroupEgress "
        "RevokeSecurityGroupIngress UpdateSecurityGroupRuleDescriptionsEgress "
        "UpdateSecurityGroupRuleDescriptionsIngress",
        on(f"{_EC2}security-group/{{GroupId}}"),
    ),
    **rows("ec2", "DeleteVpc ModifyVpcAttribute", on(f"{_EC2}vpc/{{VpcId}}")),
    **rows("elbv2", "ModifyRule DeleteRule", on("{RuleArn}")),
    **rows("elbv2", "SetRulePriorities", on("{RulePriorities.RuleArn}")),
    **rows("elbv2", "CreateRule ModifyListener DeleteListener", on("{ListenerArn}")),
    **rows(
        "elbv2",
        "ModifyTargetGroup ModifyTargetGroupAttributes DeleteTargetGroup RegisterTargets DeregisterTargets",
        on("{TargetGroupArn}"),
    ),
    **rows("elbv2", "CreateTargetGroup", on("arn:aws:elasticloadbalancing:{R}:{A}:targetgroup/{Name}/*")),
    **rows("elbv2", "CreateLoadBalancer", on("arn:aws:elasticloadbalancing:{R}:{A}:loadbalancer/app/{Name}/*")),
    **rows(
        "elbv2",
        "CreateListener DeleteLoadBalancer ModifyLoadBalancerAttributes SetSecurityGroups SetSubnets SetIpAddressType",
        on("{LoadBalancerArn}"),
    ),
    **rows("elbv2", "AddTags RemoveTags", on("{ResourceArns}")),
    **rows("iam", "ListRoles", on("arn:aws:iam::{A}:role/*")),
    **rows("iam", "ListOpenIDConnectProviders", on()),
    **rows(
        "iam",
        "AttachRolePolicy CreateRole DeleteRole DeleteRolePolicy DetachRolePolicy GetRole GetRolePolicy "
        "ListAttachedRolePolicies ListInstanceProfilesForRole ListRolePolicies ListRoleTags PutRolePolicy TagRole "
        "UntagRole UpdateAssumeRolePolicy UpdateRole UpdateRoleDescription PutRolePermissionsBoundary",
        on(_ROLE),
    ),
    **rows("iam", "CreateUser CreateAccessKey PutUserPolicy AttachUserPolicy", on("arn:aws:iam::{A}:user/{UserName}")),
    **rows("iam", "SimulatePrincipalPolicy", on("{PolicySourceArn}")),
    **rows(
        "iam", "GetOpenIDConnectProvider AddClientIDToOpenIDConnectProvider DeleteOpenIDConnectProvider", on(_PROVIDER)
    ),
    **rows("iam", "TagOpenIDConnectProvider UntagOpenIDConnectProvider", on(_PROVIDER)),
    **rows("iam", "CreateOpenIDConnectProvider", on("arn:aws:iam::{A}:oidc-provider/*")),
    **rows("iam", "GetPolicy", on("{PolicyArn}")),
}
