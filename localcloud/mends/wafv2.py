# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS WAF: errors and answers as AWS has them, rules that can be taken away, managed rule groups that can be listed.

Source: https://docs.aws.amazon.com/waf/latest/APIReference/ and, for the managed groups and their capacities,
https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html.
"""

from __future__ import annotations

import ipaddress
import json
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.wafv2 import exceptions, models
from moto.wafv2.models import FakeIPSet, FakeLoggingConfiguration, FakeRule, FakeWebACL, WAFV2Backend
from moto.wafv2.responses import WAFV2Response

from localcloud.mends.cloudfront.store import stores
from localcloud.mends.patch import wrap

#: Name -> (capacity in WCUs, description) of AWS's groups that cost nothing extra.
MANAGED_GROUPS = {
    "AWSManagedRulesCommonRuleSet": (700, "Contains rules that are generally applicable to web applications."),
    "AWSManagedRulesAdminProtectionRuleSet": (100, "Contains rules that block external access to admin pages."),
    "AWSManagedRulesKnownBadInputsRuleSet": (200, "Contains rules that block request patterns known to be invalid."),
    "AWSManagedRulesSQLiRuleSet": (200, "Contains rules that block patterns of SQL injection."),
    "AWSManagedRulesLinuxRuleSet": (200, "Contains rules that block patterns specific to Linux."),
    "AWSManagedRulesUnixRuleSet": (100, "Contains rules that block patterns specific to POSIX systems."),
    "AWSManagedRulesWindowsRuleSet": (200, "Contains rules that block patterns specific to Windows."),
    "AWSManagedRulesPHPRuleSet": (100, "Contains rules that block patterns specific to PHP."),
    "AWSManagedRulesWordPressRuleSet": (100, "Contains rules that block patterns specific to WordPress."),
    "AWSManagedRulesAmazonIpReputationList": (25, "Contains rules based on Amazon threat intelligence."),
    "AWSManagedRulesAnonymousIpList": (50, "Contains rules that block services which hide a viewer's identity."),
}


def install() -> None:
    """Put the mends in place."""
    wrap(exceptions.WAFV2DuplicateItemException, "__init__", duplicate)
    for owner in (FakeRule, FakeWebACL, FakeIPSet, FakeLoggingConfiguration):
        wrap(owner, "to_dict", without_none)
    wrap(WAFV2Backend, "create_web_acl", create_web_acl)
    wrap(WAFV2Backend, "update_web_acl", update_web_acl)
    wrap(WAFV2Backend, "delete_web_acl", delete_web_acl)
    wrap(WAFV2Backend, "create_ip_set", create_ip_set)
    wrap(WAFV2Backend, "update_ip_set", update_ip_set)
    wrap(WAFV2Backend, "associate_web_acl", associate_web_acl)
    wrap(WAFV2Backend, "put_logging_configuration", put_logging_configuration)
    wrap(WAFV2Response, "list_web_ac_ls", with_none_left_out)
    wrap(WAFV2Response, "list_ip_sets", with_none_left_out)
    WAFV2Response.list_available_managed_rule_groups = list_available_managed_rule_groups
    WAFV2Response.list_logging_configurations = list_logging_configurations
    WAFV2Response.list_resources_for_web_acl = list_resources_for_web_acl


def duplicate(original: Any, self: JsonRESTError) -> None:
    """WAFDuplicateItemException is the code (API_CreateWebACL); moto says WafV2DuplicateItem, which no client knows."""
    original(self)
    JsonRESTError.__init__(self, "WAFDuplicateItemException", self.message)


def without_none(original: Any, self: Any) -> dict[str, Any]:
    """What was not given is not in the answer; moto says null, which clients hand on as a value."""
    return {name: value for name, value in original(self).items() if value is not None}


def with_none_left_out(original: Any, self: WAFV2Response) -> Any:
    """A last page has no NextMarker; moto has it as null."""
    answer = original(self)
    body = answer if isinstance(answer, str) else answer[2]
    text = json.dumps({name: value for name, value in json.loads(body).items() if value is not None})
    return 200, {"Content-Type": "application/x-amz-json-1.1"}, text


def _scope(backend: WAFV2Backend) -> str:
    return "CLOUDFRONT" if backend.region_name == models.GLOBAL_REGION else "REGIONAL"


def _capacity(rules: list[dict[str, Any]]) -> int:
    """Web ACL capacity units as far as they are published: managed groups theirs, 2 for a rate, 1 for all else."""
    total = 0
    for rule in rules:
        statement = rule.get("Statement") or {}
        group = statement.get("ManagedRuleGroupStatement")
        if group:
            total += MANAGED_GROUPS.get(group.get("Name", ""), (50, ""))[0]
        else:
            total += 2 if "RateBasedStatement" in statement else 1
    return total


def _check_rules(rules: list[dict[str, Any]]) -> None:
    """Priorities and names are unique; a group has an override action and another statement an action; 5,000 WCUs."""
    for member in ("Priority", "Name"):
        values = [rule.get(member) for rule in rules]
        if len(set(values)) != len(values):
            raise _invalid(f"Error reason: The {member.lower()} of each rule must be unique, field: RULE")
    for rule in rules:
        statement = rule.get("Statement") or {}
        group = "ManagedRuleGroupStatement" in statement or "RuleGroupReferenceStatement" in statement
        if ("OverrideAction" in rule) is not group or ("Action" in rule) is group:
            raise _invalid(
                "Error reason: A reference in your rule statement is not valid, field: RULE, parameter: "
                f"{rule.get('Name')}: a rule group takes OverrideAction, any other statement Action"
            )
        managed = statement.get("ManagedRuleGroupStatement")
        if managed and managed.get("VendorName") == "AWS" and managed.get("Name") not in MANAGED_GROUPS:
            raise _nonexistent()
    if _capacity(rules) > 5000:
        raise _error("WAFLimitsExceededException", "You exceeded the capacity limit for a rule group or web ACL.")


def create_web_acl(original: Any, self: WAFV2Backend, *args: Any) -> FakeWebACL:
    """Rules are checked, and the capacity is what they take."""
    rules = args[6] or []
    _check_rules(rules)
    _check_ip_sets(self, rules)
    acl = original(self, *args)
    acl.capacity = _capacity(rules)
    return acl


def update_web_acl(original: Any, self: WAFV2Backend, name: str, _id: str, *args: Any) -> str:
    """UpdateWebACL replaces all: "you provide ... the complete set of rules" (API_UpdateWebACL).

    moto keeps the rules when the new list is empty.
    """
    rules = args[1] or []
    _check_rules(rules)
    _check_ip_sets(self, rules)
    token: str = original(self, name, _id, *args)
    acl = self.get_web_acl(None, name, _id)
    acl.capacity = _capacity(rules)
    if not rules:
        acl.rules = []
    return token


def delete_web_acl(original: Any, self: WAFV2Backend, name: str, scope: str, _id: str, lock_token: str) -> None:
    """A web ACL that protects something cannot be deleted: WAFAssociatedItemException (API_DeleteWebACL)."""
    acl = self.get_web_acl(None, name, _id)
    used = any(
        distribution.config["WebACLId"] == acl.arn
        for store in stores()
        for distribution in store.distributions.values()
    )
    if acl.lock_token == lock_token and (used or acl.associated_resources):
        raise _error(
            "WAFAssociatedItemException",
            "AWS WAF couldn't perform the operation because your resource is being used by another resource or it's "
            "associated with another resource.",
        )
    self.logging_configurations.pop(acl.arn, None)
    original(self, name, scope, _id, lock_token)


def create_ip_set(original: Any, self: WAFV2Backend, name: str, *args: Any) -> FakeIPSet:
    """Names of IP sets are unique in a scope (WAFDuplicateItemException); moto makes a second one.

    Addresses are ranges in CIDR notation of the set's version (API_CreateIPSet); moto takes any text.
    """
    _check_addresses(args[2], args[3])
    if any(item.name == name for item in self.ip_sets.values()):
        raise exceptions.WAFV2DuplicateItemException
    return original(self, name, *args)


def update_ip_set(original: Any, self: WAFV2Backend, name: str, scope: str, _id: str, *args: Any) -> FakeIPSet:
    """As CreateIPSet: only ranges of the set's version."""
    known = next((item for item in self.ip_sets.values() if item.ip_set_id == _id), None)
    if known is not None:
        _check_addresses(known.ip_address_version, args[1])
    return original(self, name, scope, _id, *args)


def _check_addresses(version: str, addresses: list[str]) -> None:
    for text in addresses or ():
        try:
            network = ipaddress.ip_network(text)
        except ValueError:
            network = None
        if network is None or "/" not in text or f"IPV{network.version}" != version:
            raise _invalid(
                "Error reason: The parameter contains formatting that is not valid., field: IP_ADDRESS, "
                f"parameter: {text}"
            )


def associate_web_acl(original: Any, self: WAFV2Backend, web_acl_arn: str, resource_arn: str) -> None:
    """A resource has one web ACL at most, so that another one takes the place of the first (API_AssociateWebACL).

    A distribution is not associated this way but names its web ACL itself.
    """
    if ":cloudfront:" in resource_arn:
        raise _invalid("Error reason: The ARN isn't valid. Use UpdateDistribution, field: RESOURCE_ARN")
    if web_acl_arn not in self.wacls:
        raise _nonexistent()
    self.disassociate_web_acl(resource_arn)
    original(self, web_acl_arn, resource_arn)


def put_logging_configuration(
    original: Any, self: WAFV2Backend, arn: str, destinations: list[str], *args: Any
) -> FakeLoggingConfiguration:
    """The web ACL must exist, and every destination's name begin with aws-waf-logs-.

    https://docs.aws.amazon.com/waf/latest/developerguide/logging-destinations.html
    """
    backends = models.wafv2_backends[self.account_id]
    if not any(arn in backends[region].wacls for region in (models.GLOBAL_REGION, self.region_name)):
        raise _nonexistent()
    for destination in destinations:
        if not destination.rpartition(":")[2].rpartition("/")[2].startswith("aws-waf-logs-"):
            raise _invalid(
                f"Error reason: The ARN isn't valid. A valid ARN begins with arn: and includes other information "
                f"separated by colons or slashes., field: LOG_DESTINATION, parameter: {destination}"
            )
    return original(self, arn, destinations, *args)


def list_logging_configurations(self: WAFV2Response) -> tuple[int, dict[str, str], str]:
    """Those of a scope; moto looks for the scope where an ARN does not have it."""
    scope = json.loads(self.body).get("Scope")
    wanted = ":global/" if scope == "CLOUDFRONT" else ":regional/"
    found = [item.to_dict() for arn, item in self.wafv2_backend.logging_configurations.items() if wanted in arn]
    return 200, {}, json.dumps({"LoggingConfigurations": found})


def list_resources_for_web_acl(self: WAFV2Response) -> tuple[int, dict[str, str], str]:
    """The load balancers that a web ACL protects (API_ListResourcesForWebACL), of which moto has the list alone."""
    acl = self.wafv2_backend.wacls.get(json.loads(self.body).get("WebACLArn"))
    if acl is None:
        raise _nonexistent()
    return 200, {}, json.dumps({"ResourceArns": acl.associated_resources})


def list_available_managed_rule_groups(
    self: WAFV2Response,  # noqa: ARG001 - moto calls it as a method
) -> tuple[int, dict[str, str], str]:
    """AWS's managed rule groups, which moto does not know (API_ListAvailableManagedRuleGroups)."""
    groups = [
        {"VendorName": "AWS", "Name": name, "VersioningSupported": True, "Description": description}
        for name, (_, description) in MANAGED_GROUPS.items()
    ]
    return 200, {}, json.dumps({"ManagedRuleGroups": groups})


def _check_ip_sets(backend: WAFV2Backend, rules: list[dict[str, Any]]) -> None:
    """A rule may only refer to an IP set that exists."""
    for rule in rules:
        reference = (rule.get("Statement") or {}).get("IPSetReferenceStatement")
        if reference and reference.get("ARN") not in backend.ip_sets:
            raise _nonexistent()


def _error(code: str, message: str) -> JsonRESTError:
    error = JsonRESTError(code, message)
    error.code = 400
    return error


def _invalid(message: str) -> JsonRESTError:
    return _error("WAFInvalidParameterException", message)


def _nonexistent() -> JsonRESTError:
    return _error(
        "WAFNonexistentItemException", "AWS WAF couldn't perform the operation because your resource doesn't exist."
    )
