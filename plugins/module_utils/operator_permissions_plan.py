# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What building an environment and taking it down takes (site.yml, destroy.yml): one table, and the policies. Pure.

For a person's role, or a protected job's. Whoever may make roles and write their policies could give himself anything;
that is what building an environment is. What bounds it: roles and buckets by the environment's name, networks,
distributions and keys by its tags, everything by account and region, and nothing that reads a secret's value.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from . import operator_edge_plan, operator_inside_plan
from .deploy_permissions_plan import Grant, statement_of

Scope = Mapping[str, Any]
Document = dict[str, Any]

#: Characters of a managed policy, white space aside ("IAM and AWS STS quotas" in IAM's user guide).
LIMIT = 6144

GRANTS: tuple[Grant, ...] = (*operator_inside_plan.GRANTS, *operator_edge_plan.GRANTS)
"""Everything, in the order in which the policies and the documentation have it."""


def policies(scope: Scope) -> list[Document]:
    """The policies, as few as hold all statements: each is no longer than IAM takes for a managed one."""
    found: list[list[Document]] = []
    for grant in GRANTS:
        statement = statement_of(grant, scope)
        if statement is None:
            continue
        if not found or _size([*found[-1], statement]) > LIMIT:
            found.append([])
        found[-1].append(statement)
    return [_document(statements) for statements in found]


def _document(statements: list[Document]) -> Document:
    return {"Version": "2012-10-17", "Statement": statements}


def _size(statements: list[Document]) -> int:
    return len(json.dumps(_document(statements), separators=(",", ":")))
