# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles under which playbooks run here: those of a pipeline with the policies that role github_oidc gives out, the
operator's and the one that only looks with those of docs/security.md.

They are made beside the roles of the inventory, which has no repositories; molecule/github_oidc shows that the role
puts just these documents into IAM.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from ansible_collections.slipway.ops.plugins.module_utils import operator_permissions_plan
from ansible_collections.slipway.ops.plugins.module_utils.environment import permissions_plan
from ansible_collections.slipway.ops.plugins.module_utils.github_oidc_roles_plan import roles_of

from localcloud.images import ROOT

if TYPE_CHECKING:
    from tests.e2e.harness import Environment

#: Environment to the account that its inventory names.
ACCOUNTS = {"local": "111111111111", "staging": "222222222222", "production": "333333333333"}
#: Where they are in IAM, apart from what is tested.
PATH = "/e2e/"
OPERATOR, STATUS = "operator", "status"
#: Playbook to the role that runs it: that of a repository in inputs(), or the operator's. Of promote these tests have a
#: site's.
RUN_BY = {
    "deploy_backend": "backend",
    "rollback_backend": "backend",
    "continue_backend": "backend",
    "deploy_frontend": "frontend",
    "rollback_frontend": "frontend",
    "promote": "frontend",
    # destroy.yml looks for GPU hosts whether there are any or not, which the operator's policy does not have.
    "site": OPERATOR,
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
        "distribution_arn": distributions[0]["ARN"] if distributions else "",
        "promotion": yaml.safe_load(promotion.read_text())["slipway_promotion"] if promotion.exists() else {},
    }


def operator_scope(environment: Environment) -> dict[str, Any]:
    """The environment as operator_permissions_plan takes it."""
    given = {**_own(environment), "site": {}, "promotion": {}}
    return given | {"tags": {"slipway:project": "slipway", "slipway:environment": environment.name}}


def policies(environment: Environment, role: str) -> list[dict[str, Any]]:
    """The policies of a role."""
    if role == OPERATOR:
        return operator_permissions_plan.policies(operator_scope(environment))
    given = inputs(environment)
    if role == STATUS:
        site = {"bucket": given["site_bucket"], "distribution_arn": given["distribution_arn"]}
        return [permissions_plan.policy({**operator_scope(environment), "site": site})]
    return [each["policy"] for each in roles_of(given) if each["repository"] == role]


def session(environment: Environment, role: str, name: str) -> dict[str, str]:
    """The variables with the credentials of a session of a role, which is made if there is none yet."""
    iam, sts = environment.client("iam"), environment.client("sts")
    arn = f"arn:aws:iam::{ACCOUNTS[environment.name]}:role{PATH}{role}"
    if arn not in {each["Arn"] for each in iam.list_roles(PathPrefix=PATH)["Roles"]}:
        _make(iam, environment, role)
    taken = sts.assume_role(RoleArn=arn, RoleSessionName=name)["Credentials"]
    names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
    variables = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    return {variable: taken[name] for variable, name in zip(variables, names, strict=True)}


def _make(iam: Any, environment: Environment, role: str) -> None:
    """Administrators of the account may take it."""
    root = f"arn:aws:iam::{ACCOUNTS[environment.name]}:root"
    trust = {"Effect": "Allow", "Principal": {"AWS": root}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    wanted = policies(environment, role)
    iam.create_role(RoleName=role, Path=PATH, AssumeRolePolicyDocument=document)
    for number, policy in enumerate(wanted):
        iam.put_role_policy(RoleName=role, PolicyName=f"slipway-{number}", PolicyDocument=json.dumps(policy))


def remove(environment: Environment) -> None:
    """Have none of them any more."""
    iam = environment.client("iam")
    for role in iam.list_roles(PathPrefix=PATH)["Roles"]:
        name = role["RoleName"]
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=policy)
        iam.delete_role(RoleName=name)
