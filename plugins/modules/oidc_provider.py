#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: oidc_provider
version_added: 0.1.0
short_description: An account's OpenID Connect identity provider, shared with whoever else uses it
description:
  - Neither C(amazon.aws) nor C(community.aws) has a module for it.
  - An account has one provider a URL, and roles of several owners may trust it. So one that exists is used as it is, an
    audience that it lacks is added, and one is deleted only if O(tags) say that it was made by the caller and no role
    trusts it any more.
  - No thumbprint is given. IAM verifies the provider's certificate by its own library of certificate authorities, and
    fetches the thumbprint itself (IAM API reference, CreateOpenIDConnectProvider).
  - Needs C(iam:) GetOpenIDConnectProvider, CreateOpenIDConnectProvider, TagOpenIDConnectProvider,
    AddClientIDToOpenIDConnectProvider, DeleteOpenIDConnectProvider and ListRoles.
author:
  - Contributors to the Slipway project (@slipway)
options:
  arn:
    description: ARN of the provider, which its URL follows from.
    type: str
    required: true
  audience:
    description: Audience (client ID) that the provider must take.
    type: str
    default: sts.amazonaws.com
  state:
    description: Whether it exists.
    type: str
    choices: [present, absent]
    default: present
  tags:
    description: Tags of a provider that is made. With O(state=absent), those by which the caller's own is known.
    type: dict
    default: {}
  leaving_roles:
    description: With O(state=absent), roles that do not count, because the caller has just deleted them.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    support: full
    description: Says what would be changed.
  diff_mode:
    support: full
    description: Shows audiences and tags before and after.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Identity provider for GitHub Actions
  slipway.ops.oidc_provider:
    arn: arn:aws:iam::222222222222:oidc-provider/token.actions.githubusercontent.com
    tags:
      slipway:environment: staging
"""

RETURN = r"""
steps:
  description: What was changed, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [create]
trusting:
  description: Names of the roles whose trust policy names the provider, before any change.
  returned: success
  type: list
  elements: str
  sample: [slipway-staging-github-deploy-api]
kept:
  description: Why a provider that was to be absent was left alone. Empty if it was not.
  returned: success
  type: str
  sample: "roles still trust it: somebody-elses"
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)
from ansible_collections.slipway.ops.plugins.module_utils.api import ApiErrors, retry
from ansible_collections.slipway.ops.plugins.module_utils.oidc_provider_plan import (
    CREATE,
    DELETE,
    Plan,
    Provider,
    plan_absent,
    plan_present,
    trusts,
)


@ApiErrors.common_error_handler("read the identity provider {arn}")
@retry
def read(client: Any, arn: str) -> Provider | None:
    """None when there is none."""
    try:
        found = client.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    except is_boto3_error_code("NoSuchEntity"):
        return None
    return Provider(tuple(found.get("ClientIDList", ())), boto3_tag_list_to_ansible_dict(found.get("Tags", [])))


@ApiErrors.common_error_handler("list roles")
@retry
def roles_trusting(client: Any, arn: str) -> list[str]:
    """Names of all roles of the account that trust the provider, in their order."""
    pages = client.get_paginator("list_roles").paginate()
    roles = (role for page in pages for role in page["Roles"])
    return sorted(role["RoleName"] for role in roles if trusts(role["AssumeRolePolicyDocument"], arn))


@ApiErrors.common_error_handler("create the identity provider {url}")
@retry
def create(client: Any, url: str, audience: str, tags: dict[str, str]) -> None:
    """One that is there by now was made a moment ago, by another run or by a try whose answer was lost."""
    try:
        client.create_open_id_connect_provider(
            Url=url, ClientIDList=[audience], Tags=ansible_dict_to_boto3_tag_list(tags)
        )
    except is_boto3_error_code("EntityAlreadyExists"):
        pass


@ApiErrors.common_error_handler("add an audience to the identity provider {arn}")
@retry
def add_audience(client: Any, arn: str, audience: str) -> None:
    """One that is there already is no error."""
    client.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID=audience)


@ApiErrors.common_error_handler("delete the identity provider {arn}")
@retry
def delete(client: Any, arn: str) -> None:
    """One that is gone already is no error."""
    try:
        client.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    except is_boto3_error_code("NoSuchEntity"):
        pass


def apply(client: Any, params: dict[str, Any], plan: Plan) -> None:
    """Do the one step that there may be."""
    arn, audience = params["arn"], params["audience"]
    for step in plan.steps:
        if step == CREATE:
            create(client, f"https://{arn.partition(':oidc-provider/')[2]}", audience, params["tags"])
        elif step == DELETE:
            delete(client, arn)
        else:
            add_audience(client, arn, audience)


def main() -> None:
    """Observe, plan, apply, report."""
    module = AnsibleAWSModule(
        argument_spec={
            "arn": {"type": "str", "required": True},
            "audience": {"type": "str", "default": "sts.amazonaws.com"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "tags": {"type": "dict", "default": {}},
            "leaving_roles": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    params = module.params
    if ":oidc-provider/" not in params["arn"]:
        module.fail_json(msg=f"{params['arn']} is no ARN of an identity provider: nothing was changed")
    try:
        client = module.client("iam")
        found = read(client, params["arn"])
        trusting = roles_trusting(client, params["arn"]) if found else []
        if params["state"] == "present":
            plan = plan_present(found, params["audience"], params["tags"])
        else:
            others = [name for name in trusting if name not in params["leaving_roles"]]
            plan = plan_absent(found, params["tags"], others)
        if not module.check_mode:
            apply(client, params, plan)
    except AnsibleAWSError as error:
        module.fail_json_aws_error(error)
    module.exit_json(
        changed=plan.changed,
        steps=list(plan.steps),
        trusting=trusting,
        kept=plan.kept,
        diff={"before": plan.before, "after": plan.after},
    )


if __name__ == "__main__":
    main()
