# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whom of GitHub Actions a role trusts. Pure.

A repository is an entry of role github_oidc's input github_oidc_repositories with all of its keys
(github_oidc_roles_plan). It has one role that deploys and, where asked for, one that may only push images.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

Repository = Mapping[str, Any]
Document = dict[str, Any]

HOST = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"
DEPLOY = "deploy"
PUSH = "push"


def claim(name: str) -> str:
    """The condition key of a claim."""
    return f"{HOST}:{name}"


def provider_arn(account_id: str) -> str:
    """ARN of the account's identity provider for GitHub, known before it exists."""
    return f"arn:aws:iam::{account_id}:oidc-provider/{HOST}"


def role_name(prefix: str, purpose: str, entry: Repository) -> str:
    """Name of the role of an entry. purpose: deploy or push."""
    return f"{prefix}-github-{purpose}-{entry['name']}"


def role_arn(account_id: str, prefix: str, purpose: str, entry: Repository) -> str:
    """Its ARN, known before it exists."""
    return f"arn:aws:iam::{account_id}:role/{role_name(prefix, purpose, entry)}"


def environment_of(purpose: str, entry: Repository) -> str:
    """The GitHub environment of the jobs that take the role."""
    return str(entry["environment"] if purpose == DEPLOY else entry["build_environment"])


def subjects(entry: Repository, environment: str) -> list[str]:
    """Both forms of sub for a job in this environment: by names, and the immutable one by names and ids.

    Repositories made, renamed or transferred after 15 July 2026 have the second (GitHub Docs, "OpenID Connect
    reference"). A colon in a name is written as %3A there, and as it is in the claim of its own.
    """
    owner, _slash, name = entry["repository"].partition("/")
    job = f"environment:{environment.replace(':', '%3A')}"
    return [
        f"repo:{owner}/{name}:{job}",
        f"repo:{owner}@{entry['owner_id']}/{name}@{entry['repository_id']}:{job}",
    ]


def trust_policy(account_id: str, purpose: str, entry: Repository) -> Document:
    """Who may take the role: jobs of this repository, on these refs, in this environment. purpose: deploy or push.

    All by StringEquals, of which a claim that is missing fulfills none; a ForAllValues would be true for it. With
    `environment:` a job's sub names the environment and not the ref, so that the ref is a condition of its own. IAM
    wants the sub to be there, too.
    """
    environment = environment_of(purpose, entry)
    wanted = {
        claim("aud"): AUDIENCE,
        claim("sub"): subjects(entry, environment),
        claim("repository_id"): str(entry["repository_id"]),
        claim("environment"): environment,
        claim("ref"): list(entry["refs"]),
    }
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": provider_arn(account_id)},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {"StringEquals": wanted},
            }
        ],
    }


def policy_size(document: Mapping[str, Any]) -> int:
    """Characters that IAM counts: all but white space."""
    return len(re.sub(r"\s", "", json.dumps(document)))
