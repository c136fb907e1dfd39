# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What building an environment takes: edge, identity and observability. Pure. See operator_permissions_plan."""

from __future__ import annotations

from . import deploy_resources_plan as deployed
from . import operator_resources_plan as on
from .deploy_permissions_plan import Grant
from .operator_resources_plan import actions_of

EDGE, IDENTITY, WATCH = "edge", "identity", "observability"

_ROLE = """CreateRole DeleteRole DeleteRolePolicy GetRole GetRolePolicy ListAttachedRolePolicies
    ListInstanceProfilesForRole ListRolePolicies ListRoleTags PutRolePolicy TagRole UntagRole UpdateAssumeRolePolicy
    UpdateRole"""

GRANTS: tuple[Grant, ...] = (
    Grant(
        EDGE,
        "ReadEdge",
        (
            *actions_of(
                "cloudfront",
                "ListCachePolicies ListDistributions ListOriginAccessControls ListResponseHeadersPolicies",
            ),
            *actions_of("wafv2", "ListIPSets ListWebACLs"),
        ),
        deployed.everything,
        "what there is",
    ),
    Grant(
        EDGE,
        "MakeDistribution",
        ("cloudfront:CreateDistribution", "cloudfront:TagResource"),
        on.named("cloudfront", "distribution/*", region=False),
        "with the environment's tags",
        on.new,
    ),
    Grant(
        EDGE,
        "Distribution",
        actions_of(
            "cloudfront",
            "AllowVendedLogDeliveryForResource DeleteDistribution GetDistribution ListTagsForResource TagResource "
            "UntagResource UpdateDistribution",
        ),
        on.named("cloudfront", "distribution/*", region=False),
        "what bears the tags",
        on.own,
    ),
    Grant(
        EDGE,
        "EdgePolicies",
        actions_of(
            "cloudfront",
            "CreateCachePolicy CreateOriginAccessControl CreateResponseHeadersPolicy DeleteCachePolicy "
            "DeleteOriginAccessControl DeleteResponseHeadersPolicy GetCachePolicy GetOriginAccessControl "
            "GetResponseHeadersPolicy UpdateCachePolicy UpdateOriginAccessControl UpdateResponseHeadersPolicy",
        ),
        on.named("cloudfront", "cache-policy/*", "origin-access-control/*", "response-headers-policy/*", region=False),
        "they have ids that AWS makes up, and no tags",
    ),
    Grant(
        EDGE,
        "Functions",
        actions_of(
            "cloudfront", "CreateFunction DeleteFunction DescribeFunction GetFunction PublishFunction UpdateFunction"
        ),
        on.named("cloudfront", "function/NAME-*", region=False),
        "the site's function",
    ),
    Grant(
        EDGE,
        "Firewall",
        actions_of(
            "wafv2",
            "AssociateWebACL CreateIPSet CreateWebACL DeleteIPSet DeleteLoggingConfiguration DeleteWebACL "
            "DisassociateWebACL GetIPSet GetLoggingConfiguration GetWebACL GetWebACLForResource ListResourcesForWebACL "
            "ListTagsForResource PutLoggingConfiguration TagResource UntagResource UpdateIPSet UpdateWebACL",
        ),
        on.named(
            "wafv2",
            "global/webacl/NAME-*/*",
            "global/ipset/NAME-*/*",
            "regional/webacl/NAME-*/*",
            "regional/ipset/NAME-*/*",
        ),
        "both doors' firewalls",
    ),
    Grant(
        EDGE,
        "FirewallOfLoadBalancer",
        actions_of("wafv2", "AssociateWebACL DisassociateWebACL GetWebACLForResource"),
        on.named("elasticloadbalancing", "loadbalancer/app/NAME/*"),
        "which one stands before it",
    ),
    Grant(
        IDENTITY,
        "Roles",
        actions_of("iam", _ROLE),
        on.named("iam", "role/NAME-*", region=False),
        "roles of the environment's name, of tasks and of GitHub Actions",
    ),
    Grant(IDENTITY, "ReadIdentity", ("iam:ListAccountAliases", "iam:ListRoles"), deployed.everything, "what there is"),
    Grant(
        IDENTITY,
        "PassTaskRoles",
        ("iam:PassRole",),
        deployed.task_roles,
        "hand tasks their roles",
        deployed.passed_to("ecs-tasks.amazonaws.com"),
    ),
    Grant(
        IDENTITY,
        "PassSchedulerRole",
        ("iam:PassRole",),
        deployed.scheduler_roles,
        "hand schedules theirs",
        deployed.passed_to("scheduler.amazonaws.com"),
    ),
    Grant(
        IDENTITY,
        "PassInfrastructureRole",
        ("iam:PassRole",),
        deployed.infrastructure_roles,
        "hand ECS the one with which it moves traffic",
        deployed.passed_to("ecs.amazonaws.com"),
    ),
    Grant(
        IDENTITY,
        "Provider",
        actions_of(
            "iam",
            "AddClientIDToOpenIDConnectProvider CreateOpenIDConnectProvider DeleteOpenIDConnectProvider "
            "GetOpenIDConnectProvider TagOpenIDConnectProvider",
        ),
        on.provider,
        "GitHub's identity provider",
    ),
    Grant(
        IDENTITY,
        "LinkedRoles",
        ("iam:CreateServiceLinkedRole",),
        on.linked_roles,
        "roles of AWS's own, which an account has once",
        on.linked(
            "autoscaling.amazonaws.com",
            "ecs.amazonaws.com",
            "ecs.application-autoscaling.amazonaws.com",
            "elasticloadbalancing.amazonaws.com",
            "replication.ecr.amazonaws.com",
            "wafv2.amazonaws.com",
        ),
    ),
    Grant(
        WATCH,
        "ReadLogs",
        actions_of(
            "logs",
            "CreateLogDelivery DeleteQueryDefinition DescribeDeliveries DescribeLogGroups DescribeQueryDefinitions "
            "DescribeResourcePolicies PutQueryDefinition PutResourcePolicy",
        ),
        deployed.everything,
        "what there is; AWS restricts queries and vended logs by no resource",
    ),
    Grant(
        WATCH,
        "Logs",
        actions_of(
            "logs",
            "AssociateKmsKey CreateLogGroup DeleteLogGroup DisassociateKmsKey ListTagsForResource ListTagsLogGroup "
            "PutRetentionPolicy TagLogGroup TagResource UntagLogGroup UntagResource",
        ),
        on.named("logs", "log-group:/NAME/*", "log-group:/ecs/NAME/*", "log-group:aws-waf-logs-NAME-*"),
        "log groups of the environment's name",
    ),
    Grant(
        WATCH,
        "Deliveries",
        actions_of(
            "logs",
            "CreateDelivery DeleteDelivery DeleteDeliveryDestination DeleteDeliverySource GetDeliveryDestination "
            "GetDeliverySource PutDeliveryDestination PutDeliverySource TagResource",
        ),
        on.named("logs", "delivery:*", "delivery-destination:NAME-*", "delivery-source:NAME-*"),
        "the distribution's access logs",
    ),
    Grant(
        WATCH,
        "LookAround",
        (
            "dynamodb:ListBackups",
            "ec2:DescribeInstanceTypes",
            "ec2:DescribeRegions",
            "ecs:ListClusters",
            "elasticloadbalancing:DescribeAccountLimits",
            "iam:SimulatePrincipalPolicy",
            "secretsmanager:ListSecrets",
            "servicequotas:GetAWSDefaultServiceQuota",
            "servicequotas:GetServiceQuota",
            "ssm:DescribeParameters",
            "tag:GetResources",
        ),
        deployed.everything,
        "what doctor.yml looks at, and destroy.yml lists; no value is read",
    ),
    Grant(WATCH, "ReadAlarms", ("cloudwatch:DescribeAlarms",), deployed.alarms, "what there is"),
    Grant(
        WATCH,
        "Alarms",
        actions_of("cloudwatch", "DeleteAlarms ListTagsForResource PutMetricAlarm TagResource UntagResource"),
        on.named("cloudwatch", "alarm:NAME-*"),
        "alarms of the environment's name",
    ),
    Grant(
        WATCH,
        "Dashboard",
        actions_of("cloudwatch", "DeleteDashboards GetDashboard PutDashboard"),
        on.named("cloudwatch", "dashboard/NAME", region=False),
        "the dashboard",
    ),
    Grant(
        WATCH,
        "Topic",
        actions_of(
            "sns",
            "CreateTopic DeleteTopic GetTopicAttributes ListSubscriptionsByTopic ListTagsForResource "
            "SetTopicAttributes Subscribe TagResource UntagResource",
        ),
        on.named("sns", "NAME-*"),
        "who hears alarms",
    ),
    Grant(
        WATCH,
        "MakeKey",
        ("kms:CreateKey", "kms:TagResource"),
        deployed.everything,
        "with the environment's tags; a key has no ARN before",
        on.new,
    ),
    Grant(
        WATCH,
        "Key",
        actions_of(
            "kms",
            "CancelKeyDeletion CreateAlias DescribeKey EnableKey EnableKeyRotation GetKeyPolicy GetKeyRotationStatus "
            "ListGrants ListKeyPolicies ListResourceTags PutKeyPolicy ScheduleKeyDeletion TagResource UntagResource "
            "UpdateKeyDescription",
        ),
        on.named("kms", "key/*"),
        "what bears the tags",
        on.own,
    ),
    Grant(
        WATCH,
        "KeyAlias",
        ("kms:CreateAlias", "kms:DeleteAlias"),
        on.named("kms", "alias/NAME-*"),
        "its name",
    ),
    Grant(WATCH, "ListKeys", ("kms:ListAliases",), deployed.everything, "what there is"),
)
