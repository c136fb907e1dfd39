# SPDX-License-Identifier: GPL-3.0-or-later
"""What policies say to one question. Pure; what it does not know it refuses to judge.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html,
.../reference_policies_elements_condition_operators.html, .../reference_policies_multi-value-conditions.html and
.../reference_policies_evaluation-logic.html. A key that the request lacks fulfills no positive operator and every
negated one; ForAllValues is fulfilled by a missing key, ForAnyValue by none.
"""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

type Document = Mapping[str, Any]
type Value = str | Sequence[str]

_ELEMENTS = frozenset(
    {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition", "Principal", "NotPrincipal"}
)


class UnsupportedError(NotImplementedError):
    """A policy says something that this evaluator does not know."""


class Decision(enum.Enum):
    """What a set of policies says, named as IAM's simulator names it."""

    ALLOWED = "allowed"
    DENIED = "explicitDeny"
    SILENT = "implicitDeny"


@dataclass(frozen=True, slots=True)
class Question:
    """What IAM decides on: an action on a resource ("*" where the action knows none), and the keys of conditions."""

    action: str
    resource: str
    context: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Who:
    """The caller as policies of resources and trust policies name it; what it is not is empty.

    arns: of the user or the session, and of the session's role. federated: ARN of an identity provider.
    """

    arns: tuple[str, ...] = ()
    account: str = ""
    service: str = ""
    federated: str = ""


def decide(documents: Iterable[Document], question: Question, who: Who | None = None) -> Decision:
    """What the policies say together. who: for policies with principals; None for those of an identity."""
    effects = {
        statement["Effect"]
        for document in documents
        for statement in statements(document)
        if applies(statement, question, who)
    }
    if "Deny" in effects:
        return Decision.DENIED
    return Decision.ALLOWED if "Allow" in effects else Decision.SILENT


def statements(document: Document) -> list[Document]:
    """A policy's statements, of which a single one need not be in a list."""
    return listed(document.get("Statement"))


def applies(statement: Document, question: Question, who: Who | None = None) -> bool:
    """Whether the statement is about the question."""
    if unknown := set(statement) - _ELEMENTS:
        raise UnsupportedError(f"{min(unknown)} in a statement")
    for element in ("Resource", "NotResource"):
        _without_variables(listed(statement.get(element)))
    context = {key.lower(): value for key, value in question.context.items()}
    return (
        named(statement, "Action", question.action.lower(), str.lower)
        and (_without_resource(statement) or named(statement, "Resource", question.resource))
        and (who is None or _is_meant(statement, who))
        and all(_fulfilled(name, tests, context) for name, tests in (statement.get("Condition") or {}).items())
    )


def _without_resource(statement: Document) -> bool:
    """Trust policies and ECR's are about the resource that they belong to, and name none."""
    return "Resource" not in statement and "NotResource" not in statement


def named(statement: Document, element: str, value: str, change: Callable[[str], str] = str) -> bool:
    """Whether the element, or its negation, names the value."""
    negated = f"Not{element}" in statement
    patterns = listed(statement.get(f"Not{element}" if negated else element))
    return any(like(value, change(str(pattern))) for pattern in patterns) is not negated


def _is_meant(statement: Document, who: Who) -> bool:
    if "NotPrincipal" in statement:
        raise UnsupportedError("NotPrincipal in a statement")
    principal = statement.get("Principal")
    if principal == "*":
        return True
    return isinstance(principal, Mapping) and any(
        _is_one(kind, value, who) for kind, values in principal.items() for value in listed(values)
    )


def _is_one(kind: str, value: str, who: Who) -> bool:
    if kind == "AWS":
        return value == "*" or (bool(value) and value in (*who.arns, who.account, f"arn:aws:iam::{who.account}:root"))
    if kind not in ("Service", "Federated"):
        raise UnsupportedError(f"a principal of kind {kind}")
    return bool(value) and value == (who.service if kind == "Service" else who.federated)


def _fulfilled(name: str, tests: Mapping[str, Any], context: Mapping[str, Value]) -> bool:
    quantifier, _, operator = name.rpartition(":")
    return all(
        _holds(quantifier, operator, _without_variables(listed(wanted)), context.get(key.lower()))
        for key, wanted in tests.items()
    )


def _holds(quantifier: str, operator: str, wanted: list[str], given: Value | None) -> bool:
    if operator == "Null":
        return (given is None) is (wanted == ["true"])
    optional = operator.endswith("IfExists")
    name = operator.removesuffix("IfExists")
    matches = _OPERATORS.get(name.replace("Not", "", 1))
    if matches is None or quantifier not in ("", "ForAllValues", "ForAnyValue"):
        raise UnsupportedError(f"condition operator {quantifier}:{operator}".replace(" :", " "))
    if given is None:
        return optional or quantifier == "ForAllValues" or (not quantifier and "Not" in name)
    values = listed(given)
    if not quantifier and len(values) > 1:
        raise UnsupportedError(f"{operator} without a quantifier on a key of several values")
    results = [any(matches(value, one) for one in wanted) is not ("Not" in name) for value in values]
    return all(results) if quantifier == "ForAllValues" else any(results)


def like(value: str, pattern: str) -> bool:
    """IAM's wildcards: * for anything, ? for one character."""
    if "*" not in pattern and "?" not in pattern:
        return value == pattern
    return _compiled(pattern).fullmatch(value) is not None


@functools.lru_cache(4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = (".*" if part == "*" else "." if part == "?" else re.escape(part) for part in re.split(r"([*?])", pattern))
    return re.compile("".join(parts), re.S)


def _same(value: str, wanted: str) -> bool:
    return value == wanted


def _same_letters(value: str, wanted: str) -> bool:
    return value.lower() == wanted.lower()


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": _same,
    "StringEqualsIgnoreCase": _same_letters,
    "StringLike": like,
    "ArnEquals": like,
    "ArnLike": like,
    "Bool": _same_letters,
}


def _without_variables(values: list[Any]) -> list[str]:
    texts = [str(value) for value in values]
    for text in texts:
        if "${" in text:
            raise UnsupportedError(f"policy variable in {text}")
    return texts


def listed(value: Any) -> list[Any]:
    """A value that may be a list of one."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def allow_everything(documents: Iterable[Document]) -> bool:
    """Whether the policies are an administrator's: every action on everything, and no exception."""
    found = list(_all(documents))
    return any(_is_for_everything(each) for each in found) and all(each["Effect"] == "Allow" for each in found)


def _all(documents: Iterable[Document]) -> Iterator[Document]:
    for document in documents:
        yield from statements(document)


def _is_for_everything(statement: Document) -> bool:
    elements = [listed(statement.get(name)) for name in ("Action", "Resource")]
    return elements == [["*"], ["*"]] and not statement.get("Condition")
