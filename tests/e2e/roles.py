# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles under which the playbooks of a pipeline run here, with the policies that role github_oidc gives out.

They are made beside the roles of the inventory, which has no repositories; molecule/github_oidc shows that the role
puts just these documents into IAM.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from ansible_collections.slipway.ops.plugins.module_utils.github_oidc_roles_plan import roles_of

from localcloud.images import ROOT

if TYPE_CHECKING:
    from tests.e2e.harness import Environment

#: Environment to the account that its inventory names.
ACCOUNTS = {"local": "111111111111", "staging": "222222222222", "production": "333333333333"}
#: Playbook to the repository (in inputs()) whose role runs it. Of promote these tests have a site's.
RUN_BY = {
    "deploy_backend": "backend",
    "rollback_backend": "backend",
    "continue_backend": "backend",
    "deploy_frontend": "frontend",
    "rollback_frontend": "frontend",
    "promote": "frontend",
}


def _folder(environment: Environment) -> Path:
    return ROOT / "inventories" / environment.name / "group_vars" / "all"


def _own(environment: Environment) -> dict[str, Any]:
    """What the inventory says of the environment, as scopes have it."""
    account = ACCOUNTS[environment.name]
    text = (_folder(environment) / "services.yml").read_text()
    own = {"slipway_name": environment.prefix, "slipway_account_id": account, "slipway_region": "us-east-1"}
    for variable, value in own.items():
        text = text.replace(f"{{{{ {variable} }}}}", value)
    return {
        "name": environment.prefix,
        "account_id": account,
        "region": "us-east-1",
        "services": yaml.safe_load(text)["services"],
        "table": f"{environment.prefix}-releases",
        "topic": "",
    }


def inputs(environment: Environment) -> dict[str, Any]:
    """Inputs of role github_oidc for a repository of the backend and one of the frontend."""
    promotion = _folder(environment) / "promotion.yml"
    distributions = environment.client("cloudfront").list_distributions()["DistributionList"].get("Items", [])
    some = {"owner_id": "1", "repository_id": "2"}
    return _own(environment) | {
        "environment": environment.name,
        "repositories": [
            {"name": "backend", "repository": "example-org/api", "services": ["api"], **some},
            {"name": "frontend", "repository": "example-org/web", "site": True, **some},
        ],
        "site_bucket": f"{environment.prefix}-site-{ACCOUNTS[environment.name]}",
        "site_kms_key_arn": "",
        "distribution_arn": distributions[0]["ARN"],
        "promotion": yaml.safe_load(promotion.read_text())["slipway_promotion"] if promotion.exists() else {},
    }


def operator_scope(environment: Environment) -> dict[str, Any]:
    """The environment as operator_permissions_plan takes it."""
    given = {**_own(environment), "site": {}, "promotion": {}}
    return given | {"tags": {"slipway:project": "slipway", "slipway:environment": environment.name}}


def policies(environment: Environment) -> dict[str, dict[str, Any]]:
    """Repository to the policy of the role that deploys, as role github_oidc makes it."""
    return {role["repository"]: role["policy"] for role in roles_of(inputs(environment))}


def role_name(environment: Environment, repository: str) -> str:
    """The name of the role that is made here."""
    return f"{environment.prefix}-e2e-{repository}"


def make(environment: Environment) -> None:
    """Make the roles; their accounts' administrators may take them."""
    iam = environment.client("iam")
    root = f"arn:aws:iam::{ACCOUNTS[environment.name]}:root"
    trust = _document({"Effect": "Allow", "Principal": {"AWS": root}, "Action": "sts:AssumeRole"})
    for repository, policy in policies(environment).items():
        name = role_name(environment, repository)
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
        iam.put_role_policy(RoleName=name, PolicyName="slipway", PolicyDocument=json.dumps(policy))


def remove(environment: Environment) -> None:
    """Have none of them any more."""
    iam = environment.client("iam")
    for repository in policies(environment):
        name = role_name(environment, repository)
        iam.delete_role_policy(RoleName=name, PolicyName="slipway")
        iam.delete_role(RoleName=name)


def session(environment: Environment, playbook: str) -> dict[str, str]:
    """The variables with the credentials of a session of the role that runs a playbook."""
    arn = f"arn:aws:iam::{ACCOUNTS[environment.name]}:role/{role_name(environment, RUN_BY[playbook])}"
    taken = environment.client("sts").assume_role(RoleArn=arn, RoleSessionName=playbook)["Credentials"]
    names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
    variables = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    return {variable: taken[name] for variable, name in zip(variables, names, strict=True)}


def _document(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
