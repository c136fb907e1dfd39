# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM's evaluation of one policy document, for the tests: what it does not know it refuses to judge.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html and
.../reference_policies_evaluation-logic.html. A key that the request lacks fulfills no positive operator; ForAllValues
is fulfilled by a missing key, ForAnyValue by none.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from typing import Any

Value = str | Sequence[str]


def allows(
    document: Mapping[str, Any],
    action: str,
    resource: str | None = None,
    context: Mapping[str, Value] | None = None,
    federated: str | None = None,
) -> bool:
    """Whether a statement allows it and none denies it. resource: None in a trust policy, which names none.

    federated: who asks, in a trust policy.
    """
    effects = {
        statement["Effect"]
        for statement in document["Statement"]
        if _applies(statement, action, resource, context or {}, federated)
    }
    return effects == {"Allow"}


def _applies(statement, action, resource, context, federated):
    unknown = set(statement) - {"Sid", "Effect", "Action", "Resource", "Condition", "Principal"}
    if unknown:
        raise NotImplementedError(f"{unknown} in a statement")
    return (
        any(_like(action.lower(), pattern.lower()) for pattern in _listed(statement["Action"]))
        and (resource is None or any(_like(resource, pattern) for pattern in _listed(statement["Resource"])))
        and ("Principal" not in statement or statement["Principal"] == {"Federated": federated})
        and all(_fulfilled(name, tests, context) for name, tests in statement.get("Condition", {}).items())
    )


def _fulfilled(name, tests, context):
    quantifier, _, operator = name.rpartition(":")
    return all(_holds(quantifier, operator, _listed(wanted), context.get(key)) for key, wanted in tests.items())


def _holds(quantifier, operator, wanted, given):
    if operator == "Null":
        return (given is None) is (wanted == ["true"])
    matches = _OPERATORS[operator]
    values = _listed(given) if given is not None else []
    if quantifier == "ForAllValues":
        return all(any(matches(value, one) for one in wanted) for value in values)
    if quantifier not in ("", "ForAnyValue"):
        raise NotImplementedError(quantifier)
    if not quantifier and len(values) > 1:
        raise NotImplementedError("an operator without quantifier on a key of several values")
    return any(matches(value, one) for value in values for one in wanted)


def _like(value, pattern):
    # fnmatch also knows [sets], which IAM does not.
    return fnmatch.fnmatchcase(value, pattern.replace("[", "[[]"))


def _same(value, wanted):
    return value == wanted


_OPERATORS = {"StringEquals": _same, "StringLike": _like, "ArnEquals": _like, "ArnLike": _like}


def _listed(value):
    return [value] if isinstance(value, str) else list(value)
