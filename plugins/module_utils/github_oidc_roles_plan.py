# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The roles of an environment for GitHub Actions, with whom each trusts and what it may do. Pure.

Inputs are those of role github_oidc without their prefix.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .deploy_permissions_plan import policy
from .github_oidc_plan import (
    DEPLOY,
    PUSH,
    Document,
    Repository,
    environment_of,
    policy_size,
    role_arn,
    role_name,
    trust_policy,
)

Inputs = Mapping[str, Any]

# IAM's own limits ("IAM and AWS STS quotas" in its user guide): a role's name, its trust policy as long as nobody asked
# for more, and all of its inline policies. White space does not count.
NAME_LIMIT = 64
TRUST_LIMIT = 2048
POLICY_LIMIT = 10240

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_REPOSITORY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?/[A-Za-z0-9._-]+")
# GitHub counts from 1, and writes no zero before a number.
_NUMBER = re.compile(r"[1-9][0-9]*")
# What git takes as a name (git-check-ref-format), in full: refs/heads/main.
_REF = re.compile(r"refs/(?:heads|tags)/(?!/)(?!.*(?:\.\.|//|@\{|\.lock$|/$|\.$))[^\x00-\x20\x7f~^:?*\[\\]+")
_REF_SHOWN = "refs/heads/BRANCH or refs/tags/TAG, without wildcards"


def entries(inputs: Inputs) -> list[Repository]:
    """The repositories, each with all of its keys."""
    defaults = {"environment": inputs["environment"], "refs": ["refs/heads/main"], "services": [], "site": False}
    return [{**defaults, "build_environment": "", **entry} for entry in inputs["repositories"]]


def scope_of(inputs: Inputs, entry: Repository) -> Document:
    """What the repository may deploy, as deploy_resources_plan takes it."""
    named = set(entry["services"])
    services = [service for service in inputs["services"] if service["name"] in named]
    site = {
        "bucket": inputs["site_bucket"],
        "distribution_arn": inputs["distribution_arn"],
        "kms_key_arn": inputs["site_kms_key_arn"],
    }
    scope = {key: inputs[key] for key in ("account_id", "region", "name", "table", "topic")}
    scope |= {"services": services, "site": site if entry["site"] else {}}
    return scope | {"promotion": _promotion(inputs, services, entry)}


def _promotion(inputs: Inputs, services: Sequence[Mapping[str, Any]], entry: Repository) -> Document:
    before = inputs["promotion"]
    if not before:
        return {}
    registry = f"arn:aws:ecr:{inputs['region']}:{before['account_id']}:repository"
    # Replicated images are in the environment's own registry.
    pulled = services if before.get("image") == "pull" else []
    names = [service.get("repository") or service["name"] for service in pulled]
    bucket = before.get("site_bucket") if entry["site"] else ""
    return {
        "table": before["table"],
        "repositories": [f"{registry}/{name}" for name in dict.fromkeys(names)],
        "bucket": f"arn:aws:s3:::{bucket}" if bucket else "",
    }


def roles_of(inputs: Inputs) -> list[Document]:
    """The roles of all repositories: name, purpose, arn, repository (name of the entry), description, trust, policy."""
    return [
        {
            "name": role_name(inputs["name"], purpose, entry),
            "purpose": purpose,
            "arn": role_arn(inputs["account_id"], inputs["name"], purpose, entry),
            "repository": entry["name"],
            "description": f"GitHub Actions of {entry['repository']}: {_may(purpose, entry)}",
            "trust": trust_policy(inputs["account_id"], purpose, entry),
            "policy": policy(scope_of(inputs, entry), purpose),
        }
        for entry in entries(inputs)
        for purpose in ((DEPLOY, PUSH) if entry["build_environment"] else (DEPLOY,))
    ]


def _may(purpose: str, entry: Repository) -> str:
    may = "deploys" if purpose == DEPLOY else "pushes images"
    return f"{may} in {environment_of(purpose, entry)}"


def problems_of(inputs: Inputs) -> list[str]:
    """What cannot be, each in one line."""
    found = entries(inputs)
    told = [
        f"github_oidc_repositories {entry['name']}: {problem}"
        for entry in found
        for problem in _entry_problems(inputs, entry)
    ]
    names = [entry["name"] for entry in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    return told + [f"github_oidc_repositories: {name} is there more than once" for name in twice]


def _entry_problems(inputs: Inputs, entry: Repository) -> Iterator[str]:
    yield from _name_problems(entry, inputs["name"])
    for key, query in (("owner_id", ".owner.id"), ("repository_id", ".id")):
        if not _NUMBER.fullmatch(str(entry[key])):
            yield f"{key} {entry[key]} is no number that GitHub gives: gh api repos/OWNER/REPO --jq {query} tells it"
    if not entry["environment"].strip():
        yield "environment is empty: name the GitHub environment that its deployments run in"
    if entry["environment"] == entry["build_environment"]:
        yield f"{entry['environment']} is environment and build_environment: whoever builds there could deploy"
    yield from _ref_problems(entry["refs"])
    yield from _access_problems(inputs, entry)
    yield from _size_problems(inputs, entry)


def _name_problems(entry: Repository, prefix: str) -> Iterator[str]:
    name = role_name(prefix, DEPLOY, entry)
    if not _SLUG.fullmatch(entry["name"]):
        yield "a name is lower-case letters, digits and hyphens"
    elif len(name) > NAME_LIMIT:
        yield f"its role {name} would have {len(name)} characters, and IAM takes {NAME_LIMIT}: a shorter name"
    if not _REPOSITORY.fullmatch(entry["repository"]):
        yield f"repository {entry['repository']} is not OWNER/REPO"


def _ref_problems(refs: Sequence[str]) -> Iterator[str]:
    if not refs:
        yield "refs is empty: nobody could deploy"
    yield from (
        f"ref {ref} is not refs/heads/BRANCH or refs/tags/TAG, without wildcards"
        for ref in refs
        if not _REF.fullmatch(ref)
    )


def _access_problems(inputs: Inputs, entry: Repository) -> Iterator[str]:
    known = sorted(service["name"] for service in inputs["services"])
    yield from (
        f"{name} is no service of this environment, which has {', '.join(known) or 'none'}"
        for name in entry["services"]
        if name not in known
    )
    if not entry["services"] and not entry["site"]:
        yield "it may deploy nothing: name its services, or set site"
    if entry["site"] and not inputs["site_bucket"]:
        yield "it may publish the site, and github_oidc_site_bucket is empty"
    if entry["build_environment"] and not entry["services"]:
        yield "build_environment is for the images of services, and it has none"


def _size_problems(inputs: Inputs, entry: Repository) -> Iterator[str]:
    if policy_size(trust_policy(inputs["account_id"], DEPLOY, entry)) > TRUST_LIMIT:
        yield f"its {len(entry['refs'])} refs make a trust policy of more than {TRUST_LIMIT} characters: name fewer"
    size = policy_size(policy(scope_of(inputs, entry), DEPLOY))
    if size > POLICY_LIMIT:
        yield (
            f"its permissions would have {size} characters, and IAM takes {POLICY_LIMIT}: give "
            "some of its services to a second entry with the same repository"
        )
