# SPDX-License-Identifier: GPL-3.0-or-later
"""From an API call to the questions that IAM decides on: how a row of the tables is read. Pure.

The tables (tables_*.py) follow the Service Authorization Reference
(https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html):
which actions a call needs, of which resources, with which keys.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.iam.language import Question, Value, listed

type Context = Mapping[str, Value]

#: boto3's name of a service -> prefix of its actions, where they differ.
PREFIXES = {"elbv2": "elasticloadbalancing", "resourcegroupstaggingapi": "tag"}
#: The action that a call needs as well when it makes something with tags, on what it makes.
_TAGGING = {
    "application-autoscaling": "application-autoscaling:TagResource",
    "autoscaling": "autoscaling:CreateOrUpdateTags",
    "cloudwatch": "cloudwatch:TagResource",
    "dynamodb": "dynamodb:TagResource",
    "ec2": "ec2:CreateTags",
    "ecr": "ecr:TagResource",
    "elbv2": "elasticloadbalancing:AddTags",
    "logs": "logs:TagResource",
    "scheduler": "scheduler:TagResource",
    "secretsmanager": "secretsmanager:TagResource",
    "sns": "sns:TagResource",
    "wafv2": "wafv2:TagResource",
}
_PLACE = re.compile(r"\{([\w.]+)\}")


@dataclass(frozen=True, slots=True)
class Call:
    """One API call. service: boto3's name; region: that of the signature."""

    service: str
    operation: str
    parameters: Mapping[str, Any]
    account: str
    region: str

    def get(self, name: str) -> Any:
        """A parameter, by dots one inside of others; None where there is none."""
        value: Any = self.parameters
        for part in name.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        return value


@dataclass(frozen=True, slots=True)
class Row:
    """What one call asks. shapes: ARNs with {PARAMETER}s, one question for each item of a list.

    {R} and {A} are the caller's region and account. A last parameter that is an ARN itself is the resource; of one
    before it the name counts. A resource whose parameter is missing is "*". action: without its service's prefix, where
    the call has another name; with it, where it is another service's. also: further
    questions. makes: of shapes, what the call creates; tags in the request are its own, and another
    question.
    """

    shapes: tuple[str, ...] = ("*",)
    action: str = ""
    context: Callable[[Call], Context] | None = None
    also: Callable[[Call], Iterable[Question]] | None = None
    makes: str = ""


type Table = Mapping[str, Row | None]


def on(
    *shapes: str,
    action: str = "",
    context: Callable[[Call], Context] | None = None,
    also: Callable[[Call], Iterable[Question]] | None = None,
) -> Row:
    """A row; see there."""
    return Row(shapes or ("*",), action, context, also)


def making(shape: str, *shapes: str, action: str = "", also: Callable[[Call], Iterable[Question]] | None = None) -> Row:
    """The row of a call that creates what the first shape names."""
    return Row((shape, *shapes), action, None, also, shape)


def rows(service: str, operations: str, row: Row | None) -> dict[str, Row | None]:
    """The same row for several operations of a service. None: IAM is not asked."""
    return {f"{service}:{operation}": row for operation in operations.split()}


class UnknownCallError(LookupError):
    """The tables do not have this call."""


def questions(table: Table, call: Call) -> list[Question]:
    """All that IAM is asked for a call, each of which must be allowed. Raises UnknownCallError."""
    key = f"{call.service}:{call.operation}"
    if key not in table:
        raise UnknownCallError(key)
    row = table[key]
    if row is None:
        return []
    prefix = PREFIXES.get(call.service, call.service)
    action = row.action if ":" in row.action else f"{prefix}:{row.action or call.operation}"
    own = row.context(call) if row.context else {}
    found = [
        Question(action, arn, {**tag_keys(call), **own} if shape == (row.makes or shape) else own)
        for shape in row.shapes
        for arn in resources(shape, call)
    ]
    return [*found, *_tagged(call, row), *(row.also(call) if row.also else ())]


def _tagged(call: Call, row: Row) -> Iterator[Question]:
    action = _TAGGING.get(call.service)
    tags = tag_keys(call)
    if action and tags and row.makes:
        context = {**tags, f"{action.partition(':')[0]}:CreateAction": call.operation}
        yield from (Question(action, arn, context) for arn in resources(row.makes, call))


def resources(shape: str, call: Call) -> Iterator[str]:
    """The ARNs that a shape stands for."""
    names = [name for name in _PLACE.findall(shape) if name not in ("R", "A")]
    values = [listed(call.get(name)) for name in names]
    if not all(values):
        yield "*"
        return
    for chosen in itertools.product(*values):
        texts = [str(value) for value in chosen]
        if texts and texts[-1].startswith("arn:"):
            yield texts[-1]
            continue
        given = {
            name: text.rpartition("/")[2] if text.startswith("arn:") else text
            for name, text in zip(names, texts, strict=True)
        }
        yield _filled(shape, given | {"R": call.region, "A": call.account})


def _filled(shape: str, given: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda match: given[match[1]], shape)


def tag_keys(call: Call) -> Context:
    """aws:RequestTag/KEY and aws:TagKeys of the tags that a request brings, wherever its API has them."""
    found = [
        *listed(call.get("Tags")),
        *listed(call.get("tags")),
        *listed(call.get("Tags.Items")),
        *listed(call.get("Tag")),
    ]
    found += [tag for one in listed(call.get("TagSpecification")) for tag in listed(one.get("Tag"))]
    tags = [_tag(each) for each in found]
    pairs = {key: value for key, value in tags if key}
    if not pairs:
        return {}
    return {**{f"aws:RequestTag/{key}": value for key, value in pairs.items()}, "aws:TagKeys": list(pairs)}


def _tag(tag: Any) -> tuple[str, str]:
    if not isinstance(tag, Mapping):
        return "", ""
    key, value = (tag.get(name, tag.get(name.lower(), tag.get(f"Tag{name}", ""))) for name in ("Key", "Value"))
    return str(key), str(value)


def asking(asked: Callable[[Call], Iterable[Question]]) -> Row:
    """A row all of whose questions a function makes."""
    return Row((), also=asked)


def pass_role(service: str, *parameters: str) -> Callable[[Call], Iterator[Question]]:
    """iam:PassRole for the roles that parameters name, to a service."""

    def asked(call: Call) -> Iterator[Question]:
        for name in parameters:
            for role in listed(call.get(name)):
                arn = role if role.startswith("arn:") else f"arn:aws:iam::{call.account}:role/{role}"
                yield Question("iam:PassRole", arn, {"iam:PassedToService": service})

    return asked
