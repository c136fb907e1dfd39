# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS's managed rule groups, approximated: those of their rules that a line of pattern can stand for. Pure.

What the rules are about is published, how they decide is not:
https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html. Groups that are not here
(reputation and anonymity lists, operating systems, PHP, WordPress) match nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import unquote_plus

from localcloud.edge.cache_key import Parts

type Test = Callable[[Parts], bool]

XSS = re.compile(r"<\s*script|javascript\s*:|\bon(?:error|load)\s*=", re.I)
SQLI = re.compile(r"\bunion\b.{0,40}\bselect\b|'\s*or\s+'?\d+'?\s*=\s*'?\d+|;\s*drop\s+table\b|\bsleep\s*\(\s*\d", re.I)
_TRAVERSAL = re.compile(r"(?:^|[/\\=])\.\.[/\\]")
_REMOTE_FILE = re.compile(r"=(?:https?|ftp)://\d{1,3}(?:\.\d{1,3}){3}")
_EXTENSIONS = re.compile(r"\.(?:log|ini|bak|conf|cfg|backup|config|sys)$", re.I)
_LOG4J = re.compile(r"\$\{\s*(?:jndi|lower|upper|env)\s*:", re.I)
_BOTS = re.compile(r"nessus|nmap|nikto|sqlmap|masscan", re.I)
_DESERIALIZATION = re.compile(r"\brO0AB|java\.lang\.Runtime", re.I)
_EXPLOITABLE = re.compile(r"/web-inf/|/\.git/|/\.env$|/actuator/gateway", re.I)
_METADATA = "169.254.169.254"


def _query(parts: Parts) -> str:
    return unquote_plus(parts.query)


def _path(parts: Parts) -> str:
    return unquote_plus(parts.path)


def _cookie(parts: Parts) -> str:
    return "; ".join(f"{name}={value}" for name, value in parts.cookies)


GROUPS: Mapping[str, Mapping[str, Test]] = {
    "AWSManagedRulesCommonRuleSet": {
        "NoUserAgent_HEADER": lambda parts: not parts.headers.get("user-agent"),
        "UserAgent_BadBots_HEADER": lambda parts: bool(_BOTS.search(parts.headers.get("user-agent", ""))),
        "SizeRestrictions_QUERYSTRING": lambda parts: len(parts.query) > 2048,
        "SizeRestrictions_Cookie_HEADER": lambda parts: len(_cookie(parts)) > 10240,
        "SizeRestrictions_URIPATH": lambda parts: len(parts.path) > 1024,
        "EC2MetaDataSSRF_QUERYARGUMENTS": lambda parts: _METADATA in _query(parts),
        "GenericLFI_QUERYARGUMENTS": lambda parts: bool(_TRAVERSAL.search(_query(parts))),
        "GenericLFI_URIPATH": lambda parts: bool(_TRAVERSAL.search(_path(parts))),
        "RestrictedExtensions_URIPATH": lambda parts: bool(_EXTENSIONS.search(_path(parts))),
        "GenericRFI_QUERYARGUMENTS": lambda parts: bool(_REMOTE_FILE.search(f"={_query(parts)}")),
        "CrossSiteScripting_COOKIE": lambda parts: bool(XSS.search(_cookie(parts))),
        "CrossSiteScripting_QUERYARGUMENTS": lambda parts: bool(XSS.search(_query(parts))),
        "CrossSiteScripting_URIPATH": lambda parts: bool(XSS.search(_path(parts))),
    },
    "AWSManagedRulesKnownBadInputsRuleSet": {
        "JavaDeserializationRCE_QUERYSTRING": lambda parts: bool(_DESERIALIZATION.search(_query(parts))),
        "Host_localhost_HEADER": lambda parts: parts.headers.get("host", "").partition(":")[0] == "localhost",
        "PROPFIND_METHOD": lambda parts: parts.method == "PROPFIND",
        "ExploitablePaths_URIPATH": lambda parts: bool(_EXPLOITABLE.search(_path(parts))),
        "Log4JRCE_HEADER": lambda parts: any(_LOG4J.search(value) for value in parts.headers.values()),
        "Log4JRCE_QUERYSTRING": lambda parts: bool(_LOG4J.search(_query(parts))),
        "Log4JRCE_URIPATH": lambda parts: bool(_LOG4J.search(_path(parts))),
    },
    "AWSManagedRulesSQLiRuleSet": {
        "SQLi_QUERYARGUMENTS": lambda parts: bool(SQLI.search(_query(parts))),
        "SQLi_COOKIE": lambda parts: bool(SQLI.search(_cookie(parts))),
    },
    "AWSManagedRulesAdminProtectionRuleSet": {
        "AdminProtection_URIPATH": lambda parts: bool(
            re.search(r"/(?:admin|sqlmanager|phpmyadmin)\b", _path(parts), re.I)
        ),
    },
}
