# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificate Manager: a domain is proven by its record in DNS, and a certificate in use stays.

Sources: https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html and the ACM API reference.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from moto.acm.models import AWSCertificateManagerBackend, CertBundle
from moto.core.exceptions import AWSError
from moto.elbv2.models import elbv2_backends
from moto.route53.models import route53_backends

from localcloud.mends.cloudfront.store import stores
from localcloud.mends.patch import wrap

_PENDING = "PENDING_VALIDATION"


class ResourceInUseError(AWSError):  # type: ignore[misc]
    """A load balancer or a distribution has the certificate."""

    TYPE = "ResourceInUseException"


def install() -> None:
    """Put the mends in place."""
    wrap(CertBundle, "check", _check)
    wrap(CertBundle, "describe", _describe)
    wrap(AWSCertificateManagerBackend, "delete_certificate", _delete)


def _check(original: Any, self: CertBundle) -> None:
    """A requested certificate is issued once DNS has the records of all its domains, and never without; moto waits.

    All accounts are one DNS here, as on the internet, in which every hosted zone is found, whoever its parent is.
    """
    if self.status != _PENDING:
        original(self)
    elif {(name, value) for _, name, value in _proofs(self)} <= set(_cnames()):
        self.status = "ISSUED"


def _describe(original: Any, self: CertBundle) -> dict[str, Any]:
    """Each domain has a record of its own, told some seconds after the request: here from the second look on.

    The record is the same for all certificates of one account (DNS validation), and a wildcard has that of its
    domain. What uses the certificate is told by ARN.
    """
    answer: dict[str, Any] = original(self)
    found = answer["Certificate"]
    found["InUseBy"] = sorted(_users(self.arn))
    if self.type != "AMAZON_ISSUED":
        return answer
    looked = getattr(self, "looked_at", False)
    self.looked_at = True
    options = []
    for domain, name, value in _proofs(self):
        record = {"ResourceRecord": {"Name": name, "Type": "CNAME", "Value": value}} if looked else {}
        status = {"ISSUED": "SUCCESS", _PENDING: _PENDING}.get(self.status, "FAILED")
        options.append(
            {"DomainName": domain, "ValidationDomain": domain, "ValidationStatus": status, "ValidationMethod": "DNS"}
            | record
        )
    found["DomainValidationOptions"] = options
    if self.status != "ISSUED":
        found.pop("IssuedAt", None)
    return answer


def _delete(original: Any, self: AWSCertificateManagerBackend, arn: str) -> None:
    """DeleteCertificate refuses one that is in use; moto takes it from under the load balancer."""
    if users := sorted(_users(arn)):
        raise ResourceInUseError(f"Certificate {arn} in account {self.account_id} is in use by {', '.join(users)}.")
    original(self, arn)


def _proofs(bundle: CertBundle) -> Iterator[tuple[str, str, str]]:
    """(domain, name of its record, value of its record)"""
    account = bundle.arn.split(":")[4]
    for domain in sorted({bundle.common_name, *bundle.sans}):
        proven = domain.removeprefix("*.")
        token = hashlib.sha256(f"{account} {proven}".encode()).hexdigest()
        yield domain, f"_{token[:32]}.{proven}.", f"_{token[32:]}.acm-validations.aws."


def _cnames() -> Iterator[tuple[str, str]]:
    for partitions in list(route53_backends.values()):
        zones = partitions["aws"].zones.values()
        for record in (record for zone in zones if not zone.private_zone for record in zone.rrsets):
            if record.type == "CNAME":
                yield from ((record.name.lower(), str(value).rstrip(".") + ".") for value in record.records)


def _users(arn: str) -> Iterator[str]:
    _, _, _, region, account, _ = arn.split(":", 5)
    for balancer in elbv2_backends[account][region].load_balancers.values():
        if any(arn in (listener.certificate, *listener.certificates) for listener in balancer.listeners.values()):
            yield balancer.arn
    for store in stores():
        for distribution in store.distributions.values():
            if distribution.config["ViewerCertificate"].get("ACMCertificateArn") == arn:
                yield distribution.arn
