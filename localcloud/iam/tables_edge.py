# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudFront, WAF and certificates: which call asks what. See asking.py."""

from __future__ import annotations

from localcloud.iam.asking import Row, on, rows

_FRONT = "arn:aws:cloudfront::{A}:"


def _own(kind: str, noun: str) -> dict[str, Row | None]:
    """Get, its configuration, Update and Delete of what has an id."""
    shape = on(f"{_FRONT}{kind}/{{Id}}")
    table = rows("cloudfront", f"Get{noun} Update{noun} Delete{noun}", shape)
    return table | rows("cloudfront", f"Get{noun}Config", on(f"{_FRONT}{kind}/{{Id}}", action=f"Get{noun}Config"))


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
    **rows("cloudfront", "CreateDistribution CreateDistributionWithTags", on(f"{_FRONT}distribution/*")),
    **rows("cloudfront", "CreateInvalidation ListInvalidations", on(f"{_FRONT}distribution/{{DistributionId}}")),
    **rows("cloudfront", "GetInvalidation", on(f"{_FRONT}distribution/{{DistributionId}}")),
    **rows("cloudfront", "ListTagsForResource TagResource UntagResource", on("{Resource}")),
    **rows(
        "cloudfront", "DescribeFunction GetFunction UpdateFunction PublishFunction", on(f"{_FRONT}function/{{Name}}")
    ),
    **rows("wafv2", "ListWebACLs ListIPSets", on()),
    **rows("wafv2", "AssociateWebACL DisassociateWebACL GetWebACLForResource", on("{ResourceArn}")),
    **rows("acm", "ListCertificates", on()),
    **rows("acm", "DescribeCertificate", on("{CertificateArn}")),
}
