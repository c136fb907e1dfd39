# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What another account may read of an environment, as policies, and where images are replicated to. Pure.

A reader is an account, whose own policies then say which of its roles may read, or the ARN of one role. Either way the
principal is the account: a policy that names a role directly cannot be made before that role, and ends with it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Document = Mapping[str, Any]

_READER = re.compile(r"[0-9]{12}|arn:aws(-cn|-us-gov)?:iam::[0-9]{12}:role/[\w+=,.@/-]{1,512}")
VERSION = "2012-10-17"
REPLICAS = "SlipwayReplicas"


def reader_problems(readers: Iterable[str]) -> list[str]:
    return [
        f"reader {reader!r}: neither an account of 12 digits nor the ARN of an IAM role"
        for reader in readers
        if not _READER.fullmatch(reader)
    ]


def account_problems(accounts: Iterable[str]) -> list[str]:
    return [f"{account!r} is no account of 12 digits" for account in accounts if not re.fullmatch("[0-9]{12}", account)]


def account_of(reader: str) -> str:
    return reader.split(":")[4] if reader.startswith("arn:") else reader


def root(reader: str, partition: str = "aws") -> str:
    """The reader's account, as a principal."""
    found = reader.split(":")[1] if reader.startswith("arn:") else partition
    return f"arn:{found}:iam::{account_of(reader)}:root"


def statements(
    sid: str, actions: Sequence[str], resources: Sequence[str], readers: Sequence[str]
) -> list[dict[str, Any]]:
    """Allow the readers: one statement for whole accounts, one for roles. resources: empty where policies name none."""
    roles = sorted(reader for reader in readers if reader.startswith("arn:"))
    accounts = sorted(reader for reader in readers if not reader.startswith("arn:"))
    common = {"Effect": "Allow", "Action": list(actions), **({"Resource": list(resources)} if resources else {})}
    found: list[dict[str, Any]] = []
    if accounts:
        principals = sorted({root(reader) for reader in accounts})
        found.append({"Sid": f"{sid}Accounts", "Principal": {"AWS": principals}, **common})
    if roles:
        principals = sorted({root(reader) for reader in roles})
        condition = {"ArnEquals": {"aws:PrincipalArn": roles}}
        found.append({"Sid": f"{sid}Roles", "Principal": {"AWS": principals}, **common, "Condition": condition})
    return found


def policy(found: Sequence[Document]) -> Document | None:
    """None for no statement, which is no policy to AWS."""
    return {"Version": VERSION, "Statement": list(found)} if found else None


def table_policy(arn: str, readers: Sequence[str]) -> Document | None:
    """Of a release store: its records can be read, and nothing else."""
    return policy(statements("ReadReleases", ["dynamodb:Query"], [arn], readers))


def repository_policy(readers: Sequence[str]) -> Document | None:
    """Of a repository: its images can be pulled. ECR's policies name no resource."""
    actions = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    return policy(statements("Pull", actions, [], readers))


def replicas_statement(accounts: Sequence[str], arns: Sequence[str]) -> Document | None:
    """Of a registry's policy: these accounts' registries may put their images into these repositories."""
    if not accounts:
        return None
    principals = [root(account) for account in sorted(accounts)]
    return {
        "Sid": REPLICAS,
        "Effect": "Allow",
        "Principal": {"AWS": principals},
        "Action": ["ecr:ReplicateImage"],
        "Resource": sorted(arns),
    }


def with_statement(text: str, statement: Document | None) -> Document | None:
    """A registry's policy with the statement in the place of the one of its name, and all others as they are."""
    parsed = json.loads(text) if text else {}
    listed = parsed.get("Statement", [])
    others = [each for each in (listed if isinstance(listed, list) else [listed]) if each.get("Sid") != REPLICAS]
    found = [*others, *([statement] if statement else [])]
    return {**parsed, "Version": parsed.get("Version", VERSION), "Statement": found} if found else None


def with_rule(
    rules: Sequence[Document], repositories: Sequence[str], destinations: Sequence[tuple[str, str]]
) -> list[Document]:
    """A registry's replication rules with the one for the repositories, and all that are for others as they are.

    destinations: (account, region). A rule has no name: those whose filters are all among the repositories are this
    one's former selves. A filter is a prefix, so that api is also api-worker, of which a copy harms nobody.
    """
    others = [rule for rule in rules if not _own(rule, repositories)]
    if not destinations:
        return others
    own = {
        "destinations": [{"region": region, "registryId": account} for account, region in sorted(destinations)],
        "repositoryFilters": [{"filter": name, "filterType": "PREFIX_MATCH"} for name in sorted(repositories)],
    }
    return [*others, own]


def _own(rule: Document, repositories: Sequence[str]) -> bool:
    filters = [each["filter"] for each in rule.get("repositoryFilters", [])]
    return bool(filters) and set(filters) <= set(repositories)
