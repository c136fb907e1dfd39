# SPDX-License-Identifier: GPL-3.0-or-later
"""EC2 and load balancers: which call asks what. See asking.py."""

from __future__ import annotations

from collections.abc import Iterator

from localcloud.iam.asking import Call, Row, asking, making, on, pass_role, rows
from localcloud.iam.language import Question, listed

_EC2 = "arn:aws:ec2:{R}:{A}:"
_VPC = f"{_EC2}vpc/{{VpcId}}"
_ROUTES = f"{_EC2}route-table/{{RouteTableId}}"
_SUBNET = f"{_EC2}subnet/{{SubnetId}}"
_GATEWAY = f"{_EC2}internet-gateway/{{InternetGatewayId}}"
_PEERING = f"{_EC2}vpc-peering-connection/{{VpcPeeringConnectionId}}"
_TEMPLATE = f"{_EC2}launch-template/{{LaunchTemplateId}}"
_ELB = "arn:aws:elasticloadbalancing:{R}:{A}:"
#: Kinds of resources by what their ids begin with.
_KINDS = {
    "acl": "network-acl",
    "eipalloc": "elastic-ip",
    "fl": "vpc-flow-log",
    "i": "instance",
    "igw": "internet-gateway",
    "lt": "launch-template",
    "nat": "natgateway",
    "pcx": "vpc-peering-connection",
    "rtb": "route-table",
    "sg": "security-group",
    "subnet": "subnet",
    "vpc": "vpc",
    "vpce": "vpc-endpoint",
}


def _tagging(call: Call) -> Iterator[Question]:
    """What CreateTags and DeleteTags are about, which they name by ids of any kind."""
    for name in listed(call.get("ResourceId")):
        kind = _KINDS.get(str(name).partition("-")[0], "*")
        yield Question(f"ec2:{call.operation}", f"arn:aws:ec2:{call.region}:{call.account}:{kind}/{name}")


def _rule(call: Call) -> Iterator[Question]:
    """A rule's own ARN begins as its listener's does."""
    if call.get("Tags"):
        listener = str(call.get("ListenerArn")).replace(":listener/", ":listener-rule/")
        yield Question(
            "elasticloadbalancing:AddTags", f"{listener}/*", {"elasticloadbalancing:CreateAction": "CreateRule"}
        )


TABLE: dict[str, Row | None] = {
    # AWS restricts EC2's readers by no resource.
    **rows(
        "ec2",
        "DescribeAccountAttributes DescribeAddresses DescribeAvailabilityZones DescribeFlowLogs DescribeImages "
        "DescribeInstanceTypes DescribeInstances DescribeInternetGateways DescribeLaunchTemplateVersions "
        "DescribeLaunchTemplates DescribeNatGateways DescribeNetworkAcls DescribeNetworkInterfaces DescribePrefixLists "
        "DescribeRouteTables DescribeSecurityGroupRules DescribeSecurityGroups DescribeSpotPriceHistory "
        "DescribeSubnets DescribeTags DescribeVpcAttribute DescribeVpcEndpoints DescribeVpcPeeringConnections "
        "DescribeVpcs DescribeManagedPrefixLists DescribeVolumes DescribeInstanceTypeOfferings DescribeRegions",
        on(),
    ),
    **rows("ec2", "CreateTags DeleteTags", asking(_tagging)),
    **rows("ec2", "CreateVpc", making(f"{_EC2}vpc/*")),
    **rows("ec2", "DeleteVpc ModifyVpcAttribute", on(_VPC)),
    **rows("ec2", "CreateSubnet", making(f"{_EC2}subnet/*", _VPC)),
    **rows("ec2", "DeleteSubnet ModifySubnetAttribute", on(_SUBNET)),
    **rows("ec2", "CreateInternetGateway", making(f"{_EC2}internet-gateway/*")),
    **rows("ec2", "AttachInternetGateway DetachInternetGateway", on(_GATEWAY, _VPC)),
    **rows("ec2", "DeleteInternetGateway", on(_GATEWAY)),
    **rows("ec2", "CreateRouteTable", making(f"{_EC2}route-table/*", _VPC)),
    **rows("ec2", "CreateRoute DeleteRoute DeleteRouteTable ReplaceRoute ReplaceRouteTableAssociation", on(_ROUTES)),
    **rows("ec2", "AssociateRouteTable", on(_ROUTES, _SUBNET)),
    **rows("ec2", "DisassociateRouteTable", on(f"{_EC2}route-table/*")),
    **rows("ec2", "CreateSecurityGroup", making(f"{_EC2}security-group/*", _VPC)),
    **rows(
        "ec2",
        "AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress DeleteSecurityGroup RevokeSecurityGroupEgress "
        "RevokeSecurityGroupIngress UpdateSecurityGroupRuleDescriptionsEgress "
        "UpdateSecurityGroupRuleDescriptionsIngress",
        on(f"{_EC2}security-group/{{GroupId}}"),
    ),
    **rows("ec2", "CreateVpcEndpoint", making(f"{_EC2}vpc-endpoint/*", _VPC)),
    **rows("ec2", "ModifyVpcEndpoint DeleteVpcEndpoints", on(f"{_EC2}vpc-endpoint/{{VpcEndpointId}}")),
    **rows(
        "ec2",
        "CreateFlowLogs",
        making(
            f"{_EC2}vpc-flow-log/*",
            f"{_EC2}vpc/{{ResourceId}}",
            also=pass_role("vpc-flow-logs.amazonaws.com", "DeliverLogsPermissionArn"),
        ),
    ),
    **rows("ec2", "DeleteFlowLogs", on(f"{_EC2}vpc-flow-log/{{FlowLogId}}")),
    **rows("ec2", "AllocateAddress", making(f"{_EC2}elastic-ip/*")),
    **rows("ec2", "ReleaseAddress", on(f"{_EC2}elastic-ip/{{AllocationId}}")),
    **rows("ec2", "CreateNatGateway", making(f"{_EC2}natgateway/*", _SUBNET, f"{_EC2}elastic-ip/{{AllocationId}}")),
    **rows("ec2", "DeleteNatGateway", on(f"{_EC2}natgateway/{{NatGatewayId}}")),
    **rows("ec2", "AcceptVpcPeeringConnection DeleteVpcPeeringConnection", on(_PEERING)),
    **rows("ec2", "ModifyVpcPeeringConnectionOptions", on(_PEERING)),
    **rows("ec2", "CreateLaunchTemplate", making(f"{_EC2}launch-template/*")),
    **rows("ec2", "CreateLaunchTemplateVersion DeleteLaunchTemplate ModifyLaunchTemplate", on(_TEMPLATE)),
    **rows(
        "elbv2",
        "DescribeAccountLimits DescribeListenerCertificates DescribeListeners DescribeLoadBalancerAttributes "
        "DescribeLoadBalancers DescribeRules DescribeSSLPolicies DescribeTags DescribeTargetGroupAttributes "
        "DescribeTargetGroups DescribeTargetHealth DescribeListenerAttributes",
        on(),
    ),
    **rows("elbv2", "ModifyRule DeleteRule", on("{RuleArn}")),
    **rows("elbv2", "SetRulePriorities", on(f"{_ELB}listener-rule/app/*")),
    **rows("elbv2", "CreateRule", on("{ListenerArn}", also=_rule)),
    **rows("elbv2", "ModifyListener DeleteListener", on("{ListenerArn}")),
    **rows(
        "elbv2",
        "ModifyTargetGroup ModifyTargetGroupAttributes DeleteTargetGroup RegisterTargets DeregisterTargets",
        on("{TargetGroupArn}"),
    ),
    **rows("elbv2", "CreateTargetGroup", making(f"{_ELB}targetgroup/{{Name}}/*")),
    **rows("elbv2", "CreateLoadBalancer", making(f"{_ELB}loadbalancer/app/{{Name}}/*")),
    **rows(
        "elbv2",
        "CreateListener DeleteLoadBalancer ModifyLoadBalancerAttributes SetSecurityGroups SetSubnets SetIpAddressType",
        on("{LoadBalancerArn}"),
    ),
    **rows("elbv2", "AddTags RemoveTags", on("{ResourceArns}")),
    **rows("resourcegroupstaggingapi", "GetResources", on()),
    **rows("autoscaling", "DescribeAutoScalingGroups DescribePolicies DescribeScalingActivities", on()),
}
