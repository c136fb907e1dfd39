# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What building an environment takes: network, load balancer, services, data. Pure. See operator_permissions_plan."""

from __future__ import annotations

from . import deploy_resources_plan as deployed
from . import operator_resources_plan as on
from .deploy_permissions_plan import Grant
from .operator_resources_plan import actions_of

NETWORK, BALANCER, SERVICES, DATA = "network", "load balancer", "services", "data"

_EC2_READS = """DescribeAddresses DescribeAvailabilityZones DescribeFlowLogs DescribeInstances DescribeInternetGateways
    DescribeLaunchTemplateVersions DescribeNatGateways DescribeNetworkInterfaces DescribeRouteTables
    DescribeSecurityGroups DescribeSubnets DescribeTags DescribeVpcAttribute DescribeVpcEndpoints
    DescribeVpcPeeringConnections DescribeVpcs"""
_EC2_MAKES = """AllocateAddress CreateFlowLogs CreateInternetGateway CreateNatGateway CreateRouteTable
    CreateSecurityGroup CreateSubnet CreateVpc CreateVpcEndpoint"""
_EC2_CHANGES = """AcceptVpcPeeringConnection AssociateRouteTable AttachInternetGateway AuthorizeSecurityGroupEgress
    AuthorizeSecurityGroupIngress CreateRoute CreateTags DeleteFlowLogs DeleteInternetGateway DeleteNatGateway
    DeleteRoute DeleteRouteTable DeleteSecurityGroup DeleteSubnet DeleteTags DeleteVpc DeleteVpcEndpoints
    DetachInternetGateway ModifyVpcAttribute ModifyVpcEndpoint ReleaseAddress
    ReplaceRoute ReplaceRouteTableAssociation UpdateSecurityGroupRuleDescriptionsEgress
    UpdateSecurityGroupRuleDescriptionsIngress"""
_ELB_READS = """DescribeListeners DescribeLoadBalancerAttributes DescribeLoadBalancers DescribeRules DescribeTags
    DescribeTargetGroupAttributes DescribeTargetGroups DescribeTargetHealth"""
_BUCKET = """CreateBucket DeleteBucket GetAccelerateConfiguration GetBucketAcl GetBucketLocation GetBucketLogging
    GetBucketObjectLockConfiguration GetBucketOwnershipControls GetBucketPolicy GetBucketPublicAccessBlock
    GetBucketRequestPayment GetBucketTagging GetBucketVersioning GetEncryptionConfiguration GetInventoryConfiguration
    GetLifecycleConfiguration ListBucket ListBucketMultipartUploads ListBucketVersions PutBucketLogging
    PutBucketOwnershipControls PutBucketPolicy PutBucketPublicAccessBlock PutBucketTagging PutBucketVersioning
    PutEncryptionConfiguration PutLifecycleConfiguration"""
_REPOSITORY = """BatchDeleteImage CreateRepository DeleteRepository DeleteRepositoryPolicy DescribeRepositories
    GetLifecyclePolicy GetRepositoryPolicy ListImages PutImageScanningConfiguration PutImageTagMutability
    PutLifecyclePolicy SetRepositoryPolicy TagResource"""

GRANTS: tuple[Grant, ...] = (
    Grant(NETWORK, "ReadNetwork", actions_of("ec2", _EC2_READS), deployed.everything, "what there is"),
    Grant(NETWORK, "MakeNetwork", actions_of("ec2", _EC2_MAKES), on.network, "with the environment's tags", on.new),
    Grant(NETWORK, "InNetwork", actions_of("ec2", _EC2_MAKES), on.network, "inside of what bears them", on.own),
    Grant(NETWORK, "TagNetwork", ("ec2:CreateTags",), on.network, "at the making of something", on.at_creation),
    Grant(NETWORK, "ChangeNetwork", actions_of("ec2", _EC2_CHANGES), on.network, "what bears the tags", on.own),
    Grant(
        NETWORK,
        "CloseDefaultGroup",
        ("ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress"),
        on.named("ec2", "security-group/*"),
        "rules of the VPC's default group, which comes without tags; it only takes away",
    ),
    Grant(
        NETWORK,
        "AcceptPeering",
        ("ec2:AcceptVpcPeeringConnection", "ec2:ModifyVpcPeeringConnectionOptions"),
        on.named("ec2", "vpc-peering-connection/*"),
        "Atlas asks for it, and cannot tag it; the VPC that it is accepted for bears the tags",
    ),
    Grant(
        NETWORK,
        "LeaveRouteTable",
        ("ec2:DisassociateRouteTable",),
        on.named("ec2", "route-table/*", "subnet/*"),
        "named by an association, which has no tags",
    ),
    Grant(
        NETWORK,
        "PassFlowLogRole",
        ("iam:PassRole",),
        on.flow_log_role,
        "hand the flow log its role",
        deployed.passed_to("vpc-flow-logs.amazonaws.com"),
    ),
    Grant(
        BALANCER, "ReadTraffic", actions_of("elasticloadbalancing", _ELB_READS), deployed.everything, "what there is"
    ),
    Grant(
        BALANCER,
        "LoadBalancer",
        actions_of(
            "elasticloadbalancing",
            "AddTags CreateListener CreateLoadBalancer CreateRule DeleteListener DeleteLoadBalancer DeleteRule "
            "GetLoadBalancerWebACL ModifyListener ModifyLoadBalancerAttributes ModifyRule RemoveTags SetRulePriorities "
            "SetSecurityGroups SetSubnets SetWebACL",
        ),
        on.named("elasticloadbalancing", "loadbalancer/app/NAME/*", "listener/app/NAME/*", "listener-rule/app/NAME/*"),
        "the load balancer of the environment's name, its listeners and rules",
    ),
    Grant(
        BALANCER,
        "TargetGroups",
        actions_of(
            "elasticloadbalancing",
            "AddTags CreateTargetGroup DeleteTargetGroup ModifyTargetGroup ModifyTargetGroupAttributes RemoveTags",
        ),
        deployed.target_groups,
        "two for each service",
    ),
    Grant(
        SERVICES,
        "ReadServices",
        (
            "application-autoscaling:DescribeScalableTargets",
            "application-autoscaling:DescribeScalingPolicies",
            "application-autoscaling:DescribeScheduledActions",
            "ecs:DeregisterTaskDefinition",
            "ecs:DescribeTaskDefinition",
            "ecs:ListTaskDefinitions",
            "scheduler:ListSchedules",
        ),
        deployed.everything,
        "what there is; AWS restricts no deregistration to a family",
    ),
    Grant(
        SERVICES,
        "MakeCluster",
        ("ecs:CreateCluster",),
        deployed.everything,
        "with the environment's tags; a cluster has no ARN before",
        on.new,
    ),
    Grant(
        SERVICES,
        "Cluster",
        actions_of("ecs", "DeleteCluster DescribeClusters TagResource UpdateCluster"),
        deployed.cluster,
        "the cluster",
    ),
    Grant(
        SERVICES,
        "Services",
        actions_of("ecs", "CreateService DeleteService DescribeServices TagResource UpdateService"),
        on.named("ecs", "service/NAME/*"),
        "services of the cluster",
    ),
    Grant(
        SERVICES,
        "ListServices",
        ("ecs:ListServices", "ecs:ListTasks"),
        deployed.everything,
        "those of the cluster",
        deployed.in_cluster,
    ),
    Grant(
        SERVICES,
        "Definitions",
        ("ecs:RegisterTaskDefinition", "ecs:TagResource"),
        deployed.definitions,
        "the first task definition of each color",
    ),
    Grant(
        SERVICES,
        "Scaling",
        actions_of(
            "application-autoscaling",
            "DeleteScalingPolicy DeleteScheduledAction DeregisterScalableTarget PutScalingPolicy "
            "RegisterScalableTarget",
        ),
        deployed.scalable,
        "bounds and policies",
        deployed.of_ecs,
    ),
    Grant(
        SERVICES,
        "Schedules",
        actions_of("scheduler", "CreateScheduleGroup DeleteScheduleGroup GetScheduleGroup TagResource"),
        on.named("scheduler", "schedule-group/NAME-*"),
        "groups of scheduled tasks",
    ),
    Grant(
        SERVICES,
        "ScheduledTasks",
        actions_of("scheduler", "CreateSchedule DeleteSchedule GetSchedule UpdateSchedule"),
        on.named("scheduler", "schedule/NAME-*/*"),
        "scheduled tasks",
    ),
    Grant(SERVICES, "Images", actions_of("ecr", _REPOSITORY), deployed.repositories, "repositories of the services"),
    Grant(
        SERVICES,
        "Registry",
        actions_of("ecr", "DescribeRegistry GetRegistryPolicy PutRegistryPolicy PutReplicationConfiguration"),
        deployed.everything,
        "where images are copied to; a registry is the account's",
    ),
    Grant(
        DATA,
        "ReadWhatStands",
        (
            "dynamodb:ListBackups",
            "ecs:ListClusters",
            "secretsmanager:ListSecrets",
            "ssm:DescribeParameters",
            "tag:GetResources",
        ),
        deployed.everything,
        "what destroy.yml takes down, and what is left",
    ),
    Grant(DATA, "ListBuckets", ("s3:ListAllMyBuckets",), deployed.everything, "what there is"),
    Grant(DATA, "Buckets", actions_of("s3", _BUCKET), on.buckets, "buckets of the environment's name"),
    Grant(
        DATA,
        "EmptyBuckets",
        ("s3:DeleteObject", "s3:DeleteObjectVersion"),
        on.bucket_objects,
        "what destroy.yml is told to delete",
    ),
    Grant(
        DATA,
        "Records",
        actions_of(
            "dynamodb",
            "CreateTable DeleteResourcePolicy DeleteTable DescribeContinuousBackups DescribeTable GetItem "
            "GetResourcePolicy ListTagsOfResource PutResourcePolicy TagResource UntagResource UpdateContinuousBackups "
            "UpdateItem UpdateTable",
        ),
        deployed.table,
        "the release store, and its lease",
    ),
)
