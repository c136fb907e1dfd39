# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Certificates and records of an environment's names, and what is wrong with the names. Pure: no I/O, no AWS.

The inputs are those of role tls_dns without their prefix.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Inputs = Mapping[str, Any]
Document = dict[str, Any]

#: CloudFront takes certificates of this region only.
FRONT_REGION = "us-east-1"
#: Hosted zone of every distribution (Route 53 API reference, AliasTarget).
FRONT_ZONE = "Z2FDTNDATAQYW2"
LABEL = r"[a-z0-9_](?:[a-z0-9-]{0,61}[a-z0-9])?"
NAME = re.compile(rf"(?:\*\.)?{LABEL}(?:\.{LABEL})+")
ARN = re.compile(r"arn:aws[a-z-]*:acm:([a-z0-9-]+):[0-9]{12}:certificate/[A-Za-z0-9-]+")
#: Names of one certificate, unless AWS has raised the quota (ACM quotas).
MOST_NAMES = 10
#: The main name is the certificate's common name, which takes no more (ACM API reference, RequestCertificate).
LONGEST_MAIN = 64
PARTS = ("alb", "site")


def problems(inputs: Inputs) -> list[str]:
    """All findings, one line each; empty when certificates and records can be made."""
    return [*_zone(inputs), *(line for part in PARTS for line in _part(inputs, part)), *_timeouts(inputs)]


def certificates(inputs: Inputs) -> list[Document]:
    """The certificates to request: none without a zone, and none for what has no names."""
    regions = {"alb": inputs["region"], "site": FRONT_REGION}
    return [
        {"part": part, "name": f"{inputs['name']}-{part}", "region": regions[part], "domains": names(inputs, part)}
        for part in PARTS
        if inputs["zone"] and inputs[f"{part}_domains"]
    ]


def aliases(inputs: Inputs) -> list[Document]:
    """The records that lead to load balancer and distribution, as slipway.ops.dns_records takes them.

    Without a target, when it is gone or in check mode not there yet, a record can still be known by whose it is.
    """
    if not inputs["zone"]:
        return []
    balancer = {"dns_name": inputs["alb_dns_name"], "zone_id": inputs["alb_zone_id"]}
    balancers = f"{inputs['alb_name']}-*.{inputs['region']}.elb.amazonaws.com"
    front = {"dns_name": inputs["distribution_domain_name"], "zone_id": FRONT_ZONE}
    # A name may move from one to the other.
    own = [balancers, f"dualstack.{balancers}", *([front["dns_name"]] if front["dns_name"] else [])]
    # A load balancer has addresses of IPv4 only, a distribution of both.
    made = [_alias(name, "A", balancer, own) for name in names(inputs, "alb")]
    made += [_alias(name, kind, front, own) for name in names(inputs, "site") for kind in ("A", "AAAA")]
    return made


def dropped(inputs: Inputs, purged: Sequence[Document], requested: Sequence[Document]) -> list[Document]:
    """Records of names that are no longer listed, and what proved them.

    purged, requested: results of slipway.ops.acm_certificate_request. The records may lead to load balancer or site.
    """
    listed = {name for part in PARTS for name in names(inputs, part)}
    gone = {name for each in purged for name in each.get("dropped_domains", [])} - listed
    needed = [record for each in requested for record in each.get("validation_records", [])]
    proofs = [record for each in purged for record in each.get("dropped_records", []) if record not in needed]
    return [*aliases({**inputs, "alb_domains": [], "site_domains": sorted(gone)}), *proofs]


def names(inputs: Inputs, part: str) -> list[str]:
    """The names of load balancer (alb) or distribution (site)."""
    return [_plain(name) for name in inputs[f"{part}_domains"]]


def _alias(name: str, kind: str, target: Document, own: list[str]) -> Document:
    return {"name": name, "type": kind, "alias": target, "replaces": own}


def _plain(name: Any) -> str:
    return str(name).strip().rstrip(".").lower()


def _zone(inputs: Inputs) -> Iterator[str]:
    zone = _plain(inputs["zone"])
    if zone and (not NAME.fullmatch(zone) or zone.startswith("*")):
        yield f"tls_dns_zone {inputs['zone']}: not the name of a zone, such as example.com"
    if not zone and inputs["zone_id"]:
        yield f"tls_dns_zone_id {inputs['zone_id']}: needs tls_dns_zone, the name of that zone"
    if zone and not (inputs["alb_domains"] or inputs["site_domains"]):
        yield f"tls_dns_zone {zone}: no name is in it; give tls_dns_alb_domains or tls_dns_site_domains, or no zone"
    both = set(names(inputs, "alb")) & set(names(inputs, "site"))
    if both:
        yield f"tls_dns_site_domains {', '.join(sorted(both))}: a name of the load balancer already"


def _part(inputs: Inputs, part: str) -> Iterator[str]:
    found, own = names(inputs, part), inputs[f"{part}_certificate_arn"]
    setting = f"tls_dns_{part}_domains"
    if own:
        yield from _given_certificate(inputs, part, own)
    elif found and not inputs["zone"]:
        yield f"{setting} {', '.join(found)}: need tls_dns_zone, or tls_dns_{part}_certificate_arn of one's own"
    for name in found:
        yield from (f"{setting} {name}: {problem}" for problem in _name(inputs, name))
    if len(found) != len(set(found)):
        yield f"{setting}: a name is there twice"
    if len(found) > MOST_NAMES:
        yield f"{setting}: at most {MOST_NAMES} names, got {len(found)}"
    if found and len(found[0]) > LONGEST_MAIN:
        yield f"{setting} {found[0]}: the first name has at most {LONGEST_MAIN} characters"


def _name(inputs: Inputs, name: str) -> Iterator[str]:
    if not NAME.fullmatch(name) or len(name) > 253:
        yield "not a host name; one with other than ASCII letters is written in its form with xn--"
        return
    zone = _plain(inputs["zone"])
    if zone and name != zone and not name.endswith(f".{zone}"):
        yield f"not in zone {zone}"


def _given_certificate(inputs: Inputs, part: str, arn: str) -> Iterator[str]:
    region = FRONT_REGION if part == "site" else inputs["region"]
    match = ARN.fullmatch(str(arn))
    if match is None or match[1] != region:
        yield f"tls_dns_{part}_certificate_arn {arn}: not the ARN of a certificate of ACM in {region}"
    if inputs["zone"] and inputs[f"{part}_domains"]:
        yield f"tls_dns_{part}_certificate_arn {arn}: one is requested for tls_dns_{part}_domains; give either"
    if part == "site" and not inputs["site_domains"]:
        yield f"tls_dns_site_certificate_arn {arn}: serves no name; give tls_dns_site_domains"


def _timeouts(inputs: Inputs) -> Iterator[str]:
    seconds = str(inputs["wait_timeout"])
    if not seconds.isdigit() or not 1 <= int(seconds) <= 259200:
        yield f"tls_dns_wait_timeout {seconds}: 1 to 259200 seconds, the 72 hours after which ACM gives up"
