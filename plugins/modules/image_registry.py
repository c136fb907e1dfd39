#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: image_registry
version_added: 0.1.0
short_description: Replication of images between the registries of two accounts
description:
  - An account's registry in Amazon ECR copies what is pushed to the registries that its rules name, if their policies
    accept it. A copy has the digest of its original. What was pushed before there was a rule is not copied.
  - Of rules and policy only what is about O(repositories) is this module's. Everything else stays as it is.
  - Needs C(ecr:) DescribeRegistry, PutReplicationConfiguration, GetRegistryPolicy, PutRegistryPolicy and
    DeleteRegistryPolicy, and C(iam:CreateServiceLinkedRole) for the first rule of an account.
author:
  - Contributors to the Slipway project (@slipway)
options:
  repositories:
    description: Names of the repositories.
    type: list
    elements: str
    required: true
  replicate_to:
    description: Accounts whose registries get a copy of every image that is pushed into O(repositories).
    type: list
    elements: str
    default: []
  accept_from:
    description: Accounts whose registries may put copies into O(repositories) of this one.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    support: full
    description: Says what would be changed.
  diff_mode:
    support: full
    description: Shows rules and policy before and after.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: What is pushed here goes to production as well
  slipway.ops.image_registry:
    repositories: [api]
    replicate_to: ["333333333333"]

- name: What is pushed in staging comes here
  slipway.ops.image_registry:
    repositories: [api]
    accept_from: ["222222222222"]
"""

RETURN = r"""
steps:
  description: What was changed, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [replication]
"""

import json
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.ops.plugins.module_utils.api import ApiErrors, retry
from ansible_collections.slipway.ops.plugins.module_utils.documents_plan import Document, plan_documents
from ansible_collections.slipway.ops.plugins.module_utils.promotion import sharing_plan

REPLICATION = "replication"
POLICY = "registry policy"
NAMES = {"type": "list", "elements": "str"}


@ApiErrors.common_error_handler("describe the registry")
@retry
def describe(client: Any) -> dict[str, Any]:
    return client.describe_registry()


@ApiErrors.common_error_handler("read the policy of the registry")
@retry
def read_policy(client: Any) -> str:
    try:
        return client.get_registry_policy()["policyText"]
    except is_boto3_error_code("RegistryPolicyNotFoundException"):
        return ""


@ApiErrors.common_error_handler("write the replication rules of the registry")
@retry
def put_rules(client: Any, rules: list[Document]) -> None:
    client.put_replication_configuration(replicationConfiguration={"rules": rules})


@ApiErrors.common_error_handler("write the policy of the registry")
@retry
def put_policy(client: Any, policy: Document | None) -> None:
    if policy is None:
        client.delete_registry_policy()
    else:
        client.put_registry_policy(policyText=json.dumps(policy))


def wanted_of(params: dict[str, Any], registry: dict[str, Any], policy: str, region: str) -> dict[str, Document | None]:
    """Rules and policy as they are to be, a policy without statements None."""
    names, account = params["repositories"], registry["registryId"]
    rules = registry["replicationConfiguration"]["rules"]
    destinations = [(each, region) for each in params["replicate_to"]]
    arns = [f"arn:aws:ecr:{region}:{account}:repository/{name}" for name in names]
    statement = sharing_plan.replicas_statement(params["accept_from"], arns)
    return {
        REPLICATION: {"rules": sharing_plan.with_rule(rules, names, destinations)},
        POLICY: sharing_plan.with_statement(policy, statement),
    }


def main() -> None:
    """Observe, plan, apply, report."""
    spec = {
        "repositories": {**NAMES, "required": True},
        "replicate_to": {**NAMES, "default": []},
        "accept_from": {**NAMES, "default": []},
    }
    module = AnsibleAWSModule(argument_spec=spec, supports_check_mode=True)
    params = module.params
    problems = sharing_plan.account_problems([*params["replicate_to"], *params["accept_from"]])
    if problems:
        module.fail_json(msg=f"nothing was changed: {'; '.join(problems)}")
    try:
        client = module.client("ecr")
        registry, policy = describe(client), read_policy(client)
        current = {
            REPLICATION: registry["replicationConfiguration"],
            **({POLICY: json.loads(policy)} if policy else {}),
        }
        plan = plan_documents(current, wanted_of(params, registry, policy, client.meta.region_name))
        for step in () if module.check_mode else plan.steps:
            if step.name == REPLICATION:
                put_rules(client, (step.after or {})["rules"])
            else:
                put_policy(client, step.after)
    except AnsibleAWSError as error:
        module.fail_json_aws_error(error)
    module.exit_json(changed=plan.changed, steps=[step.name for step in plan.steps], diff=plan.diff())


if __name__ == "__main__":
    main()
