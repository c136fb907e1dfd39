# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What becomes of the certificates of one name: which one serves, what is requested, what is no longer needed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

REQUEST = "request"
DELETE = "delete"
ISSUED = "ISSUED"
PENDING = "PENDING_VALIDATION"

# What ACM says why it gave up, and what helps (ACM user guide, "Troubleshoot certificate requests").
_REMEDIES = {
    "ADDITIONAL_VERIFICATION_REQUIRED": "AWS Support has to verify the domain first: open a case",
    "CAA_ERROR": "a CAA record of the domain forbids Amazon: add amazon.com to it",
    "DOMAIN_NOT_ALLOWED": "the domain is on a list of unsafe domains: ask AWS Support",
    "DOMAIN_VALIDATION_DENIED": "the owner of the domain refused it",
    "INVALID_PUBLIC_DOMAIN": "no public suffix has this domain: it has to be one that is registered",
    "TOO_MANY_DOMAINS": "the quota of names in a certificate is used up: ask for more, or name fewer",
}
_TIMED_OUT = "ACM found no validation record for 72 hours: has the zone's parent its name servers?"


@dataclass(frozen=True)
class Certificate:
    """One that was requested under the name. requested: Unix seconds. records: what proves the domains, for DNS."""

    arn: str
    domains: tuple[str, ...]
    status: str
    in_use: bool
    requested: float
    records: tuple[tuple[str, str], ...] = ()
    reason: str = ""

    @property
    def may_serve(self) -> bool:
        """Whether it is issued, or may come to be."""
        return self.status in (ISSUED, PENDING)


@dataclass(frozen=True)
class Plan:
    """use: the certificate that is meant, None while there is none. superseded: not needed, and used by nothing."""

    use: Certificate | None
    steps: tuple[tuple[str, str], ...]
    superseded: tuple[Certificate, ...]

    @property
    def changed(self) -> bool:
        """Whether anything is to do."""
        return bool(self.steps)


def plan_present(found: Iterable[Certificate], domains: Sequence[str], purge: bool) -> Plan:
    """One certificate for exactly these domains, the first of which is its name.

    A certificate's names cannot be changed, so that other names are another certificate; the one before stays until
    nothing uses it any more.
    """
    known = sorted(found, key=lambda each: (each.status == ISSUED, each.requested), reverse=True)
    fitting = [each for each in known if each.may_serve and _same(each.domains, domains)]
    use = fitting[0] if fitting else None
    superseded = tuple(each for each in known if each is not use and not each.in_use)
    deletes = tuple((DELETE, each.arn) for each in superseded) if purge else ()
    return Plan(use, ((() if use else ((REQUEST, domains[0]),)) + deletes), superseded)


def dropped(plan: Plan, domains: Iterable[str]) -> tuple[list[str], list[tuple[str, str]]]:
    """Names and records that only certificates had which are not needed any more."""
    before = plan.superseded
    kept = set(plan.use.records) if plan.use else set()
    names = {name for each in before for name in each.domains} - set(domains)
    return sorted(names), sorted({record for each in before for record in each.records} - kept)


def plan_absent(found: Iterable[Certificate]) -> Plan:
    """None of them. One that is in use cannot be deleted, which blocked_by tells before the first deletion."""
    known = tuple(sorted(found, key=lambda each: each.arn))
    return Plan(None, tuple((DELETE, each.arn) for each in known), known)


def blocked_by(plan: Plan) -> list[str]:
    """ARNs that shall be deleted and are in use."""
    doomed = {arn for action, arn in plan.steps if action == DELETE}
    return [each.arn for each in plan.superseded if each.in_use and each.arn in doomed]


def normalized(domains: Iterable[str]) -> tuple[str, ...]:
    """As ACM compares them: lower case, no dot at the end."""
    return tuple(domain.strip().rstrip(".").lower() for domain in domains)


def with_records(certificate: Certificate) -> bool:
    """Whether ACM has told the records of all its domains, which it does some seconds after the request."""
    return not certificate.may_serve or len(certificate.records) >= len(_proven_by(certificate.domains))


def remedy(certificate: Certificate) -> str:
    """Why ACM did not issue it, and what helps."""
    if certificate.status == "VALIDATION_TIMED_OUT":
        return _TIMED_OUT
    if certificate.reason:
        return f"{certificate.reason}: {_REMEDIES.get(certificate.reason, 'see the ACM user guide, Troubleshooting')}"
    return f"its status is {certificate.status}"


def shown(certificate: Certificate | None) -> dict[str, Any]:
    """As diff mode shows it."""
    return {} if certificate is None else {"domains": list(certificate.domains)}


def _same(one: Sequence[str], other: Sequence[str]) -> bool:
    return one[:1] == tuple(other[:1]) and set(one) == set(other)


def _proven_by(domains: Iterable[str]) -> set[str]:
    """A wildcard and the domain that it is of are proven by the same record."""
    return {domain.removeprefix("*.") for domain in domains}
