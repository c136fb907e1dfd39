# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Are certificates valid for what they are for, and do names lead anywhere: rows. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .row_plan import FAILURE, OK, WARNING, Row, Unread, unread

DAY = 86400.0
# ACM renews 60 days before the end (ACM user guide, "Managed certificate renewal"): what ends within 30 days was not.
_SOON = 30 * DAY


@dataclass(frozen=True)
class Certificate:
    """A certificate of ACM. ends: seconds since 1970, None while it is not issued. renewal: "" if there is none."""

    arn: str
    status: str
    names: tuple[str, ...]
    ends: float | None
    renewal: str = ""


@dataclass(frozen=True)
class Purpose:
    """What a certificate is for: the load balancer or the site, and the names that visitors come by.

    arn: empty for one that role tls_dns requests, which is known by the first of its names. region: where it is then.
    """

    label: str
    arn: str
    names: tuple[str, ...] = ()
    region: str = ""


def certificate_rows(pairs: Sequence[tuple[Purpose, Certificate | Unread | None]], now: float) -> list[Row]:
    """One row a certificate of the inventory. None: ACM has no such certificate."""
    if not pairs:
        return [Row("certificates", OK, "the inventory names none, and no domain")]
    return [_certificate_row(purpose, found, now) for purpose, found in pairs]


def _certificate_row(purpose: Purpose, found: Certificate | Unread | None, now: float) -> Row:
    check = f"certificate: {purpose.label}"
    if isinstance(found, Unread):
        return unread(check, found, "acm:DescribeCertificate")
    if found is None and not purpose.arn:
        return Row(check, OK, f"there is none for {purpose.names[0]} yet; site.yml requests it")
    if found is None:
        return Row(check, FAILURE, f"{purpose.arn} does not exist", "request it anew and name it in the inventory")
    uncovered = [name for name in purpose.names if not any(covers(own, name) for own in found.names)]
    if found.status != "ISSUED" or found.ends is None:
        remedy = "make its validation records (aws acm describe-certificate shows them), then wait until it is issued"
        return Row(check, FAILURE, f"{found.arn} is {found.status}", remedy)
    if found.ends <= now:
        remedy = "request it anew and name it in the inventory, then run site.yml"
        return Row(check, FAILURE, f"{found.arn} has expired", remedy)
    if uncovered:
        remedy = "request one for all names, name it in the inventory, then run site.yml"
        return Row(check, FAILURE, f"{found.arn} is not for {', '.join(uncovered)}", remedy)
    return _end_row(check, found, (found.ends - now) / DAY)


def _end_row(check: str, found: Certificate, days: float) -> Row:
    said = f"valid for {days:.0f} more days"
    if days * DAY < _SOON:
        renewal = f" (renewal: {found.renewal})" if found.renewal else ""
        remedy = f"see why ACM has not renewed it: aws acm describe-certificate --certificate-arn {found.arn}"
        return Row(check, WARNING, f"{said}{renewal}", remedy)
    return Row(check, OK, said)


def covers(pattern: str, name: str) -> bool:
    """Whether a certificate's name is for a host: letter by letter, or *. for exactly one label."""
    pattern, name = pattern.lower().rstrip("."), name.lower().rstrip(".")
    if not pattern.startswith("*."):
        return pattern == name
    label, _dot, rest = name.partition(".")
    return bool(label) and label != "*" and rest == pattern[2:]


def zone_rows(zone: str, private: Sequence[bool] | Unread) -> list[Row]:
    """Is there a public hosted zone? private: of each zone of that name, whether it is. No row without a name."""
    if not zone:
        return []
    if isinstance(private, Unread):
        return [unread("DNS zone", private, "route53:ListHostedZonesByName")]
    public = sum(not each for each in private)
    if public == 1:
        return [Row("DNS zone", OK, f"{zone} is here, and public")]
    if public:
        remedy = "say which in tls_dns_zone_id (aws route53 list-hosted-zones-by-name)"
        return [Row("DNS zone", WARNING, f"the account has {public} public zones {zone}", remedy)]
    remedy = f"aws route53 create-hosted-zone --name {zone} --caller-reference 1, and delegate it to its name servers"
    return [Row("DNS zone", FAILURE, f"the account has no public hosted zone {zone}", remedy)]


def name_rows(addresses: Mapping[str, Sequence[str] | Unread]) -> list[Row]:
    """One row for all names that lead somewhere, and one each for those that do not."""
    if not addresses:
        return [Row("DNS", OK, "the inventory names no host")]
    lost = {name: found for name, found in addresses.items() if isinstance(found, Unread)}
    rows = [_lost_row(name, found) for name, found in lost.items()]
    known = [name for name in addresses if name not in lost]
    return [*rows, *([Row("DNS", OK, f"{', '.join(known)} resolved")] if known else [])]


def _lost_row(name: str, found: Unread) -> Row:
    remedy = f"make the record of {name}, or mend the name in the inventory; deployments ask by it who answers"
    return Row(f"DNS: {name}", WARNING, f"not resolved from this machine: {found.why}", remedy)
