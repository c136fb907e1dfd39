# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudFront, WAF and certificates: which call asks what. See asking.py."""

from __future__ import annotations

from collections.abc import Iterator

from localcloud.iam.asking import Call, Context, Row, asking, on, rows, tag_keys
from localcloud.iam.language import Question

_FRONT = "arn:aws:cloudfront::{A}:"
_IN_DISTRIBUTION = f"{_FRONT}distribution/{{DistributionId}}"


def _own(kind: str, noun: str) -> dict[str, Row | None]:
    """What CloudFront gives an id to: reading, its configuration, changing, deleting."""
    whole, config = on(f"{_FRONT}{kind}/{{Id}}"), f"Get{noun}Config"
    created = rows("cloudfront", f"Create{noun}", on(f"{_FRONT}{kind}/*"))
    return created | rows("cloudfront", f"Get{noun} {config} Update{noun} Delete{noun}", whole)


def _tagged_distribution(call: Call) -> Iterator[Question]:
    yield Question("cloudfront:TagResource", f"arn:aws:cloudfront::{call.account}:distribution/*", tag_keys(call))


def _firewall(call: Call) -> Iterator[Question]:
    """A web ACL or an IP set, whose scope is part of its ARN and whose id only AWS knows when it is made."""
    kind = "ipset" if "IPSet" in call.operation else "webacl"
    scope = "global" if call.get("Scope") == "CLOUDFRONT" else "regional"
    arn = f"arn:aws:wafv2:{call.region}:{call.account}:{scope}/{kind}/{call.get('Name')}/{call.get('Id') or '*'}"
    context: Context = tag_keys(call)
    yield Question(f"wafv2:{call.operation}", arn, context)
    if context and call.operation.startswith("Create"):
        yield Question("wafv2:TagResource", arn, context)


def _associate(call: Call) -> Iterator[Question]:
    """Both sides: https://docs.aws.amazon.com/waf/latest/developerguide/security_iam_service-with-iam.html"""
    for name in ("WebACLArn", "ResourceArn"):
        if arn := call.get(name):
            yield Question(f"wafv2:{call.operation}", arn)
    if ":loadbalancer/" in str(call.get("ResourceArn")):
        yield Question("elasticloadbalancing:SetWebACL", str(call.get("ResourceArn")))


def _acl_of(call: Call) -> Iterator[Question]:
    yield Question("wafv2:GetWebACLForResource", str(call.get("ResourceArn")))
    yield Question("elasticloadbalancing:GetLoadBalancerWebACL", str(call.get("ResourceArn")))


def _logged(call: Call) -> Iterator[Question]:  # noqa: ARG001
    """To a log group: https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html"""
    for name in ("CreateLogDelivery", "PutResourcePolicy", "DescribeResourcePolicies"):
        yield Question(f"logs:{name}", "*")


TABLE: dict[str, Row | None] = {
    **rows(
        "cloudfront",
        "ListDistributions ListCachePolicies ListFunctions ListOriginAccessControls ListOriginRequestPolicies "
        "ListResponseHeadersPolicies",
        on(),
    ),
    **_own("distribution", "Distribution"),
    **_own("cache-policy", "CachePolicy"),
    **_own("response-headers-policy", "ResponseHeadersPolicy"),
    **_own("origin-access-control", "OriginAccessControl"),
    **rows(
        "cloudfront",
        "CreateDistributionWithTags",
        on(f"{_FRONT}distribution/*", action="CreateDistribution", also=_tagged_distribution),
    ),
    **rows("cloudfront", "CreateInvalidation ListInvalidations GetInvalidation", on(_IN_DISTRIBUTION)),
    **rows("cloudfront", "ListTagsForResource TagResource UntagResource", on("{Resource}")),
    **rows(
        "cloudfront",
        "CreateFunction DescribeFunction GetFunction UpdateFunction PublishFunction DeleteFunction TestFunction",
        on(f"{_FRONT}function/{{Name}}"),
    ),
    **rows("wafv2", "ListWebACLs ListIPSets", on()),
    **rows(
        "wafv2",
        "CreateWebACL GetWebACL UpdateWebACL DeleteWebACL CreateIPSet GetIPSet UpdateIPSet DeleteIPSet",
        asking(_firewall),
    ),
    **rows("wafv2", "GetWebACLForResource", asking(_acl_of)),
    **rows("wafv2", "AssociateWebACL DisassociateWebACL", asking(_associate)),
    **rows("wafv2", "PutLoggingConfiguration", on("{LoggingConfiguration.ResourceArn}", also=_logged)),
    **rows("wafv2", "GetLoggingConfiguration DeleteLoggingConfiguration", on("{ResourceArn}")),
    **rows("wafv2", "ListResourcesForWebACL", on("{WebACLArn}")),
    **rows("wafv2", "ListTagsForResource TagResource UntagResource", on("{ResourceARN}")),
    **rows("acm", "ListCertificates", on()),
    **rows("acm", "DescribeCertificate", on("{CertificateArn}")),
}
