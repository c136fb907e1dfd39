#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vpc_flow_log
version_added: "0.1.0"
short_description: A VPC's flow log to CloudWatch Logs
description:
  - Neither amazon.aws nor community.aws has a module for flow logs.
  - A flow log cannot be modified. When a setting differs this module deletes it and creates it anew, because AWS
    refuses a second flow log of one VPC to the same log group.
  - Flow logs of the VPC that bear another name are left alone.
options:
  name:
    description: Value of the tag Name, by which the flow log is found.
    type: str
    required: true
  vpc_id:
    description: The VPC.
    type: str
    required: true
  log_group_name:
    description: The log group that receives the records. Required when O(state=present).
    type: str
  role_arn:
    description: The role with which AWS writes them. Required when O(state=present).
    type: str
  traffic_type:
    description: Which connections are recorded.
    type: str
    choices: [ACCEPT, REJECT, ALL]
    default: ALL
  max_aggregation_interval:
    description: Seconds over which AWS aggregates packets of a flow into one record.
    type: int
    choices: [60, 600]
    default: 600
  tags:
    description: Tags of the flow log besides Name. Tags not listed are removed.
    type: dict
    default: {}
  wait_timeout:
    description: Seconds to go on trying while a role just created is not yet known to the flow log service.
    type: int
    default: 60
  state:
    description: Whether the flow log shall exist.
    type: str
    choices: [present, absent]
    default: present
author:
  - Contributors to the Slipway project (@slipway)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - slipway.ops.attributes
"""

EXAMPLES = r"""
- name: Record every connection of the VPC
  slipway.ops.vpc_flow_log:
    name: slipway-staging-flow-log
    vpc_id: vpc-0123456789abcdef0
    log_group_name: /slipway-staging/vpc-flow-log
    role_arn: arn:aws:iam::222222222222:role/slipway-staging-flow-log

- name: Stop recording
  slipway.ops.vpc_flow_log:
    name: slipway-staging-flow-log
    vpc_id: vpc-0123456789abcdef0
    state: absent
"""

RETURN = r"""
flow_log_id:
  description: The flow log's id; empty when there is none, also when check mode would create it.
  returned: always
  type: str
steps:
  description: The API calls made, or those that check mode would make.
  returned: always
  type: list
  elements: str
"""

import time
from contextlib import suppress
from typing import Any

# AnsibleAWSModule says so when it is missing.
with suppress(ImportError):
    from botocore.exceptions import BotoCoreError, ClientError

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.amazon.aws.plugins.module_utils.tagging import boto3_tag_list_to_ansible_dict
from ansible_collections.slipway.ops.plugins.module_utils.api import refuse_partial_failure
from ansible_collections.slipway.ops.plugins.module_utils.flow_log_plan import (
    FlowLog,
    Plan,
    Settings,
    Wanted,
    plan_flow_log,
)

METHODS = {"create": "create_flow_logs", "delete": "delete_flow_logs", "tag": "create_tags", "untag": "delete_tags"}
"""A step's action to the client's method."""

ROLE_UNKNOWN = "Unable to assume given IAM role"
"""What CreateFlowLogs answers until a role just created has spread. IAM is eventually consistent:
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
"""

RETRY_SECONDS = 5


@AWSRetry.jittered_backoff()
def observe(client: Any, vpc_id: str, name: str) -> list[FlowLog]:
    """The VPC's flow logs of that name."""
    filters = {"resource-id": vpc_id, "tag:Name": name}
    pages = client.get_paginator("describe_flow_logs").paginate(
        Filter=[{"Name": key, "Values": [value]} for key, value in filters.items()]
    )
    return [flow_log(described) for described in pages.build_full_result()["FlowLogs"]]


def flow_log(described: dict[str, Any]) -> FlowLog:
    """One flow log out of its description; a flow log to S3 has neither log group nor role."""
    settings = Settings(
        log_group=described.get("LogGroupName", ""),
        role_arn=described.get("DeliverLogsPermissionArn", ""),
        traffic=described["TrafficType"],
        interval=described["MaxAggregationInterval"],
    )
    return FlowLog(described["FlowLogId"], settings, boto3_tag_list_to_ansible_dict(described.get("Tags", [])))


def apply(client: Any, plan: Plan, vpc_id: str, wait_timeout: int) -> str:
    """Make the plan's calls in order; return the id of a flow log created, else the empty string."""
    created = ""
    for step in plan.steps:
        arguments = dict(step.arguments)
        if step.action == "create":
            arguments |= {"ResourceIds": [vpc_id]}
        answer = call_until_role_is_known(client, step.action, arguments, time.monotonic() + wait_timeout)
        created = answer["FlowLogIds"][0] if step.action == "create" else created
    return created


def call_until_role_is_known(client: Any, action: str, arguments: dict[str, Any], deadline: float) -> dict[str, Any]:
    """Call, and again until the deadline (a time.monotonic value) while IAM has not spread the role."""
    while True:
        try:
            return call(client, action, arguments)
        except ClientError as error:
            if ROLE_UNKNOWN not in str(error) or time.monotonic() >= deadline:
                raise
        time.sleep(RETRY_SECONDS)


@AWSRetry.jittered_backoff()
def call(client: Any, action: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """One API call."""
    answer = getattr(client, METHODS[action])(**arguments)
    refuse_partial_failure(METHODS[action], answer)
    return answer


def main() -> None:
    """Observe, plan, apply, report."""
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "vpc_id": {"type": "str", "required": True},
            "log_group_name": {"type": "str"},
            "role_arn": {"type": "str"},
            "traffic_type": {"type": "str", "choices": ["ACCEPT", "REJECT", "ALL"], "default": "ALL"},
            "max_aggregation_interval": {"type": "int", "choices": [60, 600], "default": 600},
            "tags": {"type": "dict", "default": {}},
            "wait_timeout": {"type": "int", "default": 60},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        required_if=[("state", "present", ["log_group_name", "role_arn"])],
        supports_check_mode=True,
    )
    params = module.params
    present = params["state"] == "present"
    settings = Settings(
        params["log_group_name"], params["role_arn"], params["traffic_type"], params["max_aggregation_interval"]
    )
    wanted = Wanted(settings if present else None, {**params["tags"], "Name": params["name"]})
    client = module.client("ec2")
    try:
        existing = observe(client, params["vpc_id"], params["name"])
        plan = plan_flow_log(existing, wanted)
        created = "" if module.check_mode else apply(client, plan, params["vpc_id"], params["wait_timeout"])
    except (BotoCoreError, ClientError) as error:
        module.fail_json_aws(error, msg=f"Flow log {params['name']}")
    kept = next((log.id for log in existing if log.settings == wanted.settings), "")
    module.exit_json(
        changed=bool(plan.steps),
        flow_log_id=created or kept,
        steps=[step.action for step in plan.steps],
        diff={"before": plan.before, "after": plan.after},
    )


if __name__ == "__main__":
    main()
