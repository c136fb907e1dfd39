#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: saved_queries
version_added: 0.1.0
short_description: All saved queries of one folder of CloudWatch Logs Insights
description:
  - Neither C(amazon.aws) nor C(community.aws) has a module for query definitions.
  - The folder is this module's own. A query in it that is not listed is deleted; what is outside of it is left alone.
  - Needs C(logs:) DescribeQueryDefinitions, PutQueryDefinition and DeleteQueryDefinition.
author:
  - Contributors to the Slipway project (@slipway)
options:
  folder:
    description: The folder, with which all names begin.
    type: str
    required: true
  queries:
    description: The queries.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name in the folder. A slash makes another one.
        type: str
        required: true
      query:
        description: The query.
        type: str
        required: true
      log_groups:
        description: Names of the log groups that it is about.
        type: list
        elements: str
        default: []
extends_documentation_fragment:
  - slipway.ops.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: The newest lines of a service
  slipway.ops.saved_queries:
    folder: slipway-staging
    queries:
      - name: api/latest
        log_groups: [/ecs/slipway-staging/api]
        query: fields @timestamp, @message | sort @timestamp desc | limit 200
"""

RETURN = r"""
steps:
  description: The changes, in order.
  returned: success
  type: list
  elements: dict
  sample: [{"name": "slipway-staging/api/latest", "action": "create"}]
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.ops.plugins.module_utils.api import ApiErrors, retry
from ansible_collections.slipway.ops.plugins.module_utils.documents_plan import Document, Plan, plan_documents

QUERY_OPTIONS: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "query": {"type": "str", "required": True},
    "log_groups": {"type": "list", "elements": "str", "default": []},
}


@ApiErrors.common_error_handler("list the saved queries of {folder}")
@retry
def list_page(client: Any, folder: str, token: str) -> dict[str, Any]:
    """One page; the API has no paginator in boto3."""
    more = {"nextToken": token} if token else {}
    return client.describe_query_definitions(queryDefinitionNamePrefix=f"{folder}/", maxResults=1000, **more)


@ApiErrors.common_error_handler("save query {name}")
@retry
def put(client: Any, name: str, document: Document, identity: str) -> None:
    """identity: of the query to replace; empty for a new one."""
    known = {"queryDefinitionId": identity} if identity else {}
    client.put_query_definition(
        name=name, queryString=document["query"], logGroupNames=list(document["log_groups"]), **known
    )


@ApiErrors.common_error_handler("delete query {name}")
@retry
def delete(client: Any, name: str, identity: str) -> None:  # noqa: ARG001 - named in errors
    """One that is gone already is no error."""
    try:
        client.delete_query_definition(queryDefinitionId=identity)
    except is_boto3_error_code("ResourceNotFoundException"):
        pass


def observe(client: Any, folder: str) -> list[dict[str, Any]]:
    """All queries of the folder, as the API has them."""
    found: list[dict[str, Any]] = []
    token = ""
    while True:
        page = list_page(client, folder, token)
        found += page["queryDefinitions"]
        token = page.get("nextToken", "")
        if not token:
            return found


def document(query: str, log_groups: list[str]) -> dict[str, Any]:
    """As it is compared: a trailing line end makes no other query, nor does the order of the groups."""
    return {"query": query.strip(), "log_groups": sorted(log_groups)}


def apply(client: Any, plan: Plan, identities: dict[str, str]) -> None:
    """identities: name to id, of those that exist."""
    for step in plan.steps:
        if step.after is None:
            delete(client, step.name, identities[step.name])
        else:
            put(client, step.name, step.after, identities.get(step.name, ""))


def main() -> None:
    """Observe, plan, apply, report."""
    module = AnsibleAWSModule(
        argument_spec={
            "folder": {"type": "str", "required": True},
            "queries": {"type": "list", "elements": "dict", "default": [], "options": QUERY_OPTIONS},
        },
        supports_check_mode=True,
    )
    folder = module.params["folder"].rstrip("/")
    listed = {
        f"{folder}/{item['name']}": document(item["query"], item["log_groups"]) for item in module.params["queries"]
    }
    try:
        client = module.client("logs")
        found = observe(client, folder)
        current = {item["name"]: document(item["queryString"], item.get("logGroupNames", [])) for item in found}
        plan = plan_documents(current, dict.fromkeys(current) | listed)
        if not module.check_mode:
            apply(client, plan, {item["name"]: item["queryDefinitionId"] for item in found})
    except AnsibleAWSError as error:
        module.fail_json_aws_error(error)
    steps = [{"name": step.name, "action": step.action} for step in plan.steps]
    module.exit_json(changed=plan.changed, steps=steps, diff=plan.diff())


if __name__ == "__main__":
    main()
