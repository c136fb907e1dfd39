# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with the inputs of role cloudfront_site beyond their types, before anything is created. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import Any

from ..promotion.sharing_plan import reader_problems
from .site_documents_plan import YEAR
from .site_firewall_plan import MANAGED_GROUPS

Inputs = Mapping[str, Any]

NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,47}")
"""A function's name has 64 characters (CreateFunction), and ours is a suffix longer."""
BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
DOMAIN = re.compile(r"(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
CERTIFICATE = re.compile(r"arn:aws:acm:us-east-1:[0-9]{12}:certificate/[a-z0-9-]+")
KEY = re.compile(r"arn:aws:kms:(?P<region>[a-z0-9-]+):[0-9]{12}:key/[A-Za-z0-9-]+")
PATTERN = re.compile(r"/[A-Za-z0-9_\-.*$/~\"'@:+&?]{1,254}")
"""PathPattern of the Amazon CloudFront API reference (CacheBehavior)."""
HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
COUNTRY = re.compile(r"[A-Z]{2}")
PRINTABLE = re.compile(r"[\x20-\x7e]+")

CSP_LENGTH = 1783
"""Quota of CloudFront: the length of a Content-Security-Policy in a response headers policy."""
HSTS_LENGTH = 2**31 - 1
RATE = (10, 2_000_000_000)
"""RateBasedStatement of the AWS WAF API reference."""
OWN_PATTERNS = ("/assets/*", "/config.json", "/*")
API_PATHS = 20


def site_problems(site: Inputs) -> tuple[str, ...]:
    """All that is wrong, one line a finding; empty when the site can be built.

    Args:
        site: the role's inputs without their prefix.
    """
    return (
        *_names(site),
        *_domains(site),
        *_headers(site),
        *_api(site),
        *_firewall(site),
        *_sources(site),
        *_keys(site),
        *(f"cloudfront_site_readers: {text}" for text in reader_problems(site["readers"])),
        *_numbers(site),
    )


def _line(name: str, value: object, rule: str) -> str:
    return f"cloudfront_site_{name} {value}: {rule}"


def _names(site: Inputs) -> Iterator[str]:
    if not NAME.fullmatch(site["name"]):
        yield _line("name", site["name"], "1 to 48 letters, digits and hyphens, a letter first")
    if not re.fullmatch(r"[0-9]{12}", str(site["account_id"])):
        yield _line("account_id", site["account_id"], "twelve digits")
    for name in ("bucket", "log_bucket"):
        if not BUCKET.fullmatch(site[name]):
            yield _line(name, site[name], "3 to 63 lower-case letters, digits and hyphens")
    if site["bucket"] == site["log_bucket"]:
        yield _line("log_bucket", site["log_bucket"], "a bucket of its own, or logs would be among what is served")


def _domains(site: Inputs) -> Iterator[str]:
    certificate = site["certificate_arn"]
    for domain in site["domains"]:
        if not DOMAIN.fullmatch(domain):
            yield _line("domains", domain, "a lower-case domain name without scheme and path, such as www.example.com")
    if site["domains"] and not certificate:
        yield _line("domains", ", ".join(site["domains"]), "need cloudfront_site_certificate_arn")
    if certificate and not site["domains"]:
        yield _line("certificate_arn", certificate, "serves no domain; give cloudfront_site_domains")
    if certificate and not CERTIFICATE.fullmatch(certificate):
        yield _line(
            "certificate_arn",
            certificate,
            "CloudFront takes certificates of ACM in us-east-1 only: arn:aws:acm:us-east-1:ACCOUNT:certificate/ID",
        )


def _headers(site: Inputs) -> Iterator[str]:
    csp = site["csp"].strip()
    if len(csp) > CSP_LENGTH:
        yield _line("csp", f"of {len(csp)} characters", f"CloudFront takes up to {CSP_LENGTH}")
    for name in ("csp", "permissions_policy"):
        if not PRINTABLE.fullmatch(site[name].strip()):
            yield _line(name, repr(site[name]), "one line of printable ASCII")
    age = int(site["hsts_max_age"])
    if not 0 <= age <= HSTS_LENGTH:
        yield _line("hsts_max_age", age, f"0 to {HSTS_LENGTH} seconds")
    if site["hsts_preload"] and age < YEAR:
        yield _line("hsts_max_age", age, f"browsers preload what holds for a year, {YEAR} or more")


def _api(site: Inputs) -> Iterator[str]:
    for path in site["api_paths"]:
        if not PATTERN.fullmatch(path):
            yield _line("api_paths", path, "a path pattern such as /api/*")
        elif path in OWN_PATTERNS:
            yield _line("api_paths", path, "is the site's own")
    if len(site["api_paths"]) > API_PATHS:
        yield _line("api_paths", f"of {len(site['api_paths'])}", f"up to {API_PATHS}")
    domain = site["api_domain"]
    if domain and not DOMAIN.fullmatch(domain):
        yield _line("api_domain", domain, "a lower-case domain name without scheme and path")
    if domain.endswith(".elb.amazonaws.com"):
        yield _line("api_domain", domain, "a name that the load balancer's certificate bears, which this never is")


def _firewall(site: Inputs) -> Iterator[str]:
    rate = int(site["waf_rate_limit"])
    if not RATE[0] <= rate <= RATE[1]:
        yield _line("waf_rate_limit", rate, f"{RATE[0]} to {RATE[1]} requests in five minutes")
    for group, rules in site["waf_count_rules"].items():
        if group not in MANAGED_GROUPS:
            yield _line("waf_count_rules", group, f"one of {', '.join(MANAGED_GROUPS)}")
        elif isinstance(rules, str) or not isinstance(rules, Sequence):
            yield _line("waf_count_rules", group, "takes a list of names of rules")
    for header in site["waf_redacted_headers"]:
        if not HEADER.fullmatch(header):
            yield _line("waf_redacted_headers", header, "a header's name")


def _sources(site: Inputs) -> Iterator[str]:
    for purpose in ("allow", "block"):
        for cidr in site[f"waf_{purpose}_cidrs"]:
            if problem := _cidr_problem(cidr):
                yield _line(f"waf_{purpose}_cidrs", cidr, problem)
        for country in site[f"waf_{purpose}_countries"]:
            if not COUNTRY.fullmatch(country):
                yield _line(f"waf_{purpose}_countries", country, "two capital letters of ISO 3166, such as CH")
    if site["waf_allow_countries"] and site["waf_block_countries"]:
        yield "cloudfront_site_waf_allow_countries and cloudfront_site_waf_block_countries: give one or the other"


def _cidr_problem(cidr: str) -> str:
    try:
        network = ip_network(cidr)
    except ValueError as error:
        return f"not a network such as 198.51.100.0/24 or 2001:db8::/32 ({error})"
    # "all IPv4 and IPv6 CIDR ranges except for /0" (AWS WAF API reference, IPSet).
    return "AWS WAF takes no /0" if network.prefixlen == 0 else ""


def _keys(site: Inputs) -> Iterator[str]:
    for name in ("kms_key_arn", "waf_log_kms_key_arn"):
        match = KEY.fullmatch(site[name])
        if site[name] and not match:
            yield _line(name, site[name], "a key's ARN such as arn:aws:kms:REGION:ACCOUNT:key/ID")
        if name == "waf_log_kms_key_arn" and match and match["region"] != "us-east-1":
            yield _line(name, site[name], "a key in us-east-1, where the firewall of CloudFront logs")


def _numbers(site: Inputs) -> Iterator[str]:
    for name, unit in (("noncurrent_days", "day"), ("log_retention_days", "day"), ("wait_timeout", "second")):
        if int(site[name]) < 1:
            yield _line(name, site[name], f"1 {unit} or more")
