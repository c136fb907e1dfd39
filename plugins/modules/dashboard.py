#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: dashboard
version_added: 0.1.0
short_description: A dashboard of CloudWatch
description:
  - Neither C(amazon.aws) nor C(community.aws) has a module for it.
  - What CloudWatch finds strange in the body, and takes nevertheless, is a warning.
  - Needs C(cloudwatch:) GetDashboard, PutDashboard and DeleteDashboards.
author:
  - Contributors to the Slipway project (@slipway)
options:
  name:
    description: Name of the dashboard.
    type: str
    required: true
  body:
    description: Its body, as in the API. Required when O(state=present).
    type: dict
    default: {}
  state:
    description: Whether it exists.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - slipway.ops.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: A dashboard
  slipway.ops.dashboard:
    name: slipway-staging
    body:
      widgets:
        - {type: text, x: 0, y: 0, width: 24, height: 2, properties: {markdown: "# staging"}}
"""

RETURN = r"""
action:
  description: C(create), C(update), C(delete), or empty when nothing was to do.
  returned: success
  type: str
  sample: create
"""

import json
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.ops.plugins.module_utils.api import ApiErrors, retry
from ansible_collections.slipway.ops.plugins.module_utils.documents_plan import Document, Plan, plan_documents

_NONE = "ResourceNotFound"


@ApiErrors.common_error_handler("read dashboard {name}")
@retry
def read(client: Any, name: str) -> dict[str, Any] | None:
    """Its body; None when there is none."""
    try:
        return json.loads(client.get_dashboard(DashboardName=name)["DashboardBody"])
    except is_boto3_error_code(_NONE):
        return None


@ApiErrors.common_error_handler("write dashboard {name}")
@retry
def put(client: Any, name: str, body: Document) -> list[str]:
    """Create it or replace it; what CloudWatch finds strange."""
    answer = client.put_dashboard(DashboardName=name, DashboardBody=json.dumps(body, sort_keys=True))
    return [f"{item.get('DataPath', '')}: {item['Message']}" for item in answer.get("DashboardValidationMessages", [])]


@ApiErrors.common_error_handler("delete dashboard {name}")
@retry
def delete(client: Any, name: str) -> None:
    """One that is gone already is no error."""
    try:
        client.delete_dashboards(DashboardNames=[name])
    except is_boto3_error_code(_NONE):
        pass


def apply(module: AnsibleAWSModule, client: Any, plan: Plan) -> None:
    """Put it or delete it."""
    for step in plan.steps:
        if step.after is None:
            delete(client, step.name)
            continue
        for strange in put(client, step.name, step.after["body"]):
            module.warn(f"dashboard {step.name}: {strange}")


def main() -> None:
    """Observe, plan, apply, report."""
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "body": {"type": "dict", "default": {}},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        supports_check_mode=True,
    )
    name, present = module.params["name"], module.params["state"] == "present"
    try:
        client = module.client("cloudwatch")
        body = read(client, name)
        current = {} if body is None else {name: {"body": body}}
        plan = plan_documents(current, {name: {"body": module.params["body"]} if present else None})
        if not module.check_mode:
            apply(module, client, plan)
    except AnsibleAWSError as error:
        module.fail_json_aws_error(error)
    action = plan.steps[0].action if plan.steps else ""
    module.exit_json(changed=plan.changed, action=action, diff=plan.diff())


if __name__ == "__main__":
    main()
