# SPDX-License-Identifier: GPL-3.0-or-later
"""What a distribution refers to must exist: functions (published), policies, access controls, web ACLs, free aliases.

moto takes any reference, so that a wrong id works here and fails on AWS. Sources: the errors of
https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateDistribution.html.
"""

from __future__ import annotations

from collections.abc import Iterator

from moto.acm.models import acm_backends
from moto.wafv2.models import wafv2_backends

from localcloud.mends.cloudfront.errors import CloudFrontError
from localcloud.mends.cloudfront.policies import KINDS, entities
from localcloud.mends.cloudfront.store import Config, Store, stores
from localcloud.settings import REGION

_EVENTS = ("viewer-request", "viewer-response")


def check(store: Store, config: Config, own_id: str | None) -> None:
    """Raise the error of the first reference that leads nowhere. own_id: of the distribution that is updated."""
    for behavior in behaviors(config):
        _check_policies(store, behavior)
        _check_functions(store, behavior)
    for origin in config["Origins"]["Items"]:
        control = origin.get("OriginAccessControlId")
        if control and control not in entities(store, "OriginAccessControlConfig"):
            raise CloudFrontError("InvalidOriginAccessControl", "The origin access control is not valid.")
    _check_web_acl(store, config["WebACLId"])
    _check_certificate(store, config["ViewerCertificate"].get("ACMCertificateArn") or "")
    _check_aliases(config, own_id)


def behaviors(config: Config) -> Iterator[Config]:
    """All cache behaviors."""
    yield config["DefaultCacheBehavior"]
    yield from config["CacheBehaviors"].get("Items") or ()


def _check_policies(store: Store, behavior: Config) -> None:
    for kind in KINDS:
        wanted = behavior.get(kind.reference)
        if wanted and wanted not in entities(store, kind.config):
            raise CloudFrontError(f"NoSuch{kind.name}", f"The {kind.words} does not exist.")


def _check_functions(store: Store, behavior: Config) -> None:
    items = behavior["FunctionAssociations"].get("Items") or []
    events = [item["EventType"] for item in items]
    if len(set(events)) != len(events) or set(events) - set(_EVENTS):
        raise CloudFrontError(
            "InvalidFunctionAssociation",
            "A CloudFront function can be associated once with viewer-request and once with viewer-response.",
        )
    for item in items:
        function = next((one for one in store.functions.values() if one.arn == item["FunctionARN"]), None)
        if function is None or function.live is None:
            raise CloudFrontError(
                "InvalidFunctionAssociation", "A function that is associated must exist and be published."
            )


def _check_web_acl(store: Store, web_acl: str) -> None:
    """A web ACL for CloudFront has scope CLOUDFRONT; the distribution names it by its ARN."""
    if web_acl and web_acl not in wafv2_backends[store.account_id]["global"].wacls:
        raise CloudFrontError(
            "InvalidWebACLId",
            "A web ACL ID specified is not valid. To specify a web ACL of AWS WAF's latest version, use its ARN.",
        )


def _check_certificate(store: Store, arn: str) -> None:
    """A certificate of ACM must be one of us-east-1, and issued (API_ViewerCertificate).

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html
    """
    if not arn:
        return
    certificates = acm_backends[store.account_id][REGION]._certificates  # noqa: SLF001 - the public way raises
    if arn in certificates:
        certificates[arn].check()  # moto issues it when somebody looks
    if arn not in certificates or certificates[arn].status != "ISSUED":
        raise CloudFrontError(
            "InvalidViewerCertificate",
            "The specified SSL certificate doesn't exist, isn't in us-east-1 region, isn't valid, or doesn't include a "
            "valid certificate chain.",
        )


def _check_aliases(config: Config, own_id: str | None) -> None:
    wanted = set(config["Aliases"].get("Items") or ())
    if wanted and config["ViewerCertificate"].get("CloudFrontDefaultCertificate"):
        raise CloudFrontError(
            "InvalidViewerCertificate",
            "To add an alternate domain name (CNAME) to a CloudFront distribution, you must attach a trusted "
            "certificate that validates your authorization to use the domain name.",
        )
    for other in stores():
        for distribution in other.distributions.values():
            if distribution.id != own_id and wanted & set(distribution.config["Aliases"].get("Items") or ()):
                raise CloudFrontError(
                    "CNAMEAlreadyExists",
                    "One or more of the CNAMEs you provided are already associated with a different resource.",
                )


def refuse_in_use(store: Store, code: str, words: str, *, member: str, value: str) -> None:
    """Refuse the deletion of what a distribution refers to; member: of a behavior, an origin, or a function."""
    for distribution in store.distributions.values():
        places = [*behaviors(distribution.config), *distribution.config["Origins"]["Items"]]
        functions = [
            item
            for behavior in behaviors(distribution.config)
            for item in behavior["FunctionAssociations"].get("Items") or ()
        ]
        if any(place.get(member) == value for place in (*places, *functions)):
            raise CloudFrontError(
                code, f"Cannot delete the {words} because it is attached to one or more cache behaviors or origins."
            )
