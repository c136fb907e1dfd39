# SPDX-License-Identifier: GPL-3.0-or-later
"""Who calls, with the policies that he has, from moto's state. Callers hold lock.MOTO."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from localcloud.iam.language import Decision, Document, Question, Who, allow_everything, decide

if TYPE_CHECKING:
    from collections.abc import Iterable

    from moto.iam.models import Role, User


@dataclass(frozen=True, slots=True)
class Principal:
    """own: its policies; bounds: sets of policies each of which must allow as well (boundary, session policy)."""

    arn: str
    who: Who
    own: tuple[Document, ...] = ()
    bounds: tuple[tuple[Document, ...], ...] = ()

    @property
    def administrator(self) -> bool:
        """Whether it may do everything, so that it need not be asked what."""
        return not self.bounds and allow_everything(self.own)

    def decide(self, question: Question) -> Decision:
        """What its policies say together: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html"""
        found = [decide(documents, question) for documents in (self.own, *self.bounds)]
        if Decision.DENIED in found:
            return Decision.DENIED
        return Decision.SILENT if Decision.SILENT in found else Decision.ALLOWED


def principal_of(access_key: str, account: str) -> Principal:
    """The user or the session that a known access key belongs to."""
    session = sts_backends[account]["aws"].get_assumed_role_from_access_key(access_key)
    if session is not None:
        return _session(session, account)
    for user in iam_backends[account]["aws"].users.values():
        if any(key.access_key_id == access_key for key in user.access_keys):
            return _user(user, account)
    return Principal(f"arn:aws:iam::{account}:root", Who(account=account), ({"Statement": _EVERYTHING},))


class _Session(NamedTuple):
    arn: str
    role_arn: str
    policy: str | None = None


_EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def _session(session: Any, account: str) -> Principal:
    role = role_of(session.role_arn)
    who = Who(arns=(session.arn, session.role_arn), account=account)
    bounds = [_parsed([session.policy])] if session.policy else []
    if role is None:
        return Principal(session.arn, who)
    if role.permissions_boundary_arn:
        bounds.append(_parsed([_default(iam_backends[account]["aws"].get_policy(role.permissions_boundary_arn))]))
    return Principal(session.arn, who, _policies(role), tuple(bounds))


def _user(user: User, account: str) -> Principal:
    groups = [group for group in iam_backends[account]["aws"].groups.values() if user in group.users]
    own = tuple(document for each in (user, *groups) for document in _policies(each))
    return Principal(user.arn, Who(arns=(user.arn,), account=account), own)


def assumed(role: Role, session: str) -> Principal:
    """Who a service is that has assumed the role."""
    account = role.arn.split(":")[4]
    return _session(_Session(f"arn:aws:sts::{account}:assumed-role/{role.name}/{session}", role.arn), account)


def role_of(arn: str) -> Role | None:
    """The role, None if there is none."""
    roles = iam_backends[arn.split(":")[4]]["aws"].get_roles() if arn.count(":") == 5 else ()
    return next((role for role in roles if role.arn == arn), None)


def _policies(holder: Any) -> tuple[Document, ...]:
    """Own and attached policies of a user, group or role."""
    return _parsed([*holder.policies.values(), *(_default(each) for each in holder.managed_policies.values())])


def _parsed(texts: Iterable[str]) -> tuple[Document, ...]:
    return tuple(_document(text) for text in texts)


@functools.lru_cache(256)
def _document(text: str) -> Document:
    """Nobody changes it."""
    document: Document = json.loads(text)
    return document


def _default(policy: Any) -> str:
    return next(str(version.document) for version in policy.versions if version.is_default)
