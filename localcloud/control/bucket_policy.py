# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a resource's policy lets a caller in: CloudFront by origin access control, or another account. Pure.

Evaluates effects, principals, actions, resources and conditions as IAM documents them
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html); a condition operator or key that is
not known does not hold, so that its statement does not apply. What CloudFront's requests carry is in
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

SERVICE = "cloudfront.amazonaws.com"


@dataclass(frozen=True, slots=True)
class Caller:
    """service: the principal, "" for none; account: that of an IAM principal, "" for none; neither is nobody's
    signature. context: condition keys in lower case."""

    service: str
    context: Mapping[str, str]
    account: str = ""


def cloudfront(distribution_arn: str, account_id: str) -> Caller:
    """CloudFront for one distribution; "" for a request without a signature."""
    context = {"aws:securetransport": "true"}
    if distribution_arn:
        context |= {"aws:sourcearn": distribution_arn, "aws:sourceaccount": account_id}
    return Caller(SERVICE if distribution_arn else "", context)


def account(account_id: str, principal_arn: str) -> Caller:
    """An IAM principal of an account."""
    return Caller("", {"aws:securetransport": "true", "aws:principalarn": principal_arn}, account_id)


def allows(policy: str | None, action: str, resource: str, caller: Caller) -> bool:
    """Whether a statement allows the action and none denies it. policy: JSON, or none."""
    if not policy:
        return False
    statements = _list(json.loads(policy).get("Statement"))
    effects = {item.get("Effect") for item in statements if _applies(item, action, resource, caller)}
    return "Allow" in effects and "Deny" not in effects


def _applies(statement: Mapping[str, Any], action: str, resource: str, caller: Caller) -> bool:
    return (
        _principal(statement, caller)
        and _element(statement, "Action", action.lower(), str.lower)
        and _element(statement, "Resource", resource, str)
        and all(
            _holds(operator, tests, caller.context) for operator, tests in (statement.get("Condition") or {}).items()
        )
    )


def _principal(statement: Mapping[str, Any], caller: Caller) -> bool:
    principal = statement.get("Principal")
    if principal is None:
        return False  # NotPrincipal is not modeled
    if principal == "*" or (isinstance(principal, Mapping) and "*" in _list(principal.get("AWS"))):
        return True
    if not isinstance(principal, Mapping):
        return False
    if caller.account:
        # The account itself; a single role or user of it is not modeled.
        return not {caller.account, f"arn:aws:iam::{caller.account}:root"}.isdisjoint(_list(principal.get("AWS")))
    return bool(caller.service) and caller.service in _list(principal.get("Service"))


def _element(statement: Mapping[str, Any], name: str, value: str, change: Callable[[str], str]) -> bool:
    negated = f"Not{name}" in statement
    patterns = _list(statement.get(f"Not{name}" if negated else name))
    return any(like(change(pattern), value) for pattern in patterns) is not negated


def _holds(operator: str, tests: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    name, if_exists = operator.removesuffix("IfExists"), operator.endswith("IfExists")
    compare = _OPERATORS.get(name.replace("Not", ""))
    if name == "Null":
        return all(
            (key.lower() in context) is (str(_list(value)[0]).lower() == "false") for key, value in tests.items()
        )
    if compare is None:
        return False
    negated = "Not" in name
    for key, wanted in tests.items():
        value = context.get(key.lower())
        if value is None:
            if not (if_exists or negated):
                return False
        elif any(compare(str(item), value) for item in _list(wanted)) is negated:
            return False
    return True


def like(pattern: str, value: str) -> bool:
    """IAM's wildcards: * for anything, ? for one character."""
    parts = (".*" if part == "*" else "." if part == "?" else re.escape(part) for part in re.split(r"([*?])", pattern))
    return re.fullmatch("".join(parts), value, re.S) is not None


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda wanted, value: wanted == value,
    "StringEqualsIgnoreCase": lambda wanted, value: wanted.lower() == value.lower(),
    "StringLike": like,
    "ArnEquals": like,
    "ArnLike": like,
    "Bool": lambda wanted, value: wanted.lower() == value,
}


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
